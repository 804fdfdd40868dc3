"""A header says what ran, and its hash changes with everything that can change a score."""

import subprocess
import sys
from dataclasses import replace

import pytest

from lenovo_pipeline.failures import PermanentFailure
from lenovo_pipeline.measures import header as header_module
from lenovo_pipeline.measures.baselines import AlwaysRefuse, RandomAnswer
from lenovo_pipeline.measures.candidate import Question
from lenovo_pipeline.measures.header import Header, described
from lenovo_pipeline.measures.items import Item
from lenovo_pipeline.measures.runner import RunSettings, make_header

ITEMS = [Item(Question(str(n), "What?", "en"), "right", "text") for n in range(3)]


def header() -> Header:
    return make_header(RandomAnswer(3), ITEMS, RunSettings(data_version="v1"))


def test_the_hash_covers_everything_but_the_commit() -> None:
    one = header()
    assert replace(one, commit="another").hash == one.hash
    changes = {
        "candidate": "other",
        "described": {"revision": "2"},
        "items": 2,
        "items_hash": "0",
        "data_version": "v2",
        "metrics": ("correct",),
        "batch_size": 1,
        "timeout_s": 1.0,
        "seed": 1,
        "measures": "0",
        "packages": {},
        "hardware": {},
    }
    assert set(changes) | {"commit"} == set(vars(one)) - {"hash"}
    hashes = {replace(one, **{name: value}).hash for name, value in changes.items()}  # type: ignore[arg-type]
    assert len(hashes) == len(changes) and one.hash not in hashes


def test_the_hash_does_not_depend_on_the_order_of_items_but_on_what_they_hold() -> None:
    settings = RunSettings()
    one = make_header(AlwaysRefuse(), ITEMS, settings).hash
    assert make_header(AlwaysRefuse(), ITEMS[::-1], settings).hash == one
    assert make_header(AlwaysRefuse(), [*ITEMS[:2], ITEMS[2].with_passages(["It is."])], settings).hash != one


def test_the_hash_is_the_same_in_another_process() -> None:
    text = header().to_json()
    script = "import sys; from lenovo_pipeline.measures.header import Header; print(Header.from_json(sys.stdin.read()).hash)"
    found = subprocess.run([sys.executable, "-c", script], input=text, capture_output=True, text=True, check=True)
    assert found.stdout.strip() == header().hash


def test_the_hash_does_not_depend_on_what_the_process_has_loaded() -> None:
    script = """
import sys
from lenovo_pipeline.measures.header import hardware
before = hardware()
assert "torch" not in sys.modules
import torch
assert hardware() == before
"""
    subprocess.run([sys.executable, "-c", script], check=True)


def test_what_is_made_of_scores_is_no_part_of_what_makes_them() -> None:
    """Names that are left out of the hash must exist, or a renamed file would slip into it or out of it unseen."""
    assert all((header_module._FOLDER / name).exists() for name in header_module._MAKE_NO_SCORES)


def test_a_description_that_json_cannot_hold_is_refused() -> None:
    assert described("a", {"top": (1, 2)}) == {"top": [1, 2]}
    for bad in ({"x": float("nan")}, {"x": object()}):
        with pytest.raises(PermanentFailure, match="JSON cannot hold"):
            described("a", bad)


def test_what_is_no_header_is_refused() -> None:
    for text in ("nonsense", "{}", '{"metrics": [], "more": 1}'):
        with pytest.raises(PermanentFailure, match="no header of a score table"):
            Header.from_json(text)
