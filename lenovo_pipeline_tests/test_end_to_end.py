"""The real job, as a user starts it, at smoke size: first run, nothing changed, killed in the middle, a store deleted by hand."""

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import duckdb
import psutil
import pytest
from dagster import DagsterInstance, DagsterRunStatus

ROOT = Path(__file__).resolve().parents[1]
DAGSTER_YAML = "telemetry:\n  enabled: false\n"


_RUN_S = 1200
"""What a run of the whole graph may take on a machine that does other things, too, in s."""


class User:
    """Somebody at a terminal, with a store and uploads of their own."""

    def __init__(self, folder: Path) -> None:
        self.store = folder / "store"
        self.uploads = folder / "uploads"
        self.home = folder / "home"
        self.uploads.mkdir()
        self.home.mkdir()
        (self.home / "dagster.yaml").write_text(DAGSTER_YAML)
        (self.uploads / "offers.csv").write_text("device,price\nThinkPad X1 Carbon,1299\nThinkSystem SR650,4999\n")
        self.environment = {
            **os.environ,
            "LENOVO_PROFILE": "smoke",
            "LENOVO_STORE": str(self.store),
            "LENOVO_UPLOADS": str(self.uploads),
            "LENOVO_PROCESSES": "2",
            "DAGSTER_HOME": str(self.home),
        }
        for name in ("LENOVO_SCALE", "LENOVO_CHROMA_URL", "LENOVO_NEO4J_URI", "LENOVO_WAREHOUSE", "MLFLOW_TRACKING_URI"):
            self.environment.pop(name, None)

    def start(self) -> "subprocess.Popen[str]":
        return subprocess.Popen(
            [sys.executable, "-m", "lenovo_pipeline.commands.run"],
            env=self.environment,
            cwd=ROOT,
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )

    def run(self) -> str:
        process = self.start()
        output, _ = process.communicate(timeout=_RUN_S)
        assert process.returncode == 0, output
        return output

    def disagreements(self) -> int:
        with duckdb.connect(str(self.store / "published" / "warehouse.duckdb"), read_only=True) as connection:
            ((wrong, compared),) = connection.execute(
                "SELECT sum(missing + stale + surplus), count(*) FROM knowledge.store_agreement"
            ).fetchall()
        assert compared > 20
        return int(wrong)

    def unfinished_runs(self) -> list[str]:
        with DagsterInstance.from_ref(DagsterInstance.local_temp(str(self.home)).get_ref()) as instance:
            return [
                run.run_id for run in instance.get_runs() if run.status in (DagsterRunStatus.STARTED, DagsterRunStatus.STARTING)
            ]

    def servers(self) -> list[int]:
        """Graph servers that work on this user's store."""
        found = []
        for process in psutil.process_iter(["cmdline", "cwd", "name"]):
            words = " ".join(process.info["cmdline"] or []) + str(process.info["cwd"])
            if "java" in (process.info["name"] or "") and str(self.store) in words:
                found.append(process.pid)
        return found


pytestmark = [pytest.mark.timeout(3 * _RUN_S), pytest.mark.whole_graph]


@pytest.fixture(scope="module")
def user(tmp_path_factory: pytest.TempPathFactory) -> Iterator[User]:
    yield User(tmp_path_factory.mktemp("user"))


def kill_after(user: User, line: str, seconds: float) -> None:
    """Start a run, wait for a line of its progress, then a little, then kill -9."""
    process = user.start()
    assert process.stdout is not None
    seen = []
    for said in process.stdout:
        seen.append(said)
        if line in said:
            break
    assert line in seen[-1], "".join(seen)
    time.sleep(seconds)
    assert process.poll() is None, "the run was over before it could be killed"
    os.kill(process.pid, signal.SIGKILL)
    process.wait(timeout=30)
    process.stdout.close()


def gone_within(user: User, seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if not user.servers():
            return True
        time.sleep(0.2)
    return False


def test_runs_killed_while_each_store_is_filled_lose_nothing(user: User) -> None:
    kill_after(user, "enterprise/devices", 0.1)
    kill_after(user, "knowledge/chunks", 3.0)
    assert gone_within(user, 20), "a graph server outlived its run"
    kill_after(user, "knowledge/keyword_index", 2.0)
    output = user.run()
    assert "is marked as failed" in output
    assert "Skipped assets: none" in output
    assert "0 failed" in output
    assert user.disagreements() == 0
    assert user.unfinished_runs() == []
    assert gone_within(user, 20)


def test_a_second_run_changes_nothing(user: User) -> None:
    user.run()
    before = (user.store / "published").resolve()
    output = user.run()
    assert "[transformers]" not in output, "a library talks into the progress"
    changed = [line for line in output.splitlines() if line.startswith("[") and "unchanged" not in line]
    assert changed == []
    assert (user.store / "published").resolve() == before


def test_stores_deleted_by_hand_and_changed_uploads_are_made_good_by_the_next_run(user: User) -> None:
    shutil.rmtree(user.store / "graph")
    (user.uploads / "offers.csv").unlink()
    (user.uploads / "notes.txt").write_text("The dock of the ThinkPad T14 Gen 5 needs new firmware.")
    output = user.run()
    assert "uploads/texts" in output
    assert user.disagreements() == 0
    with duckdb.connect(str(user.store / "published" / "warehouse.duckdb"), read_only=True) as connection:
        assert connection.execute("SELECT path FROM uploads.files").fetchall() == [("notes.txt",)]
        assert connection.execute("SELECT count(*) FROM knowledge.chunks WHERE kind = 'uploads'").fetchall() == [(1,)]
