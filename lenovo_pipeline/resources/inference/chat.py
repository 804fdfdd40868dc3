"""A model's tokenizer and chat template: messages to tokens, tokens to an answer.

Belongs here: rendering and reading for models that run here. Does not belong here: forward passes.
"""

import logging
import threading
from collections.abc import Sequence
from functools import cache, partial
from pathlib import Path
from typing import Any

from lenovo_pipeline.resources.inference.errors import GenerationFailed, ModelUnavailable, PromptTooLong
from lenovo_pipeline.resources.inference.generation import Generation, Vocabulary, cut_at_stop
from lenovo_pipeline.resources.inference.messages import Completion, GenerationSettings, Message, ModelIdentity, Tool
from lenovo_pipeline.resources.inference.model_folder import chat_template, read_json
from lenovo_pipeline.resources.inference.tool_calls import find_calls
from lenovo_pipeline.resources.inference.tool_grammar import CALL, grammar_of

_LOG = logging.getLogger(__name__)
_REPLACEMENT = "\ufffd"
"""What stands for bytes that are no UTF-8."""


class Chat:
    """The tokenizer of a model's folder. Raises ModelUnavailable if it cannot be read or has no chat template."""

    def __init__(self, folder: Path, identity: ModelIdentity) -> None:
        from transformers import AutoTokenizer

        template = chat_template(folder)
        if template is None:
            raise ModelUnavailable(
                f"The model in {folder} has no chat template, so messages cannot be put to it",
                remedy="Use the instruction-tuned model, or add its chat_template.jinja.",
            )
        try:
            self._tokenizer = AutoTokenizer.from_pretrained(folder, local_files_only=True)
        except Exception as error:
            raise ModelUnavailable(
                f"The tokenizer in {folder} cannot be read ({error})", remedy="Restore tokenizer.json and tokenizer_config.json."
            ) from error
        self._identity = identity
        # A fast tokenizer changes while it encodes (padding, truncation): one thread at a time.
        self._turn = threading.Lock()
        self._marks_calls = CALL in str(template)
        whole = partial(self.text, special=True)
        begins = cache(lambda token: whole([token])[:1])
        self.vocabulary = Vocabulary(frozenset(self._ends(folder)), self.text, whole, begins)

    def generation(self, messages: Sequence[Message], settings: GenerationSettings, called: float) -> Generation:
        """An answer to be generated. One whose prompt is too long or cannot be rendered has failed already."""
        generation = Generation([], settings, 0, called)
        try:
            generation.prompt = self.tokens(messages, settings.tools)
        except GenerationFailed as failure:
            generation.failure = failure
            return generation
        if settings.strict_tools and self._marks_calls:
            generation.grammar = grammar_of(messages, settings.tools)
        limit = self._identity.context_length
        free = settings.max_tokens if limit is None else limit - len(generation.prompt)
        if free < 1:
            generation.failure = PromptTooLong(
                f"the messages have {len(generation.prompt)} tokens, and {self._identity.identifier} takes at most {limit}, "
                "answer included"
            )
        generation.room = min(settings.max_tokens, free)
        return generation

    def tokens(self, messages: Sequence[Message], tools: Sequence[Tool] = ()) -> list[int]:
        """The prompt as tokens. Raises GenerationFailed when the template does not take these messages."""
        try:
            with self._turn:
                text = self._tokenizer.apply_chat_template(
                    [_as_dict(message) for message in messages],
                    tools=[_tool_as_dict(tool) for tool in tools] or None,
                    add_generation_prompt=True,
                    tokenize=False,
                )
                # The template writes the special tokens of the beginning itself; whoever refuses a long prompt says so.
                return list(self._tokenizer(text, add_special_tokens=False, verbose=False)["input_ids"])
        except Exception as error:
            raise GenerationFailed(
                f"The chat template of {self._identity.identifier} does not take these messages ({error})",
                remedy="Check the roles and their order, and the tools' schemas.",
            ) from error

    def text(self, tokens: Sequence[int], *, special: bool = False) -> str:
        """Tokens as text; bytes that are no UTF-8 become U+FFFD."""
        return str(self._tokenizer.decode(list(tokens), skip_special_tokens=not special, clean_up_tokenization_spaces=False))

    def completions(self, generations: Sequence[Generation]) -> list[Completion | Exception]:
        """What came of these generations, in order. Answers with bytes that are no UTF-8 are reported once."""
        found: list[Completion | Exception] = [self._completion(generation) for generation in generations]
        broken = sum(isinstance(each, Completion) and _REPLACEMENT in each.text for each in found)
        if broken:
            _LOG.warning(
                "%s: %d of %d answers hold bytes that are no UTF-8, shown as U+FFFD",
                self._identity.identifier,
                broken,
                len(found),
            )
        return found

    def _completion(self, generation: Generation) -> Completion | GenerationFailed:
        if generation.failure is not None or generation.finish is None:
            return generation.failure or GenerationFailed("the answer was not finished")
        settings = generation.settings
        text, calls = find_calls(self.text(generation.tokens, special=True), settings.tools) if settings.tools else ("", ())
        if not calls:
            text = cut_at_stop(self.text(generation.tokens), settings.stop)
        return Completion(
            text=text,
            tokens_in=len(generation.prompt),
            tokens_out=len(generation.tokens),
            latency_s=generation.latency_s,
            first_token_s=generation.first_token_s,
            finish_reason="tool_calls" if calls else generation.finish,
            cost=0.0,
            tool_calls=calls,
        )

    def _ends(self, folder: Path) -> list[int]:
        """The tokens that end an answer: the generation config's, else the model's, else the tokenizer's."""
        for name in ("generation_config.json", "config.json", "genai_config.json"):
            config = read_json(folder, name) if (folder / name).is_file() else {}
            found = config.get("model", config).get("eos_token_id")
            if found is not None:
                return found if isinstance(found, list) else [found]
        own = self._tokenizer.eos_token_id
        return [] if own is None else [own]


def settled_text(chat: Chat, generation: Generation) -> str:
    """The text so far that later tokens cannot change: without a begun character, and without what may become a stop string."""
    text = chat.text(generation.tokens)
    if generation.over:
        return cut_at_stop(text, generation.settings.stop)
    text = text.rstrip(_REPLACEMENT)
    held = max((_overlap(text, stop) for stop in generation.settings.stop), default=0)
    return text[: len(text) - held]


def _overlap(text: str, stop: str) -> int:
    """How many last characters of the text begin the stop string."""
    return next((length for length in range(min(len(text), len(stop)), 0, -1) if text.endswith(stop[:length])), 0)


def _as_dict(message: Message) -> dict[str, Any]:
    found: dict[str, Any] = {"role": message.role, "content": message.content}
    if message.tool_calls:
        found["tool_calls"] = [
            {"type": "function", "id": call.id, "function": {"name": call.name, "arguments": call.arguments}}
            for call in message.tool_calls
        ]
    if message.tool_call_id is not None:
        found["tool_call_id"] = message.tool_call_id
    return found


def _tool_as_dict(tool: Tool) -> dict[str, Any]:
    return {
        "type": "function",
        "function": {"name": tool.name, "description": tool.description, "parameters": dict(tool.parameters)},
    }
