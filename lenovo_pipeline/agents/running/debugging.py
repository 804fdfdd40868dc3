"""Recordings side by side and step by step, of any framework: compare two, see what held at a step, fork one at a decision.

Belongs here: functions over attempts. Does not belong here: checkpoints (sessions.py), the command line (agents/__main__.py).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import zip_longest
from typing import Any

from lenovo_pipeline.agents.running.attempt import Attempt, ModelCall, Step, final_state
from lenovo_pipeline.agents.running.models import Model, RecordedModel
from lenovo_pipeline.agents.running.replaying import require_same
from lenovo_pipeline.agents.running.run import run
from lenovo_pipeline.agents.running.work import LinkNames, no_links
from lenovo_pipeline.agents.tools.interface import Toolbox
from lenovo_pipeline.agents.workflows.definition import Workflow
from lenovo_pipeline.failures import PermanentFailure


@dataclass(frozen=True)
class Pair:
    """Two attempts at one place: what each did there (empty: it had ended), and whether that is the same."""

    index: int
    first: str
    second: str
    same: bool


def compare(first: Attempt, second: Attempt) -> list[Pair]:
    """Two attempts step by step, by node, decision and what came of it; their endings last."""
    pairs = []
    for index, (one, other) in enumerate(zip_longest(first.steps, second.steps)):
        said = [_told(attempt, step) for attempt, step in ((first, one), (second, other))]
        pairs.append(Pair(index, said[0], said[1], said[0] == said[1]))
    ends = [f"{each.ending}: {each.final_text or each.reason}" for each in (first, second)]
    pairs.append(Pair(len(pairs), ends[0], ends[1], ends[0] == ends[1]))
    states = [str(dict(each.state)) for each in (first, second)]
    pairs.append(Pair(len(pairs), f"leaves {states[0]}", f"leaves {states[1]}", states[0] == states[1]))
    return pairs


def at_step(attempt: Attempt, index: int) -> dict[str, Any]:
    """What held once a step was done: the step, its calls, the rows written so far, tokens and seconds so far.

    Raises PermanentFailure for a step that there is none of.
    """
    if not 0 <= index < len(attempt.steps):
        raise PermanentFailure(
            f"the attempt has no step {index}",
            remedy=f"It has 0 to {len(attempt.steps) - 1}." if attempt.steps else "It has none.",
        )
    done = attempt.steps[: index + 1]
    step = done[-1]
    called = [number for each in done for number in each.tool_calls]
    return {
        "step": step.index,
        "turn": step.turn,
        "node": step.node,
        "decided_by": step.decided_by,
        "did": step.did,
        "model": [_model_call(attempt.model_calls[number]) for number in step.model_calls],
        "tools": [_tool_call(attempt, number) for number in step.tool_calls],
        "written": final_state([attempt.tool_calls[number] for number in called]),
        "tokens": sum(each.tokens_in + each.tokens_out for each in done),
        "seconds": sum(each.seconds for each in done),
    }


def fork(
    recorded: Attempt,
    workflow: Workflow,
    decision: int,
    toolbox: Toolbox,
    model: Model,
    *,
    instead: Mapping[str, Any] | str | None = None,
    link: LinkNames = no_links,
) -> Attempt:
    """Another attempt that is the recorded one up to the model's answer number `decision` (from 0), and then goes on live.

    `instead` takes the place of that answer: a text, or a call (`name`, `arguments`); None asks the model anew. The toolbox is a
    new one: the calls before are made again in it. Raises PermanentFailure for an answer that there is none of, and another
    workflow.
    """
    require_same(recorded, workflow)
    if not 0 <= decision < len(recorded.model_calls):
        raise PermanentFailure(
            f"the model was asked {len(recorded.model_calls)} times, so there is no answer {decision}", remedy="Count from 0."
        )
    kept = list(recorded.model_calls[:decision])
    if instead is not None:
        kept.append(_changed(recorded.model_calls[decision], instead))
    return run(
        workflow,
        recorded.turns,
        toolbox,
        RecordedModel(kept, then=model),
        link=link,
        entries=recorded.entries,
        task_id=recorded.task_id,
        about_model={**recorded.model, "forked_from": recorded.attempt_id, "at": decision},
        setup=recorded.setup,
    )


def decided(attempts: Sequence[Attempt]) -> dict[str, int]:
    """How many steps were decided by code, and how many by the model."""
    steps = [step for attempt in attempts for step in attempt.steps]
    return {by: sum(step.decided_by == by for step in steps) for by in ("code", "model")}


def _changed(call: ModelCall, instead: Mapping[str, Any] | str) -> ModelCall:
    if isinstance(instead, str):
        return replace(call, text=instead, calls=(), error=None, error_kind=None)
    return replace(call, text="", calls=({"name": instead["name"], "arguments": dict(instead.get("arguments", {}))},), error=None)


def _told(attempt: Attempt, step: Step | None) -> str:
    if step is None:
        return ""
    said = [attempt.model_calls[number].text.strip() for number in step.model_calls]
    calls = [f"{attempt.tool_calls[number].tool} {dict(attempt.tool_calls[number].arguments)}" for number in step.tool_calls]
    more = "; ".join(part for part in (*said, *calls) if part)
    return f"{step.turn}/{step.node} ({step.decided_by}): {step.did}" + (f" [{more}]" if more else "")


def _model_call(call: ModelCall) -> dict[str, Any]:
    return {
        "text": call.text,
        "calls": [dict(each) for each in call.calls],
        "error": call.error,
        "tokens_in": call.tokens_in,
        "tokens_out": call.tokens_out,
    }


def _tool_call(attempt: Attempt, number: int) -> dict[str, Any]:
    call = attempt.tool_calls[number]
    return {"tool": call.tool, "arguments": dict(call.arguments), "result": call.result_text, "error": call.error_kind}
