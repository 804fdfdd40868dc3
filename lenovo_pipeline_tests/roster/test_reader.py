"""The commands answer from the snapshot alone, without Dagster or pandas, and say what to do where there is nothing to say."""

import os
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from lenovo_pipeline.evaluation.tables import HEADERS, JUDGEMENTS
from lenovo_pipeline.failures import PermanentFailure
from lenovo_pipeline.resources.published import publish
from lenovo_pipeline.resources.snapshot import WAREHOUSE
from lenovo_pipeline.resources.store import Store
from lenovo_pipeline.resources.warehouse import Warehouse
from lenovo_pipeline.roster import reader
from lenovo_pipeline.roster.__main__ import main
from lenovo_pipeline.roster.decide import decide
from lenovo_pipeline.roster.deploying.book import Book
from lenovo_pipeline.roster.log.decisions import DecisionLog
from lenovo_pipeline.roster.log.heads import Heads
from lenovo_pipeline.roster.moment import Moment
from lenovo_pipeline.roster.reader import why
from lenovo_pipeline.roster.record import record_decided_on, record_decisions, record_deployments
from lenovo_pipeline.roster.tables import ENTRIES
from lenovo_pipeline.settings import PROJECT_ROOT, get_settings

NOON = datetime(2026, 3, 1, 12)
NAME = "lenovo-nano/open-book"
RAW = ("evaluation/raw_foundation", "lenovo-nano")
PROMOTED = "SELECT decision_id FROM roster.decisions WHERE entry = ? AND verdict = 'promoted'"
Make = Callable[..., Any]


def status(store: Store, **more: Any) -> str:
    return reader.status(store, **more)[0]


def book_of(store: Store) -> Book:
    return Book(store.deployments, clock=lambda: NOON.replace(tzinfo=UTC))


@pytest.fixture
def store(tmp_path: Path, warehouse: Warehouse, policy: Make, entry: Make, figures: Make) -> Store:
    """A published snapshot: one entry that runs at the desk and is held for phones, another one that is rejected."""
    made = Store(tmp_path / "store")
    made.open()
    log = DecisionLog(warehouse, Heads(made.deployments))
    entries = [entry(), entry("closed", allowed_uses=(), refused_uses=("production: it forbids commercial use",))]
    found = {NAME: figures(), "closed": figures(correct=0.9)}
    rules = policy(desk={}, phone={"floors": [{"metric": "correct", "slice": "answerable", "at_least": 0.9}]})
    decided = decide(rules, entries, found)
    record_decisions(log, decided, NOON)
    record_decided_on(book_of(made), decided, Moment(NOON, {}), [])
    record_deployments(log, book_of(made), [("production", use, each.entry) for use in ("desk", "phone") for each in entries])
    rows = [{name: list(v) if isinstance(v, tuple) else v for name, v in vars(each).items()} for each in entries]
    warehouse.replace(ENTRIES, pd.DataFrame(rows))
    header = {"candidate": NAME, "kind": "raw_foundation", "model": "lenovo-nano", "items": 300, "items_hash": "a" * 16}
    header |= {
        "header": "0123456789abcdef",
        "prompt_version": None,
        "commit": "c0ffee",
        "made_by": {"described": {"revision": "r1"}},
    }
    warehouse.replace(HEADERS, pd.DataFrame([header]))
    publish(made, warehouse, made_by={})
    return made


def test_status_says_what_runs_and_what_stands_against_the_others(store: Store) -> None:
    said = status(store)
    assert "1 entry in production, 2 candidates" in said
    assert f"desk (production): {NAME} since 2026-03-01 12:00" in said
    assert "phone (production): nothing runs" in said
    assert "held      lenovo-nano/open-book      correct of answerable lower bound 0.75 < 0.90" in said
    assert "rejected  closed                     it forbids commercial use" in said


def test_of_many_entries_those_that_come_nearest_are_named_and_the_others_counted(
    tmp_path: Path, warehouse: Warehouse, policy: Make, entry: Make, figures: Make
) -> None:
    made = Store(tmp_path / "many")
    made.open()
    log = DecisionLog(warehouse, Heads(made.deployments))
    entries = [entry(f"build/{number:02}") for number in range(12)]
    # The later, the more floors it breaks; the first two break none.
    broken = [{}, {}, *({"correct": 0.1} for _ in range(5)), *({"correct": 0.1, "refusal_recall": 0.1} for _ in range(5))]
    found = {each.entry: figures(**changes) for each, changes in zip(entries, broken, strict=True)}
    record_decisions(log, decide(policy(), entries, found), NOON)
    record_deployments(log, book_of(made), [("production", "desk", each.entry) for each in entries])
    warehouse.replace(
        ENTRIES, pd.DataFrame([vars(each) for each in entries]).map(lambda v: list(v) if isinstance(v, tuple) else v)
    )
    publish(made, warehouse, made_by={})
    said = status(made)
    assert [line.split()[1] for line in said.splitlines() if "build/" in line and line.startswith("  ")] == [
        f"build/{number:02}" for number in range(8)
    ]
    assert "and 4 held: status --all names them" in said
    assert status(made, every=True).count("\n  held") == 11


def test_why_shows_every_rule_with_figure_interval_bound_limit_and_verdict(store: Store) -> None:
    said = why(store, NAME)
    assert said.splitlines()[0] == f"{NAME}: promoted for desk, held for phone"
    assert "scores 0123456789abcdef: 300 questions (aaaaaaaaaaaaaaaa), revision r1, commit c0ffee" in said
    assert "19.0 MB, 4.8 M parameters; Apache License 2.0 (open_source); for mobile, edge, server" in said
    lines = [" ".join(line.split()) for line in said.splitlines()]
    assert "ok correct of answerable >= 0.6 0.8 0.75 to 0.85 0.75 0.6" in lines
    assert "NO correct of answerable >= 0.9 0.8 0.75 to 0.85 0.75 0.9" in lines
    assert "ok licence allows production its licence (Apache License 2.0) allows it" in lines
    assert "because correct of answerable lower bound 0.75 < 0.90" in lines


def test_why_names_the_judge_whose_grades_count(store: Store, warehouse: Warehouse) -> None:
    judge = {"judge": {"model": "phi-4-mini", "version": "b" * 16}, "weight": 0.2, "of": "f" * 16}
    kept = warehouse.load(HEADERS).drop(columns="content_hash").to_dict("records")[0]
    graded = {**kept, "kind": "judgements", "made_by": {"described": judge}}
    warehouse.replace(HEADERS, pd.DataFrame([graded]))
    columns = [column.name for column in JUDGEMENTS.columns]
    row = {**dict.fromkeys(columns, "c" * 16), "weight": 0.2, "reason": None, "header": kept["header"], "made_by": {}}
    rows = [{**row, "question_id": f"q{number}", "score": score} for number, score in enumerate((1.0, 0.0, None))]
    warehouse.replace(JUDGEMENTS, pd.DataFrame(rows, columns=columns))
    publish(store, warehouse, made_by={})
    said = why(store, NAME)
    by = f"by phi-4-mini (judge {'b' * 16}), weight 0.2"
    assert f"grades 0123456789abcdef: 300 answers of {'f' * 16}, {by}" in said
    assert "grades of 0123456789abcdef: 3 in evaluation.judgements; 1 correct, 1 wrong, 1 without a grade" in said


def test_an_unknown_entry_is_answered_with_similar_names(store: Store) -> None:
    with pytest.raises(PermanentFailure, match=r"no entry 'lenovo-nano/openbook'.*Did you mean lenovo-nano/open-book\?"):
        why(store, "lenovo-nano/openbook")
    with pytest.raises(PermanentFailure, match=r"There are: closed, lenovo-nano/open-book"):
        why(store, "zzz")


def test_without_a_snapshot_or_without_decisions_in_it_is_said_what_to_run(tmp_path: Path, warehouse: Warehouse) -> None:
    empty = Store(tmp_path / "empty")
    empty.open()
    with pytest.raises(PermanentFailure, match=r"nothing has been published.*make run"):
        status(empty)
    with warehouse.write() as connection:
        connection.execute("CREATE SCHEMA pipeline")
        connection.execute("CREATE TABLE pipeline.tables (qualified_name VARCHAR, model VARCHAR, digest VARCHAR, rows BIGINT)")
    publish(empty, warehouse, made_by={})
    with pytest.raises(PermanentFailure, match=r"holds no decisions yet.*make run"):
        why(empty, NAME)


def test_a_damaged_snapshot_is_an_error_in_words(store: Store) -> None:
    (store.published / WAREHOUSE).write_bytes(b"no database" * 1000)
    with pytest.raises(PermanentFailure, match=r"cannot be read.*make run"):
        status(store)


def run_command(store: Store, *arguments: str) -> "subprocess.CompletedProcess[str]":
    code = (
        "import sys; from lenovo_pipeline.roster.__main__ import main; code = main(sys.argv[1:])\n"
        "heavy = {'dagster', 'pandas', 'pyarrow', 'torch', 'mlflow', 'scipy'} & {name.split('.')[0] for name in sys.modules}\n"
        "print('heavy:', *sorted(heavy)); sys.exit(code)"
    )
    environment = {**os.environ, "LENOVO_STORE": str(store.root)}
    return subprocess.run(
        [sys.executable, "-c", code, *arguments], capture_output=True, text=True, env=environment, cwd=PROJECT_ROOT, check=False
    )


@pytest.mark.parametrize("arguments", [("status",), ("why", NAME)])
def test_the_commands_import_neither_dagster_nor_pandas(store: Store, arguments: tuple[str, ...]) -> None:
    ended = run_command(store, *arguments)
    assert (ended.returncode, ended.stderr) == (0, "")
    assert ended.stdout.splitlines()[-1].strip() == "heavy:"
    assert NAME in ended.stdout


def test_a_wrong_name_ends_with_2_and_an_error_without_a_traceback(
    store: Store, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from lenovo_pipeline.settings import get_settings

    monkeypatch.setenv("LENOVO_STORE", str(store.root))
    get_settings.cache_clear()
    try:
        assert main(["why", "nobody"]) == 2
        assert main(["status"]) == 0
    finally:
        get_settings.cache_clear()
    captured = capsys.readouterr()
    assert captured.err.startswith("error: no entry 'nobody' was ever decided on")
    assert "Traceback" not in captured.err


def command(store: Store, monkeypatch: pytest.MonkeyPatch, *arguments: str) -> int:
    with monkeypatch.context() as patched:
        patched.setenv("LENOVO_STORE", str(store.root))
        get_settings.cache_clear()
        code = main([*arguments])
    get_settings.cache_clear()
    return code


def test_a_person_promotes_what_keeps_every_rule_and_nothing_else(
    store: Store, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert command(store, monkeypatch, "promote", "phone", NAME) == 2
    assert "may not run for phone (production): correct of answerable lower bound 0.75 < 0.90" in capsys.readouterr().err
    assert command(store, monkeypatch, "promote", "nowhere", NAME) == 2
    assert "Decided is: desk (production), phone (production)" in capsys.readouterr().err
    assert command(store, monkeypatch, "rollback", "desk", "--reason", "complaints", "--actor", "mei") == 0
    assert f"Nothing runs for desk (production) now instead of {NAME}" in capsys.readouterr().out
    assert "desk (production): nothing runs\n  rolled back from lenovo-nano/open-book by mei" in status(store)
    assert command(store, monkeypatch, "rollback", "desk") == 2
    assert command(store, monkeypatch, "promote", "desk", NAME, "--reason", "looked into") == 0
    capsys.readouterr()
    assert command(store, monkeypatch, "status") == 0
    assert f"desk (production): {NAME} since " in capsys.readouterr().out
    assert [step.kind for step in book_of(store).history()] == ["promoted", "rolled_back", "promoted"]


def test_an_unknown_environment_is_refused_with_the_known_ones(store: Store) -> None:
    ended = run_command(store, "status", "--environment", "foo")
    assert ended.returncode == 2
    assert "invalid choice: 'foo' (choose from " in ended.stderr
    assert all(name in ended.stderr for name in ("testing", "staging", "production"))


@pytest.mark.parametrize("option", ["--reason", "--actor"])
def test_what_is_no_text_is_refused_and_changes_nothing(store: Store, option: str) -> None:
    ended = run_command(store, "rollback", "desk", option, os.fsdecode(b"caf\xe9"))
    assert ended.returncode == 2
    assert f"{option[2:]} 'caf\\udce9' is no text: it holds bytes that are no UTF-8" in ended.stderr
    assert "Traceback" not in ended.stderr
    assert [step.kind for step in book_of(store).history()] == ["promoted"]


def test_a_book_that_was_tampered_with_is_told_and_changes_nothing_until_a_person_accepts_it(
    store: Store, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with sqlite3.connect(store.deployments) as connection:
        connection.execute("UPDATE running SET entry = 'evil'")
    assert command(store, monkeypatch, "status") == 1
    found = f"evil runs for desk (production), but the transitions lead to {NAME}"
    assert f"WARNING, the book of deployments: {found}" in capsys.readouterr().out
    for arguments in (("promote", "desk", NAME), ("rollback", "desk"), ("challenge", "desk", "--remove")):
        assert command(store, monkeypatch, *arguments) == 2
        said = capsys.readouterr().err
        assert found in said and "make restore" in said and "accept-book" in said
    assert command(store, monkeypatch, "accept-book", "--reason", "it was my own doing", "--actor", "mei") == 0
    assert "The book goes on after its 1 transitions" in capsys.readouterr().out
    assert command(store, monkeypatch, "status") == 0
    assert f"desk (production): {NAME} since" in capsys.readouterr().out
    assert command(store, monkeypatch, "accept-book", "--reason", "again") == 0
    assert "nothing is to be accepted" in capsys.readouterr().out


def test_soon_after_a_rollback_the_next_one_names_the_entry_it_means(
    store: Store, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    book = Book(store.deployments)
    for entry in ("better", "bad"):
        book.promote("production", "desk", entry, f"DEC-{entry}", actor="run", reason="it is better")
    book.rollback("production", "desk", reason="errors", actor="monitor", only="bad")
    assert command(store, monkeypatch, "rollback", "desk", "--entry", "bad") == 2
    assert "nothing to roll back of bad for desk (production): better runs there" in capsys.readouterr().err
    assert command(store, monkeypatch, "rollback", "desk", "--reason", "errors") == 2
    said = capsys.readouterr().err
    assert "bad was rolled back from for desk (production) by monitor at" in said and "rollback desk --entry better" in said
    assert command(store, monkeypatch, "rollback", "desk", "--entry", "better") == 0
    assert f"{NAME} runs for desk (production) now instead of better" in capsys.readouterr().out
    book.promote("production", "desk", "better", "DEC-2", actor="mei", reason="looked into")
    assert command(store, monkeypatch, "rollback", "desk") == 0, "what was promoted since is no remnant of a rollback"


def test_a_rollback_long_after_another_needs_no_name(
    store: Store, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    book = book_of(store)
    book.promote("production", "desk", "bad", "DEC-bad", actor="run", reason="it is better")
    book.rollback("production", "desk", reason="errors", actor="monitor", only="bad")
    assert command(store, monkeypatch, "rollback", "desk") == 0
    assert f"Nothing runs for desk (production) now instead of {NAME}" in capsys.readouterr().out


def test_a_person_approves_or_refuses_what_waits(
    store: Store, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert command(store, monkeypatch, "approve", "phone") == 2
    assert "nothing waits for approval for phone" in capsys.readouterr().err
    book_of(store).request_approval("production", "phone", NAME, "DEC-1", actor="run", reason="it keeps all 8 rules")
    assert f"waits for approval: {NAME} (it keeps all 8 rules)" in status(store)
    assert command(store, monkeypatch, "approve", "phone", "--refuse") == 0
    assert f"{NAME} is refused for phone (production); nothing runs there as before" in capsys.readouterr().out
    assert "waits for approval" not in status(store)


def test_a_person_approves_only_what_the_decision_in_force_promotes(
    store: Store,
    warehouse: Warehouse,
    policy: Make,
    entry: Make,
    figures: Make,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    book = book_of(store)
    decision = str(warehouse.rows_if_there("roster.decisions", PROMOTED, [NAME])[0][0])  # type: ignore[index]
    book.retire("production", "desk", actor="mei", reason="to begin with nothing")
    book.request_approval("production", "desk", NAME, decision, actor="run", reason="it keeps all 8 rules")
    record_decisions(
        DecisionLog(warehouse, Heads(store.deployments)), decide(policy(), [entry()], {NAME: figures(correct=0.81)}), NOON
    )
    publish(store, warehouse, made_by={})
    assert command(store, monkeypatch, "approve", "desk") == 2
    said = capsys.readouterr().err
    assert f"waits for desk (production) by {decision}, but the last published decision about it is DEC-" in said
    record_decisions(
        DecisionLog(warehouse, Heads(store.deployments)), decide(policy(), [entry()], {NAME: figures(correct=0.1)}), NOON
    )
    publish(store, warehouse, made_by={})
    assert command(store, monkeypatch, "approve", "desk") == 2
    assert "may not run for desk (production): correct of answerable lower bound 0.05 < 0.60" in capsys.readouterr().err
    assert book.running() == []


def test_an_entry_challenges_what_runs_only_if_it_keeps_every_rule(
    store: Store, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert command(store, monkeypatch, "challenge", "desk", "closed") == 2
    assert "it forbids commercial use" in capsys.readouterr().err
    assert command(store, monkeypatch, "challenge", "desk", NAME) == 2
    assert "it runs there already" in capsys.readouterr().err
    book_of(store).promote("production", "desk", "closed", "DEC-1", actor="test", reason="to have another one there")
    assert command(store, monkeypatch, "challenge", "desk", NAME, "--share", "0.2") == 0
    said = f"{NAME} challenges closed for desk (production) with 20% of the requests"
    assert said in capsys.readouterr().out
    assert f"challenger {NAME} gets 20% of the requests" in status(store)
    assert command(store, monkeypatch, "challenge", "desk", "--remove", "--reason", "enough") == 0
    assert f"{NAME} no longer challenges closed for desk (production)." in capsys.readouterr().out
    assert "challenger" not in status(store)
    assert command(store, monkeypatch, "challenge", "--remove", "desk") == 2
    assert "there is no challenger for desk (production)" in capsys.readouterr().err


def barred(store: Store, warehouse: Warehouse, policy: Make, entry: Make, figures: Make) -> None:
    """Publish decisions by which the moment speaks against the entry."""
    rules = policy(desk={"max_age_days": 30, "environments": ["testing", "production"]})
    run(store, warehouse, rules, [entry()], {NAME: figures()}, Moment(NOON, {RAW: datetime(2026, 1, 1)}))


def run(store: Store, warehouse: Warehouse, rules: Any, entries: list[Any], found: dict[str, Any], moment: Moment) -> None:
    """Decide at a moment and publish, as a run does; what is deployed stays."""
    decided = decide(rules, entries, found, now=moment.against)
    record_decisions(DecisionLog(warehouse, Heads(store.deployments)), decided, moment.now)
    record_decided_on(book_of(store), decided, moment, book_of(store).running())
    publish(store, warehouse, made_by={})


def test_a_person_promotes_on_old_evidence_only_by_saying_so(
    store: Store,
    warehouse: Warehouse,
    policy: Make,
    entry: Make,
    figures: Make,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    barred(store, warehouse, policy, entry, figures)
    book_of(store).retire("production", "desk", actor="mei", reason="to begin with nothing")
    assert command(store, monkeypatch, "promote", "desk", NAME) == 2
    said = capsys.readouterr().err
    assert "should not run for desk (production) now: its evidence is too old" in said and "promote --anyway" in said
    assert command(store, monkeypatch, "promote", "desk", NAME, "--anyway") == 0


@pytest.mark.parametrize(
    ("made_days_ago", "judged_days_ago", "said"),
    [(40, 20, "its evidence is too old: it was young enough until"), (0, -1, "the clock is behind what was recorded at")],
)
def test_the_age_of_the_evidence_counts_when_a_person_promotes_not_only_when_it_was_judged(
    store: Store,
    warehouse: Warehouse,
    policy: Make,
    entry: Make,
    figures: Make,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    made_days_ago: int,
    judged_days_ago: int,
    said: str,
) -> None:
    now = datetime.now(UTC).replace(tzinfo=None)
    rules = policy(desk={"max_age_days": 30})
    book_of(store).retire("production", "desk", actor="mei", reason="to begin with nothing")
    moment = Moment(now - timedelta(days=judged_days_ago), {RAW: now - timedelta(days=made_days_ago)})
    run(store, warehouse, rules, [entry()], {NAME: figures()}, moment)
    assert command(store, monkeypatch, "promote", "desk", NAME) == 2
    assert said in capsys.readouterr().err
    assert book_of(store).running() == []
    assert command(store, monkeypatch, "promote", "desk", NAME, "--anyway") == 0
    # Looked at again and found as it was, the same decision promotes.
    book_of(store).retire("production", "desk", actor="mei", reason="to begin with nothing")
    if judged_days_ago > 0:
        run(store, warehouse, rules, [entry()], {NAME: figures()}, Moment(now, {RAW: now}))
        assert command(store, monkeypatch, "promote", "desk", NAME) == 0


def test_after_a_person_said_that_the_clock_was_ahead_a_person_promotes_by_the_right_time(
    store: Store,
    warehouse: Warehouse,
    policy: Make,
    entry: Make,
    figures: Make,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    now = datetime.now(UTC).replace(tzinfo=None)
    rules = policy(desk={"max_age_days": 30})
    ahead = now + timedelta(days=3_650)
    run(store, warehouse, rules, [entry()], {NAME: figures()}, Moment(ahead, {RAW: ahead}))
    book_of(store).retire("production", "desk", actor="mei", reason="to begin with nothing")
    assert command(store, monkeypatch, "promote", "desk", NAME) == 2
    assert "the clock is behind" in capsys.readouterr().err
    DecisionLog(warehouse, Heads(store.deployments)).accept(actor="mei", reason="the clock was ten years ahead")
    run(store, warehouse, rules, [entry()], {NAME: figures()}, Moment(now, {RAW: now}))
    assert command(store, monkeypatch, "promote", "desk", NAME) == 0


def test_a_use_case_that_left_the_policy_takes_nothing_and_what_runs_there_is_said(
    store: Store,
    warehouse: Warehouse,
    policy: Make,
    entry: Make,
    figures: Make,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    run(store, warehouse, policy(phone={}), [entry(), entry("closed")], {NAME: figures()}, Moment(NOON, {}))
    said = status(store)
    assert f"desk (production): {NAME} since 2026-03-01 12:00, though nothing is decided on there any more (make run)" in said
    book_of(store).retire("production", "desk", actor="run", reason="it left the policy")
    assert "desk" not in status(store)
    assert "No longer decided on for desk (production)." in why(store, NAME)
    assert command(store, monkeypatch, "promote", "desk", NAME) == 2
    assert f"nothing is decided about {NAME} for desk (production)" in capsys.readouterr().err
    assert command(store, monkeypatch, "promote", "phone", NAME) == 0


def test_environments_before_production_are_told_in_brief_unless_they_are_asked_for(
    store: Store, warehouse: Warehouse, policy: Make, entry: Make, figures: Make
) -> None:
    barred(store, warehouse, policy, entry, figures)
    book_of(store).promote("testing", "desk", NAME, "DEC-1", actor="run", reason="it keeps all rules")
    said = status(store)
    assert f"testing: {NAME} for desk (status --environment testing)" in said
    assert "desk (testing)" not in said
    assert f"desk (testing): {NAME} since" in status(store, environment="testing")
    brief, full = why(store, NAME), why(store, NAME, every=True)
    assert "Before production (why --all shows their rules):" in brief
    assert "held      desk (testing): its evidence is too old" in brief
    assert "desk (testing): held on 2026-03-01" in full and "desk (testing): held on" not in brief
    assert "??" not in brief and "NO  evidence at most 30 days old" in brief
