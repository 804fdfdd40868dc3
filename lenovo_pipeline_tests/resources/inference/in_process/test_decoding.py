"""The tokens are those of `generate`, whatever is computed beside them."""

import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
import torch

from lenovo_pipeline.resources.inference import decoding
from lenovo_pipeline.resources.inference.generation import Generation
from lenovo_pipeline.resources.inference.in_process import InProcess
from lenovo_pipeline.resources.inference.local import LocalBackend, open_local
from lenovo_pipeline.resources.inference.messages import GenerationSettings
from lenovo_pipeline.settings import PROJECT_ROOT

BUNDLED = PROJECT_ROOT / "data" / "models" / "lenovo-nano"


def generated(backend: InProcess, prompts: Sequence[list[int]], max_tokens: int = 40) -> list[Generation]:
    generations = [Generation(prompt, GenerationSettings(), max_tokens, time.monotonic()) for prompt in prompts]
    for _ in backend.decode(generations):
        pass
    return generations


def tokens(backend: InProcess, prompts: Sequence[list[int]], max_tokens: int = 40) -> list[list[int]]:
    generations = generated(backend, prompts, max_tokens)
    assert [each.failure for each in generations] == [None] * len(prompts)
    return [each.tokens for each in generations]


@pytest.mark.parametrize("kind", ["llama", "qwen2", "mistral", "phi3"])
def test_token_sequences_are_those_of_generate(tiny_models: Any, kind: str, tmp_path: Path) -> None:
    folder = tiny_models.make(tmp_path / kind, kind)
    prompts = tiny_models.prompts(40)
    expected = tiny_models.one_by_one(folder, prompts, 40)
    assert len({len(answer) for answer in expected}) > 5, "the answers must end at different places to test anything"
    assert tokens(open_local(folder), prompts) == expected


@pytest.mark.skipif(not BUNDLED.is_dir(), reason="the bundled model is not there")
def test_the_bundled_model_answers_as_generate_does(tiny_models: Any) -> None:
    prompts = [[1 + token for token in prompt] for prompt in tiny_models.prompts(20)]
    expected = tiny_models.one_by_one(BUNDLED, prompts, 12)
    assert tokens(open_local(BUNDLED), prompts, 12) == expected


def test_an_answer_does_not_depend_on_what_is_asked_beside_it(tiny_models: Any, backend: LocalBackend) -> None:
    prompts = tiny_models.prompts(12)
    assert [tokens(backend, [prompt])[0] for prompt in prompts] == tokens(backend, prompts)


def test_little_memory_changes_no_answer(
    tiny_models: Any, tiny: Path, backend: LocalBackend, monkeypatch: pytest.MonkeyPatch
) -> None:
    prompts = tiny_models.prompts(30)
    expected = tokens(backend, prompts)
    monkeypatch.setattr(decoding, "_MEMORY_BYTES", 200 * 2 * 2 * 2 * 16 * 4)
    monkeypatch.setattr(decoding, "_PASS_TOKENS", 50)
    monkeypatch.setattr(decoding, "_ROWS", 3)
    assert tokens(open_local(tiny), prompts) == expected


@pytest.mark.parametrize("small", [True, False])
def test_a_small_model_computes_with_one_thread_and_leaves_the_callers_threads_as_they_are(
    tiny: Path, small: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    import torch

    monkeypatch.setattr(decoding, "_ONE_THREAD_BELOW", 32_000_000 if small else 0)
    opened = LocalBackend(tiny)
    seen: set[int] = set()
    opened._running()._model.register_forward_pre_hook(lambda *_: seen.add(torch.get_num_threads()))
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    try:
        tokens(opened, [[5, 6, 7]], 4)
        assert (seen, torch.get_num_threads()) == ({1 if small else 2}, 2)
    finally:
        torch.set_num_threads(before)
        opened.close()


def test_beginnings_are_shared_but_never_the_last_token() -> None:
    assert decoding.shared_beginnings([[1], [1, 2, 3], [1, 2, 3], [1, 2, 4, 5], [7]]) == [0, 1, 2, 2, 0]
    assert decoding.shared_beginnings([]) == []


def test_a_token_that_the_model_lacks_fails_its_own_answer_only(tiny_models: Any, backend: LocalBackend) -> None:
    prompts = tiny_models.prompts(8)
    broken = generated(backend, [*prompts, [5, 999_999, 6]])
    assert "failed to compute the answer" in str(broken[-1].failure)
    assert [each.tokens for each in broken[:-1]] == tokens(backend, prompts)


def test_scores_that_are_no_numbers_fail_their_own_answer_and_name_the_model(tiny_models: Any, tiny: Path) -> None:
    backend = open_local(tiny)
    model = backend._running()._model
    prompts = [[token for token in prompt if token != 7] for prompt in tiny_models.prompts(8)]
    expected = tokens(backend, prompts)
    with torch.no_grad():
        model.get_input_embeddings().weight[7] = float("nan")
    found = generated(backend, [*prompts, [5, 7, 6]])
    assert "NaN" in str(found[-1].failure) and str(tiny) in str(found[-1].failure)
    for each, answer in zip(found[:-1], expected, strict=True):
        assert each.tokens == answer or (each.failure is not None and 7 in answer)
