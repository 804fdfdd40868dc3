"""What fits its base is taken from the folder for adapters, what does not stays there with everything that is wrong."""

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

from lenovo_pipeline.failures import PermanentFailure
from lenovo_pipeline.models.builds import content_hash
from lenovo_pipeline.models.compression.base import Base
from lenovo_pipeline.models.registry.dropped import Taken, folders_of, left_alone, take
from lenovo_pipeline.models.registry.register import build_problems
from lenovo_pipeline.provenance import MANIFEST
from lenovo_pipeline.resources.inference.model_folder import identify

MODEL = "lenovo-nano"


class Desk:
    """Somebody who drops adapters for a base of a few bytes."""

    def __init__(self, workshop: Any, root: Path) -> None:
        self.workshop, self.root = workshop, root
        (root / MODEL).mkdir(parents=True)
        found = identify(workshop.base)
        foundation = {
            "model": MODEL,
            "identity": "f" * 64,
            "revision": found.revision,
            "tokenizer_hash": found.tokenizer_hash,
            "template_hash": found.template_hash,
            "parameters": 1_000,
        }
        self.base = Base(workshop.base, foundation, "MIT")

    def drop(self, name: str, seed: int = 1, *, manifest: bool = True, **options: Any) -> Path:
        folder: Path = self.workshop.adapter(self.root / MODEL / name, seed)
        if options:
            path = folder / "adapter_config.json"
            path.write_text(json.dumps({**json.loads(path.read_text()), **options}))
        if not manifest:
            (folder / MANIFEST).unlink()
        return folder

    def take(self) -> Taken:
        return take(folders_of(self.root, MODEL), self.base, self.workshop.store)

    def refused(self, name: str) -> str:
        return "; ".join(self.take().refused[name])


@pytest.fixture
def desk(workshop: Any, tmp_path: Path) -> Desk:
    return Desk(workshop, tmp_path / "adapters")


def test_an_adapter_that_fits_is_copied_into_the_store_once_and_can_be_registered(desk: Desk) -> None:
    folder = desk.drop("mine")
    (build,) = desk.take().builds
    assert (build.build, build.method, build.domain, build.format) == (f"{MODEL}/dropped/mine", "dropped", "all", "adapter")
    copy = desk.workshop.store.root / build.path
    assert (build.artifact, build.trainable_parameters) == (content_hash(copy), 2 * 2 * (2 * 8 + 2 * 8 + 2 * 12 + 2 * 8) // 2)
    row = vars(build)
    assert build_problems(desk.workshop.store, row, identify(desk.workshop.base)) == []
    before = (copy / "adapter_model.safetensors").stat().st_ino
    assert desk.take().builds == [build]
    assert (copy / "adapter_model.safetensors").stat().st_ino == before
    assert sorted(path.name for path in folder.iterdir()) == ["adapter_config.json", "adapter_model.safetensors", MANIFEST]


def test_one_that_peft_wrote_needs_no_manifest_if_it_names_this_base_or_none(desk: Desk) -> None:
    desk.drop("nameless", manifest=False)
    desk.drop("named", manifest=False, base_model_name_or_path=f"someone/{MODEL}")
    desk.drop("other", manifest=False, base_model_name_or_path="someone/big-model")
    taken = desk.take()
    assert [build.build for build in taken.builds] == [f"{MODEL}/dropped/named", f"{MODEL}/dropped/nameless"]
    assert "says that it is for someone/big-model, and its folder says lenovo-nano" in "; ".join(taken.refused["other"])


def cut(folder: Path) -> None:
    path = folder / "adapter_model.safetensors"
    path.write_bytes(path.read_bytes()[:-7])


def spoil(folder: Path) -> None:
    tensors = load_file(folder / "adapter_model.safetensors")
    next(iter(tensors.values()))[0, 0] = np.nan
    save_file(tensors, folder / "adapter_model.safetensors", metadata={"format": "pt"})


def another_base(folder: Path) -> None:
    manifest = json.loads((folder / MANIFEST).read_text())
    manifest["made_by"] |= {"base_revision": "other", "base_template_hash": "other"}
    (folder / MANIFEST).write_text(json.dumps(manifest))


def empty(folder: Path) -> None:
    for path in folder.iterdir():
        path.unlink()


def link(folder: Path) -> None:
    (folder / "notes").symlink_to("/etc/hostname")


BAD: dict[str, tuple[Callable[[Path], object], bool, list[str]]] = {
    "half copied": (cut, False, ["adapter_model.safetensors is damaged"]),
    "changed after its manifest": (cut, True, ["adapter_model.safetensors was changed"]),
    "without weights": (lambda folder: (folder / "adapter_model.safetensors").unlink(), False, ["it has no adapter_model"]),
    "empty": (
        empty,
        False,
        ["it has no adapter_model", "adapter_config.json"],
    ),
    "of another base": (another_base, True, ["base_revision is 'other'", "base_template_hash is 'other'"]),
    "a pickle": (lambda folder: (folder / "adapter_model.bin").write_bytes(b"\x80\x04."), False, ["is pickled"]),
    "no numbers": (spoil, False, ["holds numbers that are not finite"]),
    "a link": (link, False, ["notes is a link"]),
}


@pytest.mark.parametrize("what", BAD)
def test_what_is_wrong_is_listed_and_left_alone_and_the_one_beside_it_is_taken(what: str, desk: Desk) -> None:
    damage, manifest, expected = BAD[what]
    folder = desk.drop("bad", manifest=manifest)
    desk.drop("good", 2)
    damage(folder)
    before = sorted(path.name for path in folder.iterdir())
    taken = desk.take()
    assert [build.build for build in taken.builds] == [f"{MODEL}/dropped/good"]
    for each in expected:
        assert each in "; ".join(taken.refused["bad"])
    assert sorted(path.name for path in folder.iterdir()) == before
    (said,) = left_alone(desk.root, [vars(build) for build in taken.builds])
    assert said.startswith(f"{folder} is left alone: ")


def test_one_for_other_shapes_than_the_base_has_is_refused(desk: Desk) -> None:
    folder = desk.drop("wide", manifest=False)
    tensors = load_file(folder / "adapter_model.safetensors")
    wide = {name: np.ascontiguousarray(np.repeat(each, 2, axis=1)) for name, each in tensors.items() if "lora_A" in name}
    save_file({**tensors, **wide}, folder / "adapter_model.safetensors", metadata={"format": "pt"})
    assert "down_proj.lora_A is [2, 24], expected [2, 12]" in desk.refused("wide")


def test_a_bad_name_and_an_unknown_model_are_said(desk: Desk) -> None:
    desk.drop("No Name", manifest=False)
    assert "its name is not one of small letters" in desk.refused("No Name")
    shutil.move(desk.root / MODEL, desk.root / "nobody")
    (said,) = left_alone(desk.root, [])
    assert "nobody is no model of the catalogue; there are lenovo-nano" in said


def test_hidden_folders_and_files_beside_are_nothing_that_was_dropped(desk: Desk) -> None:
    desk.drop(".copying")
    (desk.root / "README.md").write_text("hint")
    (desk.root / MODEL / "notes.txt").write_text("hint")
    assert folders_of(desk.root, MODEL) == []
    assert folders_of(desk.root / "away", MODEL) == []
    assert left_alone(desk.root, []) == []
    assert desk.take() == Taken()


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads everything")
def test_a_folder_that_may_not_be_read_is_an_error_in_words(desk: Desk) -> None:
    (desk.root / MODEL).chmod(0)
    try:
        with pytest.raises(PermanentFailure, match="cannot be listed"):
            folders_of(desk.root, MODEL)
    finally:
        (desk.root / MODEL).chmod(0o755)
