"""What a model may write where tools are offered strictly: calls that fit the tools' schemas, or an answer.

Belongs here: whether a text can still become one. Does not belong here: choosing tokens (generation.py), other ways to write a
call than the mark that lenovo-nano and Qwen are taught.

Code decides the form alone: JSON, the tools' names, the names of their arguments and their order. What is decided by whoever
writes: whether to call, which tool, which value of those that a schema lists, and which words of the conversation a text quotes.
A text argument is a quote, from the beginning of a word to the end of one, of a line that the user or a tool said; one with a
`pattern` is whatever has that form there, and a tool that needs one is not offered while nothing has it. A whole number is one
that stands there.

Source: constrained decoding as in Willard and Louf 2023, "Efficient Guided Generation for Large Language Models"; here the best
token is taken that the grammar admits.
"""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from random import Random
from typing import Any

from lenovo_pipeline.resources.inference.messages import Message, Tool

CALL, CALL_END = "<tool_call>", "</tool_call>"
_TYPES = frozenset(["string", "integer", "number", "boolean"])
_LONGEST_QUOTE = 120
"""Characters of a quote."""

_WORD = re.compile(r"[^\W\u2e80-\u9fff\uf900-\ufaff]+(?:[-./'+&’][^\W\u2e80-\u9fff\uf900-\ufaff]+)*|[\u2e80-\u9fff\uf900-\ufaff]")
"""A word with what joins its parts ("2026-03-01", "KB-200145"), or one Chinese character."""

_CLOSED = re.compile(r'((?:[^"\\]|\\.)*)"')
_BROKEN, _ASCII = "\ufffd", "\x7f"


class _Ends(Exception):
    """The text ends here, and what it says so far is admitted."""


class _Wrong(Exception):
    """The text says what is not admitted."""


@dataclass(frozen=True)
class ToolGrammar:
    """For one conversation: `tools` are those offered, `lines` what may be quoted, as JSON writes it."""

    tools: tuple[Tool, ...]
    lines: tuple[str, ...]

    def admits(self, text: str) -> bool:
        """Whether `text` (special tokens included) can go on to be an answer, or a call with nothing behind it."""
        if not text.startswith(CALL) and not CALL.startswith(text):
            return CALL not in text
        try:
            return self._call(text) == ""
        except _Ends:
            return True
        except _Wrong:
            return False

    def starts(self, text: str) -> frozenset[str]:
        """The characters that may come next; within one that cannot be read yet, the mark of such."""
        if text.endswith(_BROKEN):
            return frozenset(_BROKEN)
        return frozenset(each for each in self._alphabet if self.admits(text + each))

    @cached_property
    def _alphabet(self) -> frozenset[str]:
        told = json.dumps([[tool.name, tool.parameters] for tool in self.tools], ensure_ascii=False)
        return frozenset("".join((CALL, CALL_END, '\n"{}:, -.0123456789truefals', _BROKEN, told, *self.lines)))

    def complete(self, text: str) -> bool:
        """Whether `text` may end: a whole call, or an answer that says something."""
        if not text.startswith(CALL):
            return bool(text.strip()) and not CALL.startswith(text)
        try:
            return self._call(text) == ""
        except (_Ends, _Wrong):
            return False

    def _call(self, text: str) -> str:
        """What follows a whole call. Raises _Ends or _Wrong before its end."""
        rest, _ = _one(text, [CALL])
        rest, _ = _one(rest, ['{"name": ', '\n{"name": '])
        rest, name = _one(rest, [json.dumps(tool.name) for tool in self.callable])
        rest, _ = _one(rest, [', "arguments": {'])
        schema = next(tool.parameters for tool in self.tools if json.dumps(tool.name) == name)
        rest = self._arguments(rest, schema)
        rest, _ = _one(rest, [f"}}{CALL_END}", f"}}\n{CALL_END}"])
        return rest

    def _arguments(self, rest: str, schema: Mapping[str, Any]) -> str:
        properties, required = schema.get("properties", {}), schema.get("required", ())
        names, lead = [name for name, each in properties.items() if "pattern" not in each or self._matching(each["pattern"])], ""
        while True:
            nexts: dict[str, str] = {}
            for name in names:
                nexts[f"{lead}{json.dumps(name, ensure_ascii=False)}: "] = name
                if name in required:
                    break
            options = list(nexts) if any(name in required for name in names) else [*nexts, "}"]
            rest, said = _one(rest, options)
            if said == "}":
                return rest
            names = names[names.index(nexts[said]) + 1 :]
            rest, lead = self._value(rest, properties[nexts[said]]), ", "

    def _value(self, rest: str, schema: Mapping[str, Any]) -> str:
        if "enum" in schema:
            return _one(rest, [json.dumps(each, ensure_ascii=False) for each in schema["enum"]])[0]
        if schema["type"] == "boolean":
            return _one(rest, ["true", "false"])[0]
        if schema["type"] == "number":
            return _figure(rest, re.compile(r"-?\d*(?:\.\d*)?"))
        if schema["type"] == "integer":
            # Where no number was said, any may be written.
            return _integer(rest, self.numbers) if self.numbers else _figure(rest, re.compile(r"-?\d{0,6}"))
        if "pattern" in schema:
            return _one(rest, [f'"{each}"' for each in self._matching(schema["pattern"])])[0]
        return self._quote(_one(rest, ['"'])[0])

    def _quote(self, rest: str) -> str:
        closed = _CLOSED.match(rest)
        if closed is None:
            # A token may end within a character, which then cannot be read yet.
            whole = rest.rstrip(_BROKEN)
            nexts = (line[begin + len(whole) :][:1] for line, begin in self.begins if line.startswith(whole, begin))
            if len(rest) <= _LONGEST_QUOTE and any(whole == rest or following > _ASCII for following in nexts):
                raise _Ends
            raise _Wrong
        said = closed[1]
        if said and any(line.startswith(said, begin) and begin + len(said) in ends for line, begin, ends in self._places):
            return rest[closed.end() :]
        raise _Wrong

    @cached_property
    def callable(self) -> tuple[Tool, ...]:
        """The tools whose arguments of a form there is something for."""
        return tuple(tool for tool in self.tools if all(map(self._matching, _required_patterns(tool))))

    def _matching(self, pattern: str) -> tuple[str, ...]:
        """What has the form of a schema's pattern, as it was said, the longest first where one begins another."""
        if pattern not in self._found:
            form = re.compile(rf"(?<![A-Za-z0-9])(?:{pattern.removeprefix('^').removesuffix('$')})(?![A-Za-z0-9])")
            found = dict.fromkeys(match[0] for line in self.lines for match in form.finditer(line))
            self._found[pattern] = tuple(sorted(found, key=len, reverse=True))
        return self._found[pattern]

    @cached_property
    def _found(self) -> dict[str, tuple[str, ...]]:
        return {}

    @cached_property
    def numbers(self) -> frozenset[str]:
        """The whole numbers that were said."""
        return frozenset(found for line in self.lines for found in re.findall(r"\d+", line))

    def quote(self, random: Random, pattern: str | None = None) -> str:
        """A quote, drawn evenly over where one may begin, or over all that has the form; empty where there is none."""
        if pattern is not None:
            return random.choice(self._matching(pattern) or ("",))
        if not self._places:
            return ""
        line, begin, ends = random.choice(self._places)
        end = random.choice([end for end in ends if begin < end <= begin + _LONGEST_QUOTE])
        return str(json.loads(f'"{line[begin:end]}"'))

    @cached_property
    def begins(self) -> tuple[tuple[str, int], ...]:
        """Where quotes may begin: lines and places."""
        return tuple((line, begin) for line, begin, _ in self._places)

    @cached_property
    def _places(self) -> tuple[tuple[str, int, frozenset[int]], ...]:
        return tuple(_places(self.lines))


def grammar_of(messages: Sequence[Message], tools: Sequence[Tool]) -> ToolGrammar | None:
    """The grammar of what may be said next; None where a schema has values of a form that it does not know."""
    schemas = [schema for tool in tools for schema in tool.parameters.get("properties", {}).values()]
    if not tools or not all(map(_known, schemas)):
        return None
    said = [message.content for message in messages if message.role in ("user", "tool")]
    lines = dict.fromkeys(json.dumps(line.strip(), ensure_ascii=False)[1:-1] for text in said for line in text.splitlines())
    return ToolGrammar(tuple(tools), tuple(line for line in lines if line))


def _known(schema: Mapping[str, Any]) -> bool:
    try:
        re.compile(schema.get("pattern", ""))
    except (re.error, TypeError):
        return False
    return "enum" in schema or schema.get("type") in _TYPES


def _required_patterns(tool: Tool) -> list[str]:
    properties, required = tool.parameters.get("properties", {}), tool.parameters.get("required", ())
    return [schema["pattern"] for name, schema in properties.items() if "pattern" in schema and name in required]


def _one(rest: str, options: Sequence[str]) -> tuple[str, str]:
    """What follows the option that the text begins with, and that option. Raises _Ends within one, _Wrong for none of them."""
    for option in options:
        if rest.startswith(option):
            return rest[len(option) :], option
    if any(option.startswith(rest) for option in options):
        raise _Ends
    raise _Wrong


def _figure(rest: str, form: re.Pattern[str]) -> str:
    found = form.match(rest)
    end = found.end() if found else 0
    if end == len(rest):
        raise _Ends
    if not rest[:end].strip("-.") or rest[end] not in ",}":
        raise _Wrong
    return rest[end:]


def _integer(rest: str, numbers: frozenset[str]) -> str:
    end = len(rest) - len(rest.lstrip("0123456789"))
    if end == len(rest):
        if any(number.startswith(rest) for number in numbers):
            raise _Ends
        raise _Wrong
    if rest[:end] not in numbers or rest[end] not in ",}":
        raise _Wrong
    return rest[end:]


def _places(lines: Sequence[str]) -> Iterator[tuple[str, int, frozenset[int]]]:
    for line in lines:
        words = list(_WORD.finditer(line))
        # A bracket that closes belongs to the name before it: "Tab M10 (3rd Gen)".
        ends = frozenset(end for word in words for end in (word.end(), word.end() + (line[word.end() : word.end() + 1] == ")")))
        for word in words:
            yield line, word.start(), ends
