"""Work in shares: every part is done once, whatever becomes of the other process, which ends with the one that started it."""

import os
import pickle
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from lenovo_pipeline.failures import PermanentFailure
from lenovo_pipeline.resources.beside import Beside, LastSent
from lenovo_pipeline.settings import PROJECT_ROOT

PARTS = list(range(8))


def square(number: int) -> tuple[int, int]:
    print("what a library prints is no result")
    time.sleep(0.05)
    return number * number, os.getpid()


def fail(number: int) -> None:
    raise PermanentFailure(f"part {number} cannot be done", remedy="Leave it out.")


def vanish(number: int) -> tuple[int, int]:
    os.kill(os.getpid(), signal.SIGKILL)
    return square(number)


def give_a_lock(number: int) -> object:
    import threading

    return threading.Lock()


def threads_of_torch(number: int) -> int:
    import torch

    return torch.get_num_threads()


def sleep_and_tell(place: Path, number: int) -> None:
    (place / "pid").write_text(str(os.getpid()), encoding="utf-8")
    time.sleep(60)


@pytest.fixture
def beside() -> Iterator[Beside]:
    opened = Beside(2)
    yield opened
    opened.close()


def slowly(number: int) -> tuple[int, int]:
    """Here: so slowly that there is something left for the other one, which takes seconds to start."""
    time.sleep(4 if number == 0 else 0.05)
    return number * number, os.getpid()


def test_parts_are_done_in_both_processes_and_come_back_in_order(beside: Beside) -> None:
    done = beside.in_shares(PARTS, slowly, lambda part, call: call(square, part))
    assert [value for value, _ in done] == [part * part for part in PARTS]
    assert len({process for _, process in done}) == 2


def test_with_one_process_everything_is_done_here() -> None:
    done = Beside(1).in_shares(PARTS, square, lambda part, call: call(square, part))
    assert [process for _, process in done] == [os.getpid()] * len(PARTS)
    assert Beside(2).in_shares([], square, lambda part, call: call(square, part)) == []


def test_a_failure_over_there_is_raised_here_with_its_remedy(beside: Beside) -> None:
    with pytest.raises(PermanentFailure, match=r"part 7 cannot be done\. Leave it out\.") as raised:
        beside.in_shares(PARTS, slowly, lambda part, call: call(fail, part))
    assert raised.value.remedy == "Leave it out."


def test_a_failure_here_ends_the_other_process(beside: Beside, tmp_path: Path) -> None:
    def here(part: int) -> None:
        _wait_for(tmp_path / "pid")
        fail(part)

    with pytest.raises(PermanentFailure, match="part 0"):
        beside.in_shares(PARTS, here, lambda part, call: call(sleep_and_tell, tmp_path, part))
    assert not _alive(int((tmp_path / "pid").read_text(encoding="utf-8")))


def test_parts_of_a_process_that_was_killed_are_done_here_and_the_next_work_has_a_new_one(beside: Beside) -> None:
    done = beside.in_shares(PARTS, square, lambda part, call: call(vanish, part))
    assert done == [(part * part, os.getpid()) for part in PARTS]
    again = beside.in_shares(PARTS, slowly, lambda part, call: call(square, part))
    assert len({process for _, process in again}) == 2


def test_what_cannot_be_sent_back_is_an_error(beside: Beside) -> None:
    with pytest.raises(TypeError, match="pickle"):
        beside.in_shares(PARTS, slowly, lambda part, call: call(give_a_lock, part))


def test_the_other_process_computes_with_one_thread(beside: Beside) -> None:
    def here(part: int) -> int:
        time.sleep(4 if part == 0 else 0)
        return 1

    assert set(beside.in_shares(PARTS, here, lambda part, call: call(threads_of_torch, part))) == {1}


def test_a_process_ends_with_the_one_that_started_it_however_that_ends(tmp_path: Path) -> None:
    code = (
        "import sys, time; from pathlib import Path; from lenovo_pipeline.resources.beside import Beside;"
        "from lenovo_pipeline_tests.resources.test_beside import sleep_and_tell;"
        "Beside(2).in_shares([0, 1], lambda part: time.sleep(60),"
        " lambda part, call: call(sleep_and_tell, Path(sys.argv[1]), part))"
    )
    starter = subprocess.Popen([sys.executable, "-c", code, str(tmp_path)], cwd=PROJECT_ROOT)
    pid = int(_wait_for(tmp_path / "pid"))
    assert _alive(pid)
    starter.kill()
    starter.wait()
    for _ in range(100):
        if not _alive(pid):
            break
        time.sleep(0.1)
    assert not _alive(pid)


def _wait_for(path: Path) -> str:
    for _ in range(600):
        if path.is_file() and path.read_text(encoding="utf-8"):
            return path.read_text(encoding="utf-8")
        time.sleep(0.1)
    raise AssertionError(f"{path} was never written")


def _alive(pid: int) -> bool:
    # One that has ended and that nobody has asked after yet is gone, too.
    return psutil.pid_exists(pid) and psutil.Process(pid).status() != psutil.STATUS_ZOMBIE


def test_what_was_sent_is_made_once_and_given_back_when_something_else_comes() -> None:
    made: list[str] = []
    given_back: list[str] = []

    def make(name: str) -> str:
        if name == "damaged":
            raise PermanentFailure(f"{name} cannot be opened", remedy="Make it again.")
        made.append(name)
        return name

    held = LastSent(make, given_back.append)
    first, second = pickle.dumps("first"), pickle.dumps("second")
    assert [held.of(first), held.of(first), held.of(second)] == ["first", "first", "second"]
    assert (made, given_back) == (["first", "second"], ["first"])
    with pytest.raises(PermanentFailure, match="damaged"):
        held.of(pickle.dumps("damaged"))
    assert held.of(second) == "second"
    assert (made, given_back) == (["first", "second", "second"], ["first", "second"])
