"""From tasks' reference solutions to token rows, each as the model is shown it when it is asked: one conversation behind the
system message and the tools.

Belongs here: which part of which conversation, and encoding. Does not belong here: making the conversations (tasks/make.py),
varying them (variations.py), training.
"""

from collections.abc import Iterator, Mapping, Sequence
from random import Random
from typing import Any

from lenovo_pipeline.agents.adapter.recipes import AgentRecipe
from lenovo_pipeline.agents.adapter.variations import varied
from lenovo_pipeline.agents.tools.catalogue import SPECS
from lenovo_pipeline.models.tuning.rows import Row, encode

Conversation = Sequence[Mapping[str, Any]]

TOOLS = tuple(spec.schema() for spec in SPECS)
"""The tools as every conversation lists them."""

_ORDER = {spec.name: [parameter.name for parameter in spec.parameters] for spec in SPECS}


def lessons(tokenizer: Any, conversations: Sequence[Conversation], recipe: AgentRecipe, seed: int) -> list[Row]:
    """Rows of at most `recipe.longest` tokens: all conversations in each pass, varied anew; what is too long is left out."""
    encoded = _Encoding(tokenizer)
    rows = (encoded.row(lesson) for number in range(recipe.passes) for lesson in _pass(conversations, recipe, f"{seed}/{number}"))
    return [row for row in rows if len(row.ids) <= recipe.longest]


def exam(tokenizer: Any, conversations: Sequence[Conversation], recipe: AgentRecipe) -> list[Row]:
    """Rows to validate on: the conversations as they are."""
    encoded = _Encoding(tokenizer)
    rows = (encoded.row(as_served(conversation)) for conversation in conversations[: recipe.validation])
    return [row for row in rows if len(row.ids) <= recipe.longest]


def _pass(conversations: Sequence[Conversation], recipe: AgentRecipe, seed: str) -> Iterator[Conversation]:
    for place, conversation in enumerate(conversations):
        random = Random(f"agent lessons/{seed}/{place}")
        calls = _calls(conversation)
        for _ in range(_times(calls) if recipe.emphasis else 1):
            lesson = as_served(varied(conversation, random))
            # Where one call is all there is to decide, the answer repeats what the tool told.
            yield _opening(lesson) if len(calls) == 1 and random.random() < recipe.openings else lesson


def _times(calls: Sequence[Mapping[str, Any]]) -> int:
    """How often a conversation is dealt out in a pass: more often what asks for more than one decision, most often where whoever
    does what is said does wrong, and where two records must be told apart.
    """
    reasons = {str(call["arguments"].get("reason")) for call in calls if call["name"] == "hand_over"}
    if reasons & {"unsafe", "contradictory"} or any(call["name"] == "compare_devices" for call in calls):
        return 3
    return 2 if len(calls) > 1 else 1


def _calls(conversation: Conversation) -> list[Mapping[str, Any]]:
    return [call["function"] for message in conversation for call in message.get("tool_calls") or ()]


def as_served(conversation: Conversation) -> list[dict[str, Any]]:
    """The conversation with the arguments of each call in the order of the tool's parameters, in which calls are generated;
    tables keep them in the order of the alphabet.
    """
    return [
        {**message, "tool_calls": [_in_order(call) for call in message["tool_calls"]]}
        if message.get("tool_calls")
        else dict(message)
        for message in conversation
    ]


def _in_order(call: Mapping[str, Any]) -> dict[str, Any]:
    function = call["function"]
    given = function["arguments"]
    order = _ORDER.get(function["name"], ())
    arguments = {name: given[name] for name in (*order, *given) if name in given}
    return {**call, "function": {**function, "arguments": arguments}}


def _opening(conversation: Conversation) -> Conversation:
    """The conversation up to its first call: which tool with which arguments is the most of what there is to learn."""
    first = next(place for place, message in enumerate(conversation) if message["role"] == "assistant")
    return conversation[: first + 1]


class _Encoding:
    """Encodes conversations with the tools. Listing them costs most of a rendering, so it is done once where the template puts
    them into the system message, which all conversations share.
    """

    def __init__(self, tokenizer: Any) -> None:
        self._tokenizer = tokenizer
        self._head: Row | None = None
        self._without = 0
        self._tried = False

    def row(self, conversation: Conversation) -> Row:
        if not self._tried:
            self._tried = True
            return self._learn(conversation)
        if self._head is None:
            return encode(self._tokenizer, list(conversation), TOOLS)
        rest = encode(self._tokenizer, list(conversation))
        return Row(self._head.ids + rest.ids[self._without :], self._head.said + rest.said[self._without :])

    def _learn(self, conversation: Conversation) -> Row:
        whole, plain = encode(self._tokenizer, list(conversation), TOOLS), encode(self._tokenizer, list(conversation))
        system = self._tokenizer.apply_chat_template([conversation[0]], tokenize=False)
        without = len(self._tokenizer(system, add_special_tokens=False)["input_ids"])
        head = len(whole.ids) - len(plain.ids) + without
        if (whole.ids[head:], whole.said[head:]) == (plain.ids[without:], plain.said[without:]) and not any(whole.said[:head]):
            self._head, self._without = Row(whole.ids[:head], whole.said[:head]), without
        return whole
