"""An erasure from end to end on the smallest world: killed in the middle, completed, and still in force after another run.

What is left is searched for by means of this file's own, not by those of the command.
"""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import duckdb
import pytest
from dagster import DagsterInstance

from lenovo_pipeline.build import build_defs
from lenovo_pipeline.commands.execution import execute
from lenovo_pipeline.commands.forget import Erasure, forget
from lenovo_pipeline.commands.store import backup, restore
from lenovo_pipeline.commands.summary import RunSummary
from lenovo_pipeline.enterprise.world import build_world
from lenovo_pipeline.failures import PermanentFailure, TransientFailure
from lenovo_pipeline.partitions import DEFAULT_MODEL
from lenovo_pipeline.privacy import FILE
from lenovo_pipeline.resources.store import Store
from lenovo_pipeline.settings import Settings

_DAGSTER = """
telemetry: {{enabled: false}}
storage: {{sqlite: {{base_dir: {store}/dagster}}}}
compute_logs:
  module: dagster._core.storage.local_compute_log_manager
  class: LocalComputeLogManager
  config: {{base_dir: {store}/dagster/compute_logs}}
local_artifact_storage:
  module: dagster._core.storage.root
  class: LocalArtifactStorage
  config: {{base_dir: {store}/dagster}}
"""

pytestmark = [pytest.mark.timeout(3600), pytest.mark.whole_graph]


@dataclass
class Person:
    identity: str
    name: str
    address: str


@dataclass
class House:
    settings: Settings
    instance: DagsterInstance
    home: Path
    person: Person

    @property
    def store(self) -> Store:
        return Store(self.settings.store)

    @property
    def environment(self) -> dict[str, str]:
        """For a process of its own, which sees the same settings and the same instance."""
        return {
            **os.environ,
            "DAGSTER_HOME": str(self.home),
            "LENOVO_PROFILE": "smoke",
            "LENOVO_STORE": str(self.settings.store),
            "LENOVO_UPLOADS": str(self.settings.uploads),
        }

    def command(self, who: str) -> list[str]:
        return [sys.executable, "-m", "lenovo_pipeline.commands.forget", who]

    def run(self) -> RunSummary:
        job = build_defs(settings=self.settings).resolve_job_def("everything")
        return execute(job, self.instance, lambda line: None, model=DEFAULT_MODEL)

    def forget(self, who: str) -> Erasure:
        return forget(who, self.settings, self.instance, lambda line: None)

    def files_with(self, *texts: str) -> list[str]:
        """Files of the store whose bytes hold one of the texts, whatever its case in Latin letters."""
        found = []
        for path in sorted(self.store.root.rglob("*")):
            if path.is_file():
                content = path.read_bytes().lower()
                if any(text.lower().encode() in content for text in texts):
                    found.append(self.store.relative(path))
        return found

    def rows_with(self, *texts: str) -> dict[str, int]:
        """Tables of the warehouse and of every snapshot with rows that hold one of the texts: DuckDB may pack its bytes."""
        found = {}
        for database in [self.store.warehouse, *self.store.root.glob("published-*/*.duckdb")]:
            with duckdb.connect(str(database), read_only=True) as connection:
                tables = connection.execute("SELECT schema_name, table_name FROM duckdb_tables()").fetchall()
                for schema, table in tables:
                    holds = " OR ".join("contains(lower(row::VARCHAR), lower(?))" for _ in texts)
                    query = f'SELECT count(*) FROM (SELECT t AS row FROM "{schema}"."{table}" t) WHERE {holds}'
                    ((count,),) = connection.execute(query, list(texts)).fetchall()
                    if count:
                        found[f"{schema}.{table}"] = count
        return found


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """A whole run with files that name a user who owns a process, talked to the assistant and used devices."""
    place = tmp_path_factory.mktemp("house")
    settings = Settings(profile="smoke", store=place / "store", uploads=place / "uploads", lock_wait_s=0)
    world = build_world(settings.seed, settings.effective_scale)
    users, talkers = world["users"], set(world["chat_messages"]["user_id"]) & set(world["interactions"]["user_id"])
    owner = next(o for o in world["processes"]["owner_id"] if o in talkers)
    _, name, address = users.loc[users["user_id"] == owner, ["user_id", "name", "email"]].values[0].tolist()
    settings.uploads.mkdir()
    (settings.uploads / "people.csv").write_text(f"who,mail,note\n{name},{address},first\nAnn Lee,ann@x.example,asks {name}\n")
    (settings.uploads / "notes.md").write_text(f"# Talk\n\nWe met {name} and Ida Okafor. They like the ThinkPad.\n")
    home = place / "home"
    home.mkdir()
    (home / "dagster.yaml").write_text(_DAGSTER.format(store=settings.store))
    with DagsterInstance.from_config(str(home)) as instance:
        made = House(settings, instance, home, Person(owner, name, address))
        summary = made.run()
        assert summary.succeeded, summary.text(settings.store, 0)
        yield made


@pytest.fixture(scope="module")
def before(house: House) -> dict[str, int]:
    """Rows that name the person before anybody is erased."""
    found = house.rows_with(house.person.name, house.person.address)
    assert {"enterprise.users", "enterprise.processes", "knowledge.chunks", "uploads.rows", "uploads.texts"} <= found.keys()
    assert house.files_with(house.person.name)
    return found


@pytest.fixture(scope="module")
def archive(house: House, before: dict[str, int]) -> Path:
    return backup(house.store, house.settings.store.parent / "backups", 0)


@pytest.fixture(scope="module")
def killed(house: House, archive: Path) -> int:
    """An erasure killed as soon as the person is on the list; its exit status."""
    process = subprocess.Popen(
        house.command(house.person.identity),
        env=house.environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        start_new_session=True,
    )
    while not (house.store.root / FILE).exists():
        assert process.poll() is None, (process.stderr.read() if process.stderr else b"").decode()
        time.sleep(0.02)
    os.killpg(process.pid, signal.SIGKILL)
    return process.wait()


@pytest.fixture(scope="module")
def erased(house: House, killed: int) -> Erasure:
    return house.forget(house.person.identity)


def test_a_killed_erasure_is_completed_by_the_same_command(house: House, killed: int, erased: Erasure) -> None:
    assert killed == -signal.SIGKILL
    assert erased.remains == []
    assert erased.run is not None and erased.run.succeeded
    assert not (house.store.root / "forgetting").exists()


def test_neither_name_nor_address_is_left_in_any_file_table_or_snapshot(house: House, erased: Erasure) -> None:
    assert house.files_with(house.person.name, house.person.address) == []
    assert house.rows_with(house.person.name, house.person.address) == {}
    assert len(list(house.store.root.glob("published-*"))) == 1


def test_what_the_person_did_is_gone_and_what_refers_to_them_stands_under_a_pseudonym(house: House, erased: Erasure) -> None:
    with duckdb.connect(str(house.store.warehouse), read_only=True) as connection:
        who = house.person.identity

        def count(table: str, column: str) -> int:
            ((rows,),) = connection.execute(f"SELECT count(*) FROM enterprise.{table} WHERE {column} = ?", [who]).fetchall()
            return int(rows)

        assert count("interactions", "user_id") == count("chat_messages", "user_id") == 0
        assert count("processes", "owner_id") > 0
        named = connection.execute("SELECT name, email FROM enterprise.users WHERE user_id = ?", [who]).fetchall()
        assert named == [(f"Erased person {who}", f"erased-{who.lower()}@invalid.example")]
        texts = connection.execute("SELECT text FROM enterprise.processes WHERE owner_id = ?", [who]).fetchall()
        assert any(f"Erased person {who}" in text for (text,) in texts)


def test_the_report_says_what_was_touched_though_the_first_attempt_was_killed(house: House, erased: Erasure) -> None:
    touched = {(each.store, each.place): each for each in erased.touched}
    assert touched["tables", "enterprise.users"].changed == 1
    assert touched["tables", "enterprise.interactions"].removed > 0
    assert touched["graph", "User"].changed == 1
    assert touched["keyword index", "chunks"].removed > 0
    assert any(store == "vectors" and each.removed for (store, _), each in touched.items())
    assert house.person.name not in erased.text()
    assert house.person.address not in erased.text()


def test_the_users_own_files_and_backups_are_named(house: House, erased: Erasure, archive: Path) -> None:
    beyond = "\n".join(erased.beyond)
    assert "people.csv: line 2, line 3" in beyond
    assert "notes.md: section 'Talk'" in beyond
    assert str(archive) in beyond


def test_nobody_is_erased_by_mistake(house: House, erased: Erasure) -> None:
    before = (house.store.root / FILE).read_text()
    with pytest.raises(PermanentFailure, match="nobody of that name"):
        house.forget("No Body Anywhere")
    assert (house.store.root / FILE).read_text() == before


def test_the_erased_stay_erased_though_a_backup_is_restored_and_somebody_else_is_erased(
    house: House, erased: Erasure, archive: Path
) -> None:
    restore(house.store, archive, 0)
    assert house.rows_with(house.person.name)
    assert house.rows_with("Ida Okafor")

    done = subprocess.run(house.command("Okafor, Ida"), env=house.environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    texts = (house.person.name, house.person.address, "Okafor")
    assert house.files_with(*texts) == []
    assert house.rows_with(*texts) == {}


def test_a_store_in_use_refuses_an_erasure(house: House, erased: Erasure) -> None:
    holder = (
        "import pathlib, sys; from lenovo_pipeline.resources.store import Store\n"
        "with Store(pathlib.Path(sys.argv[1])).held('a run', 0): print('held', flush=True); sys.stdin.read()"
    )
    command = [sys.executable, "-c", holder, str(house.settings.store)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None and process.stdin is not None
        assert process.stdout.readline() == "held\n"
        with pytest.raises(TransientFailure, match="in use by a run"):
            house.forget(house.person.identity)
        process.stdin.close()
