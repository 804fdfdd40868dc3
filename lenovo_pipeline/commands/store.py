"""`python -m lenovo_pipeline.commands.store backup|restore`: keep data/store safe, one command each.

Both hold the store's lock, so no run writes meanwhile, and write aside: a backup or a store is whole or absent.
"""

import argparse
import errno
import gzip
import json
import os
import shutil
import sqlite3
import sys
import tarfile
import tempfile
import zlib
from contextlib import closing, suppress
from datetime import UTC, datetime
from pathlib import Path

from lenovo_pipeline.command_line import exit_with
from lenovo_pipeline.failures import PermanentFailure, PipelineError
from lenovo_pipeline.privacy import FILE as FORGOTTEN
from lenovo_pipeline.privacy import load_tombstones
from lenovo_pipeline.resources.store import Store, write_text_aside
from lenovo_pipeline.roster.monitoring.process import only_one
from lenovo_pipeline.settings import get_settings

_NOT_SAVED = {"lock", "lock.json", "monitor.lock"}
_LIVE = ".db"
"""Databases that other processes write without the store's lock; their logs (-wal, -shm) are part of the copy."""
_TOP = "store"
_BLOCK = 1 << 20


def backup(store: Store, folder: Path, wait_s: float) -> Path:
    """Save the store as `folder/store-<UTC time>.tar.gz`; returns its path.

    Raises PermanentFailure if there is no store or the archive cannot be written, TransientFailure while a run holds the store.
    """
    if not store.format_file.exists():
        raise PermanentFailure(f"{store.root} holds no store to save", remedy="Make one first: make run.")
    with store.held("backup", wait_s, print):
        place = folder / f"store-{datetime.now(UTC):%Y%m%dT%H%M%S.%fZ}.tar.gz"
        aside = place.with_name(f".{place.name}.{os.getpid()}")
        try:
            folder.mkdir(parents=True, exist_ok=True)
            with tarfile.open(aside, "w:gz", compresslevel=3) as archive:
                for path in sorted(store.root.iterdir()):
                    if path.suffix == _LIVE and path.is_file():
                        _add_database(archive, path)
                    elif path.name not in _NOT_SAVED and not path.name.startswith(".") and f"{_LIVE}-" not in path.name:
                        archive.add(path, arcname=f"{_TOP}/{path.name}")
            aside.replace(place)
        except OSError as error:
            raise PermanentFailure(
                f"the backup {place} cannot be written ({error.strerror or error})",
                remedy="Make room or choose another folder with --to.",
            ) from error
        finally:
            with suppress(OSError):
                aside.unlink(missing_ok=True)
    return place


def restore(store: Store, source: Path, wait_s: float) -> None:
    """Replace the store by a backup. The old store stays untouched until the backup is unpacked and found whole.

    Raises PermanentFailure if the archive is missing, damaged, no backup of a store, or of a format that this code cannot read,
    and while a monitor of the store runs.
    """
    if not source.is_file():
        raise PermanentFailure(
            f"there is no backup at {source}", remedy="List them with: ls data/backups; then make restore FROM=…"
        )
    with (
        store.held("restore", wait_s, print),
        # A monitor would go on writing into the file that is moved away.
        only_one(store),
        # Inside the store, which may be a mounted volume: only there can folders be renamed into it.
        tempfile.TemporaryDirectory(dir=store.root, prefix=".restore-", suffix=".new") as scratch,
    ):
        try:
            with gzip.open(source) as unzipped:
                with tarfile.open(fileobj=unzipped, mode="r|") as archive:
                    archive.extractall(scratch, filter="data")
                # tarfile takes damage for the end of the archive; only the checksum at the end of the stream knows better.
                while unzipped.read(_BLOCK):
                    pass
        except OSError as error:
            if error.errno != errno.ENOSPC:
                raise _damaged(source, error) from error
            raise PermanentFailure(
                f"there is no room to unpack {source} beside {store.root}", remedy="Free some space, then restore again."
            ) from error
        except (tarfile.TarError, EOFError, zlib.error) as error:
            raise _damaged(source, error) from error
        unpacked = Store(Path(scratch) / _TOP)
        if not unpacked.format_file.exists():
            raise PermanentFailure(f"{source} is no backup of a store", remedy="Choose one that make backup made.")
        unpacked.open()
        # Whoever was erased since the backup was made stays on the list: the next run leaves them out again.
        erased = load_tombstones(unpacked.root).merged(load_tombstones(store.root))
        if erased:
            for root in (store.root, unpacked.root):
                write_text_aside(root / FORGOTTEN, erased.to_json())
        # Until the backup's own format file arrives last, a kill in between leaves a store that refuses to be opened.
        write_text_aside(store.format_file, json.dumps({"restoring": str(source)}))
        # The lock file stays where it is: the lock that we hold is on it.
        retired = Path(scratch) / "retired"
        retired.mkdir()
        for path in list(store.root.iterdir()):
            if path.name not in {*_NOT_SAVED, store.format_file.name, FORGOTTEN, Path(scratch).name}:
                path.rename(retired / path.name)
        for path in sorted(unpacked.root.iterdir(), key=lambda path: path.name == store.format_file.name):
            if path.name not in _NOT_SAVED:
                path.replace(store.root / path.name)
        shutil.rmtree(retired, ignore_errors=True)


def _add_database(archive: tarfile.TarFile, path: Path) -> None:
    """Add a SQLite file as it is at one moment, whoever writes to it; one that is damaged is added byte by byte."""
    with tempfile.TemporaryDirectory() as scratch:
        copy = Path(scratch) / path.name
        try:
            with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as live, closing(sqlite3.connect(copy)) as target:
                live.backup(target)
        except sqlite3.DatabaseError:
            copy = path
        archive.add(copy, arcname=f"{_TOP}/{path.name}")


def _damaged(source: Path, error: Exception) -> PermanentFailure:
    return PermanentFailure(f"the backup {source} is damaged ({error})", remedy="Choose another backup.")


def main(arguments: list[str] | None = None) -> int:
    """Returns 0, or 1 with the reason on stderr."""
    settings = get_settings()
    parser = argparse.ArgumentParser(prog="lenovo_pipeline.commands.store", description=__doc__.splitlines()[0])
    commands = parser.add_subparsers(dest="command", required=True)
    saving = commands.add_parser("backup", help="save data/store")
    saving.add_argument("--to", type=Path, default=settings.store.parent / "backups", help="folder for the archive")
    putting = commands.add_parser("restore", help="put a backup back")
    putting.add_argument("source", type=Path, help="the archive that backup made")
    options = parser.parse_args(arguments)
    store = Store(settings.store)
    try:
        if options.command == "backup":
            place = backup(store, options.to, settings.lock_wait_s)
            print(f"Saved {store.root} as {place} ({place.stat().st_size / 1e6:.1f} MB).")
            print(f"Put it back with: make restore FROM={place}")
        else:
            restore(store, options.source, settings.lock_wait_s)
            print(f"{store.root} is as it was in {options.source}.")
            for person in load_tombstones(store.root).people:
                who = " ".join(person.records) or "name or address (only their hash is known)"
                print(f"A backup older than an erasure holds that person again. To be sure, run: make forget WHO={who}")
    except PipelineError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    exit_with(main)
