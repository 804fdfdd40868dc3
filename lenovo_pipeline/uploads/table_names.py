"""Names of the typed tables: safe identifiers made from paths, one for each file, sheet or list, never taken twice."""

import hashlib
import re
import unicodedata
from collections.abc import Iterable

from lenovo_pipeline.uploads.tables import TABLES

_NOT_A_WORD = re.compile(r"[\W_]+")
_LONGEST = 60
_RESERVED = frozenset(table.name for table in TABLES)


class TableNames:
    """Hands out names. A file that stays keeps its names; a newcomer whose name is taken gets a short hash of its path."""

    def __init__(self, taken: Iterable[str] = ()) -> None:
        self._taken = {*_RESERVED, *(name.casefold() for name in taken)}

    def name(self, path: str, table: str = "") -> str:
        """A name for `table` (a sheet or list; empty for the whole file) of the file at `path`."""
        folder, _, last = path.rpartition("/")
        plain = _identifier("_".join(part for part in (folder, last.split(".", 1)[0] or last, table) if part))
        mark = hashlib.sha256(f"{path}\0{table}".encode()).hexdigest()
        size = 6
        name = plain if plain and len(plain) <= _LONGEST else f"{(plain or 'file')[:_LONGEST]}_{mark[:size]}"
        while name in self._taken:
            name = f"{(plain or 'file')[:_LONGEST]}_{mark[:size]}"
            size += 2
        self._taken.add(name)
        return name

    def free(self, names: Iterable[str]) -> None:
        """Give names back, for a file that came to nothing."""
        self._taken -= set(names) - _RESERVED


def _identifier(text: str) -> str:
    name = _NOT_A_WORD.sub("_", unicodedata.normalize("NFKC", text).casefold()).strip("_")
    return f"t_{name}" if name[:1].isdigit() else name
