"""Guessed tokens save passes and change no answer."""

import time
from typing import Any

import pytest

from lenovo_pipeline.models.pretraining.skills import items
from lenovo_pipeline.resources.inference import decoding
from lenovo_pipeline.resources.inference.generation import Generation
from lenovo_pipeline.resources.inference.local import open_local
from lenovo_pipeline.resources.inference.messages import GenerationSettings, Message
from lenovo_pipeline.resources.inference.prompt_lookup import Followers, Lookup, Pace
from lenovo_pipeline.settings import PROJECT_ROOT

BUNDLED = PROJECT_ROOT / "data" / "models" / "lenovo-nano"


def test_what_followed_the_longest_run_last_is_guessed() -> None:
    lookup = Lookup([1, 2, 3, 9, 5, 3, 7, 1, 2, 3], {})
    assert lookup.guess(2) == [9, 5]
    lookup.add(7)
    assert lookup.guess(4) == [1, 2, 3, 7]


def test_what_other_answers_said_is_guessed_where_the_prompt_does_not_tell() -> None:
    answers: Followers = {}
    first = Lookup([1, 2], answers)
    for token in (40, 41, 42):
        first.add(token)
    second = Lookup([8, 9], answers)
    assert second.guess(3) == []
    second.add(40)
    assert second.guess(3) == [41, 42]


def test_nothing_is_guessed_from_what_never_came_before() -> None:
    assert Lookup([], {}).guess(4) == []
    assert Lookup([1, 2, 3], {}).guess(4) == []


def test_guessing_rests_while_it_is_wrong_and_is_tried_again() -> None:
    pace = Pace()
    assert pace.guesses() > 0
    for _ in range(5):
        pace.note(tokens=8, answers=8)
    rests = [pace.guesses() for _ in range(40)]
    assert rests[0] == 0 and 0 < sum(count > 0 for count in rests) < 5
    pace.note(tokens=32, answers=8)
    assert pace.guesses() > 0


@pytest.mark.skipif(not BUNDLED.is_dir(), reason="the bundled model is not there")
def test_answers_that_copy_take_fewer_passes_than_tokens(monkeypatch: pytest.MonkeyPatch) -> None:
    backend = open_local(BUNDLED)
    asked = [item.conversation.messages[:2] for item in items("read_two", 8, seed=3)]
    prompts = [
        backend.chat.tokens([Message(each["role"], each["content"]) for each in messages])  # type: ignore[arg-type]
        for messages in asked
    ]
    monkeypatch.setattr(decoding, "_ROWS", 1)

    def answers(guessing: bool) -> tuple[list[list[int]], int]:
        passes: list[int] = []
        forward: Any = decoding.Decoder.forward

        def counted(*arguments: Any) -> Any:
            passes.append(1)
            return forward(*arguments)

        with monkeypatch.context() as patched:
            patched.setattr(decoding.Decoder, "forward", counted)
            if not guessing:
                patched.setattr(Lookup, "guess", lambda *_: [])
            generations = [Generation(prompt, GenerationSettings(), 64, time.monotonic()) for prompt in prompts]
            for _ in backend.decode(generations):
                pass
        return [each.tokens for each in generations], len(passes)

    plain, plain_passes = answers(guessing=False)
    guessed, guessed_passes = answers(guessing=True)
    assert guessed == plain
    assert guessed_passes < 0.8 * plain_passes
