"""From the YAML of a definition to workflows, one for each profile; everything that is wrong is listed.

Belongs here: the form of the file. Does not belong here: whether the graph holds (validation.py).

A file says everything for the full profile; `mobile` beneath it says what differs: model and budgets value by value, tools,
nodes and edges as a whole.
"""

from collections.abc import Iterator, Mapping
from typing import Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from lenovo_pipeline.agents.tools.interface import Limits
from lenovo_pipeline.agents.workflows.definition import PROFILES, Edge, ModelUse, Node, Workflow
from lenovo_pipeline.resources.yaml_files import load_yaml


class _Said(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)


class _Node(_Said):
    does: str
    retries: int = Field(0, ge=0, le=5)


class _Edge(_Said):
    source: str = Field(alias="from")
    to: str
    when: str | None = None
    each: str | None = None


class _Model(_Said):
    build: Literal["agent", "base", "edge"] | None = None
    max_tokens: int | None = Field(None, ge=8, le=4096)
    temperature: float | None = Field(None, ge=0, le=2)
    timeout_s: float | None = Field(None, gt=0, le=600)
    context_turns: int | None = Field(None, ge=1, le=100)
    strict_tools: bool | None = None


class _Budgets(_Said):
    steps: int | None = Field(None, ge=1, le=200)
    tokens: int | None = Field(None, ge=100, le=10_000_000)
    seconds: float | None = Field(None, gt=0, le=3600)
    tool_seconds: float | None = Field(None, gt=0, le=600)
    result_characters: int | None = Field(None, ge=100, le=100_000)


class _Mobile(_Said):
    model: _Model = Field(default_factory=_Model)
    budgets: _Budgets = Field(default_factory=_Budgets)
    tools: list[str] | None = None
    nodes: dict[str, _Node] | None = None
    edges: list[_Edge] | None = None
    recoveries: int | None = Field(None, ge=0, le=5)


class _File(_Said):
    name: str = Field(pattern=r"^[a-z][a-z0-9_]{2,40}$")
    version: int = Field(ge=1)
    framework: Literal["langgraph", "smolagents"]
    description: str = Field(min_length=10)
    entry: str
    nodes: dict[str, _Node] = Field(min_length=1)
    edges: list[_Edge] = Field(min_length=1)
    tools: list[str]
    prompts: dict[str, str]
    model: _Model = Field(default_factory=_Model)
    budgets: _Budgets = Field(default_factory=_Budgets)
    approval: list[str] = Field(default_factory=list)
    recoveries: int = Field(1, ge=0, le=5)
    pattern: str | None = None
    mobile: _Mobile | None = None


def parse(content: bytes | str) -> tuple[list[Workflow], list[str]]:
    """The workflows of a file, the full one first, and what is wrong with its form; with problems there are no workflows."""
    try:
        said = load_yaml(content)
    except (yaml.YAMLError, UnicodeDecodeError, RecursionError) as error:
        return [], [f"it is no YAML ({' '.join(str(error).split())})"]
    if not isinstance(said, dict):
        return [], [f"it holds {type(said).__name__}, expected the fields of one workflow"]
    try:
        file = _File.model_validate(said)
    except ValidationError as error:
        return [], [_problem(each) for each in error.errors()]
    return list(_profiles(file)), []


def _profiles(file: _File) -> Iterator[Workflow]:
    for profile in PROFILES:
        mobile = file.mobile if profile == "mobile" else None
        if profile == "mobile" and mobile is None:
            continue
        nodes = mobile.nodes if mobile and mobile.nodes else file.nodes
        edges = mobile.edges if mobile and mobile.edges else file.edges
        tools = tuple(file.tools if mobile is None or mobile.tools is None else mobile.tools)
        yield Workflow(
            name=file.name,
            version=file.version,
            framework=file.framework,
            profile=profile,
            description=" ".join(file.description.split()),
            entry=file.entry,
            nodes=tuple(Node(name, node.does, node.retries) for name, node in nodes.items()),
            edges=tuple(Edge(edge.source, edge.to, edge.when, edge.each) for edge in edges),
            tools=tools,
            prompts=file.prompts,
            model=ModelUse(**{**_stated(file.model), **_stated(mobile and mobile.model)}),
            budgets=Limits(**{**_stated(file.budgets), **_stated(mobile and mobile.budgets)}),
            approval=tuple(name for name in file.approval if mobile is None or name in tools),
            recoveries=file.recoveries if mobile is None or mobile.recoveries is None else mobile.recoveries,
            pattern=file.pattern,
        )


def _stated(values: BaseModel | None) -> dict[str, Any]:
    return {} if values is None else values.model_dump(exclude_none=True)


def _problem(error: Mapping[str, Any]) -> str:
    place = ".".join(map(str, error["loc"]))
    return f"{place}: {error['msg'].lower()}" + ("" if error["type"] == "missing" else f", found {str(error['input'])[:80]!r}")
