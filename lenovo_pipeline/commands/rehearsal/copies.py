"""Copies of a store, of what it is made from and of the code, in which a change can be tried without touching any of them.

Belongs here: copying, where each thing lies in the copy, and the environment that leads a process there.
Does not belong here: what is changed (changes.py) and what a run in the copy says (acting.py).
"""

import errno
import os
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from pydantic import SecretStr

from lenovo_pipeline.failures import PermanentFailure
from lenovo_pipeline.resources.store import Store
from lenovo_pipeline.settings import PROJECT_ROOT, Settings

_INPUTS = ("uploads", "adapters", "catalogue", "policy", "prompts", "workflows")
_ALONGSIDE = ("pyproject.toml", "constraints.txt", ".env")
_SERVERS = ("warehouse", "chroma_url", "neo4j_uri")
_LINKED_FROM_BYTES = 1_000_000
# Written where they lie: a link would carry the change back.
_IN_PLACE = (".db", ".duckdb", ".sqlite", ".sqlite3", ".jsonl", ".new")


@dataclass(frozen=True)
class Copies:
    """Where things lie below `root`: `checkout` (code and tracked inputs), `store`, `inputs` from elsewhere, `packages`."""

    root: Path
    settings: Settings

    @property
    def checkout(self) -> Path:
        return self.root / "checkout"

    @property
    def store(self) -> Store:
        return Store(self.root / "store")

    @property
    def packages(self) -> Path:
        return self.root / "packages"

    def of(self, path: Path) -> Path:
        """Where the copy of a file or folder lies, or would lie. Raises PermanentFailure for one that no asset is made from."""
        for name in _INPUTS:
            root: Path = getattr(self.settings, name)
            if path == root or root in path.parents:
                return self._input(name) / path.relative_to(root) if path != root else self._input(name)
        if PROJECT_ROOT in path.parents:
            return self.checkout / path.relative_to(PROJECT_ROOT)
        raise PermanentFailure(
            f"no asset is made from {path}", remedy="Name a file of the project, or of a folder that LENOVO_ names."
        )

    def environment(self) -> dict[str, str]:
        """The environment of a process that finds the copies where this one finds the originals."""
        kept = {name: value for name, value in os.environ.items() if not name.startswith("MLFLOW_TRACKING")}
        given = {
            f"LENOVO_{name.upper()}": str(value)
            for name, value in self.settings
            if value is not None and not isinstance(value, SecretStr)
        }
        places = {f"LENOVO_{name.upper()}": str(self._input(name)) for name in _INPUTS}
        found = [str(self.packages), str(self.checkout), *filter(None, [os.environ.get("PYTHONPATH")])]
        here = {"LENOVO_STORE": str(self.store.root), "LENOVO_ALERT_WEBHOOK": "", "PYTHONPATH": os.pathsep.join(found)}
        return kept | given | places | here

    def _input(self, name: str) -> Path:
        original: Path = getattr(self.settings, name)
        if PROJECT_ROOT in original.parents:
            return self.checkout / original.relative_to(PROJECT_ROOT)
        return self.root / "inputs" / name


@contextmanager
def copied(store: Store, settings: Settings, *, whole: bool = False) -> Iterator[Copies]:
    """Copies of everything, beside the store's own files, gone at the end of the block. The store is locked while it is copied.

    Nothing that trains or asks a model is done in them, unless the `whole` is.

    Raises PermanentFailure where a store lies on a server, which cannot be copied, or the disk is full.
    """
    served = [f"LENOVO_{name.upper()}" for name in _SERVERS if getattr(settings, name)]
    served += ["MLFLOW_TRACKING_URI"] if os.environ.get("MLFLOW_TRACKING_URI") else []
    if served:
        raise PermanentFailure(
            f"a change is tried on copies, and what {', '.join(served)} names cannot be copied",
            remedy="Ask without saying what the change is, which needs no copies.",
        )
    # A name that retention takes for the left-over of a killed process.
    copies = Copies(store.root / f".rehearsal.{os.getpid()}.new", settings)
    try:
        try:
            _copy_code(copies)
            with store.held("blast-radius, which copies it", settings.lock_wait_s, lambda line: print(line, file=sys.stderr)):
                _copy_store(store, copies.store)
            if not whole:
                copies.store.rehearsal_file.write_text("Nothing that takes long is made here.\n", encoding="utf-8")
        except (OSError, shutil.Error) as error:
            raise PermanentFailure(f"the store cannot be copied ({error})", remedy=_remedy(error)) from error
        yield copies
    finally:
        shutil.rmtree(copies.root, ignore_errors=True)


def _remedy(error: Exception) -> str:
    # Of the many things that it could not copy, shutil.Error keeps only the words.
    if os.strerror(errno.ENOSPC) in str(error):
        return "Free some space, then ask again."
    return "Allow this user to read what it names, or take that away, then ask again."


def _copy_code(copies: Copies) -> None:
    copies.packages.mkdir(parents=True)
    data = PROJECT_ROOT / "data"
    outside = {data / "store", copies.settings.store}

    def left_out(folder: str, names: list[str]) -> set[str]:
        return {name for name in names if Path(folder) / name in outside}

    shutil.copytree(PROJECT_ROOT / "lenovo_pipeline", copies.checkout / "lenovo_pipeline")
    shutil.copytree(data, copies.checkout / "data", symlinks=True, copy_function=_link, ignore=left_out)
    for name in _ALONGSIDE:
        if (PROJECT_ROOT / name).exists():
            (copies.checkout / name).symlink_to(PROJECT_ROOT / name)  # Keys are not copied.
    for name in _INPUTS:
        original: Path = getattr(copies.settings, name)
        target = copies.of(original)
        if target.exists() or not original.exists():
            continue
        target.parent.mkdir(parents=True, exist_ok=True)
        if original.is_dir():
            shutil.copytree(original, target, symlinks=True, copy_function=_link)
        else:
            shutil.copy2(original, target)


def _copy_store(store: Store, target: Store) -> None:
    def left_out(folder: str, names: list[str]) -> set[str]:
        of_this = {store.dagster.name, store.lock_file.name, store.holder_file.name, store.monitor_lock_file.name}
        if Path(folder) != store.root:
            return set()
        return {name for name in names if name in of_this or name.startswith((".rehearsal", "uploads-"))}

    shutil.copytree(store.root, target.root, symlinks=True, copy_function=_link, ignore=left_out)


def _link(source: str, target: str) -> None:
    """A hard link to a large file that nobody writes where it lies, a copy of any other; pipes and sockets are left out."""
    path = Path(source)
    if not path.is_file():
        return
    in_place = path.suffix in _IN_PLACE or "chroma" in path.parts or "graph" in path.parts
    if not in_place and path.stat().st_size >= _LINKED_FROM_BYTES:
        try:
            os.link(source, target)
            return
        except OSError:
            pass  # Another file system, or one without links.
    shutil.copy2(source, target)
