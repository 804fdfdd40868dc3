"""The policy: what a candidate must show for each use case, read from data/policy/roster.yaml and refused where it is not sound.

Belongs here: the shape of the policy and every reason to refuse it. Does not belong here: judging a candidate (rules.py).
"""

import difflib
import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from lenovo_pipeline.evaluation.metrics import ENTRY_FIGURES, FIGURES, PRESSURE_FIGURES, SLICES
from lenovo_pipeline.failures import PermanentFailure
from lenovo_pipeline.gold.tables import CATEGORIES
from lenovo_pipeline.models.licences import USES
from lenovo_pipeline.resources.yaml_files import load_yaml

Environment = Literal["testing", "staging", "production"]
LicenceClass = Literal["commercial", "open_source", "research_only", "api_only"]
Target = Literal["mobile", "edge", "server", "cloud"]

EVALUATIONS = ("gold_questions",)
"""The evaluations that a policy may require."""

REFERENCES = ("oracle", "always-refuse", "random")
"""Candidates that exist to test evaluation and policy; none of them can be run by the roster."""

_REMEDY = "Correct data/policy/roster.yaml, then run: make run"
_LARGEST_SHARE_BY_LUCK = 0.25
_STRICT = ConfigDict(extra="forbid", frozen=True)


class Floor(BaseModel):
    """A limit on one figure over one slice of the questions: `at_least` for its lower bound, `at_most` for its upper bound."""

    model_config = _STRICT

    metric: str
    slice: str = "all"
    at_least: float | None = Field(None, allow_inf_nan=False)
    at_most: float | None = Field(None, allow_inf_nan=False)

    @property
    def limit(self) -> float:
        """The value that the bound is compared with."""
        found = self.at_least if self.at_least is not None else self.at_most
        assert found is not None
        return found

    @property
    def text(self) -> str:
        """The floor in words: correct of answerable, lower bound >= 0.6."""
        of = "" if self.slice == "all" else f" of {self.slice}"
        return f"{self.metric}{of} {'>=' if self.at_least is not None else '<='} {self.limit:g}"

    def met_by(self, bound: float) -> bool:
        """Whether the bound of the figure keeps the limit; NaN keeps none."""
        return bound >= self.limit if self.at_least is not None else bound <= self.limit

    @model_validator(mode="after")
    def _sound(self) -> "Floor":
        problems = list(_floor_problems(self))
        if problems:
            raise ValueError("; ".join(problems))
        return self


class LicenceTerms(BaseModel):
    """What a model's licence has to be and to allow."""

    model_config = _STRICT

    classes: tuple[LicenceClass, ...] = Field(min_length=1)
    intended_use: str

    @field_validator("intended_use")
    @classmethod
    def _known(cls, value: str) -> str:
        if value not in USES:
            raise ValueError(f"intended use {value!r} is unknown; known are {', '.join(USES)}")
        return value


class UseCase(BaseModel):
    """What a candidate must show for one use case.

    `margin`: by how much (share of questions) it must be shown to be right more often than what runs, to take its place.
    `approval`: environments in which a promotion waits for a person.
    """

    model_config = _STRICT

    description: str = Field(min_length=1)
    environments: tuple[Environment, ...] = Field(min_length=1)
    evaluations: tuple[str, ...] = Field(min_length=1)
    licence: LicenceTerms
    target: Target | None = None
    parameters_billion_below: float | None = Field(None, gt=0, allow_inf_nan=False)
    margin: float = Field(0.0, ge=0, le=0.5, allow_inf_nan=False)
    approval: tuple[Environment, ...] = ()
    floors: tuple[Floor, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _sound(self) -> "UseCase":
        unknown = [name for name in self.evaluations if name not in EVALUATIONS]
        problems = [f"evaluation {name!r} is unknown; known are {', '.join(EVALUATIONS)}" for name in unknown]
        problems += [f"floor {text!r} is set twice" for text in _twice([f"{f.metric} of {f.slice}" for f in self.floors])]
        elsewhere = [name for name in self.approval if name not in self.environments]
        problems += [f"approval is asked for in {name!r}, which is none of its environments" for name in elsewhere]
        if not unknown and not problems:
            problems += _vacuous(self.floors)
        if problems:
            raise ValueError("; ".join(problems))
        return self


class Costs(BaseModel):
    """What is counted in money. `machine_hour`: what an hour of the machine costs that models run on.

    The default is about the list price of a general-purpose cloud machine with two processors and 8 GB, paid by the hour;
    whoever runs on machines of their own divides price, power and upkeep by the hours of use.
    """

    model_config = _STRICT

    machine_hour: float = Field(0.10, ge=0, allow_inf_nan=False)
    currency: str = Field("USD", pattern=r"^[A-Z]{3}$")


class Policy(BaseModel):
    """All use cases, by name, and what is counted in money."""

    model_config = _STRICT

    costs: Costs = Costs()
    use_cases: dict[str, UseCase] = Field(min_length=1)


def read_policy(path: Path) -> Policy:
    """The policy of a file. Raises PermanentFailure listing every problem: unknown names, limits that cannot be, rules that
    always or never pass.
    """
    try:
        found = load_yaml(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise PermanentFailure(f"the policy {path} cannot be read ({error.strerror})", remedy=_REMEDY) from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise PermanentFailure(f"the policy {path} is no YAML ({' '.join(str(error).split())})", remedy=_REMEDY) from error
    try:
        return Policy.model_validate(found)
    except ValidationError as error:
        problems = [f"{'.'.join(map(str, each['loc'])) or 'file'}: {_said(each['msg'])}" for each in error.errors()]
        raise PermanentFailure(f"the policy {path} is refused: {'; '.join(problems)}", remedy=_REMEDY) from error


def policy_version(path: Path) -> str:
    """SHA-256 (hex) of the file."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _said(message: str) -> str:
    return message.removeprefix("Value error, ")


def _twice(names: list[str]) -> list[str]:
    return sorted({name for name in names if names.count(name) > 1})


def _floor_problems(floor: Floor) -> list[str]:
    figures = {**FIGURES, **ENTRY_FIGURES, **PRESSURE_FIGURES}
    if floor.metric not in figures:
        near = difflib.get_close_matches(floor.metric, figures, n=1)
        hint = f" (did you mean {near[0]}?)" if near else ""
        return [f"metric {floor.metric!r} is unknown{hint}; known are {', '.join(figures)}"]
    figure = figures[floor.metric]
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
    if floor.slice not in SLICES:
        problems.append(f"slice {floor.slice!r} is unknown; known are {', '.join(SLICES)}")
    elif floor.slice != "all" and not figure.sliced:
        problems.append(f"{floor.metric} is only taken over all questions, not over {floor.slice!r}")
    return problems


def best_case(candidate: str, floor: Floor) -> float:
    """The best bound that a reference candidate could reach whatever the questions are.

    Always-refuse is right on what cannot be answered and nowhere else; random is right by luck, at most on a quarter.
    """
    figure = {**FIGURES, **ENTRY_FIGURES, **PRESSURE_FIGURES}[floor.metric]
    if not figure.share:
        return float("inf") if figure.better == "higher" else 0.0
    if candidate == "always-refuse" and floor.metric in ("correct", "token_f1", "exact_match"):
        return {"all": _LARGEST_SHARE_BY_LUCK, "unanswerable": 1.0}.get(floor.slice, _share_unanswerable(floor.slice))
    known: Mapping[str, Mapping[str, float]] = {
        "oracle": {},
        "always-refuse": {"refusal_precision": _LARGEST_SHARE_BY_LUCK, "false_refusal_rate": 1.0},
        "random": dict.fromkeys(
            ("correct", "token_f1", "exact_match", "refusal_precision", "refusal_recall"), _LARGEST_SHARE_BY_LUCK
        ),
    }
    return known[candidate].get(floor.metric, 1.0 if figure.better == "higher" else 0.0)


def _share_unanswerable(part: str) -> float:
    """The largest share of unanswerable questions in a slice: a language may hold some, a category none."""
    return 0.0 if part == "answerable" or part in CATEGORIES else 0.5


def _vacuous(floors: tuple[Floor, ...]) -> list[str]:
    """The reasons why a set of floors decides nothing."""
    impossible = [floor.text for floor in floors if not floor.met_by(best_case("oracle", floor))]
    found = [f"nothing can pass: the oracle itself fails {text}" for text in impossible]
    found += [
        f"{name} would pass all floors, so they decide nothing"
        for name in REFERENCES[1:]
        if all(floor.met_by(best_case(name, floor)) for floor in floors)
    ]
    return found
