"""A toolbox that answers from a recording: without stores, without a model, call by call in order.

Belongs here: what a recorded call answers, doing again what it wrote, and saying where a call differs from the recording.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from lenovo_pipeline.agents.tools.interface import Budget, Limits, ToolCallRecord, ToolResult, ToolSpec
from lenovo_pipeline.agents.tools.sandbox import Sandbox


class ReplayToolbox:
    """The calls of an attempt again, over a new sandbox: see interface.Toolbox.

    A call other than the one that was recorded at its place gets an error of the kind `differs_from_recording` that tells both,
    and `differences` keeps it; nothing is written then.
    """

    def __init__(
        self,
        recorded: Sequence[ToolCallRecord],
        specs: Sequence[ToolSpec],
        setup: Mapping[str, Sequence[Mapping[str, Any]]] | None = None,
        *,
        limits: Limits | None = None,
        folder: Path | None = None,
    ) -> None:
        self.specs = tuple(specs)
        self.records: list[ToolCallRecord] = []
        self.differences: list[str] = []
        self.budget = Budget(limits or Limits())
        self.sandbox = Sandbox(folder, setup)
        self._recorded = tuple(recorded)

    def call(self, name: str, arguments: Mapping[str, Any], *, request_id: str | None = None) -> ToolResult:
        """What the recording has at this place."""
        place = len(self.records) + len(self.differences)
        kept = self._recorded[place] if place < len(self._recorded) else None
        if kept is None or kept.tool != name or dict(kept.arguments) != dict(arguments):
            was = f"{kept.tool} {dict(kept.arguments)}" if kept is not None else "no call"
            told = f"call {place} is {name} {dict(arguments)}, recorded was {was}"
            self.differences.append(told)
            return ToolResult(False, None, told, told, "differs_from_recording")
        if kept.error_kind != "over_budget":
            self.budget.use(steps=1, seconds=kept.seconds)
        done_before = isinstance(kept.result_value, dict) and kept.result_value.get("done_before")
        if kept.effects and not done_before:
            self.sandbox.apply(kept.effects)
        self.records.append(kept)
        return kept.result

    @property
    def left(self) -> int:
        """How many recorded calls have not come yet."""
        return len(self._recorded) - len(self.records) - len(self.differences)

    def state(self) -> dict[str, list[dict[str, Any]]]:
        """What the sandbox holds now."""
        return self.sandbox.state()

    def close(self) -> None:
        """Delete the sandbox."""
        self.sandbox.close()
