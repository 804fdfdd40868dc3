"""What runs where changes in one transaction, by one of several at once, and can always be told and trusted."""

import json
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random

import pytest

from lenovo_pipeline.failures import PermanentFailure
from lenovo_pipeline.roster.deploying.book import Book

DESK = ("production", "desk")


CUT_OFF = """
DELETE FROM transitions WHERE sequence = 3; DELETE FROM running;
INSERT INTO running SELECT environment, use_case, entry, model, decision_id, sequence, at FROM transitions WHERE entry = 'b';
"""
"""The last transition is gone, and what runs is as if it never was."""


@pytest.fixture
def book(tmp_path: Path) -> Book:
    return Book(tmp_path / "deployments.db")


def promote(book: Book, entry: str, **more: object) -> None:
    book.promote(*DESK, entry, f"DEC-{entry}", actor="test", reason="it is better", **more)  # type: ignore[arg-type]


def runs(book: Book) -> str:
    active = book.active(*DESK)
    return active.entry if active else ""


def test_an_entry_runs_until_another_takes_its_place_and_versions_count_up(book: Book) -> None:
    assert runs(book) == ""
    promote(book, "a")
    promote(book, "b")
    active = book.active(*DESK)
    assert active is not None
    assert (active.entry, active.version, active.decision_id) == ("b", 2, "DEC-b")
    assert [step.kind for step in book.history()] == ["promoted", "promoted"]
    assert book.verify() == []


def test_a_new_decision_about_what_runs_keeps_its_version(book: Book) -> None:
    promote(book, "a")
    before = book.active(*DESK)
    book.promote(*DESK, "a", "DEC-new", actor="run", reason="new evidence")
    after = book.active(*DESK)
    assert before is not None
    assert after is not None
    assert (after.version, after.since, after.decision_id) == (1, before.since, "DEC-new")


def test_a_rollback_goes_to_the_last_good_entry_and_bars_the_bad_one(book: Book) -> None:
    for entry in "abc":
        promote(book, entry)
    book.rollback(*DESK, reason="errors", actor="monitor")
    assert runs(book) == "b"
    book.rollback(*DESK, reason="errors too", actor="monitor")
    assert runs(book) == "a"
    book.rollback(*DESK, reason="nothing is good", actor="monitor")
    assert runs(book) == ""
    assert book.barred(*DESK) == {"DEC-a", "DEC-b", "DEC-c"}
    with pytest.raises(PermanentFailure, match="nothing to roll back for desk"):
        book.rollback(*DESK, reason="once more", actor="monitor")
    assert book.verify() == []


def test_a_rollback_passes_over_what_was_rolled_back_from_by_whichever_decision_it_ran(book: Book) -> None:
    promote(book, "a")
    promote(book, "b")
    book.promote(*DESK, "b", "DEC-b2", actor="run", reason="new evidence")
    assert book.rollback(*DESK, reason="errors", actor="monitor", only="b").entry == "a"
    promote(book, "c")
    assert book.rollback(*DESK, reason="errors", actor="monitor", only="c").entry == "a"
    assert book.rollback(*DESK, reason="errors too", actor="monitor", only="a").entry == ""
    promote(book, "b")
    promote(book, "d")
    assert book.rollback(*DESK, reason="errors", actor="monitor", only="d").entry == "b", "a person chose it again"
    assert book.verify() == []


def test_a_rollback_passes_over_what_was_retired(book: Book) -> None:
    for entry in "ab":
        promote(book, entry)
    book.retire(*DESK, reason="no decision in force finds all its rules kept", actor="run")
    promote(book, "c")
    assert book.rollback(*DESK, reason="errors", actor="monitor", only="c").entry == "a"
    assert book.rollback(*DESK, reason="errors", actor="monitor", only="a").entry == ""


def test_a_rollback_of_an_entry_that_no_longer_runs_touches_nothing(book: Book) -> None:
    promote(book, "a")
    promote(book, "b")
    with pytest.raises(PermanentFailure, match="b runs there"):
        book.rollback(*DESK, reason="errors", actor="monitor", only="a")
    assert runs(book) == "b"


def test_the_same_request_is_done_once(book: Book) -> None:
    promote(book, "a")
    promote(book, "b")
    first = book.rollback(*DESK, reason="errors", actor="monitor", request_id="breach 7")
    again = book.rollback(*DESK, reason="errors", actor="monitor", request_id="breach 7")
    assert first == again
    assert runs(book) == "a"
    assert len(book.history()) == 3


def test_of_two_promotions_at_once_one_wins_and_the_other_is_told(book: Book) -> None:
    promote(book, "a")

    def attempt(entry: str) -> str:
        try:
            promote(Book(book.path), entry, seen_version=1)
        except PermanentFailure as error:
            return str(error)
        return ""

    with ThreadPoolExecutor(8) as pool:
        said = list(pool.map(attempt, [f"entry-{number}" for number in range(8)]))
    assert said.count("") == 1
    assert all("runs there now" in each for each in said if each)
    assert runs(book) == f"entry-{said.index('')}"
    assert book.verify() == []


def test_a_promotion_can_wait_for_a_person_who_approves_or_refuses(book: Book) -> None:
    for _ in range(2):
        book.request_approval(*DESK, "a", "DEC-a", actor="run", reason="it keeps all rules")
    assert [each.entry for each in book.pending()] == ["a"]
    assert runs(book) == ""
    book.approve(*DESK, actor="mei", reason="checked")
    assert runs(book) == "a"
    assert book.pending() == []
    book.request_approval(*DESK, "b", "DEC-b", actor="run", reason="it is better")
    book.approve(*DESK, actor="mei", reason="too slow", refuse=True)
    assert runs(book) == "a"
    assert book.barred(*DESK) == {"DEC-b"}
    with pytest.raises(PermanentFailure, match="nothing waits"):
        book.approve(*DESK, actor="mei", reason="again")


def test_a_promotion_is_asked_for_again_unless_it_waits_or_was_refused(book: Book) -> None:
    ask = {"actor": "run", "reason": "it keeps all rules"}
    book.request_approval(*DESK, "a", "DEC-a", **ask)
    promote(book, "b")
    assert book.pending() == []
    book.rollback(*DESK, reason="complaints", actor="mei")
    book.request_approval(*DESK, "a", "DEC-a", **ask)
    assert [each.entry for each in book.pending()] == ["a"]
    book.approve(*DESK, actor="mei", reason="too slow", refuse=True)
    book.request_approval(*DESK, "a", "DEC-a", **ask)
    assert book.pending() == []


def test_what_waits_can_be_withdrawn_and_only_what_was_looked_at_is_approved(book: Book) -> None:
    book.request_approval(*DESK, "a", "DEC-a", actor="run", reason="it keeps all rules")
    with pytest.raises(PermanentFailure, match=r"a waits for desk .* by DEC-a now, not by DEC-old"):
        book.approve(*DESK, actor="mei", reason="checked", only="DEC-old")
    book.withdraw(*DESK, actor="run", reason="no decision in force promotes it")
    assert book.pending() == []
    with pytest.raises(PermanentFailure, match="nothing waits"):
        book.withdraw(*DESK, actor="run", reason="again")
    book.request_approval(*DESK, "a", "DEC-a", actor="run", reason="it keeps all rules")
    assert book.approve(*DESK, actor="mei", reason="checked", only="DEC-a").entry == "a"


def test_a_challenger_needs_a_champion_and_a_share_that_harms_little(book: Book) -> None:
    with pytest.raises(PermanentFailure, match="nothing runs there"):
        book.set_challenger(*DESK, "b", "DEC-b", share=0.1, actor="mei", reason="try")
    promote(book, "a")
    with pytest.raises(PermanentFailure, match=r"a share of 0\.9.*runs there already"):
        book.set_challenger(*DESK, "a", "DEC-a", share=0.9, actor="mei", reason="try")
    with pytest.raises(PermanentFailure, match=r"a share of 0\.005 is not from 0\.01 to 0\.5"):
        book.set_challenger(*DESK, "b", "DEC-b", share=0.005, actor="mei", reason="no canary shows anything with it")
    book.set_challenger(*DESK, "b", "DEC-b", share=0.1, actor="mei", reason="try")
    challenger = book.challenger(*DESK)
    assert challenger is not None
    assert (challenger.entry, challenger.share) == ("b", 0.1)
    promote(book, "b")
    assert book.challenger(*DESK) is None
    book.set_challenger(*DESK, "a", "DEC-a", share=0.5, actor="mei", reason="compare")
    book.remove_challenger(*DESK, actor="mei", reason="enough")
    assert book.challenger(*DESK) is None
    assert runs(book) == "b"


def test_a_clock_that_jumps_back_changes_no_order(tmp_path: Path) -> None:
    times = iter([datetime(2030, 1, 1, tzinfo=UTC), datetime(2020, 1, 1, tzinfo=UTC), datetime(2020, 1, 2, tzinfo=UTC)])
    book = Book(tmp_path / "deployments.db", clock=lambda: next(times))
    promote(book, "a")
    promote(book, "b")
    book.rollback(*DESK, reason="errors", actor="monitor")
    assert runs(book) == "a"
    assert book.verify() == []


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ("UPDATE transitions SET entry = 'evil' WHERE sequence = 2", "was altered after it was written"),
        ("DELETE FROM transitions WHERE sequence = 2", "does not follow the one before it"),
        ("UPDATE running SET entry = 'evil'", "evil runs for desk"),
        ("DELETE FROM running", "nothing runs for desk (production), but the transitions lead to c"),
        ("DELETE FROM transitions WHERE sequence = 3", "the transitions lead to b"),
        (CUT_OFF, "the book ends too early: 3 transitions were written, 2 are there"),
    ],
)
def test_tampering_is_found_and_named_and_nothing_is_changed_then(book: Book, change: str, said: str) -> None:
    for entry in "abc":
        promote(book, entry)
    tamper(book, change)
    assert any(said in problem for problem in book.verify()), book.verify()
    before = book.history()
    for attempt in (
        lambda: promote(book, "d"),
        lambda: book.rollback(*DESK, reason="errors", actor="monitor"),
        lambda: book.retire(*DESK, reason="rules", actor="run"),
        lambda: book.request_approval(*DESK, "d", "DEC-d", actor="run", reason="it keeps all rules"),
        book.require_whole,
    ):
        with pytest.raises(PermanentFailure, match=r"not as it was written.*make restore.*accept-book") as raised:
            attempt()
        assert said in str(raised.value)
    assert book.history() == before


def tamper(book: Book, change: str) -> None:
    with sqlite3.connect(book.path) as connection:
        connection.executescript(f"DROP TRIGGER transitions_stay; DROP TRIGGER transitions_remain; {change}")


def test_a_book_that_is_gone_or_swapped_for_an_older_one_is_found(book: Book, tmp_path: Path) -> None:
    promote(book, "a")
    with closing(sqlite3.connect(book.path)) as there, closing(sqlite3.connect(tmp_path / "older.db")) as copy:
        there.backup(copy)
    promote(book, "b")
    book.path.unlink()
    assert book.verify() == ["the book ends too early: 2 transitions were written, 0 are there"]
    (tmp_path / "older.db").rename(book.path)
    assert book.verify() == ["the book ends too early: 2 transitions were written, 1 are there"]


def test_a_book_that_others_change_meanwhile_is_whole_at_every_look(book: Book) -> None:
    def change(actor: str) -> None:
        for number in range(15):
            Book(book.path).promote(*DESK, f"{actor}-{number}", f"DEC-{actor}-{number}", actor=actor, reason="r")

    with ThreadPoolExecutor(2) as pool:
        working = [pool.submit(change, actor) for actor in ("mei", "run")]
        while not all(each.done() for each in working):
            assert book.verify() == []
    for each in working:
        each.result()
    assert len(book.history()) == 30
    assert book.verify() == []


def test_a_lost_head_is_told_and_stops_all_but_a_rollback(book: Book) -> None:
    for entry in "abc":
        promote(book, entry)
    head = book.path.with_name("deployments-head.json")
    for damage in (head.unlink, lambda: head.write_text("{", encoding="utf-8")):
        damage()
        assert book.verify() == ["its head is lost, so that nobody knows whether transitions were taken off the end"]
        with pytest.raises(PermanentFailure, match="its head is lost"):
            promote(book, "d")
        good = book.rollback(*DESK, reason="errors", actor="monitor", only=runs(book)).entry
        assert runs(book) == good != ""
        assert book.verify() != [], "a rollback does not make the head known again"
    assert "The book goes on after its 5 transitions" in book.accept(actor="mei", reason="the disk was full")
    promote(book, "d")
    assert book.verify() == []


def test_a_book_from_before_there_were_heads_is_taken_over(book: Book) -> None:
    promote(book, "a")
    book.path.with_name("deployments-head.json").unlink()
    with sqlite3.connect(book.path) as connection:
        connection.execute("PRAGMA user_version = 0")
    assert book.verify() == []
    promote(book, "b")
    tamper(book, CUT_OFF.replace("3", "2").replace("'b'", "'a'"))
    assert any("2 transitions were written" in problem for problem in book.verify())


def test_a_broken_chain_is_accepted_by_beginning_again_beside_what_was_there(book: Book) -> None:
    for entry in "abc":
        promote(book, entry)
    tamper(book, "UPDATE transitions SET entry = 'evil' WHERE sequence = 2")
    said = book.accept(actor="mei", reason="a disk fault")
    assert "begins again with nothing" in said and "was altered after it was written" in said
    (aside,) = book.path.parent.glob("transitions-*.json")
    assert [step["entry"] for step in json.loads(aside.read_text(encoding="utf-8"))] == ["a", "evil", "c"]
    assert (book.history(), book.running(), book.verify()) == ([], [], [])
    promote(book, "d")
    with sqlite3.connect(book.path) as connection, pytest.raises(sqlite3.IntegrityError, match="never"):
        connection.execute("DELETE FROM transitions")
    assert book.verify() == []


def test_the_file_itself_refuses_to_alter_history_or_to_run_two_entries_in_one_place(book: Book) -> None:
    promote(book, "a")
    with sqlite3.connect(book.path) as connection:
        for change in ("UPDATE transitions SET entry = 'evil'", "DELETE FROM transitions"):
            with pytest.raises(sqlite3.IntegrityError, match="never"):
                connection.execute(change)
        with pytest.raises(sqlite3.IntegrityError):
            connection.execute("INSERT INTO running SELECT environment, use_case, 'b', model, '', 2, since FROM running")


def test_a_damaged_file_is_a_clear_error(book: Book) -> None:
    book.path.write_bytes(b"no database at all, but text that is long enough to be looked at" * 40)
    with pytest.raises(PermanentFailure, match=r"deployments\.db is damaged.*make restore"):
        book.running()


@pytest.fixture
def read_only() -> Iterator[Path]:
    """A folder that the test may fill, and then only read (`only_read`)."""
    folder = Path(tempfile.mkdtemp())
    user = os.geteuid()
    try:
        yield folder
    finally:
        if os.getuid() == 0:
            os.seteuid(user)
        folder.chmod(0o755)
        shutil.rmtree(folder)


def only_read(folder: Path) -> None:
    """From here on the folder may only be read: as another user where the tests run as root, whom no mode keeps out."""
    for path in folder.iterdir():
        path.chmod(0o444)
    folder.chmod(0o555)
    if os.getuid() == 0:
        os.seteuid(65534)


def test_a_store_that_may_only_be_read_says_what_runs(read_only: Path) -> None:
    book = Book(read_only / "deployments.db")
    promote(book, "a")
    promote(book, "b")
    book.rollback(*DESK, reason="errors", actor="monitor")
    files = sorted(read_only.iterdir())
    only_read(read_only)
    assert runs(book) == "a"
    assert book.verify() == []
    assert book.pending() == [] and book.decided_on() == []
    assert sorted(read_only.iterdir()) == files
    with pytest.raises(PermanentFailure, match=r"deployments\.db cannot be used .*read-?only"):
        promote(book, "c")


CHANGES = """
import sys
from pathlib import Path
from lenovo_pipeline.roster.deploying.book import Book
book = Book(Path(sys.argv[1]))
print("ready", flush=True)
number = 0
while True:
    number += 1
    entry = f"entry-{number}"
    book.promote("production", "desk", entry, f"DEC-{entry}", actor="run", reason="r")
    if number % 2:
        book.rollback("production", "desk", reason="r", actor="monitor")
"""


def test_killed_at_any_moment_the_book_is_whole_and_goes_on(book: Book) -> None:
    random = Random(5)
    for _ in range(6):
        process = subprocess.Popen([sys.executable, "-c", CHANGES, str(book.path)], stdout=subprocess.PIPE, text=True)
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        time.sleep(random.uniform(0.0, 0.15))
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
        process.stdout.close()
        assert book.verify() == []
        assert len(book.running()) <= 1
        promote(book, f"after-{_}")
        assert runs(book) == f"after-{_}"
    assert len(book.history()) > 6


def test_since_is_when_the_entry_began_to_run(tmp_path: Path) -> None:
    start = datetime(2026, 3, 1, tzinfo=UTC)
    ticks = iter(start + timedelta(hours=hour) for hour in range(9))
    book = Book(tmp_path / "deployments.db", clock=lambda: next(ticks))
    promote(book, "a")
    promote(book, "b")
    book.rollback(*DESK, reason="errors", actor="monitor")
    active = book.active(*DESK)
    assert active is not None
    assert (active.entry, active.since, active.version) == ("a", "2026-03-01T02:00:00.000000+00:00", 3)
