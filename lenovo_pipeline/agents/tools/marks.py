"""Marks that chat templates are made of, in text that is only data: a file that writes them must not seem to be another speaker.

Belongs here: those marks. Does not belong here: what is withheld from whom (stores.py).
"""

import re

_MARKS = re.compile(
    r"<\|(?=[^\s<>|]{1,40}\|>)"
    r"|<(?=/?(?:tool_call|tool_response|think|start_of_turn|end_of_turn|s|bos|eos|unk|pad)>)"
    r"|\[(?=/?(?:INST|TOOL_CALLS|AVAILABLE_TOOLS|TOOL_RESULTS|SYSTEM_PROMPT)\])",
    re.IGNORECASE,
)
"""`<|im_start|>` and its like (lenovo-nano, Qwen, Llama 3, Phi), `<tool_call>`, Gemma's turns, `<s>`, Mistral's brackets."""


def as_data(text: str) -> str:
    """The text with a space inside each mark, which no tokenizer takes for the mark any more."""
    return _MARKS.sub(lambda found: f"{found[0][0]} {found[0][1:]}", text)
