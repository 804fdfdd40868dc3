"""What lies in the upload folder, and what has changed since last time: a pure difference.

Belongs here: finding files, their fingerprints, comparing two sets of them. Does not belong here: reading what they hold.
"""

import errno
import hashlib
import os
import stat
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from lenovo_pipeline.failures import PermanentFailure
from lenovo_pipeline.uploads.records import FileProblem

_BLOCK = 1 << 20
_TEMPORARY_ENDINGS = ("~", ".swp", ".swo", ".swx", ".tmp", ".temp", ".part", ".partial", ".crdownload", ".download", ".bak")
_TEMPORARY_STARTS = (".", "~$", "#")
_TEMPORARY_NAMES = {"thumbs.db", "desktop.ini", "__macosx"}
_HINT = "README.md"


@dataclass(frozen=True)
class Found:
    """A place in the upload folder: its path as text, and the problem if it cannot be a readable file."""

    path: str
    place: Path
    problem: FileProblem | None = None


@dataclass(frozen=True)
class Fingerprint:
    """What tells whether a file changed: `stamp` (size in bytes, modified, changed; both ns) is cheap, `sha256` is the truth.

    `problem` says why there is no hash.
    """

    stamp: tuple[int, int, int]
    sha256: str | None
    problem: str | None = None

    @property
    def content(self) -> str:
        return self.sha256 or f"{self.problem}/{self.stamp[0]}"


@dataclass(frozen=True)
class Difference:
    """Paths by what happened to them, sorted."""

    new: tuple[str, ...]
    changed: tuple[str, ...]
    deleted: tuple[str, ...]
    unchanged: tuple[str, ...]

    @property
    def nothing(self) -> bool:
        return not (self.new or self.changed or self.deleted)


def is_ignored(name: str, *, top: bool = True) -> bool:
    """Whether a file or folder of that name is passed over: dot files, temporary editor files, the folder's own hint."""
    lower = name.lower()
    return (
        lower.startswith(_TEMPORARY_STARTS)
        or lower.endswith(_TEMPORARY_ENDINGS)
        or lower in _TEMPORARY_NAMES
        or (top and name == _HINT)
    )


def find(folder: Path, *, suffixes: frozenset[str] = frozenset()) -> list[Found]:
    """Everything in `folder` that is meant as a file, by path. A folder with one of `suffixes` is reported, and walked.

    Raises PermanentFailure if the folder is missing or cannot be listed: a failed read is not an empty read.
    """
    if not folder.is_dir():
        raise PermanentFailure(
            f"the upload folder {folder} does not exist",
            remedy="Make it, or set LENOVO_UPLOADS to the folder that holds the files; make run creates it.",
        )
    return sorted(_walk(folder, folder, suffixes), key=lambda found: found.path)


def _walk(root: Path, folder: Path, suffixes: frozenset[str]) -> Iterator[Found]:
    try:
        with os.scandir(folder) as listing:
            entries = sorted(listing, key=lambda entry: entry.name)
    except OSError as error:
        if folder == root:
            raise PermanentFailure(
                f"the upload folder {root} cannot be listed ({error.strerror})",
                remedy=f"Allow this user to read it: chmod u+rx {root}",
            ) from error
        yield Found(shown(folder, root), folder, _unreadable(error))
        return
    for entry in entries:
        place = Path(entry.path)
        if is_ignored(entry.name, top=folder == root):
            continue
        if entry.is_dir(follow_symlinks=False):
            if place.suffix.lower() in suffixes:
                yield Found(
                    shown(place, root),
                    place,
                    FileProblem(
                        f"a folder whose name ends like a file ({place.suffix})",
                        remedy="Rename the folder; the files inside it are read all the same.",
                    ),
                )
            yield from _walk(root, place, suffixes)
        else:
            yield Found(shown(place, root), place, _why_not(place, root))


def _why_not(place: Path, root: Path) -> FileProblem | None:
    try:
        if place.is_symlink():
            target = place.resolve(strict=True)
            if not target.is_relative_to(root.resolve()):
                return FileProblem("a link that leads out of the upload folder", remedy="Copy the file itself into the folder.")
            if target.is_dir():
                return FileProblem(
                    "a link to a folder, which is not followed", remedy="Copy the folder itself, or remove the link."
                )
        mode = place.stat().st_mode
    except (OSError, RuntimeError) as error:
        if place.is_symlink():
            return FileProblem("a link that leads nowhere", remedy="Remove the link, or copy the file itself into the folder.")
        return _unreadable(error)
    if not stat.S_ISREG(mode):
        return FileProblem("no regular file but a pipe, socket or device", remedy="Remove it, or save its content as a file.")
    return None


def _unreadable(error: Exception) -> FileProblem:
    reason = (error.strerror if isinstance(error, OSError) else None) or str(error)
    return FileProblem(f"it cannot be read ({reason})", remedy="Allow this user to read it (chmod u+r), or remove it.")


def shown(place: Path, root: Path) -> str:
    """A path inside the folder as text; bytes that are no UTF-8 are written as \\xNN."""
    relative = place.relative_to(root).as_posix()
    return os.fsencode(relative).decode("utf-8", errors="backslashreplace")


def open_regular(place: Path) -> BinaryIO:
    """Open a regular file for reading; never blocks. Raises FileProblem for anything else."""
    try:
        descriptor = os.open(place, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0))
    except OSError as error:
        if error.errno == errno.ENXIO:
            raise FileProblem("no regular file but a pipe, socket or device", remedy="Save its content as a file.") from error
        raise _unreadable(error) from error
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise FileProblem("no regular file but a pipe, socket or device", remedy="Remove it, or save its content as a file.")
    return os.fdopen(descriptor, "rb")


def content_hash(place: Path, max_bytes: int | None = None) -> str:
    """SHA-256 (hex) of a file's bytes. Raises FileProblem if it is larger than `max_bytes` or cannot be read."""
    digest = hashlib.sha256()
    with open_regular(place) as handle:
        check_size(os.fstat(handle.fileno()).st_size, max_bytes)
        try:
            while block := handle.read(_BLOCK):
                digest.update(block)
        except OSError as error:
            raise _unreadable(error) from error
    return digest.hexdigest()


def check_size(size: int, max_bytes: int | None) -> None:
    """Raises FileProblem if `size` is over the limit."""
    if max_bytes is not None and size > max_bytes:
        raise FileProblem(
            f"it holds {size:,} bytes; files up to {max_bytes:,} bytes are read",
            remedy="Split the file, or raise LENOVO_UPLOAD_MAX_BYTES.",
        )


def snapshot(
    folder: Path, previous: Mapping[str, Fingerprint] | None = None, *, max_bytes: int | None = None
) -> dict[str, Fingerprint]:
    """The fingerprint of every file in `folder`, by path. A file is hashed only if its stamp differs from `previous`.

    Raises PermanentFailure if the folder is missing or cannot be listed.
    """
    previous = previous or {}
    prints: dict[str, Fingerprint] = {}
    for found in find(folder):
        try:
            if found.problem:
                raise found.problem
            status = found.place.stat()
            stamp = (status.st_size, status.st_mtime_ns, status.st_ctime_ns)
            known = previous.get(found.path)
            if known is not None and known.stamp == stamp and known.sha256 is not None:
                prints[found.path] = known
            else:
                prints[found.path] = Fingerprint(stamp, content_hash(found.place, max_bytes))
        except FileProblem as problem:
            size = found.place.lstat().st_size if os.path.lexists(found.place) and not found.place.is_dir() else 0
            prints[found.path] = Fingerprint((size, 0, 0), None, problem.found)
        except FileNotFoundError:
            continue
    return prints


def difference(old: Mapping[str, Fingerprint], new: Mapping[str, Fingerprint]) -> Difference:
    """What happened between two snapshots, judged by content: a file that was only touched is unchanged."""
    both = sorted(old.keys() & new.keys())
    return Difference(
        new=tuple(sorted(new.keys() - old.keys())),
        changed=tuple(path for path in both if old[path].content != new[path].content),
        deleted=tuple(sorted(old.keys() - new.keys())),
        unchanged=tuple(path for path in both if old[path].content == new[path].content),
    )
