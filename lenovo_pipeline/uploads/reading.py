"""The folder as a whole: what changed since last time is read, file by file; what did not is kept.

Belongs here: the decision per file and its line of the inventory. Does not belong here: formats and the warehouse.
"""

import hashlib
import os
import re
import shutil
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd

from lenovo_pipeline.privacy import Tombstones
from lenovo_pipeline.uploads.formats import SUFFIXES, format_of, is_archive
from lenovo_pipeline.uploads.mentions import Mentions
from lenovo_pipeline.uploads.readers.archives import members
from lenovo_pipeline.uploads.records import FileProblem, Limits, Source
from lenovo_pipeline.uploads.redaction import Redactor, redacted_paths
from lenovo_pipeline.uploads.scan import Found, check_size, content_hash, find, open_regular
from lenovo_pipeline.uploads.staging import Stage, StagedFile
from lenovo_pipeline.uploads.table_names import TableNames
from lenovo_pipeline.uploads.value_types import to_json

READERS_VERSION = 1
"""Raise it when a reader gives another result for the same bytes: every file is then read again."""

_BLOCK = 1 << 20
_ATTEMPTS = 3


@dataclass
class Outcome:
    """What the folder holds now.

    `kept` are the inventory lines (rows of uploads.files) whose rows are in the warehouse already, `fresh` the files read anew,
    `removed` the ids of files whose rows must go.
    """

    kept: list[dict[str, Any]] = field(default_factory=list)
    fresh: list[StagedFile] = field(default_factory=list)
    removed: list[str] = field(default_factory=list)

    @property
    def nothing_changed(self) -> bool:
        return not self.removed and not self.fresh

    @property
    def files(self) -> list[dict[str, Any]]:
        """All lines of the inventory, by path."""
        return sorted([*self.kept, *(file.entry for file in self.fresh)], key=lambda entry: str(entry["path"]))


def read_folder(
    folder: Path,
    *,
    devices: pd.DataFrame,
    limits: Limits,
    work: Path,
    previous: Sequence[Mapping[str, Any]] = (),
    tombstones: Tombstones | None = None,
) -> Outcome:
    """Read what is new or changed in `folder` into `work` (an empty folder that outlives the outcome).

    `devices` holds device_id, name and brand; `previous` the stored rows of uploads.files. Whom `tombstones` name is in
    nothing that comes out. A file that cannot be read is reported in the outcome and stops no other. Raises
    PermanentFailure only if the folder itself cannot be made or listed.
    """
    folder.mkdir(parents=True, exist_ok=True)
    work.mkdir(parents=True, exist_ok=True)
    return _Reading(folder, devices, limits, work, previous, tombstones or Tombstones()).run()


class _Reading:
    def __init__(
        self,
        folder: Path,
        devices: pd.DataFrame,
        limits: Limits,
        work: Path,
        previous: Sequence[Mapping[str, Any]],
        tombstones: Tombstones,
    ) -> None:
        chosen = devices[["device_id", "name", "brand"]].sort_values("device_id")
        records = [dict(zip(chosen.columns, values, strict=True)) for values in chosen.itertuples(index=False)]
        # Without erased people the version is left out, so that adding the list to the code reads no file again.
        version = [tombstones.version] if tombstones else []
        known = to_json([READERS_VERSION, limits.file_bytes, limits.line_bytes, records, *version])
        self._read_with = hashlib.sha256(known.encode()).hexdigest()
        self._mentions = Mentions(records)
        self._folder, self._limits, self._work, self._tombstones = folder, limits, work, tombstones
        self._groups: dict[str, list[dict[str, Any]]] = {}
        for line in previous:
            self._groups.setdefault(str(line["container"] or line["path"]), []).append(dict(line))
        self._outcome = Outcome()
        self._originals: dict[str, str] = {}
        self._names = TableNames()
        self._count = 0

    def run(self) -> Outcome:
        found = redacted_paths(find(self._folder, suffixes=SUFFIXES), self._tombstones)
        hashes, problems = self._hashes(found)
        kept = self._unchanged(hashes, problems)
        for path in sorted(kept):
            self._outcome.kept += self._groups[path]
        self._names = TableNames(name for line in self._outcome.kept for name in line["table_names"])
        for line in self._outcome.kept:
            if line["sha256"] and line["status"] in ("loaded", "partial"):
                self._originals[line["sha256"]] = line["path"]
        for place in found:
            if place.path not in kept:
                self._read(place, problems.get(place.path))
        self._outcome.removed = sorted(
            line["file_id"] for path, group in self._groups.items() if path not in kept for line in group
        )
        return self._outcome

    def _hashes(self, found: Iterable[Found]) -> tuple[dict[str, str], dict[str, FileProblem]]:
        hashes: dict[str, str] = {}
        problems: dict[str, FileProblem] = {}
        for place in found:
            try:
                if place.problem:
                    raise place.problem
                hashes[place.path] = content_hash(place.place, self._limits.file_bytes)
            except FileProblem as problem:
                problems[place.path] = problem
        return hashes, problems

    def _unchanged(self, hashes: Mapping[str, str], problems: Mapping[str, FileProblem]) -> set[str]:
        """Paths that need no reading: same content, same readers, and if a duplicate, its original is unchanged too."""
        kept = set()
        for path, group in self._groups.items():
            top = next((line for line in group if line["path"] == path), None)
            if top is None or any(line["read_with"] != self._read_with for line in group):
                continue
            same_problem = path in problems and top["sha256"] is None and top["problem"] == problems[path].found
            if same_problem or (path in hashes and hashes[path] == top["sha256"]):
                kept.add(path)
        while True:
            here = {line["path"] for path in kept for line in self._groups[path]}
            lost = {path for path in kept if any(line["duplicate_of"] not in (None, *here) for line in self._groups[path])}
            if not lost:
                return kept
            kept -= lost

    def _read(self, place: Found, problem: FileProblem | None) -> None:
        path = place.path
        copy = self._work / f"copy-{self._count}"
        try:
            if problem:
                self._fail(path, None, None, problem)
                return
            try:
                sha256 = private_copy(place.place, copy, self._limits.file_bytes)
            except FileProblem as unreadable:
                self._fail(path, None, None, unreadable)
                return
            source = Source(copy, path, self._limits)
            try:
                archive = is_archive(source)
            except FileProblem as no_archive:
                self._fail(path, sha256, copy.stat().st_size, no_archive)
                return
            if archive:
                self._read_archive(source, sha256)
            else:
                self._read_file(source, sha256, None)
        finally:
            copy.unlink(missing_ok=True)

    def _read_archive(self, source: Source, sha256: str) -> None:
        original = self._originals.get(sha256)
        if original:
            self._duplicate(source, sha256, None, original)
            return
        before = len(self._outcome.fresh)
        originals = dict(self._originals)
        notes = []
        try:
            for member in members(source, self._work):
                path = f"{source.name}::{self._tombstones.redact_text(_storable(member.name))}"
                if member.path is None or member.problem:
                    self._fail(path, None, None, member.problem or FileProblem("nothing", remedy=""), source.name)
                    continue
                inner = Source(member.path, path, self._limits)
                self._read_file(inner, content_hash(member.path), source.name)
        except FileProblem as problem:
            for staged in self._outcome.fresh[before:]:
                self._names.free(staged.entry["table_names"])
            del self._outcome.fresh[before:]
            self._originals = originals
            self._fail(source.name, sha256, source.path.stat().st_size, problem)
            return
        inside = [file.entry for file in self._outcome.fresh[before:]]
        failed = sum(entry["status"] == "failed" for entry in inside)
        if not inside:
            notes.append("it holds no files")
        self._originals[sha256] = source.name
        self._add(
            StagedFile({"notes": notes}),
            path=source.name,
            sha256=sha256,
            bytes=source.path.stat().st_size,
            reader="gzip" if source.suffix == ".gz" else "zip",
            status="partial" if failed else "loaded",
            problem=f"{failed} of the {len(inside)} files in it could not be read" if failed else None,
            remedy="See the lines of those files." if failed else None,
        )

    def _read_file(self, source: Source, sha256: str, container: str | None) -> None:
        size = source.path.stat().st_size
        original = self._originals.get(sha256)
        if original:
            self._duplicate(source, sha256, container, original)
            return
        self._count += 1
        folder = self._work / f"file-{self._count}"
        stage = Stage(folder, source.name, file_id(source.name, sha256), source.stem, self._limits, self._names, self._mentions)
        reader = None
        try:
            if container and source.suffix in (".zip", ".gz", ".tar", ".tgz", ".bz2", ".xz", ".7z"):
                raise FileProblem("an archive inside an archive", remedy="Unpack the outer archive into the folder.")
            known = format_of(source)
            reader = known.name
            redact = Redactor(self._tombstones)
            for event in known.read(source):
                stage.add(redact(event))
            staged = stage.close()
        except FileProblem as problem:
            stage.discard()
            shutil.rmtree(folder, ignore_errors=True)
            self._fail(source.name, sha256, size, problem, container, reader)
            return
        except Exception as error:
            # A reader's own mistake, or memory: whatever it is, the other files are read all the same.
            stage.discard()
            shutil.rmtree(folder, ignore_errors=True)
            found = f"the reader {reader or 'for it'} failed ({type(error).__name__}: {str(error)[:200]})"
            defect = FileProblem(found, remedy="Export the file again in another format, and report this.")
            self._fail(source.name, sha256, size, defect, container, reader)
            return
        entry = staged.entry
        status = "loaded"
        rejected = remedy = None
        if entry["rows_rejected"]:
            status = "partial" if entry["rows_loaded"] or entry["texts"] else "failed"
            rejected = f"{entry['rows_rejected']} of {entry['rows_read']} rows were rejected"
            remedy = f"See uploads.rejects for each of them (file_id = '{file_id(source.name, sha256)}')."
        if status != "failed":
            self._originals[sha256] = source.name
        self._add(
            staged,
            path=source.name,
            container=container,
            sha256=sha256,
            bytes=size,
            reader=reader,
            status=status,
            problem=rejected,
            remedy=remedy,
        )

    def _duplicate(self, source: Source, sha256: str, container: str | None, original: str) -> None:
        self._add(
            StagedFile({}),
            path=source.name,
            container=container,
            sha256=sha256,
            bytes=source.path.stat().st_size,
            status="duplicate",
            duplicate_of=original,
            problem=f"the same content as {original}, which is loaded",
            remedy="Remove one of the two.",
        )

    def _fail(
        self,
        path: str,
        sha256: str | None,
        size: int | None,
        problem: FileProblem,
        container: str | None = None,
        reader: str | None = None,
    ) -> None:
        problem = Redactor(self._tombstones).problem(problem)
        self._add(
            StagedFile({}),
            path=path,
            container=container,
            sha256=sha256,
            bytes=size,
            reader=reader,
            status="failed",
            problem=problem.found,
            remedy=problem.remedy,
        )

    def _add(self, staged: StagedFile, *, path: str, sha256: str | None, **values: Any) -> None:
        empty: dict[str, Any] = {
            "container": None,
            "reader": None,
            "encoding": None,
            "delimiter": None,
            "rows_read": 0,
            "rows_loaded": 0,
            "rows_rejected": 0,
            "texts": 0,
            "table_names": [],
            "duplicate_of": None,
            "problem": None,
            "remedy": None,
            "notes": [],
        }
        own = {"file_id": file_id(path, sha256), "path": path, "sha256": sha256, "read_with": self._read_with}
        staged.entry = {**empty, **staged.entry, **own, **values}
        self._outcome.fresh.append(staged)


def file_id(path: str, sha256: str | None) -> str:
    """The id of a file: of its path and its content, never of its time. A file without readable content has its path's."""
    return f"UPF-{hashlib.sha256(f'{path}{chr(0)}{sha256 or str()}'.encode()).hexdigest()[:24]}"


def private_copy(place: Path, copy: Path, max_bytes: int) -> str:
    """Copy a file to `copy` and return the SHA-256 (hex) of what was copied.

    Raises FileProblem if it cannot be read, is over the limit, or goes on changing while it is copied.
    """
    for _ in range(_ATTEMPTS):
        digest = hashlib.sha256()
        with open_regular(place) as handle, copy.open("wb") as target:
            before = os.fstat(handle.fileno())
            check_size(before.st_size, max_bytes)
            size = 0
            while block := handle.read(_BLOCK):
                size += len(block)
                check_size(size, max_bytes)
                digest.update(block)
                target.write(block)
            after = os.fstat(handle.fileno())
        if (before.st_size, before.st_mtime_ns) == (after.st_size, after.st_mtime_ns) and size == after.st_size:
            return digest.hexdigest()
    raise FileProblem("it is being written while it is read", remedy="Run again when the writing has ended.")


def _storable(name: str) -> str:
    """A member's name as storable text."""
    return re.sub(r"\x00", "", name).encode("utf-8", errors="backslashreplace").decode()
