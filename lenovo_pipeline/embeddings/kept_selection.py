"""The selection as it was made before, or made now: judged anew only when something that it follows from has changed.

Belongs here: what it follows from, and gathering what is judged. Does not belong here: judging (selecting.py).
"""

from collections.abc import Callable, Mapping
from dataclasses import asdict
from typing import Any

import numpy as np
import pandas as pd

from lenovo_pipeline.contracts import HASH_COLUMN, digest
from lenovo_pipeline.embeddings.drawing import balanced
from lenovo_pipeline.embeddings.encoders import open_tuned
from lenovo_pipeline.embeddings.measuring import Corpus, corpora
from lenovo_pipeline.embeddings.public_set import SCIFACT, read_public_set
from lenovo_pipeline.embeddings.recipes import SIZES
from lenovo_pipeline.embeddings.selecting import Candidate, Judging, select
from lenovo_pipeline.embeddings.tables import SELECTION
from lenovo_pipeline.embeddings.vectors import encode_kept, remembering
from lenovo_pipeline.failures import PermanentFailure
from lenovo_pipeline.provenance import mismatches, read_manifest, write_manifest
from lenovo_pipeline.resources.code_version import code_version
from lenovo_pipeline.resources.encoders import Encoder, Vectors32
from lenovo_pipeline.resources.folders import folder_aside
from lenovo_pipeline.resources.store import Store
from lenovo_pipeline.resources.vectors import Vectors
from lenovo_pipeline.resources.warehouse import Warehouse
from lenovo_pipeline.settings import Settings

_PAGE = 2_000


def selected(
    encoders: pd.DataFrame,
    questions: pd.DataFrame,
    qrels: pd.DataFrame,
    chunks: pd.DataFrame,
    warehouse: Warehouse,
    store: Store,
    vectors: Vectors,
    base: Encoder,
    settings: Settings,
    *,
    say: Callable[[str], None],
) -> tuple[pd.DataFrame, bool]:
    """The rows of SELECTION, and whether they are those of before. Raises what encoders, Chroma and the public set raise."""
    sizes = SIZES[settings.profile]
    public = read_public_set(settings.reference / SCIFACT)
    public = public.part(sizes.public_queries, sizes.public_documents, settings.seed) if public is not None else None
    made_by = {
        "base": base.id,
        "encoders": sorted(encoders["encoder_id"]),
        "frames": digest(each for frame in (questions, qrels, chunks) for each in frame[HASH_COLUMN]),
        "sizes": asdict(sizes),
        "public": public.version if public is not None else None,
        "seed": settings.seed,
        "code": code_version(select, whole=True),
    }
    note = store.artifacts / "embedding_selection"
    if warehouse.described(SELECTION) is not None and _is_made_by(note, made_by):
        return warehouse.load(SELECTION).drop(columns=HASH_COLUMN), True
    relevance = _relevance(qrels)
    fitting = questions[questions["question_id"].isin(list(relevance))]
    splits = {"validation": sizes.validation, **({} if public is None else {"test": sizes.test})}
    asked = {
        split: balanced(fitting[fitting["split"] == split], "question_id", size, settings.seed) for split, size in splits.items()
    }
    questions_asked = [question for frame in asked.values() for question in frame["question"]]
    relevance = {i: relevance[i] for frame in asked.values() for i in frame["question_id"]}
    searched = corpora(chunks, relevance, sizes.other_records, settings.seed)

    def encode(encoder: Encoder, wanted: Mapping[str, Corpus]) -> dict[str, Vectors32]:
        if encoder.id == base.id:
            return {kind: _stored(vectors, kind, base, corpus.chunk_ids) for kind, corpus in wanted.items()}
        texts = [text for corpus in wanted.values() for text in corpus.texts]
        say(f"encoding {len(texts):,} passages with {encoder.id}")
        # The questions are kept with them: another run judges by the same ones.
        found = encode_kept(encoder, [*texts, *questions_asked], store)[: len(texts)]
        ends = np.cumsum([len(corpus.texts) for corpus in wanted.values()])
        return {kind: found[end - len(corpus.texts) : end] for (kind, corpus), end in zip(wanted.items(), ends, strict=True)}

    judging = Judging(base, searched, asked, relevance, encode, public, settings.seed, say)
    candidates = [
        Candidate(row["domain"], row["path"], remembering(open_tuned(store, row["path"]), store, room=len(questions_asked)))
        for row in encoders.to_dict("records")
    ]
    found = select(judging, candidates)
    with folder_aside(note) as aside:
        (aside / "selection.json").write_text(found.to_json(orient="records", indent=1), encoding="utf-8")
        write_manifest(aside, made_by)
    return found, False


def _is_made_by(note: Any, made_by: Mapping[str, Any]) -> bool:
    try:
        return not mismatches(read_manifest(note, remedy=""), made_by)
    except PermanentFailure:
        return False


def _stored(vectors: Vectors, kind: str, base: Encoder, ids: list[str]) -> Vectors32:
    """The vectors that the base's collection holds of these chunks. Raises PermanentFailure where it lacks some."""
    collection = vectors.collection(kind, base.id)
    known: dict[str, Any] = {}
    with vectors.explained():
        for first in range(0, len(ids), _PAGE):
            page = collection.get(ids=ids[first : first + _PAGE], include=["embeddings"])
            known.update(zip(page["ids"], np.asarray(page["embeddings"], dtype=np.float32), strict=True))
    missing = [i for i in ids if i not in known]
    if missing:
        raise PermanentFailure(
            f"the collection of kind {kind} lacks {len(missing)} of {len(ids)} chunks, the first is {missing[0]}",
            remedy="Materialise knowledge/vector_collections again, then run again.",
        )
    return np.stack([known[i] for i in ids]) if ids else np.empty((0, base.width), dtype=np.float32)


def _relevance(qrels: pd.DataFrame) -> dict[str, dict[str, int]]:
    found: dict[str, dict[str, int]] = {}
    records = qrels[qrels["level"] == "record"]
    for question, target, grade in zip(records["question_id"], records["target_id"], records["relevance"], strict=True):
        found.setdefault(question, {})[target] = int(grade)
    return found
