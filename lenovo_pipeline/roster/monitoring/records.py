"""What the monitor recorded, as rows of the warehouse's tables.

Belongs here: from monitoring.db to the contracts MONITORING and ALERTS. Nothing is judged here.
"""

import json
from datetime import UTC, datetime
from typing import Any

import pandas as pd

from lenovo_pipeline.failures import PermanentFailure
from lenovo_pipeline.roster.monitoring.log import MonitorLog
from lenovo_pipeline.roster.monitoring.tables import ALERTS, MONITORING

_SAME = ("requests", "errors", "latency_p50_s", "latency_p95_s", "tokens_in", "tokens_out", "scored", "invalid", "raised")


def windows_frame(log: MonitorLog) -> pd.DataFrame:
    """Every window that is kept (contract MONITORING), in the order of time. Raises PipelineError if the log cannot be read."""
    rows = []
    for row in log.rows("SELECT * FROM windows ORDER BY opened_at, clock, number"):
        facts = json.loads(row.pop("facts"))
        judged: list[dict[str, Any]] = facts["drift"]
        strongest = max(judged, key=lambda each: float(each["evidence"])) if judged else {"evidence": None, "tests": []}
        rows.append(
            {
                **row,
                **{name: facts[name] for name in _SAME},
                "opened_at": _time(row["opened_at"]),
                "quality": facts["right"] / facts["scored"] if facts["scored"] else None,
                "drift": strongest["evidence"],
                "drift_tests": strongest["tests"],
            }
        )
    return pd.DataFrame(rows, columns=list(MONITORING.column_names))


def alerts_frame(log: MonitorLog) -> pd.DataFrame:
    """Every alert that is kept (contract ALERTS). Raises likewise."""
    owed: dict[str, list[str]] = {}
    for row in log.rows("SELECT alert_id, channel FROM deliveries WHERE delivered_at IS NULL ORDER BY channel"):
        owed.setdefault(row["alert_id"], []).append(row["channel"])
    rows: list[dict[str, Any]] = []
    for row in log.rows(
        "SELECT a.*, b.outcome, b.handled_tick_s, b.tick_s AS recorded_s FROM alerts a LEFT JOIN breaches b USING (alert_id)"
        " ORDER BY a.at, a.alert_id"
    ):
        handled = row["handled_tick_s"]
        rows.append(
            {
                **{name: row[name] for name in ALERTS.column_names if name in row},
                "at": _time(row["at"]),
                "handled_after_s": None if handled is None else max(0.0, handled - row["recorded_s"]),
                "undelivered": owed.get(row["alert_id"], []),
            }
        )
    return pd.DataFrame(rows, columns=list(ALERTS.column_names))


def _time(text: str) -> datetime:
    try:
        return datetime.fromisoformat(text).astimezone(UTC).replace(tzinfo=None)
    except (ValueError, OverflowError) as error:
        raise PermanentFailure(f"{text!r} in the log of monitoring is no date", remedy="Correct or remove that row.") from error
