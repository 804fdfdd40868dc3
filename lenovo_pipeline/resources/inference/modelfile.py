"""Ollama's Modelfile, read into what today's /api/create takes.

Belongs here: the grammar. Does not belong here: files and the server (ollama_library.py).
Grammar: https://github.com/ollama/ollama/blob/main/docs/modelfile.mdx
"""

import re
from dataclasses import dataclass, field
from typing import Any

from lenovo_pipeline.failures import PermanentFailure

_INSTRUCTION = re.compile(r"[ \t]*([A-Za-z]+)[ \t]+")
_QUOTED = re.compile(r'([^"\n]*)"""')
_ROLES = ("system", "user", "assistant")
_KNOWN = ("FROM", "PARAMETER", "TEMPLATE", "SYSTEM", "ADAPTER", "LICENSE", "MESSAGE", "RENDERER", "PARSER")


@dataclass
class Modelfile:
    """The instructions of a Modelfile. `source` is a model's name or the path of a file or folder, `adapter` a path."""

    source: str = ""
    adapter: str | None = None
    template: str | None = None
    system: str | None = None
    renderer: str | None = None
    parser: str | None = None
    parameters: dict[str, Any] = field(default_factory=dict)
    licences: list[str] = field(default_factory=list)
    messages: list[dict[str, str]] = field(default_factory=list)

    def fields(self) -> dict[str, Any]:
        """What /api/create takes of it, without the files: only what the Modelfile says."""
        found: dict[str, Any] = {
            "template": self.template,
            "system": self.system,
            "renderer": self.renderer,
            "parser": self.parser,
            "parameters": self.parameters,
            "license": self.licences,
            "messages": self.messages,
        }
        return {name: value for name, value in found.items() if value}


def read_modelfile(text: str) -> Modelfile:
    """The Modelfile in `text`. Raises PermanentFailure naming the line that is wrong, or saying that FROM is missing."""
    found = Modelfile()
    at, line = 0, 1
    while at < len(text):
        end = _end_of_line(text, at)
        row = text[at:end]
        if not row.strip() or row.lstrip().startswith("#"):
            at, line = end + 1, line + 1
            continue
        match = _INSTRUCTION.match(text, at)
        name = match[1].upper() if match else row.split()[0]
        if match is None or name not in _KNOWN:
            raise _wrong(line, f"{row.strip()[:60]!r} is no instruction")
        value, after = _value(text, match.end(), line)
        _apply(found, name, value, line)
        line += text.count("\n", at, after)
        at = after
    if not found.source:
        raise _wrong(line, "there is no FROM")
    return found


def _value(text: str, at: int, line: int) -> tuple[str, int]:
    """An instruction's value and where it ends: at the end of the line, or at the second of two \"\"\", whatever is between."""
    opening = _QUOTED.match(text, at)
    if opening is not None:
        closing = text.find('"""', opening.end())
        if closing < 0:
            raise _wrong(line, 'the text that begins with """ does not end')
        return opening[1] + text[opening.end() : closing], _end_of_line(text, closing)
    end = _end_of_line(text, at)
    return text[at:end].strip(), end


def _end_of_line(text: str, at: int) -> int:
    end = text.find("\n", at)
    return len(text) if end < 0 else end


def _apply(found: Modelfile, name: str, value: str, line: int) -> None:
    if name == "PARAMETER":
        parts = value.split(None, 1)
        if len(parts) != 2:
            raise _wrong(line, "PARAMETER takes a name and a value")
        _add_parameter(found.parameters, parts[0].lower(), _unquoted(parts[1]))
    elif name == "MESSAGE":
        role, _, content = value.partition(" ")
        if role not in _ROLES or not content.strip():
            raise _wrong(line, f"MESSAGE takes one of {', '.join(_ROLES)} and a text")
        found.messages.append({"role": role, "content": _unquoted(content.strip())})
    elif name == "LICENSE":
        found.licences.append(_unquoted(value))
    else:
        attribute = "source" if name == "FROM" else name.lower()
        if name == "FROM" and found.source:
            raise _wrong(line, "there is a second FROM")
        setattr(found, attribute, _unquoted(value))


def _add_parameter(parameters: dict[str, Any], name: str, text: str) -> None:
    """`stop` may be given several times; numbers and truth values get their types."""
    if name == "stop":
        parameters.setdefault("stop", []).append(text)
        return
    if re.fullmatch(r"-?\d+", text):
        parameters[name] = int(text)
    elif re.fullmatch(r"-?\d*\.\d+(?:[eE][-+]?\d+)?", text):
        parameters[name] = float(text)
    else:
        parameters[name] = {"true": True, "false": False}.get(text.lower(), text)


def _unquoted(text: str) -> str:
    return text[1:-1] if len(text) >= 2 and text[0] == text[-1] == '"' else text


def _wrong(line: int, what: str) -> PermanentFailure:
    return PermanentFailure(f"The Modelfile is wrong in line {line}: {what}", remedy="Correct it as ollama create would read it.")
