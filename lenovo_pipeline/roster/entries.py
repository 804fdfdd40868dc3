"""The candidates as the roster sees them: from the leaderboard, the catalogue, the resolved models and their builds to entries.

Belongs here: gathering what each candidate is. Does not belong here: judging it (rules.py).
"""

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pandas as pd

from lenovo_pipeline.contracts.frames import rows_by
from lenovo_pipeline.evaluation.builds import Built, estimated, passport
from lenovo_pipeline.evaluation.kinds import RAG, REFERENCES
from lenovo_pipeline.evaluation.lift import unmet
from lenovo_pipeline.evaluation.tables import BUILD_KINDS
from lenovo_pipeline.models.licences import USES
from lenovo_pipeline.roster.rules import Entry, Figures, Measured
from lenovo_pipeline.roster.tables import AGENTIC, ENTRIES

GOLD_QUESTIONS, ROBUSTNESS, BIAS, AGENT_TASKS = "gold_questions", "robustness", "bias", "agent_tasks"
_OWN_LICENCE = "Apache License 2.0"
_ALL_TARGETS = ("mobile", "edge", "server", "cloud")
_WITH_STORES = ("edge", "server", "cloud")
"""Targets on which vector store and graph can run."""

_MB, _BILLION = 1e6, 1e9
_AS_IT_IS: dict[str, Any] = {"ineligible_because": [], "passport": {}}
"""What every entry has that is no build."""

TARGET_CLASSES = {"android-arm64-v8a": "mobile", "ios-arm64": "mobile", "edge-x86_64": "edge", "embedded-armv7": "edge"}
"""The catalogue's word for each target of edge builds."""


def make_entries(
    leaderboard: pd.DataFrame,
    catalogue: pd.DataFrame,
    foundation: pd.DataFrame | None,
    builds: Sequence[Built] = (),
    lift: pd.DataFrame | None = None,
    beside: "Beside | None" = None,
) -> pd.DataFrame:
    """One entry for each candidate of the leaderboard and each agent (contract ENTRIES). Scores of other questions than are asked
    now, or of data that have changed since, count as none.

    A candidate without a model is this project's own code: its licence is the project's, and it weighs nothing. A build has
    the licence of its base; its size, parameters and targets are its own. A build that is gone has no entry. A workflow has
    licence, size and parameters of its base, and its targets where the stores can run.
    """
    models = rows_by(catalogue, "name")
    resolved = {} if foundation is None else rows_by(foundation, "model")
    built = {each.name: each for each in builds}
    lacking = {} if lift is None else unmet(lift)
    beside = beside or Beside()
    pressed = beside.pressed()
    candidates = leaderboard.drop_duplicates("candidate")
    current = set(candidates.loc[candidates["current"].astype(bool), "candidate"])
    rows = []
    for candidate, kind, model in zip(candidates["candidate"], candidates["kind"], candidates["model"], strict=True):
        if kind in BUILD_KINDS and candidate not in built:
            continue
        headers = sorted(set(leaderboard.loc[leaderboard["candidate"] == candidate, "header"]))
        profile = _of_model(models.get(model), resolved.get(model)) if model else _of_code()
        rows.append(
            {
                "entry": candidate,
                "kind": kind,
                "model": model,
                **_evaluated(
                    [*([GOLD_QUESTIONS] if candidate in current else []), *pressed.get(candidate, [])], candidate, beside
                ),
                "headers": headers,
                "runnable": candidate not in REFERENCES,
                **(_of_build(built[candidate], profile, lacking) if kind in BUILD_KINDS else profile),
                **(_beside_stores(profile) if str(candidate).endswith(f"/{RAG}") else {}),
                "cost": beside.cost(candidate, "per_1000"),
            }
        )
    rows += [_of_agent(row, models, resolved, beside) for row in beside.agents()]
    return pd.DataFrame(rows, columns=list(ENTRIES.column_names))


@dataclass(frozen=True)
class Beside:
    """What there is of candidates beside the leaderboard: rows of roster.cost and of evaluation.agentic_workflow, .robustness and
    .bias (None: never made). `outdated`: by candidate, for each evaluation whose data have changed since, `evaluation: why`.
    """

    costs: pd.DataFrame | None = None
    agentic: pd.DataFrame | None = None
    robustness: pd.DataFrame | None = None
    bias: pd.DataFrame | None = None
    outdated: Mapping[str, Sequence[str]] = field(default_factory=dict)

    def cost(self, candidate: str, name: str) -> Any:
        """A figure of what a candidate costs; None where it is not known."""
        mine = [] if self.costs is None else self.costs.loc[self.costs["entry"] == candidate, name].tolist()
        return _number(mine[0], None) if mine else None

    def agents(self) -> list[dict[Any, Any]]:
        """A row of evaluation.agentic_workflow for each agent."""
        if self.agentic is None:
            return []
        return self.agentic[self.agentic["kind"] == "model"].drop_duplicates("candidate").to_dict("records")

    def pressed(self) -> dict[str, list[str]]:
        """By candidate, which evaluations under pressure there is evidence of; too little of it is none."""
        found: dict[str, list[str]] = {}
        for row in [] if self.robustness is None else self.robustness.to_dict("records"):
            if row["scenario_group"] == "all" and _number(row["mean"], None) is not None:
                found.setdefault(str(row["candidate"]), []).append(ROBUSTNESS)
        for candidate, rows in [] if self.bias is None else self.bias.groupby("candidate"):
            if not (rows["verdict"] == "no evidence").any():
                found.setdefault(str(candidate), []).append(BIAS)
        return found


def _evaluated(evaluations: Sequence[str], candidate: str, beside: Beside) -> dict[str, list[str]]:
    outdated = list(beside.outdated.get(candidate, ()))
    gone = {each.partition(": ")[0] for each in outdated}
    return {"evaluations": [name for name in evaluations if name not in gone], "outdated": outdated}


def _of_agent(
    row: Mapping[Any, Any],
    models: Mapping[str, Mapping[str, Any]],
    resolved: Mapping[str, Mapping[str, Any]],
    beside: Beside,
) -> dict[str, Any]:
    """The entry of an agent: what its base model is, where the stores that its tools ask can run."""
    candidate, model = str(row["candidate"]), str(row["model"])
    profile = _of_model(models.get(model), resolved.get(model))
    size = beside.cost(candidate, "size_mb")
    return {
        "entry": candidate,
        "kind": AGENTIC,
        "model": model,
        **_evaluated([AGENT_TASKS], candidate, beside),
        "headers": [str(row["header"])],
        "runnable": True,
        **profile,
        **_beside_stores(profile),
        "size_mb": profile["size_mb"] if size is None else size,
        "cost": beside.cost(candidate, "per_1000"),
    }


def entries_of(frame: pd.DataFrame) -> list[Entry]:
    """The rows of roster.entries as values."""
    return [
        Entry(
            **{name: _value(row[name]) for name in ENTRIES.column_names if name != "passport"},
            passport=json.loads(row["passport"]) if isinstance(row["passport"], str) else row["passport"],
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
            **_AS_IT_IS,
            "measured_targets": [],
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
        **_AS_IT_IS,
        "measured_targets": list(model["targets"]),
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
        **_AS_IT_IS,
        "measured_targets": list(_ALL_TARGETS),
        "size_mb": 0.0,
        "parameters_billion": 0.0,
    }


def _beside_stores(profile: Mapping[str, Any]) -> dict[str, Any]:
    """The targets of what asks the stores at every question: those of its base where the stores can run, too."""
    return {name: [each for each in profile[name] if each in _WITH_STORES] for name in ("targets", "measured_targets")}


def _of_build(built: Built, base: Mapping[str, Any], lacking: Mapping[str, Sequence[str]]) -> dict[str, Any]:
    """What a build is; what it is not itself it has from its base (`base`: the fields of the base model)."""
    row = built.row
    size = row["size_bytes"] / _MB
    if row["format"] == "adapter":
        # It runs on nothing but its base.
        size = None if base["size_mb"] is None else size + base["size_mb"]
    parameters = _number(row["parameters"], None)
    own: dict[str, Any] = {"targets": base["targets"], "measured_targets": base["targets"]}
    if built.targets:
        own = {
            "targets": sorted({TARGET_CLASSES[target] for target in built.targets}),
            "measured_targets": sorted({TARGET_CLASSES[each["target"]] for each in built.rows if not estimated(each)}),
        }
    return {
        **base,
        **own,
        "ineligible_because": list(lacking.get(built.name, ["it was not compared with its base"])),
        "passport": _passport(built),
        "size_mb": size,
        "parameters_billion": None if parameters is None else parameters / _BILLION,
    }


def _passport(built: Built) -> dict[str, dict[str, dict[str, Any]]]:
    """{figure: {target: {value, measured}}}; what was measured for a kind of target stands before what was estimated."""
    found: dict[str, dict[str, dict[str, Any]]] = {}
    for row in sorted(built.rows, key=lambda each: len(estimated(each)), reverse=True):
        for name, figure in passport(row).items():
            place = TARGET_CLASSES.get(str(row["target"]), "server")
            found.setdefault(name, {})[place] = {"value": figure["value"], "measured": figure.get("measured") is True}
    return found


def _number(value: Any, otherwise: Any) -> Any:
    return otherwise if value is None or value != value else float(value)


def _value(value: Any) -> Any:
    if isinstance(value, Sequence) and not isinstance(value, str):
        return tuple(value)
    return None if isinstance(value, float) and math.isnan(value) else value
