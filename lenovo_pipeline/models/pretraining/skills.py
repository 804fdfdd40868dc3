"""How well the model does what it was trained for, on entities and phrasings that training never sees.

Belongs here: the held-out items, their scoring and the table. Two measures: all tokens of an answer predicted right given the
right ones before (cheap, in the training loop), and the answer that greedy decoding really gives (the figures that are
reported).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from random import Random
from typing import Any

from lenovo_pipeline.measures.reading import ANSWER_MARK, NOT_STATED, final_answer
from lenovo_pipeline.models.pretraining.batches import PAD_ID, encode, padded
from lenovo_pipeline.models.pretraining.chat import settled_call
from lenovo_pipeline.models.pretraining.questions import Asked
from lenovo_pipeline.models.pretraining.scenes import Conversation, Reading, closed_book, reading
from lenovo_pipeline.models.pretraining.tools import tool_requests, tool_results

_ONE = Reading(passages=(1,), facts=(3, 5), turns=(1, 1), questions=(("lookup", 1.0),))
_PLANS: Mapping[str, Reading] = {
    "read_one": _ONE,
    "read_two": replace(_ONE, passages=(2,)),
    "read_four": replace(_ONE, passages=(4,)),
    "refuse": replace(_ONE, passages=(2,), questions=(("absent", 1.0),)),
    "chinese": replace(_ONE, passages=(1, 2), chinese=1.0),
    "yes_no": replace(_ONE, passages=(2,), questions=(("yes_no", 1.0),)),
    "compare": replace(_ONE, passages=(2,), shared=1.0, questions=(("compare", 1.0),)),
    "chain": replace(_ONE, passages=(2,), questions=(("chain", 1.0),)),
    "inverse": replace(_ONE, passages=(2,), questions=(("inverse", 1.0),)),
    "steps": replace(_ONE, passages=(1, 2), questions=(("step", 0.7), ("count", 0.3))),
}
# About 1,400 tokens: measured of the model, and no part of the skills that every build is held to.
_FAR: Mapping[str, Reading] = {"read_sixteen": replace(_ONE, passages=(16,))}
WATCHED = ("read_one", "read_two", "read_four", "refuse", "tool_call")
SKILLS = (*_PLANS, "tool_call", "tool_result", "closed_book")
EVALUATED = (*SKILLS, *_FAR)


@dataclass(frozen=True)
class Item:
    """A conversation whose last message is what the model should say."""

    skill: str
    conversation: Conversation
    asked: Asked


def items(skill: str, count: int, seed: int) -> list[Item]:
    """Held-out items of one skill; equal seeds give equal items. Raises KeyError on an unknown skill."""
    random = Random(f"held out/{skill}/{seed}")
    made: list[Item] = []
    while len(made) < count:
        if skill == "tool_call":
            conversation = tool_requests(random, (1, 1), (2, 6), held_out=True)
        elif skill == "tool_result":
            conversation = tool_results(random, _PLANS["read_two"], held_out=True)
        elif skill == "closed_book":
            conversation = closed_book(random, held_out=True)
            conversation = Conversation(conversation.messages[:3], conversation.asked[:1])
        else:
            conversation = reading(random, {**_PLANS, **_FAR}[skill], held_out=True)
        if skill == "tool_call" and conversation.asked[-1].skill != "tool_call":
            continue
        made.append(Item(skill, conversation, conversation.asked[-1]))
    return made


def forced_accuracy(model: Any, tokenizer: Any, chosen: Sequence[Item]) -> float:
    """Share of items whose last answer is predicted token by token, given the right tokens before: what greedy decoding gives
    word for word.
    """
    import torch

    right = 0
    model.eval()
    with torch.inference_mode(), torch.autocast("cpu", torch.bfloat16):
        for start in range(0, len(chosen), 32):
            rows = [encode(tokenizer, item.conversation) for item in chosen[start : start + 32]]
            ids, _ = padded(rows)
            guessed = model(input_ids=ids).logits[:, :-1].argmax(-1)
            for place, row in enumerate(rows):
                first = len(row.said) - 1 - _last_run(row.said)
                span = slice(first, len(row.ids))
                wanted = [target for target, own in zip(row.ids[span], row.said[span], strict=True) if own]
                found = guessed[place, first - 1 : first - 1 + len(wanted)].tolist()
                right += wanted == found
    model.train()
    return right / len(chosen)


def _last_run(said: Sequence[bool]) -> int:
    """How far before the end the last run of true values begins."""
    place = len(said) - 1
    while not said[place]:
        place -= 1
    while place and said[place - 1]:
        place -= 1
    return len(said) - 1 - place


def quick_validation(
    model: Any, tokenizer: Any, *, seed: int = 1, count: int = 64, skills: Sequence[str] = SKILLS
) -> dict[str, float]:
    """`forced_accuracy` of each skill on `count` held-out items."""
    return {skill: round(forced_accuracy(model, tokenizer, items(skill, count, seed)), 3) for skill in skills}


def decode(model: Any, tokenizer: Any, chosen: Sequence[Item], *, most: int = 96, batch: int = 64) -> list[str]:
    """What greedy decoding in single precision gives for each item, special tokens dropped."""
    import torch

    texts: list[str] = [""] * len(chosen)
    prompts = []
    for item in chosen:
        row = encode(tokenizer, item.conversation)
        prompts.append(row.ids[: len(row.ids) - 1 - _last_run(row.said)])
    order = sorted(range(len(chosen)), key=lambda place: len(prompts[place]))
    model.eval()
    for start in range(0, len(order), batch):
        places = order[start : start + batch]
        length = max(len(prompts[place]) for place in places)
        ids = torch.tensor([[PAD_ID] * (length - len(prompts[place])) + prompts[place] for place in places])
        shown = torch.tensor([[0] * (length - len(prompts[place])) + [1] * len(prompts[place]) for place in places])
        with torch.inference_mode():
            said = model.generate(ids, attention_mask=shown, max_new_tokens=most, do_sample=False)
        for place, row in zip(places, said[:, length:].tolist(), strict=True):
            texts[place] = tokenizer.decode(row, skip_special_tokens=True)
    return texts


def wilson(right: int, count: int) -> tuple[float, float]:
    """The 95 % interval of a share (Wilson 1927)."""
    z = 1.959964
    centre = (right + z * z / 2) / (count + z * z)
    half = z / (count + z * z) * (right * (count - right) / count + z * z / 4) ** 0.5
    return max(0.0, centre - half), min(1.0, centre + half)


def _row(measure: str, right: int, count: int) -> dict[str, Any]:
    low, high = wilson(right, count)
    return {
        "measure": measure,
        "n": count,
        "right": right,
        "share": round(right / count, 4),
        "low": round(low, 4),
        "high": round(high, 4),
    }


def evaluate(
    model: Any, tokenizer: Any, *, count: int = 200, seed: int = 0, skills: Sequence[str] = EVALUATED
) -> dict[str, dict[str, Any]]:
    """Share of right answers by greedy decoding for each skill, and how often the reading skills refuse although the passages
    tell.

    A tool call is right if the text is that call and nothing else, its arguments in whatever order; a refusal if the final
    answer is `not stated`; everything else by exact match of the final answer.
    """
    figures: dict[str, dict[str, Any]] = {}
    refused = told = 0
    for skill in skills:
        chosen = items(skill, count, seed)
        said = decode(model, tokenizer, chosen)
        if skill == "tool_call":
            right = sum(settled_call(text) == settled_call(item.asked.answer) for text, item in zip(said, chosen, strict=True))
            figures[skill] = _row("whole call", right, count)
            continue
        finals = [final_answer(text) for text in said]
        right = sum(
            final == final_answer(f"{ANSWER_MARK} {item.asked.answer}") for final, item in zip(finals, chosen, strict=True)
        )
        figures[skill] = _row("final answer", right, count)
        if skill in ("read_one", "read_two", "read_four"):
            refused += finals.count(NOT_STATED)
            told += count
    if told:
        figures["false_refusal"] = _row("refusals though stated (low!)", refused, told)
    return figures
