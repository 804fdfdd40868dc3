"""Alerts that sensors raise: one file for each thing that happened, so that an alert that is raised twice is one record."""

import json
from datetime import UTC, datetime
from typing import Any

from lenovo_pipeline.resources.store import Store, write_text_aside


def raise_alert(store: Store, name: str, kind: str, **what: Any) -> None:
    """Write data/store/alerts/<name>.json: its kind, when it was raised, and what there is to say."""
    store.alerts.mkdir(parents=True, exist_ok=True)
    alert = {"kind": kind, "raised_at": datetime.now(UTC).isoformat(timespec="seconds"), **what}
    write_text_aside(store.alerts / f"{name}.json", json.dumps(alert, indent=1))
