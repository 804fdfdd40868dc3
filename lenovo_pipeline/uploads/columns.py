"""Names of columns: unique whatever the file says, with a remark for each that had to change."""

import re
from collections.abc import Iterable

ROW_ID_COLUMN = "_row_id"
"""Every typed table ends with the id of the row in uploads.rows."""

_LONGEST = 120
_CONTROL = re.compile(r"[\x00-\x1f\x7f\ud800-\udfff]+")


class ColumnNames:
    """Gives each key of a table one name, unique without regard to case, and remembers what it changed."""

    def __init__(self) -> None:
        self.notes: list[str] = []
        self._names: dict[str, str] = {}
        self._taken = {ROW_ID_COLUMN}
        self._next: dict[str, int] = {}

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(self._names.values())

    def __getitem__(self, key: str) -> str:
        name = self._names.get(key)
        return self._names.setdefault(key, self.new(key)) if name is None else name

    def new(self, written: str) -> str:
        """A new unique name for a column that is written so; a second call with the same text gives a second name."""
        place = len(self._taken)
        clean = " ".join(_CONTROL.sub(" ", written).split())[:_LONGEST] or f"column_{place}"
        name = clean
        while name.casefold() in self._taken:
            self._next[clean] = self._next.get(clean, 1) + 1
            name = f"{clean}_{self._next[clean]}"
        self._taken.add(name.casefold())
        if name != written.strip():
            self.notes.append(f"column {place} {_shown(written)} is called {name!r}")
        return name


def unique_names(header: Iterable[str]) -> tuple[tuple[str, ...], list[str]]:
    """The names of positional columns, and a remark for each that was empty, odd or given twice."""
    names = ColumnNames()
    return tuple(names.new(written) for written in header), names.notes


def _shown(written: str) -> str:
    if not written.strip():
        return "without a name"
    short = written if len(written) <= 60 else written[:60] + "…"
    return repr(short)
