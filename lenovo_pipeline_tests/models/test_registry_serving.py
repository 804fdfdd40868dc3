"""25 adapters over one base in one process: each answers as it does alone, whoever else asks, and none can spoil the others."""

import json
import random
import shutil
import threading
from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from lenovo_pipeline.models.registry.loading import with_registered
from lenovo_pipeline.models.registry.register import register, registered
from lenovo_pipeline.provenance import MANIFEST
from lenovo_pipeline.resources.inference import adapters as loading
from lenovo_pipeline.resources.inference.adapters import record_base
from lenovo_pipeline.resources.inference.errors import ModelUnavailable
from lenovo_pipeline.resources.inference.local import LocalBackend, open_local
from lenovo_pipeline.resources.inference.messages import Completion, GenerationSettings, Message
from lenovo_pipeline.resources.inference.model_folder import identify
from lenovo_pipeline.resources.warehouse import Warehouse

TENANTS = 25
GREEDY = GenerationSettings(max_tokens=6)
QUESTIONS = [[Message("user", f"Question: which part of the {name} is it?")] for name in ("ThinkPad", "Yoga")]
LARGEST_BYTES = 50 * 2**20


@pytest.fixture(scope="module")
def base(small_model: Path) -> Path:
    return small_model


@pytest.fixture(scope="module")
def make_adapter(base: Path) -> Callable[[Path, int], Path]:
    def make(folder: Path, seed: int) -> Path:
        from safetensors.numpy import save_file

        from lenovo_pipeline.resources.inference.model_folder import tensor_shapes

        folder.mkdir(parents=True, exist_ok=True)
        drawn, tensors = np.random.default_rng(seed), {}
        for name, shape in tensor_shapes(base).items():
            module = name.removesuffix(".weight")
            if module.endswith(("q_proj", "v_proj", "down_proj")):
                for side, wanted in (("A", (4, shape[1])), ("B", (shape[0], 4))):
                    tensors[f"base_model.model.{module}.lora_{side}.weight"] = drawn.standard_normal(wanted).astype(np.float32)
        save_file(tensors, folder / "adapter_model.safetensors", metadata={"format": "pt"})
        config = {"peft_type": "LORA", "task_type": "CAUSAL_LM", "r": 4, "lora_alpha": 4, "bias": "none"}
        config["target_modules"] = ["q_proj", "v_proj", "down_proj"]
        (folder / "adapter_config.json").write_text(json.dumps(config))
        record_base(folder, identify(base), seed=seed)
        return folder

    return make


@pytest.fixture(scope="module")
def tenants(make_adapter: Callable[[Path, int], Path], tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    place = tmp_path_factory.mktemp("adapters")
    return [make_adapter(place / f"tenant-{number}", number) for number in range(TENANTS)]


def texts(answers: Sequence[Completion | Exception]) -> tuple[str, ...]:
    assert all(isinstance(each, Completion) for each in answers), answers
    return tuple(each.text for each in answers if isinstance(each, Completion))


@pytest.fixture(scope="module")
def own(base: Path, tenants: list[Path]) -> dict[Path | None, tuple[str, ...]]:
    """What each adapter, and the base (None), answers in a backend that has never seen another one."""
    found: dict[Path | None, tuple[str, ...]] = {None: texts(open_local(base).generate_batch(QUESTIONS, GREEDY))}
    for tenant in tenants:
        found[tenant] = texts(open_local(base, tenant).generate_batch(QUESTIONS, GREEDY))
    assert len(set(found.values())) == TENANTS + 1, "the adapters must change the answers to test anything"
    return found


@pytest.fixture(scope="module")
def shared(base: Path) -> LocalBackend:
    return open_local(base)


def test_25_adapters_mixed_in_one_batch_each_give_their_own_answers(
    shared: LocalBackend, tenants: list[Path], own: dict[Path | None, tuple[str, ...]]
) -> None:
    asked = [(number, tenant) for tenant in (None, *tenants) for number in range(len(QUESTIONS))]
    random.Random(1).shuffle(asked)
    answers = texts(shared.generate_mixed([(QUESTIONS[number], GREEDY, tenant) for number, tenant in asked]))
    assert answers == tuple(own[tenant][number] for number, tenant in asked)


def test_25_adapters_asked_by_many_threads_at_once_never_give_another_ones_answer(
    shared: LocalBackend, tenants: list[Path], own: dict[Path | None, tuple[str, ...]]
) -> None:
    wrong: list[str] = []
    start = threading.Barrier(6)

    def ask(seed: int) -> None:
        drawn = random.Random(seed)
        start.wait()
        for tenant in drawn.sample([None, *tenants], 12):
            number = drawn.randrange(len(QUESTIONS))
            backend = shared if tenant is None else shared.with_adapter(tenant)
            said = (
                "".join(backend.stream(QUESTIONS[number], GREEDY))
                if drawn.random() < 0.3
                else backend.generate(QUESTIONS[number], GREEDY).text
            )
            if said != own[tenant][number]:
                wrong.append(f"{tenant and tenant.name}: {said!r}, expected {own[tenant][number]!r}")

    threads = [threading.Thread(target=ask, args=(seed,)) for seed in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


def test_an_adapter_takes_the_memory_of_its_matrices_and_no_more(shared: LocalBackend, tenants: list[Path]) -> None:
    from safetensors.numpy import load_file

    for tenant in tenants:
        shared.with_adapter(tenant)
    taken: dict[str, int] = {}
    for name, weight in shared._adapters._loaded.named_parameters():
        if ".lora_" in name:
            adapter = name.split(".")[-2]
            taken[adapter] = taken.get(adapter, 0) + weight.numel() * weight.element_size()
    stored = sum(each.nbytes for each in load_file(tenants[0] / "adapter_model.safetensors").values())
    assert len(taken) >= TENANTS
    assert set(taken.values()) == {stored}
    assert stored <= LARGEST_BYTES


def test_an_adapter_that_was_loaded_is_not_read_again(
    shared: LocalBackend, tenants: list[Path], own: dict[Path | None, tuple[str, ...]], monkeypatch: pytest.MonkeyPatch
) -> None:
    shared.with_adapter(tenants[3])

    def fail(*_: Any) -> None:
        raise AssertionError("it was read again")

    monkeypatch.setattr(loading, "require_base", fail)
    monkeypatch.setattr(loading.Adapters, "_read", fail)
    assert texts(shared.with_adapter(tenants[3]).generate_batch(QUESTIONS, GREEDY)) == own[tenants[3]]


def test_a_changed_adapter_is_read_anew_and_who_holds_the_old_one_keeps_it(
    base: Path,
    make_adapter: Callable[[Path, int], Path],
    tenants: list[Path],
    own: dict[Path | None, tuple[str, ...]],
    tmp_path: Path,
) -> None:
    backend, folder = open_local(base), tmp_path / "changing"
    shutil.copytree(tenants[0], folder)
    before = backend.with_adapter(folder)
    make_adapter(folder, 1)
    after = backend.with_adapter(folder)
    assert texts(after.generate_batch(QUESTIONS, GREEDY)) == own[tenants[1]]
    assert texts(before.generate_batch(QUESTIONS, GREEDY)) == own[tenants[0]]


def spoiled(folder: Path, base: Path) -> Path:
    """The adapter with one number that is none, and a manifest that fits."""
    from safetensors.numpy import load_file, save_file

    tensors = load_file(folder / "adapter_model.safetensors")
    next(iter(tensors.values()))[0, 0] = np.nan
    save_file(tensors, folder / "adapter_model.safetensors", metadata={"format": "pt"})
    record_base(folder, identify(base))
    return folder


@pytest.mark.parametrize("first", [True, False])
@pytest.mark.parametrize("failure", ["not finite", "in the middle", "half loaded"])
def test_an_adapter_that_cannot_be_loaded_leaves_the_base_and_the_others_as_they_were(
    base: Path,
    tenants: list[Path],
    own: dict[Path | None, tuple[str, ...]],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    first: bool,
    failure: str,
) -> None:
    import peft

    backend = open_local(base)
    if not first:
        backend.with_adapter(tenants[1])
    bad = Path(shutil.copytree(tenants[0], tmp_path / "bad"))
    real = peft.set_peft_model_state_dict

    def half(model: Any, tensors: Any, **options: Any) -> Any:
        if failure == "half loaded":
            real(model, tensors, **options)
        raise RuntimeError("the memory does not suffice")

    with monkeypatch.context() as patched:
        if failure == "not finite":
            spoiled(bad, base)
        else:
            patched.setattr(peft, "set_peft_model_state_dict", half)
        with pytest.raises(ModelUnavailable, match=r"not finite|memory does not suffice"):
            backend.with_adapter(bad)
    assert texts(backend.generate_batch(QUESTIONS, GREEDY)) == own[None]
    asked = [(QUESTIONS[0], GREEDY, tenant) for tenant in (tenants[1], None, tenants[2])]
    assert texts(backend.generate_mixed(asked)) == (own[tenants[1]][0], own[None][0], own[tenants[2]][0])


def test_one_tenants_damaged_adapter_fails_alone(
    shared: LocalBackend, base: Path, tenants: list[Path], own: dict[Path | None, tuple[str, ...]], tmp_path: Path
) -> None:
    bad = spoiled(Path(shutil.copytree(tenants[0], tmp_path / "bad")), base)
    failed, good = shared.generate_mixed([(QUESTIONS[0], GREEDY, bad), (QUESTIONS[0], GREEDY, tenants[5])])
    assert "its adapter cannot be used" in str(failed)
    assert texts([good]) == (own[tenants[5]][0],)


def test_a_registered_adapter_is_opened_by_its_row_and_refused_with_everything_that_does_not_fit(
    shared: LocalBackend, base: Path, tenants: list[Path], own: dict[Path | None, tuple[str, ...]], workshop: Any
) -> None:
    workshop.base = base
    build = workshop.build(seed=1)
    warehouse = Warehouse(str(workshop.store.warehouse))
    assert register(workshop.store, warehouse, [build], identify(base), datetime(2026, 11, 21)).refused == {}
    (row,) = registered(warehouse)
    assert isinstance(with_registered(shared, workshop.store, row).generate(QUESTIONS[0], GREEDY), Completion)
    copy = workshop.store.root / row["path"]
    manifest = json.loads((copy / MANIFEST).read_text())
    manifest["made_by"]["base_tokenizer_hash"] = "1" * 16
    (copy / MANIFEST).write_text(json.dumps(manifest))
    (copy / "adapter_config.json").write_text((copy / "adapter_config.json").read_text().replace('"r": 2', '"r": 3'))
    (copy / "training.bin").write_bytes(b"\x80\x04.")
    with pytest.raises(ModelUnavailable) as refused:
        with_registered(shared, workshop.store, {**row, "template_hash": "2" * 16})
    said = str(refused.value)
    expected = (
        "adapter_config.json was changed",
        "it is registered for template_hash '2222222222222222'",
        "base_tokenizer_hash is '1111111111111111'",
        "training.bin is pickled",
        "expected [3, 32]",
        "Use an adapter of this base",
    )
    assert [part for part in expected if part not in said] == [], said
