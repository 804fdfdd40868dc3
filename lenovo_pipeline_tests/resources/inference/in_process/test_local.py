"""Answers of a model that runs in this process: limits, faults, streams, sampling, several threads."""

import logging
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from lenovo_pipeline.resources.inference.decoding import Decoder
from lenovo_pipeline.resources.inference.errors import BatchInterrupted, GenerationFailed, ModelUnavailable, PromptTooLong
from lenovo_pipeline.resources.inference.generation import Generation
from lenovo_pipeline.resources.inference.local import LocalBackend, open_local
from lenovo_pipeline.resources.inference.messages import Completion, GenerationSettings, Message

GREEDY = GenerationSettings(max_tokens=40)


def answered(found: Completion | Exception) -> Completion:
    assert isinstance(found, Completion), found
    return found


def long_answer(tiny_models: Any, backend: LocalBackend) -> tuple[list[Message], Completion]:
    answers = [(tiny_models.asks(i), backend.generate(tiny_models.asks(i), GREEDY)) for i in range(12)]
    return max(answers, key=lambda each: each[1].tokens_out or 0)


def test_an_answer_counts_its_tokens_and_says_why_it_ended(tiny_models: Any, backend: LocalBackend) -> None:
    answers = [answered(each) for each in backend.generate_batch([tiny_models.asks(i) for i in range(12)], GREEDY)]
    assert {each.finish_reason for each in answers} <= {"stop", "length"}
    assert "stop" in {each.finish_reason for each in answers}
    assert all(each.finish_reason == "stop" or each.tokens_out == 40 for each in answers)
    assert all(each.tokens_in and each.first_token_s and each.first_token_s <= each.latency_s for each in answers)
    assert {each.cost for each in answers} == {0.0}


def test_an_answer_that_never_ends_is_cut_at_max_tokens(tiny_models: Any, backend: LocalBackend) -> None:
    messages, whole = long_answer(tiny_models, backend)
    cut = backend.generate(messages, replace(GREEDY, max_tokens=3))
    assert (cut.finish_reason, cut.tokens_out) == ("length", 3)
    assert whole.text.startswith(cut.text.rstrip("\ufffd"))


def test_a_stop_string_ends_the_answer_and_is_not_part_of_it(tiny_models: Any, backend: LocalBackend) -> None:
    messages, whole = long_answer(tiny_models, backend)
    stop = whole.text[len(whole.text) // 2 :][:3]
    stopped = backend.generate(messages, replace(GREEDY, stop=("never said", stop)))
    assert stopped.finish_reason == "stop"
    assert stopped.text == whole.text[: whole.text.index(stop)]
    pieces = backend.stream(messages, replace(GREEDY, stop=(stop,)))
    assert "".join(pieces) == stopped.text


def test_an_answer_that_takes_too_long_fails_and_says_so(tiny_models: Any, backend: LocalBackend) -> None:
    messages, _ = long_answer(tiny_models, backend)
    with pytest.raises(GenerationFailed, match=r"not finished within 0 s .* Allow it more time"):
        backend.generate(messages, replace(GREEDY, timeout_s=0))


def test_what_does_not_fit_the_context_fails_alone_and_is_never_cut(tiny_models: Any, backend: LocalBackend) -> None:
    good = tiny_models.asks(0)
    long = [Message("user", "red green " * 200)]
    first, second, third = backend.generate_batch([good, long, good], GREEDY)
    assert isinstance(second, PromptTooLong)
    assert isinstance(second, PromptTooLong) and "at most 256" in str(second) and "nothing was cut off" in str(second)
    assert answered(first).text == answered(third).text == backend.generate(good, GREEDY).text


def test_an_answer_ends_where_the_context_ends(tiny_models: Any, backend: LocalBackend) -> None:
    for i in range(12):
        answer = backend.generate(tiny_models.asks(i), replace(GREEDY, max_tokens=10_000))
        assert answer.tokens_in is not None and answer.tokens_out is not None
        assert answer.tokens_in + answer.tokens_out <= 256
        assert answer.finish_reason == "stop" or answer.tokens_in + answer.tokens_out == 256


def test_messages_that_the_template_refuses_fail_alone(tiny_models: Any, backend: LocalBackend) -> None:
    bad, good = backend.generate_batch([tiny_models.asks(0, "tool"), tiny_models.asks(1)], GREEDY)
    assert isinstance(bad, GenerationFailed) and "no tools here" in str(bad)
    assert isinstance(good, Completion)


def test_a_stream_gives_the_same_text_piece_by_piece(tiny_models: Any, backend: LocalBackend) -> None:
    for i in range(12):
        stream = backend.stream(tiny_models.asks(i), GREEDY)
        pieces = list(stream)
        whole = backend.generate(tiny_models.asks(i), GREEDY)
        assert "".join(pieces) == whole.text
        assert stream.completion is not None and stream.completion.text == whole.text
        assert len(pieces) > 1 or len(whole.text) < 8


def test_a_stream_raises_what_went_wrong(backend: LocalBackend) -> None:
    with pytest.raises(GenerationFailed, match="at most 256"):
        list(backend.stream([Message("user", "red green " * 200)], GREEDY))


def test_sampling_repeats_with_its_seed_alone_and_in_a_batch(tiny_models: Any, backend: LocalBackend) -> None:
    drawn = GenerationSettings(max_tokens=20, temperature=1.5, top_p=0.9, seed=3)
    batch = [tiny_models.asks(i) for i in range(6)]
    answers = [answered(each).text for each in backend.generate_batch(batch, drawn)]
    assert [backend.generate(messages, drawn).text for messages in batch] == answers
    assert [answered(each).text for each in backend.generate_batch(batch, replace(drawn, seed=4))] != answers
    assert [answered(each).text for each in backend.generate_batch(batch, replace(drawn, top_p=1e-9))] == [
        answered(each).text for each in backend.generate_batch(batch, replace(GREEDY, max_tokens=20))
    ]


def test_several_threads_get_the_answers_that_one_gets(tiny_models: Any, backend: LocalBackend) -> None:
    batches = [[tiny_models.asks(10 * part + i) for i in range(6)] for part in range(3)]
    expected = [[answered(each).text for each in backend.generate_batch(batch, GREEDY)] for batch in batches]
    with ThreadPoolExecutor(3) as threads:
        found = list(threads.map(lambda batch: backend.generate_batch(batch, GREEDY), batches))
    assert [[answered(each).text for each in batch] for batch in found] == expected


def test_an_interrupted_batch_keeps_what_was_done(
    tiny_models: Any, backend: LocalBackend, monkeypatch: pytest.MonkeyPatch
) -> None:
    batch = [tiny_models.asks(i) for i in range(12)]
    whole = [answered(each) for each in backend.generate_batch(batch, GREEDY)]
    shortest = min(each.tokens_out or 0 for each in whole)
    passes = 0
    forward = Decoder.forward

    def interrupted(self: Decoder, *arguments: Any) -> Any:
        nonlocal passes
        passes += 1
        # Some passes compute the prompts, then each pass gives every answer a token; the shortest ends before this one.
        if passes > shortest + 8:
            raise KeyboardInterrupt
        return forward(self, *arguments)

    monkeypatch.setattr(Decoder, "forward", interrupted)
    with pytest.raises(BatchInterrupted) as stopped:
        backend.generate_batch(batch, GREEDY)
    kept = stopped.value.results
    assert None in kept and any(kept)
    for found, expected in zip(kept, whole, strict=True):
        assert found is None or answered(found).text == expected.text


def test_bytes_that_are_no_text_are_replaced_and_reported(backend: LocalBackend, caplog: pytest.LogCaptureFixture) -> None:
    chat = backend.chat
    lone = next(token for token in range(3, 320) if chat.text([token]) == "\ufffd")
    generation = Generation([1], GREEDY, 5, 0.0, tokens=[lone, lone], finish="stop")
    with caplog.at_level(logging.WARNING):
        assert answered(chat.completions([generation])[0]).text == "\ufffd\ufffd"
    assert "1 of 1 answers hold bytes that are no UTF-8" in caplog.text


def test_a_closed_model_says_so(tiny_models: Any, tiny: Path) -> None:
    backend = open_local(tiny)
    backend.close()
    with pytest.raises(ModelUnavailable, match="has been closed"):
        backend.generate(tiny_models.asks(0), GREEDY)


def test_damaged_or_unfit_weights_are_refused_when_the_model_is_opened(copied: Callable[[], Path]) -> None:
    from safetensors.torch import load_file, save_file

    folder = copied()
    weights = load_file(folder / "model.safetensors")
    weights.pop("model.layers.1.mlp.up_proj.weight")
    save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})
    with pytest.raises(ModelUnavailable, match=r"lack .*model.layers.1.mlp.up_proj.weight"):
        open_local(folder)
    weights = {name: tensor * float("nan") for name, tensor in weights.items()}
    save_file({**weights, "model.layers.1.mlp.up_proj.weight": weights["model.layers.0.mlp.up_proj.weight"].clone()},
              folder / "model.safetensors", metadata={"format": "pt"})  # fmt: skip
    with pytest.raises(ModelUnavailable, match="no numbers"):
        open_local(folder)


def test_a_model_without_a_chat_template_is_refused(copied: Callable[[], Path]) -> None:
    folder = copied()
    (folder / "chat_template.jinja").unlink()
    with pytest.raises(ModelUnavailable, match="no chat template"):
        open_local(folder)


@pytest.mark.parametrize("kind", ["bloom", "mamba"])
def test_a_model_that_cannot_be_computed_here_is_refused_when_it_is_opened(tiny_models: Any, kind: str, tmp_path: Path) -> None:
    folder = tiny_models.make(tmp_path / kind, kind)
    with pytest.raises(ModelUnavailable, match=f"{kind} cannot .*"):
        open_local(folder)
