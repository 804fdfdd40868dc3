"""The Modelfile of a model folder, with which `ollama create` takes the model from it.

Belongs here: writing it, and Ollama's template from the model's own. Does not belong here: reading one and sending the files
(resources/inference). Grammar: https://github.com/ollama/ollama/blob/main/docs/modelfile.mdx
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lenovo_pipeline.resources.inference.model_folder import read_json

ROLES = ("system", "user", "assistant")
_MARKS = {role: f"\u2039{role}\u203a" for role in ROLES}


@dataclass(frozen=True)
class Turns:
    """A chat format in which each role has its text before and after the content; `opening` invites the answer."""

    before: Mapping[str, str]
    after: Mapping[str, str]
    opening: str

    def rendered(self, messages: Sequence[Mapping[str, str]]) -> str:
        """A conversation in this format, with the invitation to answer."""
        turns = [f"{self.before[each['role']]}{each['content']}{self.after[each['role']]}" for each in messages]
        return "".join([*turns, self.opening])

    def for_ollama(self) -> str:
        """The same as a template of Go, as Ollama has them."""
        branches = [
            f'{{{{ {"if" if number == 0 else "else if"} eq .Role "{role}" }}}}'
            f"{self.before[role]}{{{{ .Content }}}}{self.after[role]}"
            for number, role in enumerate(ROLES)
        ]
        return f"{{{{- range .Messages }}}}{''.join(branches)}{{{{ end }}}}{{{{ end }}}}{self.opening}"


def turns_of(tokenizer: Any) -> Turns | None:
    """The chat format of a tokenizer of transformers, where it puts one turn after the other; None where it does more."""
    conversation = [{"role": role, "content": _MARKS[role]} for role in ROLES]
    alone = [{"role": "user", "content": _MARKS["user"]}]
    try:
        rendered = _render(tokenizer, conversation)
        opening = rendered[len(_render(tokenizer, conversation, prompt=False)) :]
        before: dict[str, str] = {}
        after: dict[str, str] = {}
        start = _render(tokenizer, alone, prompt=False)
        before["user"], after["user"] = start.split(_MARKS["user"])
        rest = _render(tokenizer, conversation[:2], prompt=False).removesuffix(start)
        before["system"], after["system"] = rest.split(_MARKS["system"])
        answer = _render(tokenizer, conversation, prompt=False).removeprefix(rest + start)
        before["assistant"], after["assistant"] = answer.split(_MARKS["assistant"])
    except Exception:  # a template refuses what it does not know in its own ways
        return None
    found = Turns(before, after, opening)
    longer = [*conversation, {"role": "user", "content": "once more"}]
    texts = [*before.values(), *after.values(), opening]
    plain = not any("{{" in text or '"""' in text for text in texts)
    same = found.rendered(longer) == _render(tokenizer, longer) and found.rendered(alone) == _render(tokenizer, alone)
    return found if plain and same else None


def modelfile(folder: Path, licence: str) -> str:
    """The Modelfile beside the weights in `folder`: greedy, with the model's own context, stops and chat format."""
    from transformers import AutoTokenizer

    tokenizer: Any = AutoTokenizer.from_pretrained(folder, local_files_only=True)
    config = read_json(folder, "config.json")
    lines = ["# ollama create NAME -f Modelfile", "FROM .", "PARAMETER temperature 0"]
    context = config.get("max_position_embeddings")
    if isinstance(context, int):
        lines.append(f"PARAMETER num_ctx {context}")
    if tokenizer.eos_token:
        lines.append(f'PARAMETER stop "{tokenizer.eos_token}"')
    turns = turns_of(tokenizer)
    if turns is None:
        lines.append("# Ollama finds the chat format by the tokenizer's own template.")
    else:
        lines.append(f'TEMPLATE """{turns.for_ollama()}"""')
    lines.append(f'LICENSE """{licence}"""')
    return "\n".join(lines) + "\n"


def _render(tokenizer: Any, messages: Sequence[Mapping[str, str]], *, prompt: bool = True) -> str:
    return str(tokenizer.apply_chat_template(list(messages), tokenize=False, add_generation_prompt=prompt))
