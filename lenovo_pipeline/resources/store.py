"""The folder data/store: where each thing lies, who may write, and which format it has.

Belongs here: layout, the run-level lock, the format number. Does not belong here: what a single store holds.
"""

import json
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from lenovo_pipeline.failures import NotRehearsed, PermanentFailure, TransientFailure

FORMAT = 1
"""Format of data/store as this code writes it. Raise it with a migration in MIGRATIONS when the layout changes."""

MIGRATIONS: dict[int, Callable[["Store"], None]] = {}
"""From a format to the next: `MIGRATIONS[1](store)` turns format 1 into 2, idempotently."""

_LOCK_POLL_S = 0.2


@dataclass(frozen=True)
class Store:
    """Places inside data/store."""

    root: Path

    @property
    def warehouse(self) -> Path:
        return self.root / "warehouse.duckdb"

    @property
    def chroma(self) -> Path:
        return self.root / "chroma"

    @property
    def graph(self) -> Path:
        return self.root / "graph"

    @property
    def mlflow(self) -> Path:
        return self.root / "mlflow.db"

    @property
    def artifacts(self) -> Path:
        return self.root / "artifacts"

    @property
    def published(self) -> Path:
        return self.root / "published"

    @property
    def dagster(self) -> Path:
        return self.root / "dagster"

    @property
    def deployments(self) -> Path:
        return self.root / "deployments.db"

    @property
    def alerts(self) -> Path:
        return self.root / "alerts"

    @property
    def monitoring(self) -> Path:
        return self.root / "monitoring.db"

    @property
    def monitor_lock_file(self) -> Path:
        return self.root / "monitor.lock"

    @property
    def lock_file(self) -> Path:
        return self.root / "lock"

    @property
    def holder_file(self) -> Path:
        return self.root / "lock.json"

    @property
    def format_file(self) -> Path:
        return self.root / "format.json"

    @property
    def rehearsal_file(self) -> Path:
        return self.root / "rehearsal"

    def require_no_rehearsal(self, work: str) -> None:
        """Called before work that takes long. Raises NotRehearsed in a copy that only shows what a change would touch."""
        if self.rehearsal_file.exists():
            raise NotRehearsed(work)

    def relative(self, path: Path) -> str:
        """A path as metadata and reports state it: relative to data/store."""
        return path.relative_to(self.root).as_posix()

    def open(self, migrations: dict[int, Callable[["Store"], None]] | None = None) -> None:
        """Make the folder, or check that this code can work with what lies there, migrating where it can.

        Raises PermanentFailure for a store of a newer code, or of an older one without a migration.
        """
        migrations = MIGRATIONS if migrations is None else migrations
        self._make_root()
        if not self.format_file.exists():
            if self.warehouse.exists():
                raise PermanentFailure(
                    f"{self.root} holds a warehouse but no format.json, so its age is unknown",
                    remedy="Restore it from a backup (make restore), or start afresh: make clean-store, then make run.",
                )
            write_text_aside(self.format_file, json.dumps({"format": FORMAT}))
            return
        found = self._format()
        if found > FORMAT:
            raise PermanentFailure(
                f"{self.root} has format {found}, written by a newer version; this code knows formats up to {FORMAT}",
                remedy="Update the code, or point LENOVO_STORE at another folder.",
            )
        while found < FORMAT:
            if found not in migrations:
                raise PermanentFailure(
                    f"{self.root} has format {found}; this code needs {FORMAT} and has no migration from {found}",
                    remedy="Keep a copy (make backup), then start afresh: make clean-store, then make run.",
                )
            migrations[found](self)
            found += 1
            write_text_aside(self.format_file, json.dumps({"format": found}))

    def _make_root(self) -> None:
        try:
            self.root.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise PermanentFailure(
                f"the store folder {self.root} cannot be made ({error.strerror})",
                remedy="Set LENOVO_STORE to a folder you may write.",
            ) from error

    def _format(self) -> int:
        try:
            return int(json.loads(self.format_file.read_text())["format"])
        except (ValueError, KeyError, TypeError) as error:
            raise PermanentFailure(
                f"{self.format_file} is damaged ({error})",
                remedy="Restore it from a backup (make restore), or start afresh: make clean-store, then make run.",
            ) from error

    @contextmanager
    def held(self, holder: str, wait_s: float, say: Callable[[str], None] = lambda _: None) -> Iterator[None]:
        """Hold the store's lock: an OS lock, which dies with the process whatever happens to it.

        `holder` names the run for whoever waits. Raises TransientFailure when another process still holds it after `wait_s`.
        """
        from filelock import FileLock, Timeout

        self._make_root()
        lock = FileLock(self.lock_file, thread_local=False, is_singleton=True)
        try:
            lock.acquire(timeout=0)
        except Timeout:
            say(f"The store is in use by {self.holder()}; waiting for up to {wait_s:.0f} s.")
            try:
                lock.acquire(timeout=wait_s, poll_interval=_LOCK_POLL_S)
            except Timeout as error:
                raise TransientFailure(
                    f"the store {self.root} is still in use by {self.holder()} after {wait_s:.0f} s",
                    remedy="Wait for that run to end or stop it, then try again (LENOVO_LOCK_WAIT_S sets how long to wait).",
                ) from error
        # A block inside another one of this process leaves the outer one's name where it is.
        outermost = lock.lock_counter == 1
        try:
            if outermost:
                since = datetime.now(UTC).isoformat(timespec="seconds")
                write_text_aside(self.holder_file, json.dumps({"holder": holder, "pid": os.getpid(), "since": since}))
            yield
        finally:
            if outermost:
                with suppress(OSError):
                    self.holder_file.unlink()
            lock.release()

    def holder(self) -> str:
        """Who holds the lock, in words; as far as it is known."""
        try:
            known = json.loads(self.holder_file.read_text())
            return f"{known['holder']} (process {known['pid']}, since {known['since']})"
        except (OSError, ValueError, KeyError, TypeError):
            return "another process"


def write_text_aside(path: Path, text: str) -> None:
    """Write a file completely or not at all: aside, flushed to disk, then renamed over the old one."""
    aside = path.with_name(f".{path.name}.{os.getpid()}.{time.monotonic_ns()}")
    try:
        with aside.open("w", encoding="utf-8") as handle:
            handle.write(text)
            handle.flush()
            os.fsync(handle.fileno())
        aside.replace(path)
    finally:
        aside.unlink(missing_ok=True)
