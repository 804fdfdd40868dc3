import os
import signal
import sqlite3
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from dagster import build_resources

from lenovo_pipeline.resources import wiring
from lenovo_pipeline.resources.event_log import hasten
from lenovo_pipeline.settings import Settings

_WRITES = """
import sys
import sqlalchemy as sa
from lenovo_pipeline.resources.event_log import hasten

hasten()
from dagster._core.storage.event_log.sqlite.sqlite_event_log import create_engine

for number in range(1, 1001):
    with create_engine(sys.argv[1], poolclass=sa.pool.NullPool).begin() as connection:
        connection.execute(sa.text("INSERT INTO event VALUES (:number)"), {"number": number})
    print(number, flush=True)
"""


def _file(folder: Path) -> tuple[Path, str]:
    """A file as Dagster makes it."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "events.db"
    with sqlite3.connect(path) as connection:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("CREATE TABLE event (number INTEGER)")
    connection.close()
    return path, f"sqlite:///{path}"


def _engine(url: str, **arguments: Any) -> sa.Engine:
    """An engine as Dagster makes one."""
    hasten()
    from dagster._core.storage.event_log.sqlite import sqlite_event_log

    made: sa.Engine = vars(sqlite_event_log)["create_engine"](url, poolclass=sa.pool.NullPool, **arguments)
    return made


def test_commits_do_not_wait_and_no_connection_is_the_last(tmp_path: Path) -> None:
    path, url = _file(tmp_path)
    for number in (1, 2):
        engine = _engine(url)
        with engine.begin() as connection:
            assert connection.exec_driver_sql("PRAGMA synchronous").scalar_one() == 1
            connection.exec_driver_sql("CREATE TEMP TABLE IF NOT EXISTS seen (number INTEGER)")
            connection.exec_driver_sql("INSERT INTO seen VALUES (1)")
            # What is temporary belongs to one connection: it is the same again.
            assert connection.exec_driver_sql("SELECT count(*) FROM seen").scalar_one() == number
        engine.dispose()
    with engine.begin() as connection:
        connection.exec_driver_sql("INSERT INTO event VALUES (1)")
    # The last one that is closed takes the write-ahead log away.
    assert path.with_name("events.db-wal").stat().st_size > 0
    assert sqlite3.connect(path).execute("SELECT number FROM event").fetchall() == [(1,)]


def test_files_without_a_write_ahead_log_keep_waiting(tmp_path: Path) -> None:
    with _engine(f"sqlite:///{tmp_path / 'other.db'}").begin() as connection:
        assert connection.exec_driver_sql("PRAGMA synchronous").scalar_one() == 2


def test_a_file_that_is_deleted_and_made_again_is_written_as_any_other(tmp_path: Path) -> None:
    path, url = _file(tmp_path)
    engine = _engine(url)
    with engine.begin() as connection:
        connection.exec_driver_sql("INSERT INTO event VALUES (1)")
    for each in tmp_path.glob("events.db*"):
        each.unlink()
    _file(tmp_path)
    with engine.begin() as connection:
        connection.exec_driver_sql("INSERT INTO event VALUES (2)")
    assert sqlite3.connect(path).execute("SELECT number FROM event").fetchall() == [(2,)]


def test_a_kill_loses_no_event_that_was_written(tmp_path: Path) -> None:
    path, url = _file(tmp_path)
    with subprocess.Popen([sys.executable, "-c", _WRITES, url], stdout=subprocess.PIPE, text=True) as running:
        assert running.stdout is not None
        last = 0
        for line in running.stdout:
            last = int(line)
            if last == 40:
                os.kill(running.pid, signal.SIGKILL)
                break
    found = [number for (number,) in sqlite3.connect(path).execute("SELECT number FROM event ORDER BY number")]
    assert found[:last] == list(range(1, last + 1))


def test_dagster_gets_one_engine_for_each_file(tmp_path: Path) -> None:
    hasten()
    from dagster._core.storage.event_log.sqlite import sqlite_event_log
    from dagster._core.storage.runs.sqlite import sqlite_run_storage

    for module in (sqlite_event_log, sqlite_run_storage):
        urls = [_file(tmp_path / module.__name__ / str(number))[1] for number in range(6)]
        create = vars(module)["create_engine"]
        first = [create(url, poolclass=sa.pool.NullPool) for url in urls]
        assert len(set(map(id, first))) == 6
        assert create(urls[-1], poolclass=sa.pool.NullPool) is first[-1]
        assert create(urls[-1], poolclass=sa.pool.NullPool, connect_args={"timeout": 5}) is not first[-1]
        # One that has given way works on.
        assert create(urls[0], poolclass=sa.pool.NullPool) is not first[0]
        for engine in first:
            with engine.begin() as connection:
                connection.exec_driver_sql("INSERT INTO event VALUES (1)")


def test_every_run_sets_it_and_loading_the_definitions_does_not(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    begun: list[str] = []
    monkeypatch.setattr(wiring, "hasten", lambda: begun.append("a run"))
    resources = wiring.make_resources(Settings(store=tmp_path / "store"), {})
    assert begun == []
    with build_resources({"store": resources["store"]}):
        assert begun == ["a run"]
