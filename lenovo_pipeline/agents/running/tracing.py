"""Attempts as traces in MLflow: a root span, one span for each node, and beneath it one for each call of the model and of a tool.

Belongs here: writing traces. Does not belong here: the recordings, which stay the truth (keeping.py).
Spans are written as finished values, many in one transaction: MLflow's live spans take a transaction each, half a minute for a
hundred attempts.
"""

import hashlib
import json
import time
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from lenovo_pipeline.agents.running.attempt import Attempt, Step
from lenovo_pipeline.provenance import short_hash

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities import Span

EXPERIMENT = "agent_traces"
_LONGEST = 2_000
_NS = 1_000_000_000
_TOGETHER = 20
_WELL = ("answered", "handed_over", "waiting", "declined")
"""Endings that are no error."""


def trace_attempts(client: "MlflowClient", experiment_id: str, attempts: Sequence[tuple[Attempt, Mapping[str, Any]]]) -> int:
    """Write a trace for each attempt that has none yet in this experiment, with its tags; how many were written.

    Times are those that were measured, laid one after another; parallel branches, too.
    """
    from mlflow.tracing.client import TracingClient

    known = _known(client, experiment_id)
    missing = [(attempt, tags) for attempt, tags in attempts if attempt.attempt_id not in known]
    tracing = TracingClient(client.tracking_uri)
    for first in range(0, len(missing), _TOGETHER):
        spans: list[Span] = []
        for attempt, tags in missing[first : first + _TOGETHER]:
            began = time.time_ns() - int(attempt.seconds * _NS)
            made = [_span(each) for each in _spans(attempt, trace_id_of(attempt, experiment_id), began)]
            tracing.start_trace(_info(attempt, experiment_id, tags, made[0]))
            spans += made
        tracing.log_spans(experiment_id, spans)
    return len(missing)


def forget_traces(client: "MlflowClient", experiment_id: str, kept: set[str], model: str) -> int:
    """Delete the traces of a model's attempts that are not among those kept; how many went."""
    gone = [
        trace_id for attempt_id, (trace_id, of) in _known(client, experiment_id).items() if of == model and attempt_id not in kept
    ]
    for first in range(0, len(gone), 100):
        client.delete_traces(experiment_id, trace_ids=gone[first : first + 100])
    return len(gone)


def _known(client: "MlflowClient", experiment_id: str) -> dict[str, tuple[str, str]]:
    """The traces that there are, by attempt: trace id and model."""
    found: dict[str, tuple[str, str]] = {}
    token = None
    while True:
        page = client.search_traces(locations=[experiment_id], max_results=500, page_token=token, include_spans=False)
        for trace in page:
            tags = trace.info.tags
            if "attempt" in tags:
                found[tags["attempt"]] = (trace.info.trace_id, tags.get("model", ""))
        token = page.token
        if not token:
            return found


def trace_id_of(attempt: Attempt, experiment_id: str) -> str:
    """The id of an attempt's trace: the same attempt has one trace in an experiment."""
    return f"tr-{hashlib.sha256(f'{experiment_id}/{attempt.attempt_id}'.encode()).hexdigest()[:32]}"


def _info(attempt: Attempt, experiment_id: str, tags: Mapping[str, Any], root: "Span") -> Any:
    from mlflow.entities import TraceInfo, TraceLocation, TraceState

    said = {name: str(value) for name, value in tags.items()}
    return TraceInfo(
        trace_id=trace_id_of(attempt, experiment_id),
        trace_location=TraceLocation.from_experiment_id(experiment_id),
        request_time=root.start_time_ns // 1_000_000,
        state=TraceState.OK if attempt.ending in _WELL else TraceState.ERROR,
        request_preview="\n".join(attempt.turns)[:_LONGEST],
        response_preview=f"{attempt.ending}: {attempt.final_text or attempt.reason}"[:_LONGEST],
        execution_duration=int(attempt.seconds * 1000),
        tags={
            "mlflow.traceName": attempt.workflow,
            "attempt": attempt.attempt_id,
            "task": attempt.task_id,
            "ending": attempt.ending,
            **said,
        },
    )


def _spans(attempt: Attempt, trace_id: str, began: int) -> Iterator[dict[str, Any]]:
    """The spans of a trace as plain values, the root first."""
    children: list[dict[str, Any]] = []
    now = began
    for step in attempt.steps:
        made = list(_spans_of_step(attempt, step, now))
        now = max(each["ended"] for each in made)
        children += made
    yield {
        "trace": trace_id,
        "id": "root",
        "parent": None,
        "name": attempt.workflow,
        "type": "AGENT",
        "inputs": {"turns": list(attempt.turns)},
        "outputs": {"answers": list(attempt.answers), "ending": attempt.ending, "reason": attempt.reason},
        "more": {"framework": attempt.framework, "profile": attempt.profile},
        "well": attempt.ending in _WELL,
        "began": began,
        "ended": max(now, began + int(attempt.seconds * _NS)),
    }
    for each in children:
        yield {"trace": trace_id, **each}


def _spans_of_step(attempt: Attempt, step: Step, began: int) -> Iterator[dict[str, Any]]:
    now = began
    node = f"step {step.index}"
    calls: list[dict[str, Any]] = []
    for number in step.model_calls:
        call = attempt.model_calls[number]
        ended = now + int(call.seconds * _NS)
        tokens: dict[str, Any] = {"tokens_in": call.tokens_in, "tokens_out": call.tokens_out, "finish_reason": call.finish_reason}
        said: dict[str, Any] = {"text": call.text[:_LONGEST], "calls": [dict(each) for each in call.calls], "error": call.error}
        calls.append(_child(f"model {number}", node, "model", "LLM", tokens, said, call.error is None, now, ended))
        now = ended
    for number in step.tool_calls:
        record = attempt.tool_calls[number]
        ended = now + int(record.seconds * _NS)
        said = {"result": record.result_text[:_LONGEST], "bytes": record.result_bytes, "error": record.error_kind}
        arguments = dict(record.arguments)
        calls.append(_child(f"tool {number}", node, record.tool, "TOOL", arguments, said, record.ok, now, ended))
        now = ended
    ended = max(now, began + int(step.seconds * _NS))
    about = {"turn": step.turn, "does": step.does, "decided_by": step.decided_by}
    yield _child(node, "root", step.node, "CHAIN", about, {"did": step.did}, True, began, ended)
    yield from calls


def _child(
    name_id: str, parent: str, name: str, kind: str, inputs: Any, outputs: Any, well: bool, began: int, ended: int
) -> dict[str, Any]:
    said: dict[str, Any] = {"inputs": inputs, "outputs": outputs, "well": well, "began": began, "ended": ended, "more": {}}
    return {"id": name_id, "parent": parent, "name": name, "type": kind, **said}


def _span(said: Mapping[str, Any]) -> "Span":
    from mlflow.entities import Span

    def span_id(name: str) -> str:
        return short_hash(f"{said['trace']}/{name}")

    attributes: dict[str, Any] = {
        "mlflow.traceRequestId": said["trace"],
        "mlflow.spanType": said["type"],
        "mlflow.spanInputs": said["inputs"],
        "mlflow.spanOutputs": said["outputs"],
        **said["more"],
        **(said["inputs"] if said["type"] == "CHAIN" else {}),
    }
    return Span.from_dict(
        {
            "trace_id": said["trace"],
            "span_id": span_id(said["id"]),
            "parent_span_id": span_id(said["parent"]) if said["parent"] else None,
            "name": said["name"],
            "start_time_unix_nano": said["began"],
            "end_time_unix_nano": said["ended"],
            "events": [],
            "status": {"code": "STATUS_CODE_OK" if said["well"] else "STATUS_CODE_ERROR", "message": ""},
            "attributes": {name: json.dumps(value, ensure_ascii=False) for name, value in attributes.items()},
        }
    )
