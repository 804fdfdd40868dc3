"""From chat messages to token rows, for any tokenizer with a chat template.

Belongs here: encoding, and the mask of what the assistant says. Does not belong here: which conversations are trained on
(training_sets.py) and batches (batching.py).
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from lenovo_pipeline.failures import PermanentFailure
from lenovo_pipeline.models.pretraining.batches import Row

__all__ = ["Row", "encode", "encode_all"]


def encode(tokenizer: Any, messages: Sequence[Mapping[str, str]], tools: Sequence[Mapping[str, Any]] = ()) -> Row:
    """Tokens of a conversation as its chat template renders it, with the mask of what the assistant says: its content and the
    token that ends its turn.

    For the tokenizer of `lenovo-nano` this is what `pretraining.batches.encode` gives. A turn that the template shows
    otherwise in a later context (thoughts that it drops) counts as not said. Raises PermanentFailure if there is no chat
    template, or none of the conversation is said.
    """
    if not getattr(tokenizer, "chat_template", None):
        raise PermanentFailure(
            f"the tokenizer {tokenizer.name_or_path} has no chat template, so nobody can tell what it should say",
            remedy="Use an instruct model, or put a chat_template.jinja into its folder.",
        )
    ids: list[int] = []
    said: list[bool] = []
    for text, own in _pieces(tokenizer, messages, list(tools) or None):
        found = tokenizer(text, add_special_tokens=False)["input_ids"]
        ids += found
        said += [own] * len(found)
    if not any(said):
        raise PermanentFailure(
            f"the chat template of {tokenizer.name_or_path} shows nothing of what the assistant says",
            remedy="Check that the conversation ends with an assistant message and that the template renders it.",
        )
    return Row(ids, said)


def encode_all(tokenizer: Any, conversations: Sequence[Sequence[Mapping[str, str]]]) -> list[Row]:
    """The row of each conversation; raises what `encode` raises."""
    return [encode(tokenizer, messages) for messages in conversations]


def _pieces(
    tokenizer: Any, messages: Sequence[Mapping[str, str]], tools: list[Mapping[str, Any]] | None
) -> Iterator[tuple[str, bool]]:
    """Pieces of the rendered text with whether the assistant says them; each is encoded alone, as a prompt is."""

    def rendered(some: Sequence[Mapping[str, str]], *, prompt: bool = False) -> str:
        return str(tokenizer.apply_chat_template(list(some), tools=tools, tokenize=False, add_generation_prompt=prompt))

    whole = rendered(messages)
    done = 0
    for place, message in enumerate(messages):
        if message["role"] != "assistant":
            continue
        asked, answered = rendered(messages[:place], prompt=True), rendered(messages[: place + 1])
        begin, end = _shared(asked, answered), len(answered.rstrip())
        if whole.startswith(answered[:end]) and done <= begin < end:
            yield whole[done:begin], False
            yield whole[begin:end], True
            done = end
    if done < len(whole):
        yield whole[done:], False


def _shared(one: str, other: str) -> int:
    """How many characters the two begin with together."""
    if other.startswith(one):
        return len(one)
    return next((place for place, (left, right) in enumerate(zip(one, other, strict=False)) if left != right), len(other))
