"""Which adapter is meant: by its content, the beginning of it, or the name of its build.

Belongs here: finding one among rows. Nothing heavy is imported, so that the command answers at once.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from lenovo_pipeline.failures import PermanentFailure

DROPPED = "dropped"
"""The method of an adapter that somebody made elsewhere."""

Row = Mapping[str, Any]


def one_of(rows: Sequence[Row], wanted: str) -> Row:
    """The registered adapter of that artifact, or of the only one that begins so; or the newest version of a build's name.

    Where several builds have that content it is the one that was registered first: what came later is a copy of it.

    Raises PermanentFailure naming the candidates.
    """
    named = [row for row in rows if row["build"] == wanted]
    if named:
        return max(named, key=lambda row: row["version"])
    found = [row for row in rows if wanted and row["artifact"].startswith(wanted)]
    if len({row["artifact"] for row in found}) == 1:
        return min(found, key=lambda row: (row["registered_at"], row["method"] == DROPPED))
    several = ", ".join(sorted({f"{row['artifact']} ({row['build']})" for row in found}))
    raise PermanentFailure(
        f"{len(found)} adapters begin with {wanted!r}: {several}" if found else f"there is no adapter {wanted!r}",
        remedy="See: python -m lenovo_pipeline.models.registry list",
    )
