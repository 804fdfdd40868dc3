"""The command `lift`, on a published snapshot: builds are asked everything that a claim needs, once."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from lenovo_pipeline.evaluation.__main__ import main
from lenovo_pipeline.models.builds import build_rows, kept
from lenovo_pipeline.models.tables import FINE_TUNED
from lenovo_pipeline.resources.published import publish
from lenovo_pipeline_tests.evaluation.test_screening import NANO, Published, published

__all__ = ["published"]  # the fixture

BUILD = "lenovo-nano/full/all"


@pytest.fixture
def with_copy(published: Published, build: Any) -> Published:
    """The snapshot with a build that is a copy of its base."""

    def copied(folder: Path) -> dict[str, Any]:
        shutil.copytree(NANO, folder, dirs_exist_ok=True)
        return {}

    artifact = kept(published.store, "trial", {"copy": 1}, copied)
    of_base = {name: published.foundation[name] for name in ("tokenizer_hash", "template_hash")}
    of_base |= {"base": published.foundation["identity"], "base_revision": published.foundation["revision"]}
    made = build(BUILD, format="transformers", artifact=artifact.content, path=artifact.path, method="full", **of_base)
    published.warehouse.replace(FINE_TUNED, build_rows([made], FINE_TUNED), model="lenovo-nano")
    publish(published.store, published.warehouse, made_by={})
    return published


def test_a_copy_of_its_base_lifts_nothing_and_is_asked_once(with_copy: Published, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["lift", BUILD, "--questions", "9", "--skills", "13"]) == 0
    out, progress = capsys.readouterr()
    assert out.startswith(f"{BUILD} against lenovo-nano/open-book:")
    assert "token_f1: " in out and "+0.0 points" in out and "a lower bound above 0 on at least 1,000 is asked (NOT met)" in out
    assert "skills: " in out and "on 13 items; a fall of at most 1 points on at least 2,000 is asked (NOT met)" in out
    assert f"{BUILD}: 9 of 9 questions answered." in progress and f"{BUILD}: 13 of 13 questions answered." in progress
    assert main(["lift", BUILD, "--questions", "9", "--skills", "13"]) == 0
    again, progress = capsys.readouterr()
    assert again == out and "up to 9 of 9 scores are there already" in progress
    stored = json.dumps([path.name for path in with_copy.store.root.rglob("*.scores.new")])
    assert BUILD.replace("/", ".") in stored


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([BUILD + "x"], f"there is no build '{BUILD}x'. Did you mean {BUILD}"),
        ([BUILD, "--questions", "0"], "expected at least 1 question and 1 item"),
        ([BUILD, "--skills", "0"], "expected at least 1 question and 1 item"),
    ],
)
def test_what_cannot_be_asked_is_named_with_the_remedy(
    with_copy: Published, capsys: pytest.CaptureFixture[str], arguments: list[str], said: str
) -> None:
    assert main(["lift", *arguments]) == 2
    assert said in capsys.readouterr().err


def test_a_build_whose_files_are_gone_is_not_asked(with_copy: Published, capsys: pytest.CaptureFixture[str]) -> None:
    shutil.rmtree(with_copy.store.artifacts / "trial")
    assert main(["lift", BUILD]) == 2
    assert f"{BUILD} may not be asked: its folder" in capsys.readouterr().err
