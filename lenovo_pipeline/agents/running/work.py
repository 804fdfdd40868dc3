"""What a running attempt has at hand, and what one of its nodes did with it: model and tools, within the budget, all recorded.

Belongs here: asking and calling on behalf of a node, of whichever framework. Does not belong here: what nodes do (nodes.py).
"""

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from lenovo_pipeline.agents.running.attempt import Ending, ModelCall
from lenovo_pipeline.agents.running.models import Asked, Model
from lenovo_pipeline.agents.tools.interface import Toolbox, ToolCallRecord, ToolResult, ToolSpec
from lenovo_pipeline.agents.workflows.definition import Workflow
from lenovo_pipeline.agents.workflows.prompts import PROMPTS

SAME_CALLS = 3
"""A call that is made as often in one turn, with the same arguments, is a loop."""

Approver = Callable[[Mapping[str, Any]], bool]
"""Says whether a call (name, arguments) may be made."""

LinkNames = Callable[[str], list[dict[str, Any]]]
"""From a text to what is named in it: kind, ids, surface."""


def no_links(text: str) -> list[dict[str, Any]]:
    """Where nothing is known to link to."""
    return []


@dataclass(frozen=True)
class Running:
    """One attempt that runs. Without an `approver` a call that needs approval interrupts the attempt."""

    workflow: Workflow
    toolbox: Toolbox
    model: Model
    approver: Approver | None = None
    link: LinkNames = no_links
    entries: Sequence[Mapping[str, Any]] = ()
    """What a roster review is about: the entries, each with its figures and verdict."""
    lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def specs(self) -> tuple[ToolSpec, ...]:
        """The tools of the toolbox that the workflow names, in its order."""
        by_name = {spec.name: spec for spec in self.toolbox.specs}
        return tuple(by_name[name] for name in self.workflow.tools if name in by_name)

    def prompt(self, use: str) -> str:
        """The text of a prompt by its use."""
        return PROMPTS[self.workflow.prompts[use]].text


@dataclass
class Work:
    """What one node does: its calls of the model and of tools, and the seconds that they took."""

    running: Running
    said: list[ModelCall] = field(default_factory=list)
    calls: list[ToolCallRecord] = field(default_factory=list)
    began: float = field(default_factory=time.monotonic)

    def over(self) -> tuple[Ending, str] | None:
        """Why no further step may be begun, if so."""
        budget = self.running.toolbox.budget
        part = budget.over()
        if part is None:
            return None
        used = {"steps": f"{budget.steps} steps", "tokens": f"{budget.tokens} tokens", "seconds": f"{budget.seconds:.1f} s"}[part]
        limit = getattr(budget.limits, part)
        return "over_budget", f"the budget of {limit:g} {part} is used up ({used})"

    def ask(
        self,
        messages: Sequence[Mapping[str, Any]],
        tools: Sequence[ToolSpec] = (),
        *,
        retries: int = 0,
        max_tokens: int | None = None,
    ) -> ModelCall:
        """Ask the model; a call that failed is tried again while the budget lasts. Everything is recorded."""
        use, budget = self.running.workflow.model, self.running.toolbox.budget
        for attempt in range(1 + retries):
            left = max(1, budget.limits.tokens - budget.tokens)
            asked = Asked(
                tuple(dict(message) for message in messages),
                tuple(tools),
                min(max_tokens or use.max_tokens, left),
                use.temperature,
                max(0.05, min(use.timeout_s, budget.seconds_left)),
                use.strict_tools and bool(tools),
            )
            call = self.running.model.ask(asked)
            with self.running.lock:
                self.said.append(call)
                budget.use(tokens=(call.tokens_in or 0) + (call.tokens_out or 0), seconds=call.seconds)
            if call.error is None or attempt == retries or budget.over():
                return call
        raise AssertionError("unreachable")

    def use(self, call: Mapping[str, Any]) -> ToolResult:
        """Carry out a call of a tool; it is recorded, whatever comes of it."""
        with self.running.lock:
            # One at a time: the record that was added last is then this call's.
            result = self.running.toolbox.call(call["name"], call["arguments"])
            self.calls.append(self.running.toolbox.records[-1])
        return result

    @property
    def model_seconds(self) -> float:
        return sum(call.seconds for call in self.said)

    @property
    def tool_seconds(self) -> float:
        return sum(call.seconds for call in self.calls)


def ending_of(call: ModelCall) -> tuple[Ending, str] | None:
    """How an attempt ends whose model gave no answer; None if it gave one."""
    if call.error is None:
        return None
    return ("model_timeout" if call.error_kind == "timeout" else "model_failed"), call.error
