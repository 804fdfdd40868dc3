"""The commands answer from the snapshot alone, without Dagster or pandas, and say what to do where there is nothing to say."""

import os
import subprocess
import sys
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from lenovo_pipeline.evaluation.tables import HEADERS
from lenovo_pipeline.failures import PermanentFailure
from lenovo_pipeline.resources.published import publish
from lenovo_pipeline.resources.snapshot import WAREHOUSE
from lenovo_pipeline.resources.store import Store
from lenovo_pipeline.resources.warehouse import Warehouse
from lenovo_pipeline.roster.__main__ import main
from lenovo_pipeline.roster.decide import decide
from lenovo_pipeline.roster.reader import status, why
from lenovo_pipeline.roster.record import record_decisions, record_deployments
from lenovo_pipeline.roster.tables import ENTRIES
from lenovo_pipeline.settings import PROJECT_ROOT

NOON = datetime(2026, 3, 1, 12)
NAME = "lenovo-nano/open-book"
Make = Callable[..., Any]


@pytest.fixture
def store(tmp_path: Path, warehouse: Warehouse, policy: Make, entry: Make, figures: Make) -> Store:
    """A published snapshot: one entry that runs at the desk and is held for phones, another one that is rejected."""
    made = Store(tmp_path / "store")
    made.open()
    entries = [entry(), entry("closed", allowed_uses=(), refused_uses=("production: it forbids commercial use",))]
    found = {NAME: figures(), "closed": figures(correct=0.9)}
    rules = policy(desk={}, phone={"floors": [{"metric": "correct", "slice": "answerable", "at_least": 0.9}]})
    record_decisions(warehouse, decide(rules, entries, found), NOON)
    record_deployments(warehouse, [(use, each.entry) for use in ("desk", "phone") for each in entries], NOON)
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
    entries = [entry(f"build/{number:02}") for number in range(12)]
    # The later, the more floors it breaks; the first two break none.
    broken = [{}, {}, *({"correct": 0.1} for _ in range(5)), *({"correct": 0.1, "refusal_recall": 0.1} for _ in range(5))]
    found = {each.entry: figures(**changes) for each, changes in zip(entries, broken, strict=True)}
    record_decisions(warehouse, decide(policy(), entries, found), NOON)
    record_deployments(warehouse, [("desk", each.entry) for each in entries], NOON)
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
