"""One writer at a time, a lock that dies with its process, and a store that no wrong version of the code touches."""

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from lenovo_pipeline.failures import PermanentFailure, TransientFailure
from lenovo_pipeline.resources import store as module
from lenovo_pipeline.resources.store import FORMAT, Store, write_text_aside


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "data" / "store")


@contextmanager
def held_elsewhere(store: Store) -> Iterator["subprocess.Popen[str]"]:
    """Another process that holds the lock until it is told to end or killed."""
    code = (
        "import sys; from pathlib import Path; from lenovo_pipeline.resources.store import Store\n"
        f"with Store(Path({str(store.root)!r})).held('run 4711', 0):\n"
        "    print('held', flush=True); sys.stdin.read()\n"
    )
    with subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == "held\n"
        try:
            yield other
        finally:
            if other.poll() is None:
                other.communicate("")


def test_a_second_writer_is_told_who_holds_the_store_and_fails_clearly(store: Store) -> None:
    said: list[str] = []
    with held_elsewhere(store) as other:
        with pytest.raises(TransientFailure, match="still in use") as caught, store.held("run 4712", 0.3, said.append):
            pytest.fail("two writers at once")
        for text in (*said, str(caught.value)):
            assert "run 4711" in text
            assert f"process {other.pid}" in text
        assert "LENOVO_LOCK_WAIT_S" in caught.value.remedy


def test_a_second_writer_goes_on_as_soon_as_the_first_has_ended(store: Store) -> None:
    with held_elsewhere(store) as other:
        # The first one ends only once the second one has said that it waits.
        ending: list[threading.Thread] = []

        def let_it_end(_: str) -> None:
            ending.append(threading.Thread(target=other.communicate, args=("",)))
            ending[0].start()

        with store.held("run 4712", 60, let_it_end):
            assert other.wait() == 0
            assert "run 4712" in store.holder()
        ending[0].join()


@pytest.mark.skipif(sys.platform == "win32", reason="needs kill -9")
def test_the_lock_dies_with_a_killed_process(store: Store) -> None:
    with held_elsewhere(store) as other:
        os.kill(other.pid, signal.SIGKILL)
        other.wait()
        with store.held("run 4712", 0):
            assert f"process {os.getpid()}" in store.holder()
    assert not store.holder_file.exists()


def test_a_block_inside_another_one_keeps_the_lock_and_its_name(store: Store) -> None:
    with store.held("outer", 0):
        with store.held("inner", 0):
            pass
        assert "outer" in store.holder()
        code = (
            "from pathlib import Path; from lenovo_pipeline.resources.store import Store\n"
            f"with Store(Path({str(store.root)!r})).held('intruder', 0): pass\n"
        )
        intruder = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
        assert "TransientFailure" in intruder.stderr
    with store.held("after", 0):
        pass


def test_a_holder_that_left_no_readable_name_is_another_process(store: Store) -> None:
    store.root.mkdir(parents=True)
    for text in ("", "{}", "[1]", "nonsense"):
        store.holder_file.write_text(text)
        assert store.holder() == "another process"


def test_a_new_store_gets_todays_format_and_opens_again(store: Store) -> None:
    store.open()
    assert json.loads(store.format_file.read_text()) == {"format": FORMAT}
    store.open()


def test_a_store_of_a_newer_version_is_refused(store: Store) -> None:
    store.open()
    store.format_file.write_text(json.dumps({"format": FORMAT + 1}))
    with pytest.raises(PermanentFailure, match="newer version") as caught:
        store.open()
    assert "Update the code" in caught.value.remedy


def test_an_older_store_without_a_migration_is_refused_with_the_remedy(store: Store) -> None:
    store.open()
    store.format_file.write_text(json.dumps({"format": FORMAT - 1}))
    with pytest.raises(PermanentFailure, match="no migration") as caught:
        store.open(migrations={})
    assert "make backup" in caught.value.remedy


def test_an_older_store_is_migrated_step_by_step_and_a_failed_step_is_tried_again(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    store.open()
    store.format_file.write_text(json.dumps({"format": 1}))
    monkeypatch.setattr(module, "FORMAT", 3)
    done: list[int] = []

    def to_two(found: Store) -> None:
        (found.root / "two").touch()
        done.append(2)

    def to_three(found: Store) -> None:
        done.append(3)
        if done.count(3) == 1:
            raise OSError("interrupted")

    with pytest.raises(OSError, match="interrupted"):
        store.open(migrations={1: to_two, 2: to_three})
    assert json.loads(store.format_file.read_text()) == {"format": 2}
    store.open(migrations={1: to_two, 2: to_three})
    assert done == [2, 3, 3]
    assert json.loads(store.format_file.read_text()) == {"format": 3}
    assert (store.root / "two").exists()


def test_every_format_since_the_first_can_be_migrated_by_this_code() -> None:
    assert set(module.MIGRATIONS) == set(range(1, FORMAT))


@pytest.mark.parametrize("text", ["", "{}", "[]", '{"format": "new"}', '{"restoring": "x.tar.gz"}', "\xff"])
def test_a_damaged_format_file_is_refused(store: Store, text: str) -> None:
    store.open()
    store.format_file.write_bytes(text.encode("latin-1"))
    with pytest.raises(PermanentFailure, match="is damaged") as caught:
        store.open()
    assert "make restore" in caught.value.remedy


def test_a_warehouse_of_unknown_age_is_refused(store: Store) -> None:
    store.open()
    store.warehouse.touch()
    store.format_file.unlink()
    with pytest.raises(PermanentFailure, match=r"no format\.json"):
        store.open()


def test_a_store_that_cannot_be_made_names_the_setting(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    store = Store(tmp_path / "file" / "store")
    with pytest.raises(PermanentFailure, match="cannot be made") as caught:
        store.open()
    assert "LENOVO_STORE" in caught.value.remedy
    with pytest.raises(PermanentFailure, match="cannot be made"), store.held("run", 0):
        pytest.fail("a lock without a folder")


def test_a_text_is_written_whole_or_the_old_one_stays(tmp_path: Path) -> None:
    place = tmp_path / "text.json"
    write_text_aside(place, "old")
    with pytest.raises(UnicodeEncodeError):
        write_text_aside(place, "new \ud800")
    assert place.read_text() == "old"
    assert [path.name for path in tmp_path.iterdir()] == ["text.json"]
