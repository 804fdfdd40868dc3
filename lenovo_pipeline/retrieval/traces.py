"""Questions as traces in MLflow: a span for each stage, with what went in and what came out.

Belongs here: writing them. Does not belong here: what a stage is (stages.py).
Spans are written as finished values, all of a trace in one transaction: MLflow's live spans take one each.
"""

import json
import uuid
from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from lenovo_pipeline.retrieval.stages import Stage

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities import Span

EXPERIMENT = "retrieval traces"
_LONGEST = 2_000


def write_trace(client: "MlflowClient", experiment_id: str, root: Stage, tags: Mapping[str, str] | None = None) -> str:
    """Write the trace of a watched question; returns its id. Raises what MLflow raises."""
    from mlflow.entities import TraceInfo, TraceLocation, TraceState
    from mlflow.tracing.client import TracingClient

    trace_id = f"tr-{uuid.uuid4().hex}"
    tracing = TracingClient(client.tracking_uri)
    tracing.start_trace(
        TraceInfo(
            trace_id=trace_id,
            trace_location=TraceLocation.from_experiment_id(experiment_id),
            request_time=root.began // 1_000_000,
            state=TraceState.ERROR if root.failed else TraceState.OK,
            request_preview=str(root.given.get("question", ""))[:_LONGEST],
            response_preview=(root.failed or json.dumps(root.said, ensure_ascii=False))[:_LONGEST],
            execution_duration=(root.ended - root.began) // 1_000_000,
            tags={"mlflow.traceName": root.name, **(tags or {})},
        )
    )
    tracing.log_spans(experiment_id, list(_spans(root, trace_id, None)))
    return trace_id


def replace_traces(client: "MlflowClient", experiment_id: str, roots: Iterable[Stage], of: str) -> int:
    """Write these traces in place of those that were written for `of` before; how many they are."""
    before = client.search_traces(locations=[experiment_id], filter_string=f"tags.of = '{of}'", include_spans=False)
    if before:
        client.delete_traces(experiment_id, trace_ids=[trace.info.trace_id for trace in before])
    return sum(bool(write_trace(client, experiment_id, root, {"of": of})) for root in roots)


def _spans(stage: Stage, trace_id: str, parent: str | None) -> Iterator["Span"]:
    from mlflow.entities import Span

    span_id = uuid.uuid4().hex[:16]
    attributes: dict[str, Any] = {
        "mlflow.traceRequestId": trace_id,
        "mlflow.spanType": stage.kind,
        "mlflow.spanInputs": stage.given,
        "mlflow.spanOutputs": stage.said,
    }
    yield Span.from_dict(
        {
            "trace_id": trace_id,
            "span_id": span_id,
            "parent_span_id": parent,
            "name": stage.name,
            "start_time_unix_nano": stage.began,
            "end_time_unix_nano": stage.ended,
            "events": [],
            "status": {"code": "STATUS_CODE_ERROR" if stage.failed else "STATUS_CODE_OK", "message": stage.failed},
            "attributes": {name: json.dumps(value, ensure_ascii=False, default=str) for name, value in attributes.items()},
        }
    )
    for each in stage.within:
        yield from _spans(each, trace_id, span_id)
