"""One question asked from the command line: the stores are opened for it, and what is found is told in words.

Belongs here: opening what a question needs outside a run, under the store's lock, and showing the result in a terminal.
Does not belong here: the command line (__main__.py), searching.
"""

import shutil
import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from lenovo_pipeline.contracts.frames import rows_of
from lenovo_pipeline.failures import PermanentFailure, PipelineError
from lenovo_pipeline.measures.candidate import Question
from lenovo_pipeline.measures.reading import final_answer
from lenovo_pipeline.models.candidate import GENERATION, RawModel, open_foundation
from lenovo_pipeline.models.catalogue import require_row
from lenovo_pipeline.models.tables import CATALOGUE, FOUNDATION
from lenovo_pipeline.resources.encoders import OnnxEncoder, bundled_encoder
from lenovo_pipeline.resources.graph import GraphStore
from lenovo_pipeline.resources.inference import Inference
from lenovo_pipeline.resources.store import Store
from lenovo_pipeline.resources.tracking import Tracking
from lenovo_pipeline.resources.vectors import Vectors
from lenovo_pipeline.resources.warehouse import Warehouse
from lenovo_pipeline.retrieval.candidate import EvidenceBase, RetrievalWorkflow
from lenovo_pipeline.retrieval.interface import Result
from lenovo_pipeline.retrieval.kept_settings import read_settings, settings_folder
from lenovo_pipeline.retrieval.library import Library, open_library
from lenovo_pipeline.retrieval.passages import SOURCES_MARK, Passages
from lenovo_pipeline.retrieval.stages import Stage, watched
from lenovo_pipeline.retrieval.traces import EXPERIMENT, write_trace
from lenovo_pipeline.settings import Settings

SOURCES = ("hybrid", "keyword", "dense", "tables", "graph")
_NAME = "python -m lenovo_pipeline.retrieval ask"
_PASSAGE = 220
_PATIENCE_S = 300.0
_WIDEST = 110


@dataclass(frozen=True)
class Asked:
    """What is asked: `model` answers from what was found (None: evidence only), `trace` keeps the stages in MLflow."""

    question: str
    k: int
    filters: Mapping[str, Any]
    source: str = "hybrid"
    model: str | None = None
    trace: bool = False


def answered(asked: Asked, settings: Settings) -> tuple[str, int]:
    """What was found, in words, and how many records.

    Raises TransientFailure while a run has the store, PermanentFailure where there is nothing to ask yet, or the question,
    its filters or `k` cannot be used.
    """
    store = Store(settings.store)
    if settings.warehouse is None and not store.warehouse.is_file():
        raise PermanentFailure(f"nothing has been made in {store.root} yet", remedy="Run: make run")
    with store.held(_NAME, wait_s=0):
        store.open()
        warehouse, vectors = Warehouse(settings.warehouse or str(store.warehouse)), Vectors(store.chroma, settings.chroma_url)
        try:
            with (
                warehouse.kept_open(),
                GraphStore.from_settings(settings) as graph,
                open_library(warehouse, store, vectors, OnnxEncoder(bundled_encoder(), store.artifacts), graph) as library,
                watched("ask", question=asked.question, source=asked.source, k=asked.k) as root,
            ):
                lines, found = _asked(asked, library, warehouse, store, settings, root)
        finally:
            vectors.close()
        if asked.trace:
            lines += ["", _traced(root, store)]
    return "\n".join(lines), found


def _asked(
    asked: Asked, library: Library, warehouse: Warehouse, store: Store, settings: Settings, root: Stage
) -> tuple[list[str], int]:
    tuned = read_settings(settings_folder(store))["hybrid"]
    source = library.hybrid(tuned) if asked.source == "hybrid" else getattr(library, asked.source)
    passages = Passages(library.tables.views, library.register)
    found = source.retrieve(asked.question, asked.k, dict(asked.filters))
    root.said = {"records": found.record_ids}
    lines = shown(found, library, asked.question)
    if asked.model is not None:
        base = EvidenceBase(library.hybrid(tuned), passages, library.register, library.encoder)
        try:
            lines += ["", *_said_by(asked, base, warehouse, settings, root)]
        except PipelineError as error:
            # What was found is worth reading without an answer, too.
            lines += ["", f"no answer: {error}"]
    return lines, len(found.evidence)


def _said_by(asked: Asked, base: EvidenceBase, warehouse: Warehouse, settings: Settings, root: Stage) -> list[str]:
    model = str(asked.model)
    row = require_row(warehouse.load(CATALOGUE).to_dict("records"), model)
    resolved = rows_of(warehouse.load(FOUNDATION, model=model))
    if not resolved:
        raise PermanentFailure(f"{model} has not been resolved yet", remedy=f"Run: make run MODEL={model}")
    foundation = resolved[0]
    patient = replace(GENERATION, timeout_s=_PATIENCE_S)
    reader = RawModel(model, foundation, lambda: open_foundation(foundation, row, Inference(settings)), patient)
    try:
        answer = RetrievalWorkflow(f"{model}/rag", lambda: base, reader, {}).answer(Question("asked", asked.question, "und"))
    finally:
        reader.close()
    root.said |= {"answer": answer.text}
    _, mark, sources = answer.text.rpartition(SOURCES_MARK)
    said = [f"{model} answers: {_plain(final_answer(answer.text))}"]
    return [*said, f"{SOURCES_MARK} {sources.strip() if mark else 'none'}", f"({answer.latency_s:.1f} s)"]


def shown(found: Result, library: Library, question: str) -> list[str]:
    """Evidence as lines for a terminal: place, record, title, score and source, then why and the passage."""
    width = min(shutil.get_terminal_size((_WIDEST, 24)).columns, _WIDEST)
    lines = [f"note: {note}" for note in found.notes]
    texts = _texts(library, [each.chunk_id for each in found.evidence if each.chunk_id])
    for place, each in enumerate(found.evidence, 1):
        title, text = texts.get(each.chunk_id or "", ("", ""))
        lines.append(f"{place:2}  {each.record_id}  {_plain(title)}".rstrip())
        lines.append(f"    score {each.score:.4f}  found by {each.source}")
        lines += _wrapped(f"why: {each.why}", width)
        lines += _wrapped(f"“{_cut(text)}”", width) if text else []
    return lines


def _texts(library: Library, ids: Sequence[str]) -> dict[str, tuple[str, str]]:
    rows = library.tables.views.rows(
        "SELECT chunk_id, title, text FROM knowledge.chunks WHERE list_contains($ids, chunk_id)", {"ids": list(ids)}
    )
    return {chunk: (title or "", text) for chunk, title, text in rows}


def _traced(root: Stage, store: Store) -> str:
    tracking = Tracking(store.mlflow, store.artifacts / "mlflow")
    try:
        experiment = tracking.experiment(EXPERIMENT)
        trace = write_trace(tracking.client(), experiment, root, {"of": "ask"})
    finally:
        tracking.close()
    where = tracking.uri if tracking.uri.startswith("http") else "http://127.0.0.1:5000"
    return f"trace {trace}: {where.rstrip('/')}/#/experiments/{experiment}/traces (make mlflow)"


def _wrapped(text: str, width: int) -> list[str]:
    return textwrap.wrap(_plain(text), width, initial_indent="    ", subsequent_indent="    ")


def _cut(text: str) -> str:
    one_line = " ".join(text.split())
    return one_line if len(one_line) <= _PASSAGE else f"{one_line[:_PASSAGE].rstrip()} …"


def _plain(text: str) -> str:
    """A text without what a terminal would obey: documents are data, escape sequences in them too."""
    return "".join(c if c.isprintable() else " " for c in text)
