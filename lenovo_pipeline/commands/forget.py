"""`python -m lenovo_pipeline.commands.forget WHO`: erase one person's data from tables, stores and indexes.

WHO is a user id, a customer id (its contact person), an e-mail address or a full name. First the person is put on the list of
erased people, so that nothing made from then on holds them; then a run brings all tables and stores in line; then what
deletion leaves behind is scrubbed and everything is searched again. Killed at any point, the same command completes it.
"""

import argparse
import logging
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from dagster import DagsterInstance

from lenovo_pipeline.build import TABLES, build_defs
from lenovo_pipeline.command_line import exit_with
from lenovo_pipeline.commands.execution import execute
from lenovo_pipeline.commands.forgetting import scrub, stock, traces
from lenovo_pipeline.commands.forgetting.people import Person, Sought, people_of, people_of_world, resolve
from lenovo_pipeline.commands.forgetting.stock import Stores, Touched
from lenovo_pipeline.commands.run import INTERRUPTED
from lenovo_pipeline.commands.summary import RunSummary, size
from lenovo_pipeline.enterprise.tables import CUSTOMERS, USERS
from lenovo_pipeline.failures import PermanentFailure, PipelineError
from lenovo_pipeline.partitions import DEFAULT_MODEL
from lenovo_pipeline.privacy import FILE, Tombstones, load_tombstones
from lenovo_pipeline.resources.graph import GraphStore
from lenovo_pipeline.resources.runs import fail_dead_runs
from lenovo_pipeline.resources.store import Store, write_text_aside
from lenovo_pipeline.resources.tracking import tracking_uri
from lenovo_pipeline.resources.vectors import Vectors
from lenovo_pipeline.resources.warehouse import Warehouse
from lenovo_pipeline.settings import PROJECT_ROOT, Settings, get_settings
from lenovo_pipeline.uploads.records import Limits

_JOB = "everything"
_PLACES_SHOWN = 10

Say = Callable[[str], None]


@dataclass
class Erasure:
    """What an erasure did. `remains` is empty if it is complete; `beyond` is what it cannot touch, and nobody else's doing."""

    sought: Sought
    touched: list[Touched] = field(default_factory=list)
    named_before: dict[str, int] = field(default_factory=dict)
    scrubbed: list[str] = field(default_factory=list)
    remains: list[str] = field(default_factory=list)
    beyond: list[str] = field(default_factory=list)
    run: RunSummary | None = None

    @property
    def interrupted(self) -> bool:
        return self.run is not None and self.run.interrupted

    def text(self) -> str:
        """The report for a person at a terminal. It never names the erased one."""
        lines = ["", f"{'store':<14} {'place':<46} {'before':>9} {'changed':>8} {'removed':>8} {'added':>8}"]
        lines += [
            f"{each.store:<14} {each.place:<46} {each.before:>9,} {each.changed:>8,} {each.removed:>8,} {each.added:>8,}"
            for each in self.touched
        ]
        if not self.touched:
            lines = ["", "No record of any table, store or index had to change."]
        if self.named_before:
            lines.append(
                "Rows that named the person: " + ", ".join(f"{name} {n:,}" for name, n in sorted(self.named_before.items()))
            )
        lines += [f"Scrubbed: {line}" for line in self.scrubbed]
        if self.sought.records:
            lines.append(f"Kept under a pseudonym made from the id: role, department and dates of {self.sought.label}.")
        if self.sought.shared_with:
            lines.append(f"The same name belongs to {', '.join(self.sought.shared_with)}, whose own records keep it.")
        if self.beyond:
            lines += ["Beyond reach, to be dealt with by their owners:", *(f"  {line}" for line in self.beyond)]
        if self.remains:
            lines += [
                "STILL THERE:",
                *(f"  {line}" for line in self.remains),
                "Run the same command again to complete the erasure.",
            ]
        else:
            lines.append(f"Erased: neither name nor address of {self.sought.label} is left in the store.")
        return "\n".join(lines)


def forget(who: str, settings: Settings, instance: DagsterInstance, say: Say) -> Erasure:
    """Erase a person; see the module's docstring. Idempotent.

    Raises PermanentFailure if `who` is ambiguous or unknown, TransientFailure while another run holds the store.
    """
    store = Store(settings.store)
    with store.held("forget", settings.lock_wait_s, say), _opened(settings, store) as stores:
        store.open()
        fail_dead_runs(instance)
        known = load_tombstones(store.root)
        limits = Limits(file_bytes=settings.upload_max_bytes, line_bytes=settings.upload_max_line_bytes)
        exists = not _is_path(stores.warehouse) or Path(stores.warehouse.database).exists()

        def occurs(stranger: Sought) -> bool:
            found = traces.in_uploads(settings.uploads, limits, stranger)
            return bool(found or (exists and traces.in_tables(stores.warehouse, stranger)))

        stored = _stored_people(stores.warehouse) if exists else []
        sought = resolve(who, stored, people_of_world(settings), known, occurs)
        erasure = Erasure(sought)
        say(f"Erasing {sought.label} …")
        if exists:
            say("Taking stock of tables, vectors, graph and index …")
            stock.take(stores)
            erasure.named_before = traces.in_tables(stores.warehouse, sought)
        _remember(store, sought.tombstones(known, datetime.now(UTC).isoformat(timespec="seconds")))
        say(f"On the list of erased people: {store.root / FILE}")
        if exists:
            stores.graph.close()
            stores.vectors.close()
            if stores.graph.embedded:
                scrub.remove_graph(store)
            say("Making tables, stores and indexes anew without the person …")
            erasure.run = execute(build_defs(settings=settings).resolve_job_def(_JOB), instance, say, model=DEFAULT_MODEL)
            if erasure.interrupted:
                erasure.remains.append("the run was stopped")
                return erasure
            _scrub(stores, erasure, say)
            erasure.touched = stock.touched(stores)
        say("Searching every file, table, vector and node …")
        _verify(stores, instance, erasure, exists, say)
        erasure.beyond = _beyond(settings, instance, stores, sought, limits)
        if not erasure.remains and stock.folder_of(store).exists():
            scrub.remove_stock(store)
        return erasure


@contextmanager
def _opened(settings: Settings, store: Store) -> Iterator[Stores]:
    with ExitStack() as stack:
        graph = stack.enter_context(GraphStore.from_settings(settings))
        vectors = Vectors(store.chroma, settings.chroma_url)
        stack.callback(vectors.close)
        yield Stores(store, Warehouse(settings.warehouse or str(store.warehouse)), vectors, graph, TABLES)


def _stored_people(warehouse: Warehouse) -> list[Person]:
    try:
        return people_of(warehouse.load(USERS), warehouse.load(CUSTOMERS))
    except PermanentFailure:
        # Not made yet, or by another version of the code: the run will make them as the world says.
        return []


def _remember(store: Store, tombstones: Tombstones) -> None:
    place = store.root / FILE
    write_text_aside(place, tombstones.to_json())
    # Who has the key may try names against the hashes.
    place.chmod(0o600)


def _scrub(stores: Stores, erasure: Erasure, say: Say) -> None:
    say("Removing old snapshots, free blocks and left-overs …")
    store, done = stores.store, erasure.scrubbed
    if removed := scrub.remove_snapshots(store):
        done.append(f"{removed} older snapshots removed")
    if scrub.rewrite_warehouse(stores.warehouse):
        done.append(f"the warehouse written anew ({size(Path(stores.warehouse.database).stat().st_size)})")
    if copied := scrub.rewrite_vectors(stores.vectors):
        done.append(f"the vector store written anew ({copied:,} entries)")
    if stores.graph.embedded:
        done.append("the graph's folder written anew by the run")
    done += scrub.remove_leftovers(store)


def _verify(stores: Stores, instance: DagsterInstance, erasure: Erasure, exists: bool, say: Say) -> None:
    """Fill in what remains; logs that quote the person are removed on the way."""
    store, sought, remains = stores.store, erasure.sought, erasure.remains
    if erasure.run is not None and not erasure.run.succeeded:
        problems = [*erasure.run.failures, *erasure.run.failed_checks, *filter(None, [erasure.run.run_failure])]
        remains.append(f"the run failed ({'; '.join(problems)}), so that tables and stores may not be in line: see above")
    if exists:
        remains += [f"table {name}: {count:,} rows" for name, count in traces.in_tables(stores.warehouse, sought).items()]
        if vectors := traces.in_vectors(stores.vectors, sought):
            remains.append(f"vector store: {len(vectors):,} entries")
        if nodes := traces.in_graph(stores.graph, sought):
            remains.append(f"graph: {len(nodes):,} nodes")
        stores.graph.close()
        stores.vectors.close()
    found = traces.in_files(store, sought)
    if found and (removed := scrub.clean_logs(store, instance, list(found), sought, say)):
        erasure.scrubbed.append(f"{removed} logs and alerts removed that quoted the person")
    if found:
        found = traces.in_files(store, sought)
    remains += [f"file {store.relative(path)}: {count:,} times" for path, count in found.items()]


def _beyond(settings: Settings, instance: DagsterInstance, stores: Stores, sought: Sought, limits: Limits) -> list[str]:
    found = []
    for path, places in traces.in_uploads(settings.uploads, limits, sought).items():
        more = f" and {len(places) - _PLACES_SHOWN} more places" if len(places) > _PLACES_SHOWN else ""
        found.append(f"the user's file {settings.uploads / path}: {', '.join(places[:_PLACES_SHOWN])}{more}")
    backups = sorted((settings.store.parent / "backups").glob("*.tar.gz"))
    found += [f"the backup {path}, made before: delete it, or forget again after restoring it" for path in backups]
    servers = {
        "the warehouse": None if _is_path(stores.warehouse) else settings.warehouse,
        "the vector store": settings.chroma_url,
        "the graph": settings.neo4j_uri,
        "MLflow": None if tracking_uri(stores.store.mlflow).startswith("sqlite:") else "a server",
    }
    found += [
        f"{what} is kept by a server: its records are erased, its own logs and backups are its operator's"
        for what, address in servers.items()
        if address
    ]
    if not instance.is_ephemeral and not (stores.store.dagster).exists():
        found.append("Dagster keeps its logs outside the store: they hold no personal columns, and were not searched")
    return found


def _is_path(warehouse: Warehouse) -> bool:
    return not warehouse.database.startswith(("md:", "motherduck:"))


def main(arguments: list[str] | None = None) -> int:
    """Returns 0 if nothing of the person is left, 1 if something is, 130 after Ctrl-C, 2 for bad usage or a store in use."""
    parser = argparse.ArgumentParser(prog="lenovo_pipeline.commands.forget", description=__doc__.splitlines()[0])
    parser.add_argument("who", nargs="+", help="user id, customer id, e-mail address or full name")
    options = parser.parse_args(arguments)
    os.environ.setdefault("DAGSTER_HOME", str(PROJECT_ROOT))
    logging.getLogger("dagster").setLevel(logging.CRITICAL)
    try:
        with DagsterInstance.get() as instance:
            erasure = forget(" ".join(options.who), get_settings(), instance, lambda line: print(line, flush=True))
    except PipelineError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("Stopped. Run the same command again to complete the erasure.", file=sys.stderr)
        return INTERRUPTED
    print(erasure.text(), flush=True)
    if erasure.interrupted:
        return INTERRUPTED
    return 1 if erasure.remains else 0


if __name__ == "__main__":
    exit_with(main)
