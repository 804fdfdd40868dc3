"""Carrying out calls: whatever a model asks for and whatever a tool does, the caller gets a result, in time, of bounded size.

Belongs here: validation, time and output limits, budget, recording, injected faults, and the last look at what is shown.
Does not belong here: any tool.
"""

import json
import logging
import queue
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any

from lenovo_pipeline.agents.tasks.task import Fault, Task
from lenovo_pipeline.agents.tools.calling import Call, Told, ToolError, fitted
from lenovo_pipeline.agents.tools.catalogue import KINDS, Kind
from lenovo_pipeline.agents.tools.interface import (
    Actor,
    Budget,
    Limits,
    ToolCallRecord,
    ToolResult,
    ToolSpec,
)
from lenovo_pipeline.agents.tools.marks import as_data
from lenovo_pipeline.agents.tools.sandbox import Abandoned, Sandbox
from lenovo_pipeline.agents.tools.stores import Stores
from lenovo_pipeline.failures import PermanentFailure
from lenovo_pipeline.provenance import short_hash

_LOG = logging.getLogger(__name__)
_MOST_VALUE_BYTES = 64_000
"""Larger results are not kept in the record, only told as far as they are shown."""

_FLOOD = 10 * 1024 * 1024


def open_toolbox(
    stores: Stores,
    task: Task,
    *,
    limits: Limits | None = None,
    folder: Path | None = None,
    tools: Sequence[str] | None = None,
    sandbox: Sandbox | None = None,
) -> "StoreToolbox":
    """The tools for one attempt at a task, over a new sandbox; `tools` are those offered (default: all).

    The sandbox lies in `folder`, or in a temporary one, or is the one given; `close` deletes it. Raises PermanentFailure for a
    tool that there is none of.
    """
    unknown = [name for name in tools or () if name not in KINDS]
    if unknown:
        raise PermanentFailure(f"there is no tool {', '.join(unknown)}", remedy=f"There are: {', '.join(KINDS)}.")
    sandbox = sandbox or Sandbox(folder, task.setup)
    return StoreToolbox(
        stores,
        sandbox,
        task.actor,
        today=date.fromisoformat(task.today),
        budget=Budget(limits or Limits()),
        kinds=[KINDS[name] for name in tools] if tools is not None else list(KINDS.values()),
        fault=task.fault,
    )


class StoreToolbox:
    """The tools of one attempt over real stores: see interface.Toolbox."""

    def __init__(
        self,
        stores: Stores,
        sandbox: Sandbox,
        actor: Actor,
        *,
        today: date,
        budget: Budget,
        kinds: Sequence[Kind],
        fault: Fault | None = None,
    ) -> None:
        self.specs: tuple[ToolSpec, ...] = tuple(kind.spec for kind in kinds)
        self.records: list[ToolCallRecord] = []
        self.budget = budget
        self.sandbox = sandbox
        self._stores, self._actor, self._today, self._fault = stores, actor, today, fault
        self._kinds = {kind.spec.name: kind for kind in kinds}
        self._closed = threading.Event()

    def call(self, name: str, arguments: Mapping[str, Any], *, request_id: str | None = None) -> ToolResult:
        """Carry out one call and record it; see interface.Toolbox."""
        started = time.monotonic()
        plain = _json_values(arguments)
        request = request_id or _request_id(name, plain)
        told: Told | None = None
        error: ToolError | None = None
        over = self.budget.over()
        try:
            if over is not None:
                raise ToolError("over_budget", f"the budget of {over} is used up")
            self.budget.use(steps=1)
            told = self._in_time(self._work(name, plain, request))
        except ToolError as failed:
            error = failed
        seconds = time.monotonic() - started
        if over is None:
            self.budget.use(seconds=seconds)
        return self._recorded(name, plain, request_id, told, error, seconds)

    def state(self) -> dict[str, list[dict[str, Any]]]:
        """What the sandbox holds now."""
        return self.sandbox.state()

    def close(self) -> None:
        """Delete the sandbox; calls that still run can write no more."""
        self._closed.set()
        self.sandbox.close()

    def _work(self, name: str, arguments: Any, request_id: str) -> Callable[[Callable[[], bool]], Told]:
        kind = self._kinds.get(name)
        if kind is None:
            raise ToolError("unknown_tool", f"there is no tool {str(name)[:60]}; there are {', '.join(self._kinds)}")
        if not isinstance(arguments, dict):
            raise ToolError("bad_arguments", f"{name} was called wrongly: the arguments are no JSON object")
        given = fitted(kind.spec, arguments)
        fault = self._due(name)

        def work(wanted: Callable[[], bool]) -> Told:
            if fault == "hangs":
                # Longer than any limit, and yet no thread that outlives a closed toolbox.
                self._closed.wait(3_600)
            if fault == "fails":
                raise ConnectionError("the store behind the tool does not answer")
            if fault == "floods":
                return Told("x" * _FLOOD, "x" * _FLOOD)
            call = Call(self._stores, self.sandbox, self._actor, self._today, request_id, wanted)
            return kind.carry_out(call, given)

        return work

    def _due(self, name: str) -> str | None:
        fault = self._fault
        before = sum(record.tool == name for record in self.records)
        return fault.kind if fault is not None and fault.tool == name and fault.at == before else None

    def _in_time(self, work: Callable[[Callable[[], bool]], Told]) -> Told:
        """What the work gives, or ToolError once its time is over: it is then abandoned, and can write nothing any more."""
        given_up = threading.Event()
        answers: queue.Queue[Told | BaseException] = queue.Queue(1)

        def wanted() -> bool:
            return not given_up.is_set() and not self._closed.is_set()

        def carry_out() -> None:
            try:
                answers.put(work(wanted))
            except BaseException as error:
                answers.put(error)

        threading.Thread(target=carry_out, name="tool", daemon=True).start()
        limit = min(self.budget.limits.tool_seconds, self.budget.seconds_left)
        try:
            answer = answers.get(timeout=limit)
        except queue.Empty:
            given_up.set()
            raise ToolError("timeout", f"failed: no answer within {limit:g} s, try again") from None
        if isinstance(answer, Told):
            return answer
        if isinstance(answer, ToolError):
            raise answer
        if isinstance(answer, Abandoned):
            raise ToolError("timeout", "failed: the call was given up")
        _LOG.debug("a tool failed", exc_info=answer)
        # What went wrong inside is not for the model, nor for whoever it speaks with: it may name paths and addresses.
        raise ToolError("failed", "failed: the tool broke down, try again") from answer

    def _recorded(
        self,
        name: str,
        arguments: Any,
        request_id: str | None,
        told: Told | None,
        error: ToolError | None,
        seconds: float,
    ) -> ToolResult:
        whole = told.text if told is not None else str(error)
        text = self._shown(whole)
        value: Any = None
        size = len(whole.encode("utf-8", "replace"))
        if told is not None:
            kept = json.dumps(told.value, ensure_ascii=False, default=str)
            size = max(size, len(kept.encode("utf-8", "replace")))
            value = json.loads(self._withheld(kept)) if size <= _MOST_VALUE_BYTES else None
        record = ToolCallRecord(
            index=len(self.records),
            tool=str(name)[:100],
            arguments=arguments if isinstance(arguments, dict) else {"": arguments},
            ok=error is None,
            error=None if error is None else text,
            error_kind=None if error is None else error.kind,
            result_text=text,
            result_value=value,
            result_bytes=size,
            seconds=seconds,
            effects=told.effects if told is not None else (),
            request_id=request_id,
        )
        self.records.append(record)
        return record.result

    def _shown(self, text: str) -> str:
        limit = self.budget.limits.result_characters
        # Looked through before it is cut, so that no half of a name is left; what is far beyond the limit is never shown.
        text = as_data(self._withheld(text[: 4 * limit] if len(text) > 4 * limit else text))
        if len(text) <= limit:
            return text
        return f"{text[:limit]}… [cut: the result was longer than {limit} characters]"

    def _withheld(self, text: str) -> str:
        """The text without what the actor may not see, wherever it came from: the second line behind each tool's own rules."""
        return self._stores.withheld(text, self._actor)


def _request_id(name: str, arguments: Any) -> str:
    told = json.dumps([name, arguments], sort_keys=True, ensure_ascii=False)
    return short_hash(told)


def _json_values(arguments: Any) -> Any:
    """Arguments as plain JSON values, whatever a runtime passes; what is no JSON is told as text."""
    try:
        return json.loads(json.dumps(arguments, default=str, ensure_ascii=False))
    except (TypeError, ValueError, RecursionError):
        return str(arguments)[:2_000]
