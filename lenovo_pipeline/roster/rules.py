"""The rules of a use case, applied to one entry: each with the figure, the bound, the limit and the verdict.

Belongs here: judging one entry. Adding a kind of rule is one function and one line in RULES.
Does not belong here: what follows from the verdicts of several entries (decide.py).
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from lenovo_pipeline.evaluation.metrics import AGENT_FIGURES, ENTRY_FIGURES, FIGURES, JUDGED_FIGURES, PRESSURE_FIGURES
from lenovo_pipeline.evaluation.tables import BUILD_KINDS
from lenovo_pipeline.roster.policy import Floor, UseCase

RuleVerdict = Literal["passed", "failed", "missing"]


@dataclass(frozen=True)
class Entry:
    """A candidate as the roster sees it; fields as in the contract ENTRIES."""

    entry: str
    kind: str
    model: str
    evaluations: tuple[str, ...]
    headers: tuple[str, ...]
    runnable: bool
    licence: str
    licence_class: str
    allowed_uses: tuple[str, ...]
    refused_uses: tuple[str, ...]
    targets: tuple[str, ...]
    size_mb: float | None
    parameters_billion: float | None
    measured_targets: tuple[str, ...] = ()
    ineligible_because: tuple[str, ...] = ()
    passport: Mapping[str, Mapping[str, Mapping[str, Any]]] = field(default_factory=dict)
    cost: float | None = None
    outdated: tuple[str, ...] = ()


@dataclass(frozen=True)
class Measured:
    """A figure with its 95 % interval; the bounds are None for a figure that has none. NaN where nothing was scored.

    `estimated` says why it is no measurement of what the use case needs; an estimate keeps no floor, whatever its value.
    """

    value: float
    lower: float | None = None
    upper: float | None = None
    estimated: str | None = None


Figures = Mapping[tuple[str, str], Measured]
"""The figures of one entry by metric and slice."""


@dataclass(frozen=True)
class Judged:
    """One rule applied: `binding` rules reject an entry, the others hold it back.

    `look` and `pairs`: of a challenge, which look at the two it was, and what was looked at (decide.Look).
    """

    rule: str
    text: str
    verdict: RuleVerdict
    note: str
    binding: bool = False
    figure: float | None = None
    lower: float | None = None
    upper: float | None = None
    bound: float | None = None
    limit: float | None = None
    look: int | None = None
    pairs: str | None = None


def judge(use_case: UseCase, entry: Entry, figures: Figures) -> list[Judged]:
    """Every rule of the use case, applied to the entry, those that reject it first."""
    return [judged for rule in RULES for judged in rule(use_case, entry, figures)]


def _can_run(use_case: UseCase, entry: Entry, figures: Figures) -> list[Judged]:
    note = "it answers by itself" if entry.runnable else f"{entry.entry} exists to test the evaluation and cannot be run"
    return [_plain("runnable", "it can be run", entry.runnable, note, binding=True)]


def _licence(use_case: UseCase, entry: Entry, figures: Figures) -> list[Judged]:
    terms = use_case.licence
    wanted = ", ".join(terms.classes)
    held = entry.licence_class in terms.classes
    allowed = terms.intended_use in entry.allowed_uses
    refused = [said.partition(": ")[2] for said in entry.refused_uses if said.startswith(f"{terms.intended_use}: ")]
    note = f"its licence ({entry.licence}) allows it" if allowed else "; ".join(refused) or "nothing is known of its licence"
    return [
        _plain(
            "licence",
            f"licence class is one of {wanted}",
            held,
            f"its licence ({entry.licence}) is of class {entry.licence_class}",
            binding=True,
        ),
        _plain("licence", f"licence allows {terms.intended_use}", allowed, note, binding=True),
    ]


def _target(use_case: UseCase, entry: Entry, figures: Figures) -> list[Judged]:
    if use_case.target is None:
        return []
    note = f"the catalogue names {', '.join(entry.targets) or 'no target'}"
    return [_plain("target", f"built for {use_case.target}", use_case.target in entry.targets, note, binding=True)]


def _parameters(use_case: UseCase, entry: Entry, figures: Figures) -> list[Judged]:
    limit = use_case.parameters_billion_below
    if limit is None:
        return []
    found = entry.parameters_billion
    text = f"fewer than {limit:g} billion parameters"
    if found is None:
        return [Judged("parameters", text, "missing", "its number of parameters is not known", binding=True, limit=limit)]
    verdict: RuleVerdict = "passed" if found < limit else "failed"
    note = f"{found:.4g} billion parameters {'<' if found < limit else '>='} {limit:g}"
    return [Judged("parameters", text, verdict, note, binding=True, figure=found, bound=found, limit=limit)]


def _evaluations(use_case: UseCase, entry: Entry, figures: Figures) -> list[Judged]:
    found = []
    for name in use_case.evaluations:
        there = name in entry.evaluations
        outdated = [said.partition(": ")[2] for said in entry.outdated if said.startswith(f"{name}: ")]
        lacking = "; ".join(outdated) or f"it has not been evaluated on {name}"
        note = f"there are scores of {name}" if there else lacking
        found.append(Judged("evaluation", f"evaluated on {name}", "passed" if there else "missing", note))
    return found


def _eligible(use_case: UseCase, entry: Entry, figures: Figures) -> list[Judged]:
    """A build shows its lift and keeps its skills, or stays within its level's limit (evaluation/lift.py)."""
    if entry.kind not in BUILD_KINDS:
        return []
    held = not entry.ineligible_because
    note = "it shows what is asked of a build of its kind" if held else "; ".join(entry.ineligible_because)
    return [_plain("eligible", "shows what a build of its kind has to show", held, note, binding=False)]


def _floors(use_case: UseCase, entry: Entry, figures: Figures) -> list[Judged]:
    return [_floor(floor, _measured(floor, use_case, entry, figures)) for floor in use_case.floors]


def judge_floors(use_case: UseCase, figures: Figures) -> list[Judged]:
    """The floors on what was measured alone, whatever the candidate is."""
    measured = (floor for floor in use_case.floors if floor.metric in _OF_ANSWERS)
    return [_floor(floor, figures.get((floor.metric, floor.slice))) for floor in measured]


_OF_ANSWERS = {**FIGURES, **JUDGED_FIGURES, **AGENT_FIGURES}
"""Figures of what a candidate answered or did."""


RULES: tuple[Callable[[UseCase, Entry, Figures], list[Judged]], ...] = (
    _can_run,
    _licence,
    _target,
    _parameters,
    _eligible,
    _floors,
    _evaluations,
)


def _measured(floor: Floor, use_case: UseCase, entry: Entry, figures: Figures) -> Measured | None:
    own = {"size_mb": entry.size_mb, "parameters_billion": entry.parameters_billion, "cost_per_1000": entry.cost}
    if floor.metric in own:
        value = own[floor.metric]
        return None if value is None else Measured(value)
    if floor.metric in ENTRY_FIGURES:
        return _of_passport(entry.passport.get(floor.metric, {}), use_case.target)
    found = figures.get((floor.metric, floor.slice))
    figure = _OF_ANSWERS.get(floor.metric)
    if found is None or figure is None or not figure.of_device:
        return found
    if use_case.target is None or use_case.target in entry.measured_targets:
        return found
    where = ", ".join(entry.measured_targets) or "this machine"
    return replace(found, estimated=f"it was measured for {where}, not for {use_case.target}")


def _of_passport(by_target: Mapping[str, Mapping[str, Any]], target: str | None) -> Measured | None:
    """The figure for a target; where the use case names none, one that was measured before one that was not."""
    chosen = sorted(by_target.items(), key=lambda each: not each[1]["measured"])
    for name, figure in chosen:
        if target in (None, name):
            estimated = None if figure["measured"] else f"its passport estimates it for {name}"
            return Measured(float(figure["value"]), estimated=estimated)
    return None


def _floor(floor: Floor, measured: Measured | None) -> Judged:
    of = "" if floor.slice == "all" else f" of {floor.slice}"
    if measured is None or math.isnan(measured.value):
        whys = {
            **dict.fromkeys(ENTRY_FIGURES, "no such figure is known of it"),
            **dict.fromkeys(PRESSURE_FIGURES, "no evidence, since it was not asked enough under pressure"),
            **dict.fromkeys(JUDGED_FIGURES, "no evidence, since no judge graded its answers (see evaluation/judgements)"),
            **dict.fromkeys(AGENT_FIGURES, "no figure, since it attempted no such task"),
        }
        why = whys.get(floor.metric, "no figure, since nothing was scored")
        note = f"{floor.metric}{of}: {why}"
        return Judged("floor", floor.text, "missing", note, limit=floor.limit)
    if measured.estimated is not None:
        note = f"{floor.metric}{of} is only estimated: {measured.estimated}"
        return Judged("floor", floor.text, "missing", note, limit=floor.limit)
    side, bound = ("lower", measured.lower) if floor.at_least is not None else ("upper", measured.upper)
    name = f"{floor.metric}{of} {side} bound" if bound is not None else f"{floor.metric}{of}"
    bound = measured.value if bound is None else bound
    met = floor.met_by(bound)
    sign = (">=" if met else "<") if side == "lower" else ("<=" if met else ">")
    return Judged(
        "floor",
        floor.text,
        "passed" if met else "failed",
        f"{name} {shown(bound)} {sign} {floor.limit:.2f}",
        figure=measured.value,
        lower=measured.lower,
        upper=measured.upper,
        bound=bound,
        limit=floor.limit,
    )


def shown(value: float) -> str:
    """Two decimals, more where two would hide a small figure."""
    return f"{value:.2f}" if value == 0 or abs(value) >= 0.005 else f"{value:.2g}"


def _plain(rule: str, text: str, held: bool, note: str, *, binding: bool) -> Judged:
    return Judged(rule, text, "passed" if held else "failed", note, binding=binding)
