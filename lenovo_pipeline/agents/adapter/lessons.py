"""From tasks' reference solutions to token rows: several conversations behind one system message.

Belongs here: packing and encoding. Does not belong here: making the conversations (tasks/make.py), training.
"""

from collections.abc import Mapping, Sequence
from random import Random
from typing import Any

from lenovo_pipeline.agents.adapter.recipes import AgentRecipe
from lenovo_pipeline.agents.tools.catalogue import SPECS
from lenovo_pipeline.models.tuning.rows import Row, encode

Conversation = Sequence[Mapping[str, Any]]

TOOLS = tuple(spec.schema() for spec in SPECS)
"""The tools as every conversation lists them."""


def lessons(tokenizer: Any, conversations: Sequence[Conversation], recipe: AgentRecipe, seed: int) -> list[Row]:
    """Rows of at most `recipe.longest` tokens. Each pass deals all conversations out anew; one that is too long by itself is left
    out.
    """
    rows: list[Row] = []
    for number in range(recipe.passes):
        drawn = Random(f"agent lessons/{seed}/{number}").sample(list(conversations), len(conversations))
        rows += _packed(tokenizer, drawn, recipe)
    return rows


def _packed(tokenizer: Any, conversations: Sequence[Conversation], recipe: AgentRecipe) -> list[Row]:
    rows: list[Row] = []
    head: Row | None = None
    pieces: list[Row] = []
    for conversation in conversations:
        whole = encode(tokenizer, list(conversation), TOOLS)
        if len(whole.ids) > recipe.longest:
            continue
        if head is None:
            head = _head(tokenizer, conversation)
        rest = Row(whole.ids[len(head.ids) :], whole.said[len(head.ids) :])
        length = len(head.ids) + sum(len(piece.ids) for piece in (*pieces, rest))
        if pieces and (length > recipe.longest or len(pieces) == recipe.together):
            rows.append(_joined(head, pieces))
            pieces = []
        pieces.append(rest)
    if head is not None and pieces:
        rows.append(_joined(head, pieces))
    return rows


def _head(tokenizer: Any, conversation: Conversation) -> Row:
    """The system message with the tools, which all conversations begin with."""
    text = tokenizer.apply_chat_template([conversation[0]], tools=list(TOOLS), tokenize=False)
    ids = list(tokenizer(text, add_special_tokens=False)["input_ids"])
    return Row(ids, [False] * len(ids))


def _joined(head: Row, pieces: Sequence[Row]) -> Row:
    return Row(
        [*head.ids, *(token for piece in pieces for token in piece.ids)],
        [*head.said, *(said for piece in pieces for said in piece.said)],
    )
