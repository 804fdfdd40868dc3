"""The policy: what a candidate must show for each use case, read from data/policy/roster.yaml and refused where it is not sound.

Belongs here: the shape of the policy. Does not belong here: which rules make no sense (soundness.py), judging a candidate
(rules.py).
"""

import hashlib
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Annotated, Literal

import yaml
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from lenovo_pipeline.failures import PermanentFailure
from lenovo_pipeline.models.licences import USES, may_allow
from lenovo_pipeline.resources.yaml_files import load_yaml
from lenovo_pipeline.roster.soundness import floor_problems, kind_problems, not_rising, vacuous
from lenovo_pipeline.roster.tables import AGENTIC, ENTRY_KINDS

Environment = Literal["testing", "staging", "production"]
LicenceClass = Literal["commercial", "open_source", "research_only", "api_only"]
Target = Literal["mobile", "edge", "server", "cloud"]
Number = Annotated[float, Field(strict=True, allow_inf_nan=False)]
"""A finite number; neither `true`, which is no limit, nor text that looks like a number."""

_REMEDY = "Correct data/policy/roster.yaml, then run: make run"
_ANSWERING = tuple(kind for kind in ENTRY_KINDS if kind != AGENTIC)
_EARLIER = ("testing", "staging")
"""The environments before production, in their order: each may ask less than the next, and never more."""

_SHOWN, _LONGEST_NAME = 20, 63
"""Problems that an error lists, and characters of a name in it."""

_NAME = r"[a-z][a-z0-9_]{0,62}"
"""Names of use cases: they are also those of folders and of MLflow aliases."""

_STRICT = ConfigDict(extra="forbid", frozen=True)


class Floor(BaseModel):
    """A limit on one figure over one slice of the questions: `at_least` for its lower bound, `at_most` for its upper bound."""

    model_config = _STRICT

    metric: str
    slice: str = "all"
    at_least: Number | None = None
    at_most: Number | None = None

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
        problems = floor_problems(self)
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

    @model_validator(mode="after")
    def _sound(self) -> "LicenceTerms":
        if not any(may_allow(each, self.intended_use) for each in self.classes):
            raise ValueError(f"nothing can pass: no licence of class {' or '.join(self.classes)} allows {self.intended_use}")
        return self


class Requirements(BaseModel):
    """What an environment asks.

    `margin`: by how much (share of questions) an entry must be shown to be right more often than what runs, to take its place.
    `max_age_days`: how long ago the evaluation may have been found to stand; None: however long.
    """

    model_config = _STRICT

    evaluations: tuple[str, ...] = Field(min_length=1)
    licence: LicenceTerms
    margin: Number = Field(0.0, ge=0, le=0.5)
    max_age_days: Number | None = Field(None, ge=1, le=366)
    floors: tuple[Floor, ...] = Field(min_length=1)


class UseCase(Requirements):
    """What a candidate must show for one use case. What stands in it directly holds in production, and in every environment
    for which `testing` and `staging` say nothing else.

    `kinds`: the kinds of candidates that are decided on. `approval`: environments in which a promotion waits for a person.
    """

    description: str = Field(min_length=1)
    environments: tuple[Environment, ...] = Field(min_length=1)
    kinds: tuple[str, ...] = Field(_ANSWERING, min_length=1)
    target: Target | None = None
    parameters_billion_below: Number | None = Field(None, gt=0)
    approval: tuple[Environment, ...] = ()
    testing: Requirements | None = None
    staging: Requirements | None = None

    def of(self, environment: str) -> "UseCase":
        """The rules of one environment, as a use case of that environment alone."""
        asked: Requirements | None = getattr(self, environment, None)
        own = {} if asked is None else {name: getattr(asked, name) for name in Requirements.model_fields}
        approval = tuple(name for name in self.approval if name == environment)
        same = {"environments": (environment,), "approval": approval, "testing": None, "staging": None}
        return self.model_copy(update={**own, **same})

    @property
    def asked(self) -> list[tuple[str, Requirements]]:
        """What each environment asks that asks something of its own, production last."""
        earlier = [(name, found) for name in _EARLIER if (found := getattr(self, name)) is not None]
        return [*earlier, ("production", self)]

    @model_validator(mode="after")
    def _sound(self) -> "UseCase":
        known = ", ".join(ENTRY_KINDS)
        problems = [f"kind {name!r} is unknown; known are {known}" for name in self.kinds if name not in ENTRY_KINDS]
        elsewhere = [name for name in self.approval if name not in self.environments]
        problems += [f"approval is asked for in {name!r}, which is none of its environments" for name in elsewhere]
        unused = [name for name, _ in self.asked[:-1] if name not in self.environments]
        problems += [
            f"{name!r} stands twice in {listed}"
            for listed in ("environments", "kinds", "approval")
            for name in _twice(getattr(self, listed))
        ]
        problems += [f"it says what {name} asks, which is none of its environments" for name in unused]
        for name, found in self.asked:
            of = "" if found is self else f"{name}: "
            floors = [f"{floor.metric} of {floor.slice}" for floor in found.floors]
            own = [f"floor {text!r} is set twice" for text in _twice(floors)]
            own += [f"evaluation {text!r} is named twice" for text in _twice(found.evaluations)]
            own += kind_problems(found, self.kinds)
            problems += [f"{of}{each}" for each in own or vacuous(found.floors, agents=self.kinds == (AGENTIC,))]
        for (lower, less), (higher, more) in zip(self.asked, self.asked[1:], strict=False):
            problems += [f"{lower} asks more than {higher}: {each}" for each in not_rising(less, more)]
        if problems:
            raise ValueError("; ".join(problems))
        return self


class Costs(BaseModel):
    """What is counted in money. `machine_hour`: what an hour of the machine costs that models run on.

    The default is about the list price of a general-purpose cloud machine with two processors and 8 GB, paid by the hour;
    whoever runs on machines of their own divides price, power and upkeep by the hours of use.
    """

    model_config = _STRICT

    machine_hour: Number = Field(0.10, ge=0)
    currency: str = Field("USD", pattern=r"^[A-Z]{3}$")


def _named(name: str) -> str:
    if not re.fullmatch(_NAME, name):
        raise ValueError("a use case is named by 1 to 63 lower-case letters, digits and underscores, a letter first")
    return name


class Policy(BaseModel):
    """All use cases, by name, and what is counted in money."""

    model_config = _STRICT

    costs: Costs = Costs()
    use_cases: dict[Annotated[str, AfterValidator(_named)], UseCase] = Field(min_length=1)

    def decided(self, entries: Sequence[tuple[str, str]]) -> list[tuple[str, str, str]]:
        """Environment, use case and entry of everything that is decided on; `entries`: name and kind of each."""
        return [
            (environment, name, entry)
            for name, use_case in self.use_cases.items()
            for environment in use_case.environments
            for entry, kind in entries
            if kind in use_case.kinds
        ]


def read_policy(path: Path) -> Policy:
    """The policy of a file. Raises PermanentFailure listing what is wrong, and counting what is left out of a long list: unknown
    names, limits that cannot be, rules that always or never pass.
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
        problems = [f"{_place(each['loc'])}: {_said(each['msg'])}" for each in error.errors()[:_SHOWN]]
        more = error.error_count() - len(problems)
        problems += [f"and {more} more problems"] if more else []
        raise PermanentFailure(f"the policy {path} is refused: {'; '.join(problems)}", remedy=_REMEDY) from error


def policy_version(path: Path) -> str:
    """SHA-256 (hex) of the file."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _place(location: Sequence[str | int]) -> str:
    return ".".join(str(part)[:_LONGEST_NAME] for part in location) or "file"


def _said(message: str) -> str:
    return message.removeprefix("Value error, ")


def _twice(names: Iterable[str]) -> list[str]:
    return sorted(name for name, count in Counter(names).items() if count > 1)
