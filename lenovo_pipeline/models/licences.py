"""What a model may be used for: filters over the catalogue, and whether licence and size allow an intended use, with reasons.

Belongs here: judging rows of models.catalogue. Nothing here is legal advice: it applies what the catalogue states, and what is
unknown counts as not allowed.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from lenovo_pipeline.failures import PermanentFailure

LICENCE_CLASSES = ("open_source", "commercial", "research_only", "api_only", "unknown")
RIGHTS = ("yes", "no", "conditional", "unknown")

SMALL_DEVICES = ("mobile", "edge")
MOST_PARAMETERS = 4_000_000_000
"""Targets that are small devices take models with fewer parameters than this."""

USES: dict[str, tuple[str, ...]] = {
    "evaluation": (),
    "production": ("commercial_use",),
    "on_device": ("commercial_use", "redistribution"),
    "customisation": ("commercial_use", "modification"),
}
"""The intended uses and the rights that each needs: comparing models inside the company; answering in a product or service;
shipping the weights on devices; shipping or serving a model that was made from it."""

_NEEDS_WEIGHTS = ("on_device", "customisation")
_RIGHTS = {
    "commercial_use": "commercial use",
    "redistribution": "passing the weights on",
    "modification": "making other models from it",
}

Row = Mapping[Any, Any]
"""A row of models.catalogue: values by column."""


@dataclass(frozen=True)
class Compliance:
    """Whether a model may be used as intended: the reasons if not, the conditions if so."""

    allowed: bool
    reasons: tuple[str, ...] = ()
    conditions: tuple[str, ...] = ()


def compliance(row: Row, intended_use: str) -> Compliance:
    """Whether a catalogued model may be used as intended, one of USES: by its licence, and on devices by its size.

    A right that is unknown is not granted. Raises PermanentFailure for a use that is not known.
    """
    if intended_use not in USES:
        raise PermanentFailure(
            f"the intended use {intended_use!r} is not known; known are {', '.join(USES)}",
            remedy="Correct the intended use where it is stated (data/policy).",
        )
    licence = f"the licence of {row['name']} ({row['licence']})"
    if row["licence_class"] == "unknown":
        return Compliance(False, (f"the licence of {row['name']} is unknown",))
    reasons = []
    if row["licence_class"] == "api_only" and intended_use in _NEEDS_WEIGHTS:
        reasons.append(f"{row['name']} is only offered as a service, without weights")
    else:
        for right in USES[intended_use]:
            if row[right] == "no":
                reasons.append(f"{licence} forbids {_RIGHTS[right]}")
            elif row[right] == "unknown":
                reasons.append(f"it is unknown whether {licence} allows {_RIGHTS[right]}")
        if intended_use == "on_device" and not _is_small(row["parameters"]):
            reasons.append(f"{row['name']} has {_size(row['parameters'])}; small devices take fewer than {MOST_PARAMETERS:,}")
    return Compliance(False, tuple(reasons)) if reasons else Compliance(True, conditions=tuple(row["conditions"]))


def may_allow(licence_class: str, intended_use: str) -> bool:
    """Whether any licence of a class may allow a use, one of USES: the catalogue refuses to state commercial use for research
    only, and what is only offered as a service has no weights.
    """
    if licence_class == "research_only":
        return "commercial_use" not in USES[intended_use]
    return licence_class != "unknown" and not (licence_class == "api_only" and intended_use in _NEEDS_WEIGHTS)


def eligibility(row: Row) -> tuple[list[str], list[str]]:
    """The uses that the licence allows, and one sentence `use: reasons` for each that it does not."""
    verdicts = {use: compliance(row, use) for use in USES}
    return (
        [use for use, verdict in verdicts.items() if verdict.allowed],
        [f"{use}: {'; '.join(verdict.reasons)}" for use, verdict in verdicts.items() if not verdict.allowed],
    )


def too_large(name: str, parameters: int | None, targets: Iterable[str]) -> str | None:
    """Why a model may not have these deployment targets; None if it may. The limit for small devices needs a known size."""
    small = [target for target in targets if target in SMALL_DEVICES]
    if not small or _is_small(parameters):
        return None
    return (
        f"{name} has {_size(parameters)}, but its targets name {' and '.join(small)}, which take fewer than {MOST_PARAMETERS:,}"
    )


def _is_small(parameters: int | None) -> bool:
    return parameters is not None and parameters < MOST_PARAMETERS


def _size(parameters: int | None) -> str:
    return "an unknown number of parameters" if parameters is None else f"{parameters:,} parameters"


def select(
    rows: Sequence[Row],
    *,
    licence_class: str | None = None,
    intended_use: str | None = None,
    target: str | None = None,
    modality: str | None = None,
    fewer_parameters_than: int | None = None,
) -> list[Row]:
    """The rows that meet all conditions given: class of the licence, allowed use, deployment target, modality (in or out), size.

    A model whose size is unknown has not fewer parameters than anything. Raises PermanentFailure for an unknown use.
    """
    return [
        row
        for row in rows
        if (licence_class is None or row["licence_class"] == licence_class)
        and (intended_use is None or compliance(row, intended_use).allowed)
        and (target is None or target in row["targets"])
        and (modality is None or modality in (*row["input"], *row["output"]))
        and (fewer_parameters_than is None or (row["parameters"] is not None and row["parameters"] < fewer_parameters_than))
    ]
