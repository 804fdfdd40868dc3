"""The builds of a base model that are evaluated: which there are, which are one and the same, and which may not be asked.

Belongs here: from the rows of the build tables (models/builds.py) to candidates, and every reason to refuse one.
Does not belong here: asking them (kinds.py, scoring.py).
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from lenovo_pipeline.contracts import Table
from lenovo_pipeline.contracts.frames import rows_of
from lenovo_pipeline.failures import PermanentFailure
from lenovo_pipeline.models import tables
from lenovo_pipeline.models.builds import content_hash
from lenovo_pipeline.resources.store import Store
from lenovo_pipeline.resources.warehouse import Warehouse

FORMAT_KINDS = {"adapter": "adapter", "transformers": "custom_model", "onnx": "mobile_model"}
"""What a build of each format is evaluated as."""

TABLES_OF: Mapping[str, tuple[Table, ...]] = {
    "adapter": (
        tables.ADAPTERS,
        tables.QLORA_ADAPTERS,
        tables.COMPOSED_ADAPTERS,
        tables.QUANTISED,
        tables.DROPPED_ADAPTERS,
    ),
    "custom_model": (tables.FINE_TUNED, tables.MERGED, tables.PRUNED, tables.DISTILLED, tables.QUANTISED),
    "mobile_model": (tables.QUANTISED, tables.EDGE_BUILDS),
}
"""The build tables that each kind comes from."""

BUILD_TABLES: tuple[Table, ...] = tuple({table.name: table for found in TABLES_OF.values() for table in found}.values())

Row = Mapping[str, Any]


@dataclass(frozen=True)
class Built:
    """A candidate: builds with the same files, which are asked once. `rows` [n] of the build tables, the one it is named by
    first: one that was made for the machine it is asked on, if there is one.
    """

    rows: tuple[Row, ...]
    table: str

    @property
    def name(self) -> str:
        return str(self.row["build"])

    @property
    def row(self) -> Row:
        return self.rows[0]

    @property
    def model(self) -> str:
        return str(self.row["model"])

    @property
    def kind(self) -> str:
        return FORMAT_KINDS[self.row["format"]]

    @cached_property
    def targets(self) -> tuple[str, ...]:
        """The targets that its files are for; none where it is not for a certain one."""
        return tuple(sorted({str(row["target"]) for row in self.rows if row["target"]}))

    @property
    def remedy(self) -> str:
        """What makes it anew."""
        return (
            f"Run: dagster asset materialize -m lenovo_pipeline.definitions --select 'models/{self.table}*' "
            f"--partition {self.model}"
        )


def stored_builds(warehouse: Warehouse, model: str = "") -> list[Built]:
    """The candidates that the build tables hold (of one model), by kind and name; a table that was never made holds none."""
    rows: list[tuple[str, Row]] = []
    for table in BUILD_TABLES:
        try:
            frame = warehouse.load(table, model=model or None)
        except PermanentFailure:
            continue
        rows += [(table.name, {**row, "measures": json.loads(row["measures"])}) for row in rows_of(frame)]
    return grouped(rows)


def grouped(rows: Sequence[tuple[str, Row]]) -> list[Built]:
    """The candidates among rows of build tables, each with its table's name: identical files of one model are one candidate.

    A copy that somebody dropped is never what the others are named by.
    """
    same: dict[tuple[str, str, str], list[tuple[str, Row]]] = {}
    for table, row in rows:
        same.setdefault((str(row["model"]), str(row["format"]), str(row["artifact"])), []).append((table, row))
    found = []
    for members in same.values():
        ordered = sorted(
            members, key=lambda each: (each[0] == tables.DROPPED_ADAPTERS.name, estimated(each[1]), str(each[1]["build"]))
        )
        found.append(Built(tuple(row for _, row in ordered), ordered[0][0]))
    return sorted(found, key=lambda built: (built.model, built.kind, built.name))


def estimated(row: Row) -> list[str]:
    """The figures of a build that were not measured, since its target cannot run here."""
    return sorted(name for name, figure in passport(row).items() if figure.get("measured") is not True)


def passport(row: Row) -> dict[str, dict[str, Any]]:
    """The figures that were measured of the build itself: by name, {value, unit, measured, method}."""
    measures = row["measures"]
    figures = measures.get("figures") if isinstance(measures, Mapping) else None
    return {str(name): dict(figure) for name, figure in (figures or {}).items() if isinstance(figure, Mapping)}


def refusals(builds: Sequence[Built], foundation: Row, store: Store) -> dict[str, str]:
    """Why a candidate may not be asked, by name: its files are gone or damaged, or what it was made from is another one now.

    `builds` are all of the model, since one may be made from another one.
    """
    by_artifact = {str(built.row["artifact"]): built for built in builds}
    found: dict[str, str] = {}
    for built in builds:
        problems = _base_problems(built, foundation, by_artifact) or _file_problems(built, store)
        if problems:
            found[built.name] = f"{'; '.join(problems)}. {built.remedy}"
    return found


def origin(built: Built, builds: Sequence[Built]) -> Built | None:
    """The build that it was made from; None if that is the base model itself, or not among them."""
    return next((other for other in builds if other.row["artifact"] == built.row["base"] and other is not built), None)


def _base_problems(built: Built, foundation: Row, by_artifact: Mapping[str, Built]) -> list[str]:
    row, seen = built.row, {str(built.row["artifact"])}
    while row["base"] != foundation["identity"]:
        source = by_artifact.get(str(row["base"]))
        if source is None or str(row["base"]) in seen:
            via = "" if row is built.row else f" (by way of {row['build']})"
            return [
                f"it was made from {str(row['base'])[:12]}{via}, which is neither {foundation['model']} as it is now "
                f"({str(foundation['identity'])[:12]}) nor a build of it"
            ]
        seen.add(str(row["base"]))
        row = source.row
    return [
        f"it was made for {what} {str(row[own])[:16]}, the base has {str(foundation[theirs])[:16]}"
        for what, own, theirs in (
            ("revision", "base_revision", "revision"),
            ("tokenizer", "tokenizer_hash", "tokenizer_hash"),
            ("chat template", "template_hash", "template_hash"),
        )
        if built.row[own] is not None and built.row[own] != foundation[theirs]
    ]


def _file_problems(built: Built, store: Store) -> list[str]:
    folder = (store.root / str(built.row["path"])).resolve()
    if not folder.is_relative_to(store.root.resolve()):
        return [f"its folder {built.row['path']} lies outside the store"]
    if not folder.is_dir():
        return [f"its folder {built.row['path']} is gone"]
    if content_hash(folder) != built.row["artifact"]:
        return [f"the files in {built.row['path']} are not those that were built"]
    return []
