"""What a prompt template is: its fields, its typed variables, and every way in which one can be wrong.

Belongs here: the declaration and its validation. Does not belong here: files (library.py), filling in (rendering.py).
"""

import re
from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any, Literal, Self, TypeAlias, get_args

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from lenovo_pipeline.prompts.rendering import PLACEHOLDER, fill, is_chinese, misfit, stray_braces

LIBRARIES: dict[str, tuple[str, ...]] = {
    "business_scenarios": ("b2b", "executive", "strategy"),
    "device_support": ("hardware", "software", "performance"),
    "customer_service": ("support", "sales", "technical"),
    "technical_documentation": ("engineering", "api", "integration"),
    "mobile_edge": ("edge", "mobile", "iot"),
    "factory_roster": ("production", "quality", "monitoring"),
}
"""Each library with its sub-domains: a folder of data/prompts with one file for each."""

VariableType: TypeAlias = Literal["text", "number", "date", "choice", "list", "record"]
TaskType: TypeAlias = Literal[
    "answer",
    "classify",
    "compare",
    "diagnose",
    "draft",
    "explain",
    "extract",
    "plan",
    "report",
    "review",
    "summarise",
    "translate",
]
TASK_TYPES: tuple[str, ...] = get_args(TaskType)
STATUSES = ("active", "draft")
LONGEST_TEMPLATE = 8_000
LONGEST_PURPOSE = 300
_ID = r"[a-z][a-z0-9]*(-[a-z0-9]+)*"
_NAME = re.compile(r"[a-z][a-z0-9_]*")


class Variable(BaseModel):
    """One variable: what may be filled in, and an example of it. `choices` belongs to type choice alone."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    type: VariableType
    description: str = Field(min_length=2)
    example: Any
    choices: list[str] | None = None

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if self.type == "choice" and not (self.choices and len(set(self.choices)) == len(self.choices) > 1):
            raise ValueError("a variable of type choice needs two or more distinct choices")
        if self.type != "choice" and self.choices is not None:
            raise ValueError(f"choices belong to type choice, and this is of type {self.type}")
        wrong = misfit(self.type, self.example, self.choices)
        if wrong:
            raise ValueError(f"the example {wrong}")
        return self


class Template(BaseModel):
    """One prompt template as its YAML holds it. An `active` one is in production, a `draft` only on trial."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    id: str = Field(pattern=rf"^{_ID}$", max_length=80)
    purpose: str = Field(min_length=10, max_length=LONGEST_PURPOSE)
    task_type: TaskType
    language: Literal["en", "zh-Hans", "zh-Hant"]
    version: int = Field(ge=1)
    status: Literal["active", "draft"] = "active"
    variables: dict[str, Variable] = Field(min_length=1)
    template: str = Field(min_length=20, max_length=LONGEST_TEMPLATE)

    @field_validator("variables")
    @classmethod
    def _plain_names(cls, variables: dict[str, Variable]) -> dict[str, Variable]:
        bad = [name for name in variables if not _NAME.fullmatch(name)]
        if bad:
            raise ValueError(f"names are lower-case letters, digits and underscores, unlike {', '.join(map(repr, bad))}")
        return variables

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        problems = list(self._problems())
        if problems:
            raise ValueError("; ".join(problems))
        return self

    def _problems(self) -> Iterator[str]:
        stray = stray_braces(self.template)
        if stray:
            yield f"braces that are no placeholder near {stray!r}; a placeholder is {{{{name}}}}"
        used = set(PLACEHOLDER.findall(self.template))
        for name in sorted(used - self.variables.keys()):
            yield f"the placeholder {{{{{name}}}}} is no declared variable (declared are {', '.join(self.variables)})"
        for name in sorted(self.variables.keys() - used):
            yield f"the variable {name} stands nowhere in the template"
        words = PLACEHOLDER.sub("", self.template)
        if (self.language == "en") == is_chinese(words):
            yield f"the language is {self.language}, but the text is {'Chinese' if is_chinese(words) else 'not Chinese'}"
        if used <= self.variables.keys() and len(self.example) > 2 * LONGEST_TEMPLATE:
            yield f"the rendered example has {len(self.example)} characters, at most {2 * LONGEST_TEMPLATE} are allowed"

    @property
    def example(self) -> str:
        """The template filled with the examples of its variables."""
        return fill(self.template, {name: variable.example for name, variable in self.variables.items()}, self.language)


class Problem(BaseModel):
    """One thing that is wrong with a file or a template, for the person who mends it."""

    model_config = ConfigDict(frozen=True)

    file: str
    template_id: str
    field: str
    found: str
    allowed: str

    def __str__(self) -> str:
        return f"{self.file}, template {self.template_id}, field {self.field}: found {self.found}; allowed: {self.allowed}"


def check_template(values: Any, file: str) -> Template | list[Problem]:
    """The template that these values make, or every problem with them."""
    template_id = str(values.get("id", "without id")) if isinstance(values, Mapping) else "without id"
    if not isinstance(values, Mapping):
        allowed = f"a mapping with {', '.join(Template.model_fields)}"
        return [Problem(file=file, template_id=template_id, field="template", found=_shown(values), allowed=allowed)]
    try:
        return Template.model_validate(dict(values))
    except ValidationError as error:
        return [_problem(file, template_id, dict(each)) for each in error.errors(include_url=False)]


def _problem(file: str, template_id: str, error: Mapping[str, Any]) -> Problem:
    field = ".".join(map(str, error["loc"])) or "template"
    context = error.get("ctx") or {}
    kind = error["type"]
    found = "nothing" if kind == "missing" else _shown(error["input"])
    if kind == "missing":
        allowed = "a value, since the field is required"
    elif kind == "extra_forbidden":
        fields = Variable.model_fields if error["loc"][0] == "variables" else Template.model_fields
        allowed = f"only {', '.join(fields)}"
    elif kind == "literal_error":
        allowed = str(context.get("expected")).replace(" or ", ", ")
    elif kind == "value_error":
        # What is wrong stands in the message; the whole input would only repeat the file.
        found, allowed = str(error["msg"]).removeprefix("Value error, "), "what the README says of prompts"
    else:
        allowed = str(error["msg"])
    return Problem(file=file, template_id=template_id, field=field, found=found, allowed=allowed)


def _shown(value: Any) -> str:
    text = repr(value.isoformat()) if isinstance(value, date) else repr(value)
    return text if len(text) <= 80 else f"{text[:79]}…"
