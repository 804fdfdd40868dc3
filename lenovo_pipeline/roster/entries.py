"""The candidates as the roster sees them: from the leaderboard, the catalogue and the resolved models to entries.

Belongs here: gathering what each candidate is. Does not belong here: judging it (rules.py).
"""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from lenovo_pipeline.evaluation.kinds import REFERENCES
from lenovo_pipeline.models.licences import USES
from lenovo_pipeline.roster.rules import Entry, Figures, Measured
from lenovo_pipeline.roster.tables import ENTRIES

GOLD_QUESTIONS = "gold_questions"
_OWN_LICENCE = "Apache License 2.0"
_ALL_TARGETS = ("mobile", "edge", "server", "cloud")
_MB, _BILLION = 1e6, 1e9


def make_entries(leaderboard: pd.DataFrame, catalogue: pd.DataFrame, foundation: pd.DataFrame | None) -> pd.DataFrame:
    """One entry for each candidate of the leaderboard (contract ENTRIES). Scores of other questions than are asked now count
    as none.

    A candidate without a model is this project's own code: its licence is the project's, and it weighs nothing.
    """
    models = _by(catalogue, "name")
    resolved = {} if foundation is None else _by(foundation, "model")
    candidates = leaderboard.drop_duplicates("candidate")
    current = set(candidates.loc[candidates["current"].astype(bool), "candidate"])
    rows = []
    for candidate, kind, model in zip(candidates["candidate"], candidates["kind"], candidates["model"], strict=True):
        headers = sorted(set(leaderboard.loc[leaderboard["candidate"] == candidate, "header"]))
        rows.append(
            {
                "entry": candidate,
                "kind": kind,
                "model": model,
                "evaluations": [GOLD_QUESTIONS] if candidate in current else [],
                "headers": headers,
                "runnable": candidate not in REFERENCES,
                **(_of_model(models.get(model), resolved.get(model)) if model else _of_code()),
            }
        )
    return pd.DataFrame(rows, columns=list(ENTRIES.column_names))


def entries_of(frame: pd.DataFrame) -> list[Entry]:
    """The rows of roster.entries as values."""
    return [
        Entry(
            **{name: _value(row[name]) for name in ENTRIES.column_names},
        )
        for row in frame.to_dict("records")
    ]


def figures_of(leaderboard: pd.DataFrame) -> dict[str, Figures]:
    """The figures of evaluation.leaderboard by candidate, then by metric and slice."""
    found: dict[str, dict[tuple[str, str], Measured]] = {}
    for row in leaderboard.to_dict("records"):
        measured = Measured(_number(row["value"], math.nan), _number(row["lower"], None), _number(row["upper"], None))
        found.setdefault(row["candidate"], {})[row["metric"], row["slice"]] = measured
    return dict(found)


def _of_model(model: Mapping[str, Any] | None, resolved: Mapping[str, Any] | None) -> dict[str, Any]:
    """What catalogue and resolved model say; a model that has left the catalogue may be used for nothing."""
    if model is None:
        gone = "it is no longer in the catalogue"
        return {
            "licence": "unknown",
            "licence_class": "unknown",
            "allowed_uses": [],
            "refused_uses": [f"{use}: {gone}" for use in USES],
            "targets": [],
            "size_mb": None,
            "parameters_billion": None,
        }
    resolved = resolved or {}
    parameters = _number(resolved.get("parameters"), _number(model["parameters"], None))
    size = _number(resolved.get("size_bytes"), None)
    return {
        "licence": model["licence"],
        "licence_class": model["licence_class"],
        "allowed_uses": list(model["eligible_for"]),
        "refused_uses": list(model["ineligible_because"]),
        "targets": list(model["targets"]),
        "size_mb": None if size is None else size / _MB,
        "parameters_billion": None if parameters is None else parameters / _BILLION,
    }


def _of_code() -> dict[str, Any]:
    return {
        "licence": _OWN_LICENCE,
        "licence_class": "open_source",
        "allowed_uses": list(USES),
        "refused_uses": [],
        "targets": list(_ALL_TARGETS),
        "size_mb": 0.0,
        "parameters_billion": 0.0,
    }


def _by(frame: pd.DataFrame, column: str) -> dict[str, dict[str, Any]]:
    return {str(row[column]): {str(name): value for name, value in row.items()} for row in frame.to_dict("records")}


def _number(value: Any, otherwise: Any) -> Any:
    return otherwise if value is None or value != value else float(value)


def _value(value: Any) -> Any:
    if isinstance(value, Sequence) and not isinstance(value, str):
        return tuple(value)
    return None if isinstance(value, float) and math.isnan(value) else value
