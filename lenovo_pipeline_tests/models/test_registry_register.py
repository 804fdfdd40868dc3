"""Every adapter is registered once by its content, what does not fit is refused with all reasons, no kill leaves half of it."""

import json
import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

from lenovo_pipeline.contracts.conform import conform
from lenovo_pipeline.failures import TransientFailure
from lenovo_pipeline.models.builds import content_hash
from lenovo_pipeline.models.registry import register as registering
from lenovo_pipeline.models.registry.copies import copy_problems
from lenovo_pipeline.models.registry.finding import one_of
from lenovo_pipeline.models.registry.register import Registered, register
from lenovo_pipeline.models.tables import ADAPTER_REGISTRY
from lenovo_pipeline.provenance import MANIFEST, write_manifest
from lenovo_pipeline.resources.inference.adapters import base_of
from lenovo_pipeline.resources.inference.model_folder import identify
from lenovo_pipeline.resources.ledger import Ledger
from lenovo_pipeline.resources.published import publish
from lenovo_pipeline.resources.retention import remove_unused
from lenovo_pipeline.resources.store import Store
from lenovo_pipeline.resources.warehouse import Warehouse

NOW = datetime(2026, 11, 21, 12, 0)
LATER = datetime(2026, 11, 22, 12, 0)


@pytest.fixture
def warehouse(store: Store) -> Warehouse:
    return Warehouse(str(store.warehouse))


def rows(warehouse: Warehouse) -> list[dict[str, Any]]:
    return Ledger(warehouse, ADAPTER_REGISTRY).rows()


def add(workshop: Any, warehouse: Warehouse, *builds: dict[str, Any], now: datetime = NOW) -> Registered:
    return register(workshop.store, warehouse, builds, identify(workshop.base), now)


def test_an_adapter_is_registered_once_with_everything_that_made_it(workshop: Any, warehouse: Warehouse) -> None:
    build = workshop.build(loss=1.5)
    assert add(workshop, warehouse, build) == Registered(added=["tiny/lora/device_support"])
    (row,) = rows(warehouse)
    copy = workshop.store.root / row["path"]
    assert (row["artifact"], content_hash(copy)) == (build["artifact"], build["artifact"])
    assert (row["version"], row["previous"], row["registered_at"], row["validation_loss"]) == (1, None, NOW, 1.5)
    assert (row["rank"], row["targets"], row["licence"]) == (2, ["down_proj", "q_proj"], "MIT")
    assert row["tokenizer_hash"] == identify(workshop.base).tokenizer_hash
    assert json.loads(row["made_by"])["domain"] == "device_support"
    before = warehouse.described(ADAPTER_REGISTRY)
    assert add(workshop, warehouse, build, now=LATER) == Registered()
    assert warehouse.described(ADAPTER_REGISTRY) == before


def test_a_new_content_of_a_build_is_its_next_version_and_the_one_before_stays_whole(workshop: Any, warehouse: Warehouse) -> None:
    first, second = workshop.build(seed=1), workshop.build(seed=2)
    add(workshop, warehouse, first)
    shutil.rmtree(workshop.store.root / first["path"])
    add(workshop, warehouse, second, now=LATER)
    found = {row["version"]: row for row in rows(warehouse)}
    assert {version: row["artifact"] for version, row in found.items()} == {1: first["artifact"], 2: second["artifact"]}
    assert found[2]["previous"] == first["artifact"]
    assert copy_problems(workshop.store, found[1]) == []


def test_what_the_registry_keeps_is_never_removed_as_unused(workshop: Any, warehouse: Warehouse) -> None:
    first, second = workshop.build(seed=1), workshop.build(seed=2)
    add(workshop, warehouse, first)
    publish(workshop.store, warehouse, made_by={})
    add(workshop, warehouse, second, now=LATER)
    for version in ("warehouse", "snapshots"):
        if version == "snapshots":
            publish(workshop.store, warehouse, made_by={})
            publish(workshop.store, warehouse, made_by={"again": 1})
        removed = remove_unused(workshop.store, warehouse, uncited_after_s=0)
        assert [line for line in removed if "adapter_registry" in line] == []
        assert all(copy_problems(workshop.store, row) == [] for row in rows(warehouse))
    assert not (workshop.store.root / second["path"]).exists(), "no table cites the build itself in this test"


def change_weights(folder: Path, change: Callable[[dict[str, Any]], Any]) -> None:
    tensors = load_file(folder / "adapter_model.safetensors")
    change(tensors)
    save_file(tensors, folder / "adapter_model.safetensors", metadata={"format": "pt"})


def change_config(folder: Path, **options: Any) -> None:
    found = json.loads((folder / "adapter_config.json").read_text())
    (folder / "adapter_config.json").write_text(json.dumps({**found, **options}))


def other_base(folder: Path, **changes: str) -> None:
    manifest = json.loads((folder / MANIFEST).read_text())
    (folder / MANIFEST).write_text(json.dumps({**manifest, "made_by": {**manifest["made_by"], **changes}}))


def transpose(tensors: dict[str, Any]) -> None:
    for name in [name for name in tensors if "down_proj.lora_A" in name]:
        tensors[name] = np.ascontiguousarray(tensors[name].T)


def spoil(tensors: dict[str, Any]) -> None:
    next(iter(tensors.values()))[0, 0] = np.nan


def cut(folder: Path) -> None:
    path = folder / "adapter_model.safetensors"
    path.write_bytes(path.read_bytes()[:-5])


def garble(folder: Path) -> None:
    path = folder / "adapter_model.safetensors"
    data = bytearray(path.read_bytes())
    data[-3] ^= 0xFF
    path.write_bytes(bytes(data))


def pickle_beside(folder: Path) -> None:
    (folder / "adapter_model.bin").write_bytes(b"\x80\x04.")


DAMAGES: list[tuple[str, Callable[[Path], Any], bool, list[str]]] = [
    ("another base", lambda f: other_base(f, base_revision="0" * 16), False, [r"base_revision is '0000000000000000', expected"]),
    (
        "another tokenizer and template",
        lambda f: other_base(f, base_tokenizer_hash="1" * 16, base_template_hash="2" * 16),
        False,
        ["base_tokenizer_hash is '1111111111111111', expected", "base_template_hash is '2222222222222222', expected"],
    ),
    ("cut", cut, False, ["adapter_model.safetensors was changed", "bytes found"]),
    ("garbled", garble, False, ["adapter_model.safetensors was changed"]),
    ("cut and sealed again", cut, True, ["adapter_model.safetensors is damaged", "bytes found"]),
    ("garbled and sealed again", garble, True, ["its files are not those of its row"]),
    ("pickled beside", pickle_beside, True, ["adapter_model.bin is pickled, which may run any code when read"]),
    (
        "pickled only",
        lambda f: (f / "adapter_model.safetensors").rename(f / "pytorch_model.bin"),
        True,
        ["pytorch_model.bin is pickled", "has no adapter_model.safetensors"],
    ),
    ("no manifest", lambda f: (f / MANIFEST).unlink(), False, ["has no manifest.json"]),
    ("no configuration", lambda f: (f / "adapter_config.json").unlink(), True, ["has no adapter_config.json"]),
    (
        "shapes that do not fit",
        lambda f: change_weights(f, transpose),
        True,
        ["model.layers.*.mlp.down_proj.lora_A is [12, 2], expected [2, 12] (2 times)"],
    ),
    ("not finite", lambda f: change_weights(f, spoil), True, ["its files are not those of its row"]),
    (
        "another rank",
        lambda f: change_config(f, r=3),
        True,
        ["q_proj.lora_A is [2, 8], expected [3, 8] (2 times)", "down_proj.lora_B is [8, 2], expected [8, 3] (2 times)"],
    ),
    (
        "foreign options",
        lambda f: change_config(f, modules_to_save=["lm_head"], init_lora_weights="pissa", peft_type="IA3", lora_alpha=None),
        True,
        [
            'modules_to_save is ["lm_head"], and only',
            "init_lora_weights is 'pissa', which writes into the base",
            "peft_type is 'IA3', expected 'LORA'",
            "lora_alpha is None",
        ],
    ),
    (
        "a target without matrices",
        lambda f: change_weights(f, lambda found: [found.pop(name) for name in list(found) if "layers.1" in name]),
        True,
        ["model.layers.*.self_attn.q_proj is a target, but has no matrices"],
    ),
    (
        "half a pair",
        lambda f: change_weights(f, lambda found: found.pop(next(name for name in found if "lora_B" in name))),
        True,
        ["has only one of its two matrices"],
    ),
    (
        "foreign tensors",
        lambda f: change_weights(f, lambda found: found.update({"model.head": np.zeros(3, np.int8), "x.lora_A": np.zeros(3)})),
        True,
        ["model.head is no matrix of LoRA", "the base has no x", "x has only one"],
    ),
]


@pytest.mark.parametrize(("damage", "sealed", "expected"), [each[1:] for each in DAMAGES], ids=[each[0] for each in DAMAGES])
def test_what_cannot_be_used_is_refused_with_every_reason_and_the_others_are_registered(
    workshop: Any, warehouse: Warehouse, damage: Callable[[Path], Any], sealed: bool, expected: list[str]
) -> None:
    bad, good = workshop.build(seed=1), workshop.build("customer_service", seed=2)
    folder = workshop.store.root / bad["path"]
    damage(folder)
    if sealed:
        # Whoever damaged it wrote a manifest that fits, so that only a look at what it holds can tell.
        (folder / MANIFEST).unlink()
        write_manifest(folder, {**bad["made_by"], **base_of(identify(workshop.base))})
    done = add(workshop, warehouse, bad, good)
    assert done.added == [good["build"]]
    assert set(done.refused) == {bad["build"]}
    said = "; ".join(done.refused[bad["build"]])
    assert [part for part in expected if part not in said] == [], said
    assert [row["build"] for row in rows(warehouse)] == [good["build"]]
    assert [path.name for path in (workshop.store.artifacts / "adapter_registry").iterdir()] == [good["artifact"]]


def test_weights_that_are_no_numbers_are_refused(workshop: Any, warehouse: Warehouse) -> None:
    build = workshop.build()
    folder = workshop.store.root / build["path"]
    change_weights(folder, spoil)
    (folder / MANIFEST).unlink()
    write_manifest(folder, build["made_by"])
    done = add(workshop, warehouse, {**build, "artifact": content_hash(folder)})
    assert "holds numbers that are not finite" in "; ".join(done.refused[build["build"]])
    assert rows(warehouse) == []


def test_a_row_that_names_another_base_than_the_present_one_is_refused(workshop: Any, warehouse: Warehouse) -> None:
    done = add(workshop, warehouse, workshop.build(template_hash="3" * 16))
    assert "its row says template_hash '3333333333333333'" in "; ".join(done.refused["tiny/lora/device_support"])
    moved = replace(identify(workshop.base), revision="4" * 16)
    done = register(workshop.store, warehouse, [workshop.build()], moved, NOW)
    said = "; ".join(done.refused["tiny/lora/device_support"])
    assert "base_revision is" in said
    assert "the base has '4444444444444444'" in said


def test_another_build_of_the_same_content_leaves_copy_and_record_of_the_first_as_they_are(
    workshop: Any, warehouse: Warehouse
) -> None:
    first = workshop.build()
    add(workshop, warehouse, first)
    (row,) = rows(warehouse)
    copy = workshop.store.root / row["path"]
    record = (copy / MANIFEST).read_bytes()
    place = workshop.store.root / "dropped"
    shutil.copytree(workshop.store.root / first["path"], place)
    (place / MANIFEST).unlink()
    write_manifest(place, {"kind": "dropped", **base_of(identify(workshop.base))})
    dropped = {**first, "build": "tiny/dropped/mine", "method": "dropped", "path": workshop.store.relative(place)}
    assert add(workshop, warehouse, dropped, now=LATER) == Registered(added=["tiny/dropped/mine"])
    assert (copy / MANIFEST).read_bytes() == record
    found = sorted(rows(warehouse), key=lambda each: str(each["build"]))
    assert one_of(found, first["artifact"][:12])["build"] == first["build"], "a dropped copy sorts first, and came later"
    garble(copy)
    assert add(workshop, warehouse, first) == Registered(repaired=[first["build"]])


def test_a_damaged_copy_is_made_again_from_the_build(workshop: Any, warehouse: Warehouse) -> None:
    build = workshop.build()
    add(workshop, warehouse, build)
    (row,) = rows(warehouse)
    garble(workshop.store.root / row["path"])
    assert "was changed" in "; ".join(copy_problems(workshop.store, row))
    assert add(workshop, warehouse, build) == Registered(repaired=[build["build"]])
    assert copy_problems(workshop.store, row) == []
    assert rows(warehouse) == [row]


class Killed(BaseException):
    """Ends everything, as a kill does."""


@pytest.mark.parametrize("where", ["before the copy", "in the copy", "before the row", "in the transaction"])
def test_a_kill_in_the_middle_leaves_nothing_that_running_again_does_not_complete(
    workshop: Any, warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch, where: str
) -> None:
    builds = [workshop.build(seed=1), workshop.build("customer_service", seed=2)]

    def kill(*_: Any, **__: Any) -> Any:
        raise Killed

    def half(source: Path, target: Path, **_: Any) -> None:
        shutil.copy(source / MANIFEST, target / MANIFEST)
        raise Killed

    with monkeypatch.context() as patched:
        if where == "before the copy":
            patched.setattr(registering, "_keep", kill)
        elif where == "in the copy":
            patched.setattr("lenovo_pipeline.models.registry.register.shutil.copytree", half)
        elif where == "before the row":
            patched.setattr(Ledger, "append", kill)
        else:
            patched.setattr("lenovo_pipeline.resources.ledger.to_arrow", kill)
        with pytest.raises(Killed):
            add(workshop, warehouse, *builds)
    assert rows(warehouse) == []
    assert add(workshop, warehouse, *builds, now=LATER).refused == {}
    assert {row["artifact"] for row in rows(warehouse)} == {build["artifact"] for build in builds}
    assert all(copy_problems(workshop.store, row) == [] for row in rows(warehouse))
    assert list(workshop.store.artifacts.rglob(".*")) == []


def test_a_process_that_is_killed_while_it_registers_leaves_a_ledger_that_the_next_one_completes(
    workshop: Any, warehouse: Warehouse, tmp_path: Path
) -> None:
    builds = [workshop.build(seed=1), workshop.build("customer_service", seed=2)]
    (tmp_path / "builds.json").write_text(json.dumps(builds))
    code = (
        "import json, os, signal, sys\n"
        "from datetime import datetime\n"
        "from pathlib import Path\n"
        "from lenovo_pipeline.models.registry import register as registering\n"
        "from lenovo_pipeline.resources.inference.model_folder import identify\n"
        "from lenovo_pipeline.resources.store import Store\n"
        "from lenovo_pipeline.resources.warehouse import Warehouse\n"
        "store, base, builds = Store(Path(sys.argv[1])), identify(Path(sys.argv[2])), json.loads(Path(sys.argv[3]).read_text())\n"
        "kept = registering._keep\n"
        "def keep(folder, copy):\n"
        "    kept(folder, copy)\n"
        "    os.kill(os.getpid(), signal.SIGKILL)\n"
        "registering._keep = keep\n"
        "registering.register(store, Warehouse(str(store.warehouse)), builds, base, datetime(2026, 11, 21))\n"
    )
    ended = subprocess.run(
        [sys.executable, "-c", code, str(workshop.store.root), str(workshop.base), str(tmp_path / "builds.json")],
        capture_output=True,
        check=False,
    )
    assert ended.returncode == -9, ended.stderr[-500:]
    assert (workshop.store.artifacts / "adapter_registry").is_dir()
    assert rows(warehouse) == []
    assert sorted(add(workshop, warehouse, *builds).added) == sorted(build["build"] for build in builds)
    assert len(rows(warehouse)) == 2


def test_registrations_at_the_same_time_end_with_every_adapter_once(workshop: Any, warehouse: Warehouse) -> None:
    builds = [workshop.build(domain, seed=seed) for seed, domain in enumerate(("device_support", "customer_service", "all"))]
    start = threading.Barrier(6)
    failures: list[BaseException] = []

    def go(number: int) -> None:
        start.wait()
        try:
            add(workshop, warehouse, *builds[number % 3 :], builds[0])
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=go, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    found = rows(warehouse)
    assert sorted((row["build"], row["version"]) for row in found) == sorted((build["build"], 1) for build in builds)
    described = warehouse.described(ADAPTER_REGISTRY)
    assert described is not None
    assert described["rows"] == 3


def test_while_another_process_holds_the_store_nothing_is_registered_and_that_is_said(
    workshop: Any, warehouse: Warehouse
) -> None:
    code = (
        "import sys\nfrom pathlib import Path\nfrom lenovo_pipeline.resources.store import Store\n"
        "with Store(Path(sys.argv[1])).held('run 4711', 0):\n    print('held', flush=True)\n    sys.stdin.read()\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code, str(workshop.store.root)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env={**os.environ},
    ) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == b"held\n"
        build = workshop.build()
        with pytest.raises(TransientFailure, match="in use by run 4711"):
            add(workshop, warehouse, build)
        assert not (workshop.store.artifacts / "adapter_registry").exists()
        other.communicate(b"")
    assert add(workshop, warehouse, build).added == [build["build"]]


def test_the_ledger_fits_its_contract(workshop: Any, warehouse: Warehouse) -> None:
    add(workshop, warehouse, workshop.build(loss=None), workshop.build("all", method="stacked", training_set=None))
    frame = warehouse.load(ADAPTER_REGISTRY)
    assert len(conform(frame.drop(columns="content_hash"), ADAPTER_REGISTRY)) == 2
