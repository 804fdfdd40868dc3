"""From conversations to batches: token ids with a mask of what the model is to say, padded to one length.

Belongs here: rendering, encoding and padding. A batch depends on the seed and its step alone, so a resumed training sees what
it would have seen.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from random import Random
from typing import TYPE_CHECKING, Any

from lenovo_pipeline.models.pretraining.chat import SPECIAL_TOKENS, render
from lenovo_pipeline.models.pretraining.recipe import PLANS, Phase
from lenovo_pipeline.models.pretraining.scenes import Conversation, closed_book, reading
from lenovo_pipeline.models.pretraining.tools import tool_requests, tool_results

if TYPE_CHECKING:
    from torch import Tensor

PAD_ID = 0


@dataclass(frozen=True)
class Row:
    """Token ids of one conversation, and for each whether the model is to say it."""

    ids: list[int]
    said: list[bool]


def converse(kind: str, random: Random, *, held_out: bool = False) -> Conversation:
    """A conversation of that kind; raises KeyError on an unknown one."""
    family, _, plan = kind.partition("/")
    if family == "reading":
        return reading(random, PLANS[plan], held_out=held_out)
    if family == "tool_results":
        return tool_results(random, PLANS["single"], held_out=held_out)
    if family == "tool_results_wide":
        return tool_results(random, PLANS["single_wide"], held_out=held_out)
    if family == "tool_requests_loose":
        return tool_requests(random, held_out=held_out, loose=0.75)
    if family == "tool_requests_wide":
        return tool_requests(random, held_out=held_out, loose=0.6, wide=0.5)
    if family == "tool_requests_many":
        return tool_requests(random, count=(6, 11), held_out=held_out, loose=0.6, wide=0.5)
    return {"closed_book": closed_book, "tool_requests": tool_requests}[family](random, held_out=held_out)


def encode(tokenizer: Any, conversation: Conversation) -> Row:
    """Tokens of a conversation; `tokenizer` is a transformers tokenizer with the project's chat format."""
    pieces = render(conversation.messages, conversation.tools)
    ids: list[int] = []
    said: list[bool] = []
    for encoding, (_, own) in zip(
        tokenizer.backend_tokenizer.encode_batch([text for text, _ in pieces], add_special_tokens=False), pieces, strict=True
    ):
        ids += encoding.ids
        said += [own] * len(encoding.ids)
    return Row(ids, said)


def repeated_tokens(random: Random, vocabulary: int, length: int) -> Row:
    """A sequence of random tokens again and again; what is to be said is every repetition."""
    period = random.randint(8, max(8, length // 2))
    sequence = [random.randrange(len(SPECIAL_TOKENS), vocabulary) for _ in range(period)]
    ids = (sequence * (length // period + 1))[:length]
    return Row(ids, [place >= period for place in range(length)])


def batch_of(phase: Phase, step: int, seed: int, tokenizer: Any) -> "tuple[Tensor, Tensor]":
    """Ids and mask of that step, each (rows, length); rows that are too long are cut, rows that are too short are padded."""
    import torch

    random = Random(f"{seed}/{step}")
    ids = torch.full((phase.rows, phase.length), PAD_ID, dtype=torch.long)
    said = torch.zeros((phase.rows, phase.length), dtype=torch.bool)
    kinds, weights = zip(*phase.mix, strict=True)
    for place, kind in enumerate(random.choices(kinds, weights=weights, k=phase.rows)):
        row = _fitting(kind, random, tokenizer, phase.length)
        while phase.packed and len(row.ids) < phase.length:
            following = encode(tokenizer, converse(random.choices(kinds, weights=weights)[0], random))
            row = Row((row.ids + following.ids)[: phase.length], (row.said + following.said)[: phase.length])
        ids[place, : len(row.ids)] = torch.tensor(row.ids)
        said[place, : len(row.said)] = torch.tensor(row.said)
    return ids, said


def _fitting(kind: str, random: Random, tokenizer: Any, length: int) -> Row:
    if kind == "induction":
        return repeated_tokens(random, len(tokenizer), length)
    while True:
        row = encode(tokenizer, converse(kind, random))
        # A row whose first answer does not fit teaches nothing.
        if any(row.said[:length]):
            return Row(row.ids[:length], row.said[:length])


def padded(rows: Sequence[Row]) -> "tuple[Tensor, Tensor]":
    """Ids and mask of rows of different lengths, padded on the right."""
    import torch

    length = max(len(row.ids) for row in rows)
    ids = torch.full((len(rows), length), PAD_ID, dtype=torch.long)
    said = torch.zeros((len(rows), length), dtype=torch.bool)
    for place, row in enumerate(rows):
        ids[place, : len(row.ids)] = torch.tensor(row.ids)
        said[place, : len(row.said)] = torch.tensor(row.said)
    return ids, said
