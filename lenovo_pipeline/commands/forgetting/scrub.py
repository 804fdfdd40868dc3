"""Removing what deletion leaves behind: free blocks, logs of changes, old snapshots, left-overs. The caller holds the store.

Belongs here: rewriting and removing files of our own stores. Deleting records is the work of the assets.
"""

import os
import re
import shutil
import sqlite3
from collections.abc import Callable, Iterable
from contextlib import closing, suppress
from pathlib import Path

import duckdb
from dagster import DagsterInstance

from lenovo_pipeline.commands.forgetting.people import Sought
from lenovo_pipeline.commands.forgetting.stock import folder_of
from lenovo_pipeline.commands.forgetting.traces import byte_pattern
from lenovo_pipeline.failures import PermanentFailure
from lenovo_pipeline.resources.folders import folder_aside
from lenovo_pipeline.resources.retention import remove_unused
from lenovo_pipeline.resources.store import Store
from lenovo_pipeline.resources.vectors import ENCODER_KEY, Vectors
from lenovo_pipeline.resources.warehouse import Warehouse

_PAGE = 1_000
_RUN_ID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_SQLITE = b"SQLite format 3\x00"
_TABLES = """
SELECT '"' || replace(schema_name, '"', '""') || '"."' || replace(table_name, '"', '""') || '"'
FROM duckdb_tables() WHERE database_name = current_database() ORDER BY ALL
"""


def remove_snapshots(store: Store) -> int:
    """Remove every snapshot but the published one; how many."""
    current = store.published.resolve() if store.published.is_symlink() else None
    old = [path for path in store.root.glob("published-*") if path != current]
    for path in old:
        shutil.rmtree(path)
    return len(old)


def remove_leftovers(store: Store) -> list[str]:
    """Remove what killed writers left, artifacts that no snapshot cites any more, and sessions of agents, which are made anew."""
    sessions = sorted((store.root / "agent_sessions").glob("*"))
    for path in sessions:
        path.unlink()
    removed = remove_unused(store, leftovers_after_s=0, uncited_after_s=0)
    return [*removed, *(f"agent session {path.name}" for path in sessions)]


def remove_stock(store: Store) -> None:
    """Remove the stock of before, which marks an erasure as unfinished."""
    shutil.rmtree(folder_of(store))


def rewrite_warehouse(warehouse: Warehouse) -> bool:
    """Write the warehouse's file anew, without its free blocks; False if it is not a file of ours.

    Raises PermanentFailure, leaving the old file, if there is no room or the copy does not hold the same tables and rows.
    """
    place = Path(warehouse.database)
    if not place.is_file():
        return False
    aside = place.with_name(f".{place.name}.{os.getpid()}.new")
    aside.unlink(missing_ok=True)
    try:
        warehouse.copy_to(aside)
        before, after = _row_counts(place), _row_counts(aside)
        if before != after:
            differing = sorted(name for name in before.keys() | after.keys() if before.get(name) != after.get(name))
            raise PermanentFailure(
                f"rewriting {place} lost rows of {', '.join(differing)}", remedy="Nothing was replaced. Report this."
            )
        with aside.open("rb") as handle:
            os.fsync(handle.fileno())
        aside.replace(place)
    except (OSError, duckdb.IOException) as error:
        raise PermanentFailure(
            f"{place} cannot be rewritten ({str(error).splitlines()[0]})",
            remedy="Free as much space as it takes, then run again.",
        ) from error
    finally:
        aside.unlink(missing_ok=True)
        aside.with_name(f"{aside.name}.wal").unlink(missing_ok=True)
    return True


def rewrite_vectors(vectors: Vectors) -> int:
    """Write the embedded vector store anew from its own entries; how many. Nothing is embedded again.

    A deleted entry stays in Chroma's log of changes, in its word index and in the vector files: only a new folder is free of it.
    """
    if vectors.url or not vectors.folder.exists():
        return 0
    copied = 0
    with folder_aside(vectors.folder) as aside:
        fresh = Vectors(aside)
        for kind in vectors.kinds():
            old = vectors.find(kind)
            if old is None:
                continue
            with vectors.explained():
                new = fresh.create(kind, str((old.metadata or {}).get(ENCODER_KEY, "")))
                for start in range(0, old.count(), _PAGE):
                    page = old.get(limit=_PAGE, offset=start, include=["embeddings", "documents", "metadatas"])
                    new.add(
                        ids=page["ids"], embeddings=page["embeddings"], documents=page["documents"], metadatas=page["metadatas"]
                    )
                if new.count() != old.count():
                    raise PermanentFailure(
                        f"rewriting the collection {old.name} copied {new.count()} of {old.count()} entries",
                        remedy="Nothing was replaced. Run again.",
                    )
                copied += new.count()
        fresh.close()
        vectors.close()
    return copied


def remove_graph(store: Store) -> None:
    """Remove the embedded graph with its pages and logs; the next run writes it again from the tables."""
    shutil.rmtree(store.graph, ignore_errors=True)


def clean_logs(store: Store, instance: DagsterInstance, found: Iterable[Path], sought: Sought, say: Callable[[str], None]) -> int:
    """Remove logs of runs, alerts and free blocks of SQLite files in which the person stands; how many things were removed.

    Previews and metrics leave personal columns out, so that there should be none; an error message may quote a value.
    """
    pattern = byte_pattern(sought)
    assert pattern is not None
    removed = 0
    runs: set[str] = set()
    databases: set[Path] = set()
    for path in found:
        database = path.with_name(re.sub(r"-(wal|shm|journal)$", "", path.name))
        ours = path.is_relative_to(store.dagster) or path.is_relative_to(store.alerts)
        if not ours and database not in (store.mlflow, store.monitoring):
            continue
        runs |= set(_RUN_ID.findall(store.relative(path)))
        if _is_sqlite(database):
            databases.add(database)
        else:
            path.unlink(missing_ok=True)
            removed += 1
    for database in databases:
        runs |= _runs_that_hold(database, pattern)
    for run_id in sorted(runs):
        if instance.has_run(run_id):
            instance.delete_run(run_id)
            removed += 1
            say(f"  the log of run {run_id} is removed: it quoted the person")
    for database in sorted(databases):
        if database.exists():
            say(f"  {store.relative(database)} is compacted")
            # One that is in use stays as it is, is found again, and is reported.
            with suppress(sqlite3.Error):
                _vacuum(database)
    return removed


def _row_counts(place: Path) -> dict[str, int]:
    with closing(duckdb.connect(str(place))) as connection:
        names = [name for (name,) in connection.execute(_TABLES).fetchall()]
        return {name: int(connection.execute(f"SELECT count(*) FROM {name}").fetchall()[0][0]) for name in names}


def _is_sqlite(path: Path) -> bool:
    try:
        with path.open("rb") as handle:
            return handle.read(len(_SQLITE)) == _SQLITE
    except OSError:
        return False


def _runs_that_hold(database: Path, pattern: re.Pattern[bytes]) -> set[str]:
    """Run ids of the rows of a SQLite file in which the pattern is found."""
    found: set[str] = set()
    with closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as connection:
        tables = [name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()]
        for table in tables:
            cursor = connection.execute(f'SELECT * FROM "{table}"')
            names = [column[0] for column in cursor.description]
            if "run_id" not in names:
                continue
            for row in cursor:
                text = "\n".join(str(value) for value in row).encode()
                if any(match.group(1) for match in pattern.finditer(text)):
                    found.add(str(row[names.index("run_id")]))
    return found


def _vacuum(database: Path) -> None:
    with closing(sqlite3.connect(database, timeout=10)) as connection:
        connection.execute("VACUUM")
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
