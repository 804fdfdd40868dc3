"""The published roster and leaderboard as entries that a review, or the factory desk, works on.

Belongs here: reading them from the snapshot. Does not belong here: roles (roles.py) and tools (tools/factory.py) over entries.
"""

from collections.abc import Sequence
from typing import Any

from lenovo_pipeline.failures import PermanentFailure
from lenovo_pipeline.resources.snapshot import open_snapshot
from lenovo_pipeline.resources.store import Store

_LATEST = """
SELECT entry, verdict, reason FROM roster.decisions d
WHERE environment = 'production' AND NOT EXISTS (SELECT 1 FROM roster.decisions n WHERE n.previous = d.decision_id)
ORDER BY CASE verdict WHEN 'promoted' THEN 0 WHEN 'held' THEN 1 ELSE 2 END, entry, use_case
"""
_FIGURES = "SELECT candidate, metric, value FROM evaluation.leaderboard WHERE slice = 'all' AND value IS NOT NULL"
_NEAREST = "correct"
"""The figure by which entries of one verdict are ordered, the best first."""


def published_entries(store: Store) -> list[dict[str, Any]]:
    """Each entry of the roster once, as decided for production, the promoted first: `entry`, `verdict`, `reason`, `figures`.

    Raises PermanentFailure if nothing was published, or a snapshot without a roster.
    """
    import duckdb

    with open_snapshot(store) as connection:
        try:
            decisions = connection.execute(_LATEST).fetchall()
            figures = connection.execute(_FIGURES).fetchall()
        except duckdb.CatalogException as error:
            raise PermanentFailure("the published snapshot has no roster yet", remedy="Run: make run") from error
    by_entry: dict[str, dict[str, float]] = {}
    for entry, metric, value in figures:
        by_entry.setdefault(entry, {})[metric] = float(value)
    found: dict[str, dict[str, Any]] = {}
    for entry, verdict, reason in decisions:
        # Of several use cases the best verdict counts, which comes first.
        found.setdefault(entry, {"entry": entry, "verdict": verdict, "reason": reason, "figures": by_entry.get(entry, {})})
    ranks = {"promoted": 0, "held": 1}
    return sorted(
        found.values(), key=lambda each: (ranks.get(each["verdict"], 2), -each["figures"].get(_NEAREST, -1.0), each["entry"])
    )


def for_review(entries: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Entries as roles are shown them: the reason and the figures as lines."""
    return [
        {
            "entry": each["entry"],
            "verdict": each["verdict"],
            "figures": [
                f"reason: {each['reason']}",
                *(f"{name}: {value:.3g}" for name, value in sorted(each["figures"].items())),
            ],
        }
        for each in entries
    ]
