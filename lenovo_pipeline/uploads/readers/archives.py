"""Archives (zip, gzip): each member is a file of its own, unpacked to a private place under a limit that is counted.

Nothing is ever unpacked under a member's own name, so a name that leads outside has nowhere to lead; it is refused all the same.
"""

import gzip
import stat
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Protocol

from lenovo_pipeline.uploads.records import FileProblem, Source
from lenovo_pipeline.uploads.scan import is_ignored

SUFFIXES = (".zip", ".gz")
_BLOCK = 1 << 18
_MOST_MEMBERS = 5_000
_DAMAGED = (zipfile.BadZipFile, EOFError, OSError, zlib.error, ValueError, NotImplementedError, RuntimeError)


class Readable(Protocol):
    """Whatever hands out bytes."""

    def read(self, size: int, /) -> bytes: ...


@dataclass(frozen=True)
class Member:
    """A file of an archive, unpacked to `path`; or why it was not."""

    name: str
    path: Path | None = None
    problem: FileProblem | None = None


def members(source: Source, work: Path) -> Iterator[Member]:
    """The members of an archive, one at a time: each is gone when the next is asked for.

    Raises FileProblem if the archive is damaged, or unpacks to more than the limit (an archive bomb).
    """
    try:
        if source.suffix == ".gz":
            with gzip.open(source.path) as handle:
                yield from _unpacked(handle, source.name.rsplit("/", 1)[-1][:-3] or "content", work, source, 0)
            return
        with zipfile.ZipFile(source.path) as archive:
            yield from _zip_members(archive, source, work)
    except FileProblem:
        raise
    except _DAMAGED as error:
        raise FileProblem(
            f"it is no whole archive ({type(error).__name__}: {str(error)[:200]})", remedy="Copy or pack the archive again."
        ) from error


def _zip_members(archive: zipfile.ZipFile, source: Source, work: Path) -> Iterator[Member]:
    infos = [info for info in archive.infolist() if not info.is_dir()]
    declared = sum(info.file_size for info in infos)
    if len(infos) > _MOST_MEMBERS or declared > source.limits.file_bytes:
        raise _bomb(source, f"{len(infos):,} files of {declared:,} bytes")
    used = 0
    names: set[str] = set()
    for info in infos:
        name = info.filename
        parts = PurePosixPath(name.replace("\\", "/")).parts
        if any(is_ignored(part, top=False) for part in parts if part not in ("..", "/")):
            continue
        while name in names:
            name += "~again"
        names.add(name)
        problem = _refused(info, parts)
        if problem:
            yield Member(name, problem=problem)
            continue
        with archive.open(info) as handle:
            for member in _unpacked(handle, name, work, source, used):
                used += member.path.stat().st_size if member.path else 0
                yield member


def _refused(info: zipfile.ZipInfo, parts: tuple[str, ...]) -> FileProblem | None:
    if ".." in parts or info.filename.startswith(("/", "\\")) or (parts and parts[0].endswith(":")):
        return FileProblem("a name that leads out of the archive", remedy="Pack it again with relative names.")
    if stat.S_ISLNK(info.external_attr >> 16):
        return FileProblem("a link inside an archive", remedy="Pack the file itself.")
    if info.flag_bits & 1:
        return FileProblem("an encrypted member", remedy="Pack the archive again without a password.")
    return None


def _unpacked(handle: Readable, name: str, work: Path, source: Source, used: int) -> Iterator[Member]:
    place = work / "member"
    size = 0
    try:
        with place.open("wb") as copy:
            while block := handle.read(_BLOCK):
                size += len(block)
                if used + size > source.limits.file_bytes:
                    raise _bomb(source, "more")
                copy.write(block)
        yield Member(name, path=place)
    finally:
        place.unlink(missing_ok=True)


def _bomb(source: Source, size: str) -> FileProblem:
    return FileProblem(
        f"it unpacks to {size}, which is over the limit of {source.limits.file_bytes:,} bytes and {_MOST_MEMBERS:,} files",
        remedy="Unpack it yourself if you trust it, or raise LENOVO_UPLOAD_MAX_BYTES.",
    )
