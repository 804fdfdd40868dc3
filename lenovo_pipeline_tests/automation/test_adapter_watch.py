"""A dropped folder is acted on once, when nothing in it has changed for a while; what is copied on is looked at again."""

import os
from pathlib import Path

import pytest

from lenovo_pipeline.automation.adapter_watch import SETTLED_S, Seen, Watch, decide, stamps


def test_a_folder_is_acted_on_once_and_only_after_it_has_settled() -> None:
    watch, acted = Watch(), []
    half, whole = {"nano/a": "half"}, {"nano/a": "whole"}
    for at, now in ((0, half), (19, half), (20, whole), (39, whole), (40, whole), (41, whole), (900, whole)):
        found = decide(watch, now, float(at))
        watch = Watch.from_json(found.watch.to_json())
        acted.append(found.settled)
    assert acted == [(), (), (), (), ("nano/a",), (), ()]


def test_a_folder_that_changes_is_acted_on_again_and_one_that_goes_is_told() -> None:
    watch = Watch({"nano/a": Seen("one", 0.0, done=True), "nano/b": Seen("one", 0.0, done=True), "nano/c": Seen("half", 0.0)}, 3)
    found = decide(watch, {"nano/a": "two"}, 100.0)
    assert (found.settled, found.gone) == ((), ("nano/b",))
    assert decide(found.watch, {"nano/a": "two"}, 100.0 + SETTLED_S).settled == ("nano/a",)


def test_a_clock_that_goes_back_makes_one_wait_longer() -> None:
    watch = Watch({"nano/a": Seen("one", 1_000.0)})
    found = decide(watch, {"nano/a": "one"}, 10.0)
    assert found.settled == ()
    assert decide(found.watch, {"nano/a": "one"}, 10.0 + SETTLED_S).settled == ("nano/a",)


@pytest.mark.parametrize("text", [None, "", "no json", "[]", '{"folders": {"a": 1}, "requests": 0}'])
def test_an_unreadable_memory_counts_as_none(text: str | None) -> None:
    assert Watch.from_json(text) == Watch()


def test_a_stamp_follows_names_sizes_and_times_and_hidden_folders_do_not_count(tmp_path: Path) -> None:
    place = tmp_path / "nano" / "a"
    place.mkdir(parents=True)
    (tmp_path / "nano" / ".copying").mkdir()
    (tmp_path / "README.md").write_text("hint")
    seen = [stamps(tmp_path)]
    assert list(seen[0]) == ["nano/a"]
    (place / "weights").write_bytes(b"12")
    seen.append(stamps(tmp_path))
    (place / "weights").write_bytes(b"1234")
    seen.append(stamps(tmp_path))
    os.utime(place / "weights", (1, 1))
    seen.append(stamps(tmp_path))
    assert len({found["nano/a"] for found in seen}) == 4
    with pytest.raises(OSError):
        stamps(tmp_path / "away")
