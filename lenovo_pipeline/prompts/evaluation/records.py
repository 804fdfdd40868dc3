"""The world's records as the tasks use them: by device series, process family and customer, never across splits.

Belongs here: looking things up and writing a record as a line. Does not belong here: what is asked.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import orjson
import pandas as pd

from lenovo_pipeline.enterprise.anchors import Split, series_anchor, split_of
from lenovo_pipeline.enterprise.texts.rendering import day, listing, quantity
from lenovo_pipeline.gold.attributes import BY_TABLE, Attribute
from lenovo_pipeline.gold.drafts import Answer
from lenovo_pipeline.gold.patterns_chinese import in_script
from lenovo_pipeline.gold.world import World
from lenovo_pipeline.prompts.draw import Draw

Row = Mapping[str, Any]

DEVICE_ATTRIBUTES: dict[str, Attribute] = {attribute.column: attribute for attribute in BY_TABLE["devices"]}


@dataclass(frozen=True)
class Draft:
    """One task before it is framed: the lines shown, what is asked of them, the answer, and how to compute it anew.

    `record_ids` are all records shown; all of them belong to the split of `anchor`. `series` is the device series asked about.
    """

    lines: tuple[str, ...]
    question: str
    answer: Answer
    record_ids: tuple[str, ...]
    program: dict[str, Any]
    anchor: str
    series: str | None = None


@dataclass
class Records:
    """Rows by what they belong to. `frames`: the enterprise tables that World needs, and process_metrics."""

    frames: Mapping[str, pd.DataFrame]
    seed: int
    world: World = field(init=False)

    def __post_init__(self) -> None:
        self.world = World(self.frames, self.seed)
        rows = {name: list(table.values()) for name, table in self.world.rows.items()}
        self.devices = _grouped(rows["devices"], lambda row: row["series"])
        self.series = sorted(self.devices)
        self.families: dict[str, str] = {series: str(found[0]["family"]) for series, found in self.devices.items()}
        series_of = {row["device_id"]: row["series"] for row in rows["devices"]}
        self.incidents = _grouped(rows["incidents"], lambda row: series_of[row["device_id"]])
        firmware = sorted(rows["firmware"], key=lambda row: (row["device_id"], row["released_on"], row["firmware_id"]))
        self.firmware = _grouped(firmware, lambda row: row["device_id"])
        self.manuals = _grouped(
            [{**row, "parameters": _json(row["parameters"])} for row in rows["technical_docs"]],
            lambda row: _only({series_of[i] for i in row["device_ids"]}),
        )
        self.documents = _grouped(
            [{**row, "facts": _json(row["facts"])} for row in rows["documents"] if str(row["anchor"]).startswith("series:")],
            lambda row: _only({series_of[i] for i in row["device_ids"]}),
        )
        self.processes = _grouped(rows["processes"], lambda row: row["process_family"])
        self.journeys = _grouped(rows["journeys"], lambda row: row["customer_id"])
        metrics = self.frames["process_metrics"].sort_values(["process_id", "month"])
        self.metrics = _grouped(metrics.to_dict("records"), lambda row: row["process_id"])
        self._splits: dict[str, Split] = {series: split_of(series_anchor(series)) for series in self.series}

    def peers(self, series: str, *, family: bool = True) -> list[str]:
        """The other series of the same split, of the same device family unless told otherwise."""
        return [
            other
            for other in self.series
            if other != series
            and self._splits[other] == self._splits[series]
            and (not family or self.families[other] == self.families[series])
        ]

    def some_devices(self, series: str, count: int, draw: Draw, needed: Sequence[str] = ()) -> list[Row]:
        """`count` devices that hold a value in the `needed` columns, one of this series at least, then of its peers; or fewer."""
        own = [row for row in self.devices[series] if all(row[column] is not None for column in needed)]
        if not own:
            return []
        others = [
            row for peer in self.peers(series) for row in self.devices[peer] if all(row[column] is not None for column in needed)
        ]
        first = draw.some(own, draw.between(1, count))
        return draw.shuffled([*first, *draw.some(others, count - len(first))])

    def some_incidents(self, series: str, count: int, draw: Draw) -> list[Row]:
        """`count` incidents, the first of this series, the rest of this and its peers; or fewer."""
        own = self.incidents.get(series, [])
        if not own:
            return []
        first = draw.one(own)
        others = [row for peer in self.peers(series) for row in self.incidents.get(peer, [])]
        return [first, *draw.some([row for row in (*own, *others) if row is not first], count - 1)]

    def name(self, device_id: str) -> str:
        return str(self.world.row("devices", device_id)["name"])

    def component(self, component_id: str) -> str:
        return str(self.world.row("components", component_id)["name"])


def say(language: str, english: str, chinese: str, **values: object) -> str:
    """A wording in a language, with values in its {slots}. Only the wording changes its script, never a value."""
    text = english if language == "en" else in_script(chinese, language)
    for name, value in values.items():
        text = text.replace("{" + name + "}", str(value))
    return text


def line(language: str, title: str, *parts: tuple[str, str, object]) -> str:
    """A record as one line: title, then `label: value` for each part (English label, Chinese label, value)."""
    colon, between = (": ", "; ") if language == "en" else ("：", "；")
    told = between.join(f"{say(language, english, chinese)}{colon}{value}" for english, chinese, value in parts)
    return f"{title}{' | '}{told}"


def device_line(row: Row, columns: Sequence[str], language: str) -> str:
    """A device with these columns."""
    parts = [
        (DEVICE_ATTRIBUTES[column].noun, DEVICE_ATTRIBUTES[column].chinese, device_value(row, column, language))
        for column in columns
    ]
    return line(language, str(row["name"]), *parts)


def device_value(row: Row, column: str, language: str) -> str:
    """A device's value with its unit, as texts of the language hold it."""
    attribute, value = DEVICE_ATTRIBUTES[column], row[column]
    if attribute.unit is not None:
        return quantity(value, attribute.unit, language)
    if attribute.day:
        return day(value)
    return listing(value, language) if isinstance(value, list) else str(value)


def rounded(value: float, digits: int) -> float | None:
    """The value rounded, or None where it lies so near to a half that ways of rounding differ."""
    scaled = abs(value) * 10**digits
    return None if abs(scaled - int(scaled) - 0.5) < 1e-6 else round(value, digits)


def unique_extreme(values: Sequence[Any], *, largest: bool) -> int | None:
    """The place of the largest or smallest value, if no other one equals it."""
    best = max(values) if largest else min(values)
    return values.index(best) if values.count(best) == 1 else None


def _grouped(rows: Sequence[Mapping[Any, Any]], key: Any) -> dict[str, list[Any]]:
    groups: dict[str, list[Any]] = defaultdict(list)
    for row in rows:
        found = key(row)
        if found is not None:
            groups[found].append(row)
    return dict(groups)


def _only(found: set[str]) -> str | None:
    return next(iter(found)) if len(found) == 1 else None


def _json(value: Any) -> Any:
    return orjson.loads(value) if isinstance(value, str | bytes) else value
