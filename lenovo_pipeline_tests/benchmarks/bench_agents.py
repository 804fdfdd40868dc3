"""What the frameworks cost of each step of an attempt, and what the mobile form of a workflow saves.

Run: python lenovo_pipeline_tests/benchmarks/bench_agents.py

Framework: the same conversation (a call, an answer) runs in the plain loop without a framework, in LangGraph with checkpoints in
a file, and in smolagents; model and tool take no time. The goal is at most 10 ms a step for LangGraph and 20 ms for smolagents.

Mobile: the full and the mobile form answer the same request with the bundled model and with its edge build, each in a process of
its own, whose peak of resident memory is told, beside what it held before the model was opened.
"""

import json
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from statistics import median
from typing import Any

from lenovo_pipeline.agents.running.builds import Builds
from lenovo_pipeline.agents.running.run import run
from lenovo_pipeline.agents.tools.calling import Told
from lenovo_pipeline.agents.tools.catalogue import KINDS, Kind
from lenovo_pipeline.agents.tools.interface import Actor, Budget
from lenovo_pipeline.agents.tools.sandbox import Sandbox
from lenovo_pipeline.agents.tools.toolbox import StoreToolbox
from lenovo_pipeline.agents.workflows.definition import Workflow
from lenovo_pipeline.agents.workflows.library import read_library
from lenovo_pipeline.models.catalogue import read_catalogue, require_row
from lenovo_pipeline.models.foundation import resolve
from lenovo_pipeline.models.tuning.precision import peak_memory_mb
from lenovo_pipeline.partitions import DEFAULT_MODEL
from lenovo_pipeline.resources.inference import Inference
from lenovo_pipeline.resources.inference.messages import Completion, GenerationSettings, Message, ToolCall
from lenovo_pipeline.resources.store import Store
from lenovo_pipeline.settings import PROJECT_ROOT, Settings

GOALS_MS = {"support_triage": 10.0, "device_support": 20.0}
ATTEMPTS = 30
_CALL = ToolCall("look_up_device", {"device": "Velmor X14", "attribute": "battery"}, "call_0")
_ASKED = ("What battery has the Velmor X14?",)
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


def _builds(folder: Path) -> Builds:
    """The builds of the bundled model, in a store of its own."""
    settings = Settings(store=folder)
    store, inference = Store(folder), Inference(settings)
    row = require_row(read_catalogue(settings.catalogue).rows(), DEFAULT_MODEL)
    return Builds(resolve(row, inference, PROJECT_ROOT, bundled=DEFAULT_MODEL), row, None, inference, store)


def measured(title: str, folder: Path) -> dict[str, float]:
    """Memory (MB) and seconds of attempts of one workflow, in this process: to be called in a new one."""
    workflow = read_library().workflow(title)
    builds = _builds(folder)
    # The libraries of both frameworks and of the tools, without any model.
    _plain(workflow)
    run(workflow, _ASKED, _toolbox(workflow), _Model())
    before = peak_memory_mb("cpu")
    backend = builds.open(workflow.model.build)
    seconds, tokens = [], 0
    for _ in range(3):
        toolbox = _toolbox(workflow)
        made = run(workflow, _ASKED, toolbox, backend)
        toolbox.close()
        seconds.append(made.seconds)
        tokens = made.tokens_in + made.tokens_out
    return {"before_mb": before, "peak_mb": peak_memory_mb("cpu"), "seconds": median(seconds), "tokens": tokens}


def _mobile() -> None:
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        # Made here, so that exporting is not part of what is measured.
        _builds(folder).open("edge")
        for name in GOALS_MS:
            told = {}
            for title in (name, f"{name}.mobile"):
                command = [sys.executable, __file__, "--measure", title, place]
                said = subprocess.run(command, check=True, capture_output=True, text=True).stdout
                told[title] = json.loads(said.splitlines()[-1])
            for title, figures in told.items():
                print(
                    f"{title}: {figures['seconds']:.2f} s an attempt ({figures['tokens']:.0f} tokens), peak memory "
                    f"{figures['peak_mb']:.0f} MB, of which the model {figures['peak_mb'] - figures['before_mb']:.0f} MB"
                )


def main() -> None:
    """Print the cost of a step in each framework beside the plain loop, then the mobile forms beside the full ones."""
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
                made = run(workflow, _ASKED, toolbox, _Model(), checkpoints=place)
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
    _mobile()


if __name__ == "__main__":
    if sys.argv[1:2] == ["--measure"]:
        print(json.dumps(measured(sys.argv[2], Path(sys.argv[3]))))
    else:
        main()
