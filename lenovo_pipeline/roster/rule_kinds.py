"""Which rules of a stored decision bar an entry, and which only say how it stands against what runs.

Belongs here: what both the decisions (record.py) and the command line (reader.py) go by; so neither pandas nor Dagster.
"""

import json
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from lenovo_pipeline.failures import PermanentFailure

CHALLENGE, CHAMPION = "challenge", "champion"
"""Rules about the entry that runs: whether a challenger is shown to be better, and whether the champion stands."""


FRESH, BARRED = "fresh", "barred"
OF_THE_MOMENT = (FRESH, BARRED)
"""Rules that keep an entry from being promoted now, and take nothing out of service (moment.py)."""


TOLERANCE = timedelta(minutes=5)
"""By how much clocks may differ."""


def clock_behind(now: datetime, latest: datetime | None) -> str | None:
    """What is said of the age of evidence when the clock is behind the `latest` moment that something was recorded at, else None.
    Both are UTC, without a zone.
    """
    if latest is None or now >= latest - TOLERANCE:
        return None
    return f"nobody knows how old its evidence is: the clock is behind what was recorded at {latest:%Y-%m-%d %H:%M}"


def broken_rules(decision: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The rules on what an entry is and shows that a decision found not kept. `rules`: JSON text or its value."""
    return [rule for rule in not_kept(decision) if rule["rule"] not in (CHALLENGE, CHAMPION, *OF_THE_MOMENT)]


def against_now(decision: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The rules of the moment that a decision found not kept."""
    return [rule for rule in not_kept(decision) if rule["rule"] in OF_THE_MOMENT]


def rules_of(decision: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The rules of a decision (a row of roster.decisions), JSON text or its value. Raises PermanentFailure naming the decision
    if they are no JSON, which no run writes.
    """
    rules = decision["rules"]
    try:
        found: list[dict[str, Any]] = json.loads(rules) if isinstance(rules, str) else rules
    except ValueError as error:
        raise PermanentFailure(
            f"the decision {decision['decision_id']} was altered after it was written: its rules cannot be read ({error})",
            remedy="Run: make run. If that fails, too, restore data/store from a backup (make restore).",
        ) from error
    return found


def not_kept(decision: Mapping[str, Any]) -> list[dict[str, Any]]:
    """All rules that a decision found not kept."""
    return [rule for rule in rules_of(decision) if rule["verdict"] != "passed"]
