"""What the frameworks cost of each step of an attempt: everything but the model and the tools.

Run: python lenovo_pipeline_tests/benchmarks/bench_agents.py
The same conversation (a
call, an answer) runs in the plain loop without a framework, in LangGraph with checkpoints in a file, and in smolagents; model
and tool take no time. The goal is at most 10 ms a step for LangGraph and 20 ms for smolagents.
"""

import re
import tempfile
import time
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from statistics import median
from typing import Any

from lenovo_pipeline.agents.running.run import run
from lenovo_pipeline.agents.tools.calling import Told
from lenovo_pipeline.agents.tools.catalogue import KINDS, Kind
from lenovo_pipeline.agents.tools.interface import Actor, Budget
from lenovo_pipeline.agents.tools.sandbox import Sandbox
from lenovo_pipeline.agents.tools.toolbox import StoreToolbox
from lenovo_pipeline.agents.workflows.definition import Workflow
from lenovo_pipeline.agents.workflows.library import read_library
from lenovo_pipeline.resources.inference.messages import Completion, GenerationSettings, Message, ToolCall

GOALS_MS = {"support_triage": 10.0, "device_support": 20.0}
ATTEMPTS = 30
_CALL = ToolCall("look_up_device", {"device": "Velmor X14", "attribute": "battery"}, "call_0")
_TOLD = "The battery of Velmor X14 has 57 Wh."


class _Stores:
    def withheld(self, text: str, actor: Actor) -> str:
        return text

    def hidden_from(self, actor: Actor) -> re.Pattern[str]:
        return re.compile(r"(?!)")


class _Model:
    """Calls a tool, then answers, at once."""

    def generate(self, messages: Sequence[Message], settings: GenerationSettings) -> Completion:
        if messages[-1].role == "user":
            return Completion("", 100, 20, 0.0, None, "tool_calls", 0.0, (_CALL,))
        return Completion(_TOLD, 100, 20, 0.0, None, "stop", 0.0)


def _toolbox(workflow: Workflow) -> StoreToolbox:
    def reads(call: Any, given: Any) -> Told:
        return Told(None, _TOLD)

    kinds = [Kind(kind.spec, reads) for name, kind in KINDS.items() if name in workflow.tools]
    return StoreToolbox(
        _Stores(),  # type: ignore[arg-type]
        Sandbox(),
        Actor("agent"),
        today=date(2026, 1, 5),
        budget=Budget(workflow.budgets),
        kinds=kinds,
    )


def _plain(workflow: Workflow) -> float:
    """Seconds of the same two questions and one call, without a framework."""
    toolbox, model = _toolbox(workflow), _Model()
    settings = GenerationSettings()
    began = time.perf_counter()
    messages = [Message("system", ""), Message("user", "What battery has it?")]
    said = model.generate(messages, settings)
    result = toolbox.call(said.tool_calls[0].name, said.tool_calls[0].arguments)
    messages += [Message("assistant", "", said.tool_calls), Message("tool", result.text, (), "call_0")]
    model.generate(messages, settings)
    seconds = time.perf_counter() - began
    toolbox.close()
    return seconds


def main() -> None:
    """Print the cost of a step in each framework beside the plain loop."""
    library = read_library()
    plain = median(_plain(library.workflow("support_triage")) for _ in range(ATTEMPTS)) * 1000
    print(f"\nplain loop: {plain:.2f} ms for two answers and one call")
    for title, goal in GOALS_MS.items():
        workflow = library.workflow(title)
        costs, steps = [], 0
        for number in range(ATTEMPTS + 2):
            toolbox = _toolbox(workflow)
            with tempfile.TemporaryDirectory() as folder:
                place = Path(folder) / "checkpoints.sqlite" if workflow.framework == "langgraph" else None
                made = run(workflow, ("What battery has the Velmor X14?",), toolbox, _Model(), checkpoints=place)
            toolbox.close()
            if made.ending != "answered":
                raise SystemExit(f"{title} ended as {made.ending}: {made.reason}")
            steps = len(made.steps)
            # The first ones import the libraries.
            costs += [made.framework_seconds * 1000 / steps] if number >= 2 else []
        verdict = "kept" if median(costs) <= goal else "MISSED"
        print(
            f"{title} ({workflow.framework}): median {median(costs):.2f} ms, slowest {max(costs):.2f} ms a step "
            f"({steps} steps, {ATTEMPTS} attempts); goal {goal:g} ms: {verdict}"
        )


if __name__ == "__main__":
    main()
