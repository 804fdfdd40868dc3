"""What must hold of what the monitor recorded, as sentences about what does not. No Dagster here."""

import pandas as pd

from lenovo_pipeline.roster.monitoring.judging import DRIFT

WITHIN_S = 5.0


def drifted(windows: pd.DataFrame) -> list[str]:
    """Entries whose drift alert is raised in the last window that completed a block of requests."""
    judged = windows[windows["drift"].notna()]
    found = []
    for (environment, use_case, entry), part in judged.groupby(["environment", "use_case", "entry"]):
        last = part.sort_values("opened_at").iloc[-1]
        if DRIFT in list(last["raised"]):
            found.append(
                f"{entry} in {environment}/{use_case} is asked other things than before: evidence {last['drift']:.1f} at "
                f"{last['opened_at']:%Y-%m-%d %H:%M:%S}"
            )
    return found


def slow_rollbacks(alerts: pd.DataFrame) -> list[str]:
    """Breaches whose rollback took longer than WITHIN_S."""
    slow = alerts[alerts["handled_after_s"].astype(float) > WITHIN_S]
    return [
        f"{entry} in {environment}/{use_case} was rolled back after {seconds:.1f} s ({signal})"
        for entry, environment, use_case, signal, seconds in slow[
            ["entry", "environment", "use_case", "signal", "handled_after_s"]
        ].itertuples(index=False)
    ]


def undelivered(alerts: pd.DataFrame) -> list[str]:
    """Alerts that a channel still owes."""
    return [
        f"{row['alert_id']} ({row['signal']} of {row['entry']}) has not gone out by {', '.join(row['undelivered'])}"
        for row in alerts.to_dict("records")
        if len(row["undelivered"])
    ]
