"""Which rules of a policy make no sense: unknown figures, limits that nobody can reach or that anybody keeps, less asked later.

Belongs here: every reason to refuse rules, as sentences. Does not belong here: the shape of the policy (policy.py), what a
candidate measured (rules.py).
"""

import difflib
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from lenovo_pipeline.evaluation.agentic.measures import SLICES as AGENT_SLICES
from lenovo_pipeline.evaluation.metrics import (
    AGENT_FIGURES,
    ENTRY_FIGURES,
    FIGURES,
    JUDGED,
    JUDGED_FIGURES,
    PRESSURE_FIGURES,
    SLICES,
)
from lenovo_pipeline.gold.tables import CATEGORIES
from lenovo_pipeline.roster.tables import AGENTIC, ENTRY_KINDS

if TYPE_CHECKING:
    from lenovo_pipeline.roster.policy import Floor, Requirements

_ANSWERING = tuple(kind for kind in ENTRY_KINDS if kind != AGENTIC)
EVALUATIONS: Mapping[str, tuple[str, ...]] = {
    "gold_questions": _ANSWERING,
    "robustness": _ANSWERING,
    "bias": _ANSWERING,
    "agent_tasks": (AGENTIC,),
}
"""The evaluations that a policy may require, and the kinds of candidates that they are made of."""

REFERENCES = ("oracle", "always-refuse", "random")
"""Candidates that exist to test evaluation and policy; none of them can be run by the roster."""

AGENT_REFERENCES = ("reference", "no-op", "random")
"""The same among agents: the reference solutions, nobody, and chance in the model's place."""

ALL_FIGURES = {**FIGURES, **JUDGED_FIGURES, **ENTRY_FIGURES, **PRESSURE_FIGURES, **AGENT_FIGURES}
_USES = ("evaluation", "production", "on_device", "customisation")
"""Intended uses, from what asks least of a licence to what asks most."""

_LARGEST_SHARE_BY_LUCK = 0.25
_DONE = ("success", "goal_reached", "right_refusal", "recovered", "valid_calls")
_BY_LUCK = ("correct", JUDGED, "token_f1", "exact_match", "refusal_precision", "refusal_recall", *_DONE)


def floor_problems(floor: "Floor") -> list[str]:
    """What is wrong with one floor, whatever stands beside it."""
    if floor.metric not in ALL_FIGURES:
        near = difflib.get_close_matches(floor.metric, ALL_FIGURES, n=1)
        hint = f" (did you mean {near[0]}?)" if near else ""
        return [f"metric {floor.metric!r} is unknown{hint}; known are {', '.join(ALL_FIGURES)}"]
    figure = ALL_FIGURES[floor.metric]
    if (floor.at_least is None) == (floor.at_most is None):
        return [f"{floor.metric}: give either at_least or at_most"]
    problems = []
    wanted = "at_least" if figure.better == "higher" else "at_most"
    if getattr(floor, wanted) is None:
        problems.append(f"{floor.metric}: {figure.better} is better, so its limit is {wanted}")
    if figure.share and not 0 <= floor.limit <= 1:
        problems.append(f"{floor.metric}: it lies between 0 and 1, so the limit {floor.limit:g} always or never holds")
    if not figure.share and floor.limit <= 0:
        problems.append(f"{floor.metric}: the limit {floor.limit:g} always or never holds")
    slices = AGENT_SLICES if floor.metric in AGENT_FIGURES else SLICES
    if floor.slice not in slices:
        problems.append(f"slice {floor.slice!r} is unknown; known are {', '.join(slices)}")
    elif floor.slice != "all" and not figure.sliced:
        problems.append(f"{floor.metric} is only taken over all questions, not over {floor.slice!r}")
    return problems


def kind_problems(asked: "Requirements", kinds: Sequence[str]) -> list[str]:
    """Evaluations that there are not, or that the kinds of candidates never have, and figures that are never measured of them."""
    found = [
        f"evaluation {name!r} is unknown; known are {', '.join(EVALUATIONS)}"
        for name in asked.evaluations
        if name not in EVALUATIONS
    ]
    found += [
        f"nothing can pass: {', '.join(kinds)} is never evaluated on {name}"
        for name in asked.evaluations
        if name in EVALUATIONS and not set(kinds) & set(EVALUATIONS[name])
    ]
    agents, answering = AGENTIC in kinds, set(kinds) != {AGENTIC}
    if agents and answering:
        found.append(f"kind {AGENTIC} does tasks, the others answer questions: give each a use case of its own")
        return found
    never = {**FIGURES, **JUDGED_FIGURES, **PRESSURE_FIGURES} if agents else AGENT_FIGURES
    return found + [
        f"nothing can pass: {floor.metric} is never measured of {', '.join(kinds)}"
        for floor in asked.floors
        if floor.metric in never
    ]


def not_rising(less: "Requirements", more: "Requirements") -> list[str]:
    """Where an environment asks more than a later one, which a candidate would then pass without having passed here."""
    later = {(floor.metric, floor.slice): floor for floor in more.floors}
    found = [f"evaluation {name}" for name in less.evaluations if name not in more.evaluations]
    for floor in less.floors:
        same = later.get((floor.metric, floor.slice))
        if same is None or not floor.met_by(same.limit):
            found.append(f"{floor.text}, then {'nothing' if same is None else same.text}")
    found += [f"licence class {name} is only allowed later" for name in more.licence.classes if name not in less.licence.classes]
    if _USES.index(less.licence.intended_use) > _USES.index(more.licence.intended_use):
        found.append(f"intended use {less.licence.intended_use}, then {more.licence.intended_use}")
    if less.margin > more.margin:
        found.append(f"margin {less.margin:g}, then {more.margin:g}")
    if less.max_age_days is not None and (more.max_age_days is None or less.max_age_days < more.max_age_days):
        found.append(f"evidence of {less.max_age_days:g} days, then {more.max_age_days or 'any age'}")
    return found


def best_case(candidate: str, floor: "Floor") -> float:
    """The best bound that a reference candidate could reach whatever the questions or tasks are.

    Always-refuse is right on what cannot be answered and nowhere else; random is right by luck, at most on a quarter. Nobody in
    the place of an agent's model does nothing wrong, refuses nothing, and reaches nothing.
    """
    figure = ALL_FIGURES[floor.metric]
    best, worst = (1.0, 0.0) if figure.better == "higher" else (0.0, 1.0)
    if not figure.share:
        return float("inf") if figure.better == "higher" else 0.0
    if candidate == "always-refuse" and floor.metric in ("correct", JUDGED, "token_f1", "exact_match"):
        return {"all": _LARGEST_SHARE_BY_LUCK, "unanswerable": 1.0}.get(floor.slice, _share_unanswerable(floor.slice))
    luck = _LARGEST_SHARE_BY_LUCK
    known: Mapping[str, Mapping[str, float]] = {
        "oracle": {},
        "reference": {},
        "always-refuse": {"refusal_precision": luck, "false_refusal_rate": worst},
        "no-op": dict.fromkeys(_DONE, 0.0),
        "random": dict.fromkeys(_BY_LUCK, luck),
    }
    return known[candidate].get(floor.metric, best)


def _share_unanswerable(part: str) -> float:
    """The largest share of unanswerable questions in a slice: a language may hold some, a category none."""
    return 0.0 if part == "answerable" or part in CATEGORIES else 0.5


def vacuous(floors: Sequence["Floor"], *, agents: bool = False) -> list[str]:
    """The reasons why a set of floors decides nothing; `agents`: whether they are about agents."""
    ceiling, *lowest = AGENT_REFERENCES if agents else REFERENCES
    impossible = [floor.text for floor in floors if not floor.met_by(best_case(ceiling, floor))]
    found = [f"nothing can pass: the {ceiling} itself fails {text}" for text in impossible]
    found += [
        f"{name} would pass all floors, so they decide nothing"
        for name in lowest
        if all(floor.met_by(best_case(name, floor)) for floor in floors)
    ]
    return found
