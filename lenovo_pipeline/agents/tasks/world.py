"""What tasks are made of: the records of the world, apart by the split that each one's anchor gives it.

Belongs here: drawing records. Does not belong here: what is asked about them (kinds_*.py).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from random import Random
from typing import Any

import pandas as pd

from lenovo_pipeline.agents.tasks.task import Split
from lenovo_pipeline.agents.tools.interface import Actor
from lenovo_pipeline.enterprise.anchors import customer_anchor, process_anchor, series_anchor, split_of

Row = dict[str, Any]
_VISIBLE = 3
ROLES = ("support_agent", "account_manager", "field_engineer")


@dataclass(frozen=True)
class World:
    """The rows of one split by table, and how to get from one to another."""

    split: Split
    devices: list[Row]
    incidents: list[Row]
    articles: list[Row]
    processes: list[Row]
    customers: list[Row]
    components: list[Row]
    departments: Mapping[str, str]
    journeys: Mapping[str, list[Row]]
    metrics: Mapping[str, tuple[int, int]]
    names: Mapping[str, str]
    """Device id -> name, of all splits."""
    today: date

    def actor(self, random: Random, *more: str, without: str | None = None) -> Actor:
        """Somebody who may see a few customers, `more` among them, and not `without`."""
        ids = [row["customer_id"] for row in self.customers if row["customer_id"] not in (*more, without)]
        seen = random.sample(ids, min(_VISIBLE, len(ids)))
        return Actor(random.choice(ROLES), frozenset((*seen, *more)))


def worlds(frames: Mapping[str, pd.DataFrame]) -> dict[Split, World]:
    """The world by split. `frames` are tables of the stage enterprise by name."""
    rows: dict[str, list[Row]] = {name: _rows(frame) for name, frame in frames.items()}
    names = {row["device_id"]: row["name"] for row in rows["devices"]}
    series = {row["device_id"]: row["series"] for row in rows["devices"]}
    incidents = {row["incident_id"]: row for row in rows["incidents"]}
    journeys: dict[str, list[Row]] = {}
    for row in rows["journeys"]:
        journeys.setdefault(row["customer_id"], []).append(row)
    metrics: dict[str, tuple[int, int]] = {}
    for row in rows["process_metrics"]:
        done, late = metrics.get(row["process_id"], (0, 0))
        metrics[row["process_id"]] = (done + int(row["completed"]), late + int(row["breached"]))
    # No clock: the day after everything that the world tells of incidents.
    today = max(pd.Timestamp(row["detected_at"]) for row in rows["incidents"]).date()

    def of(split: Split) -> World:
        own = {device_id for device_id, name in series.items() if split_of(series_anchor(name)) == split}
        return World(
            split=split,
            devices=[row for row in rows["devices"] if row["device_id"] in own],
            incidents=[row for row in rows["incidents"] if row["device_id"] in own],
            articles=[
                row
                for row in rows["support_articles"]
                if row["incident_id"] and incidents[row["incident_id"]]["device_id"] in own
            ],
            processes=[row for row in rows["processes"] if split_of(process_anchor(row["process_family"])) == split],
            customers=[row for row in rows["customers"] if split_of(customer_anchor(row["customer_id"])) == split],
            components=rows["components"],
            departments={row["department_id"]: row["name"] for row in rows["departments"]},
            journeys=journeys,
            metrics=metrics,
            names=names,
            today=today,
        )

    return {split: of(split) for split in ("train", "validation", "test")}


def _rows(frame: pd.DataFrame) -> list[Row]:
    return [
        {
            str(name): None if (isinstance(value, float) and value != value) or value is pd.NaT else value
            for name, value in row.items()
        }
        for row in frame.to_dict("records")
    ]
