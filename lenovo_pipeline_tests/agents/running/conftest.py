"""What tests of running workflows share: a small toolbox over a real sandbox, and models that say what a test lays down."""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

import pytest

from lenovo_pipeline.agents.running.attempt import Attempt
from lenovo_pipeline.agents.running.run import run as run_workflow
from lenovo_pipeline.agents.tasks.task import Fault
from lenovo_pipeline.agents.tools.calling import Told
from lenovo_pipeline.agents.tools.catalogue import KINDS, Kind
from lenovo_pipeline.agents.tools.interface import Actor, Budget, Limits
from lenovo_pipeline.agents.tools.sandbox import Sandbox
from lenovo_pipeline.agents.tools.toolbox import StoreToolbox
from lenovo_pipeline.agents.workflows.definition import Workflow
from lenovo_pipeline.agents.workflows.library import read_library
from lenovo_pipeline.resources.inference.errors import GenerationFailed
from lenovo_pipeline.resources.inference.messages import Completion, GenerationSettings, Message, ToolCall

BOTH = ("support_triage", "device_support")
"""A workflow of each framework."""

LOOK_UP = ("look_up_device", {"device": "Velmor X14", "attribute": "battery"})
TICKET = ("open_ticket", {"device": "Velmor X14", "problem": "battery", "priority": "high"})
ORDER = ("order_part", {"part": "battery", "device": "Velmor X14", "quantity": 1})
TOLD = "The battery of Velmor X14 has 57 Wh."

Saying = str | tuple[str, dict[str, Any]] | Exception | Callable[[], Completion]


class SmallStores:
    """The least that the toolbox and the writing tools ask of stores."""

    def withheld(self, text: str, actor: Actor) -> str:
        return text

    def hidden_from(self, actor: Actor) -> re.Pattern[str]:
        return re.compile("(?!)")

    def rows(self, query: str, parameters: Any = None) -> list[tuple[Any, ...]]:
        return [(True,)]

    def find(self, kind: str, said: str) -> str | None:
        return f"{kind[:3].upper()}-1" if said in ("Velmor X14", "battery", "DEV-1") else None


@dataclass
class Script:
    """A model that says one thing after another; the last one for ever. `shown` are the conversations that it was shown."""

    says: Sequence[Saying]
    shown: list[list[Message]] = field(default_factory=list)

    def generate(self, messages: Sequence[Message], settings: GenerationSettings) -> Completion:
        says = self.says[min(len(self.shown), len(self.says) - 1)]
        self.shown.append(list(messages))
        if isinstance(says, Exception):
            raise says
        if callable(says):
            return says()
        if isinstance(says, tuple):
            return Completion("", 100, 20, 0.0, None, "tool_calls", 0.0, (ToolCall(says[0], says[1], "call_0"),))
        return Completion(says, 100, 20, 0.0, None, "stop", 0.0)


def names(text: str) -> list[dict[str, Any]]:
    """A linker that finds one device in everything."""
    return [{"kind": "device", "ids": ["DEV-1"], "surface": "velmor x14"}]


def run(*given: Any, **more: Any) -> Attempt:
    """An attempt, with that linker unless a test brings another."""
    return run_workflow(*given, **{"link": names, **more})


def script(*says: Saying) -> Script:
    return Script(says)


def workflow_of(title: str, **budgets: Any) -> Workflow:
    """A bundled workflow, with other budgets."""
    from dataclasses import replace

    workflow = read_library().workflow(title)
    return replace(workflow, budgets=replace(workflow.budgets, **budgets))


def lost() -> Exception:
    return GenerationFailed("the server closed the connection in the middle of the answer")


@pytest.fixture
def toolbox() -> Iterator[Callable[[Workflow], StoreToolbox]]:
    """Opens toolboxes: reading tools tell one sentence, writing tools are the real ones over a sandbox."""
    opened: list[StoreToolbox] = []

    def reads(call: Any, given: Any) -> Told:
        return Told({"capacity": 57}, TOLD)

    def open_one(workflow: Workflow, limits: Limits | None = None, fault: Fault | None = None) -> StoreToolbox:
        kinds = [kind if kind.spec.writes else Kind(kind.spec, reads) for name, kind in KINDS.items() if name in workflow.tools]
        opened.append(
            StoreToolbox(
                SmallStores(),  # type: ignore[arg-type]
                Sandbox(),
                Actor("agent"),
                today=date(2026, 1, 5),
                budget=Budget(limits or workflow.budgets),
                kinds=kinds,
                fault=fault,
            )
        )
        return opened[-1]

    yield open_one
    for each in opened:
        each.close()
