"""The catalogue of models as its file states it: what an entry must say, and every way in which a file can be wrong.

Belongs here: reading and validating data/catalogue/models.yaml. Does not belong here: what a licence allows (licences.py) and
what can be reached (availability.py).
"""

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, model_validator

from lenovo_pipeline.failures import PermanentFailure
from lenovo_pipeline.models.licences import Row, eligibility, too_large
from lenovo_pipeline.partitions import NAME_PATTERN

SECTIONS = ("partitions", "references")
UNKNOWN = "unknown"

_ALLOWED = {
    "name": "lower-case letters, digits, dots and hyphens, for example qwen-2.5-3b",
    "parameters": "a whole number, or unknown",
    "context_length": "a whole number of tokens, or unknown",
    "languages": "a list of ISO 639-1 codes, or unknown",
    "price": "currency, input_per_million and output_per_million",
}


def _known(value: object) -> object:
    """None for `unknown`; a value that is left out is no statement."""
    if value is None:
        raise ValueError("nothing is stated; write unknown if nobody has published it")
    return None if value == UNKNOWN else value


def _word(value: object) -> object:
    """YAML 1.1 reads yes and no as booleans, and `no` in a list of languages too."""
    return {True: "yes", False: "no"}.get(value, value) if isinstance(value, bool) else value


Text = Annotated[str, Field(min_length=1, pattern=r"^\S(?:.*\S)?$")]
Count = Annotated[Annotated[int, Field(gt=0, strict=True)] | None, BeforeValidator(_known)]
Language = Annotated[str, Field(pattern=r"^[a-z]{2,3}$"), BeforeValidator(_word)]
Right = Annotated[Literal["yes", "no", "conditional", "unknown"], BeforeValidator(_word)]
Modality = Literal["text", "image", "audio"]
Target = Literal["mobile", "edge", "server", "cloud"]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Licence(_Strict):
    """A licence with where it can be read, its class, and what it allows."""

    name: Text
    spdx: Text | None = None
    url: Text | None = None
    kind: Literal["open_source", "commercial", "research_only", "api_only", "unknown"] = Field(alias="class")
    commercial_use: Right
    redistribution: Right
    modification: Right
    conditions: tuple[Text, ...] = ()

    @model_validator(mode="after")
    def _is_consistent(self) -> "Licence":
        rights = (self.commercial_use, self.redistribution, self.modification)
        if self.name != UNKNOWN and not (self.spdx or self.url):
            raise ValueError("a licence needs its SPDX identifier (spdx) or its address (url)")
        if "conditional" in rights and not self.conditions:
            raise ValueError("a right is conditional, but no conditions are stated")
        if self.kind == "research_only" and self.commercial_use != "no":
            raise ValueError(f"class is research_only, but commercial_use is {self.commercial_use}")
        if self.kind == "api_only" and self.redistribution != "no":
            raise ValueError(f"class is api_only, which gives no weights, but redistribution is {self.redistribution}")
        return self


class Identifiers(_Strict):
    """What each source calls the model; `folder` is relative to the project, `provider` is the owner's own name for it."""

    folder: Text | None = None
    huggingface: Text | None = None
    ollama: Text | None = None
    openai: Text | None = None
    github: Text | None = None
    provider: Text | None = None

    @model_validator(mode="after")
    def _is_not_empty(self) -> "Identifiers":
        if not self.model_dump(exclude_none=True):
            raise ValueError(f"no source has an identifier; give at least one of {', '.join(type(self).model_fields)}")
        return self


class Price(_Strict):
    """What the provider charges for a million tokens, in a currency (ISO 4217)."""

    currency: Annotated[str, Field(pattern=r"^[A-Z]{3}$")]
    input_per_million: Annotated[float, Field(ge=0, allow_inf_nan=False)]
    output_per_million: Annotated[float, Field(ge=0, allow_inf_nan=False)]


class Entry(_Strict):
    """One model. None where the file says unknown; `price` is left out where using it is charged by nobody, or nobody says."""

    name: Annotated[str, Field(pattern=f"^{NAME_PATTERN}$")]
    title: Text
    provider: Text
    family: Text
    parameters: Count
    context_length: Count
    input: Annotated[tuple[Modality, ...], Field(min_length=1)]
    output: Annotated[tuple[Modality, ...], Field(min_length=1)]
    languages: Annotated[tuple[Language, ...] | None, BeforeValidator(_known)]
    licence: Licence
    identifiers: Identifiers
    use_case: Text
    fine_tuning_target: Annotated[bool, Field(strict=True)]
    targets: tuple[Target, ...]
    price: Price | None = None
    sources: dict[str, Text]

    @model_validator(mode="after")
    def _is_consistent(self) -> "Entry":
        if "default" not in self.sources:
            raise ValueError("sources has no `default`: say where the facts are from")
        strangers = sorted(self.sources.keys() - type(self).model_fields.keys() - {"default"})
        if strangers:
            raise ValueError(f"sources names {', '.join(strangers)}, which are no fields")
        reason = too_large(self.name, self.parameters, self.targets)
        if reason:
            raise ValueError(reason)
        return self


@dataclass(frozen=True)
class Rejection:
    """An entry that does not count, and why: one sentence for each thing that is wrong with it."""

    section: str
    name: str
    problems: tuple[str, ...]

    def __str__(self) -> str:
        return f"{self.section}, {self.name}: {'; '.join(self.problems)}"


@dataclass(frozen=True)
class Catalogue:
    """The valid entries of a file by section, the others with their reasons, and the SHA-256 of the file."""

    partitions: tuple[Entry, ...]
    references: tuple[Entry, ...]
    rejections: tuple[Rejection, ...]
    sha256: str

    def rows(self) -> list[dict[str, Any]]:
        """One row of models.catalogue for each valid entry."""
        sections = ((self.partitions, True), (self.references, False))
        return [_row(entry, is_partition) for entries, is_partition in sections for entry in entries]

    def rejected(self, section: str) -> list[str]:
        """What is wrong in a section, in words."""
        return [str(rejection) for rejection in self.rejections if rejection.section == section]


def read_catalogue(path: Path) -> Catalogue:
    """The catalogue in a file. A wrong entry is left out with its reasons; the others stay.

    Raises PermanentFailure if the file is missing or is no YAML with a list of partitions, or no entry of it is valid.
    """
    content, sections = _read(path)
    valid: dict[str, list[Entry]] = {section: [] for section in SECTIONS}
    rejections: list[Rejection] = []
    taken: set[str] = set()
    for section in SECTIONS:
        for position, given in enumerate(sections.get(section) or [], start=1):
            named = given.get("name") if isinstance(given, Mapping) else None
            name = named if isinstance(named, str) and named else f"entry {position}"
            entry, problems = _validated(given)
            if name in taken:
                problems = [*problems, f"name: {name!r} is there already; every name may be given once"]
            if entry is None or problems:
                rejections.append(Rejection(section, name, tuple(problems)))
            else:
                taken.add(name)
                valid[section].append(entry)
    if not taken:
        raise PermanentFailure(
            f"the catalogue {path} has no valid entry: {'; '.join(map(str, rejections)) or 'it is empty'}",
            remedy="Correct it, or get the last version back: git checkout -- data/catalogue",
        )
    return Catalogue(
        tuple(valid["partitions"]), tuple(valid["references"]), tuple(rejections), hashlib.sha256(content).hexdigest()
    )


def _read(path: Path) -> tuple[bytes, Mapping[str, Any]]:
    import yaml

    from lenovo_pipeline.resources.yaml_files import load_yaml

    remedy = "Correct the file, or get the last version back: git checkout -- data/catalogue"
    try:
        content = path.read_bytes()
        found = load_yaml(content)
    except OSError as error:
        raise PermanentFailure(f"the catalogue {path} cannot be read ({error.strerror})", remedy=remedy) from error
    except (yaml.YAMLError, ValueError) as error:
        said = " ".join(str(error).split())
        raise PermanentFailure(f"the catalogue {path} is no valid YAML: {said}", remedy=remedy) from error
    if not isinstance(found, Mapping) or not isinstance(found.get("partitions"), list):
        kind = f"a {type(found).__name__}" if not isinstance(found, Mapping) else "no list `partitions`"
        raise PermanentFailure(f"the catalogue {path} holds {kind}; expected lists of entries under {SECTIONS}", remedy=remedy)
    strangers = [str(section) for section in found if section not in SECTIONS]
    wrong = [section for section in SECTIONS if not isinstance(found.get(section, []), list | None)]
    if strangers or wrong:
        faults = [f"the section {name} is unknown" for name in strangers] + [f"{name} is no list" for name in wrong]
        raise PermanentFailure(f"in the catalogue {path} {'; '.join(faults)}; sections are lists: {SECTIONS}", remedy=remedy)
    return content, found


def _validated(given: object) -> tuple[Entry | None, list[str]]:
    if not isinstance(given, Mapping):
        return None, [f"found {given!r}; an entry is a mapping of fields"]
    try:
        return Entry.model_validate(dict(given)), []
    except ValidationError as error:
        return None, list(_sentences(error))


def _sentences(error: ValidationError) -> Iterator[str]:
    """Each problem as `field: what was found; what is allowed`."""
    for problem in error.errors(include_url=False):
        # A position in a list, or the branch of a union, is not part of a field's name.
        place = ".".join(part for part in problem["loc"] if isinstance(part, str) and "[" not in part and part != "int")
        found = problem["input"]
        allowed = problem.get("ctx", {}).get("expected")
        if problem["type"] == "missing":
            yield f"{place}: is missing"
        elif problem["type"] == "extra_forbidden":
            yield f"{place}: is no field of an entry"
        elif problem["type"] == "value_error":
            said = str(problem["ctx"]["error"])
            yield f"{place}: {said}" if place else said
        elif allowed:
            yield f"{place}: found {found!r}; allowed are {allowed}"
        elif place in _ALLOWED:
            yield f"{place}: found {found!r}; expected {_ALLOWED[place]}"
        else:
            yield f"{place}: found {found!r}; {problem['msg'][:1].lower()}{problem['msg'][1:]}"


def _row(entry: Entry, is_partition: bool) -> dict[str, Any]:
    licence = entry.licence
    row: dict[str, Any] = {
        "name": entry.name,
        "is_partition": is_partition,
        "title": entry.title,
        "provider": entry.provider,
        "family": entry.family,
        "parameters": entry.parameters,
        "context_length": entry.context_length,
        "input": list(entry.input),
        "output": list(entry.output),
        "languages": None if entry.languages is None else list(entry.languages),
        "licence": licence.name,
        "licence_reference": licence.spdx or licence.url,
        "licence_class": licence.kind,
        "commercial_use": licence.commercial_use,
        "redistribution": licence.redistribution,
        "modification": licence.modification,
        "conditions": list(licence.conditions),
        **{f"{source}_id": identifier for source, identifier in entry.identifiers.model_dump().items()},
        "use_case": entry.use_case,
        "fine_tuning_target": entry.fine_tuning_target,
        "targets": list(entry.targets),
        "price": None if entry.price is None else entry.price.model_dump_json(),
        "sources": json.dumps(entry.sources, sort_keys=True),
    }
    allowed, forbidden = eligibility(row)
    return {**row, "eligible_for": allowed, "ineligible_because": forbidden}


def require_row(rows: Sequence[Row], name: str) -> Row:
    """The row of a model. Raises PermanentFailure if the catalogue has no valid entry of that name."""
    for row in rows:
        if row["name"] == name:
            return row
    raise PermanentFailure(
        f"the catalogue has no valid entry {name!r}; it has {', '.join(str(row['name']) for row in rows)}",
        remedy="Correct it in data/catalogue/models.yaml; the check every_partition_has_a_valid_entry says what is wrong.",
    )


def shown(rows: Sequence[Row]) -> list[dict[str, str]]:
    """The rows as people read them: what a model is, what its licence allows, and for what it is eligible."""
    return [
        {
            "model": f"{row['name']}{' (partition)' if row['is_partition'] else ''}",
            "provider": row["provider"],
            "parameters": UNKNOWN if row["parameters"] is None else _in_words(row["parameters"]),
            "context": UNKNOWN if row["context_length"] is None else f"{row['context_length']:,}",
            "licence": row["licence"],
            "class": row["licence_class"],
            "commercial use": row["commercial_use"],
            "redistribution": row["redistribution"],
            "modification": row["modification"],
            "targets": ", ".join(row["targets"]) or UNKNOWN,
            "eligible for": ", ".join(row["eligible_for"]) or "nothing",
        }
        for row in rows
    ]


def _in_words(parameters: int) -> str:
    return f"{parameters / 1e9:.1f} B" if parameters >= 1e9 else f"{parameters / 1e6:.1f} M"
