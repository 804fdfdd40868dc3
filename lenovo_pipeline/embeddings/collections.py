"""The collections of tuned encoders: made for what selection chose, kept in line by difference, removed when no longer chosen.

Belongs here: bringing Chroma in line with the choice. Does not belong here: the choice (selecting.py) and the synchronisation of
one collection (knowledge/vector_collections.py).
"""

from collections.abc import Callable

import pandas as pd

from lenovo_pipeline.embeddings.chosen import Chosen, read_choice, write_choice
from lenovo_pipeline.embeddings.encoders import open_tuned
from lenovo_pipeline.embeddings.vectors import remembering
from lenovo_pipeline.knowledge.vector_collections import Counts, Progress, synchronise
from lenovo_pipeline.resources.store import Store
from lenovo_pipeline.resources.vectors import ENCODER_KEY, TUNED, Vectors


def follow(
    selection: pd.DataFrame,
    chunks: pd.DataFrame,
    store: Store,
    vectors: Vectors,
    base_id: str,
    progress: Callable[[str], Progress] = lambda _: lambda done, total: None,
) -> dict[str, Counts]:
    """Fill a collection for each kind that a tuned encoder was chosen for (rows of SELECTION), write the choice down, and
    remove the collections that nobody is to ask any more; what was done, by collection. `progress` is asked for each encoder.

    A kill in between leaves the choice of before, whose collections are still there. Raises what encoders and Chroma raise.
    """
    chosen = {
        row["kind"]: Chosen(row["encoder_id"], row["path"])
        for row in selection[selection["verdict"] == "chosen"].to_dict("records")
    }
    counts: dict[str, Counts] = {}
    for each in dict.fromkeys(chosen.values()):
        served = {kind: kind + TUNED for kind, encoder in chosen.items() if encoder == each}
        encoder = remembering(open_tuned(store, each.path), store)
        done = synchronise(chunks, vectors, encoder, progress(encoder.id), collections=served)
        counts |= {served[kind]: count for kind, count in done.items()}
    write_choice(store, chosen, base_id)
    for kind in vectors.kinds():
        if kind.endswith(TUNED) and kind.removesuffix(TUNED) not in chosen:
            vectors.remove(kind)
    return counts


def astray(selection: pd.DataFrame, chunks: pd.DataFrame, store: Store, vectors: Vectors, base_id: str) -> list[str]:
    """Where choice and collections do not fit the selection; one sentence each."""
    chosen = selection[selection["verdict"] == "chosen"]
    wanted: dict[str, str] = dict(zip(chosen["kind"], chosen["encoder_id"], strict=True))
    written = {kind: each.encoder_id for kind, each in read_choice(store, base_id).items()}
    problems = [] if written == wanted else [f"retrieval is told to use {written}, selection chose {wanted}"]
    for kind in vectors.kinds():
        if kind.endswith(TUNED) and kind.removesuffix(TUNED) not in wanted:
            problems.append(f"there is a collection {kind}, which nobody chose")
    for kind, encoder_id in wanted.items():
        collection = vectors.find(kind + TUNED)
        held = (collection.metadata or {}).get(ENCODER_KEY) if collection is not None else None
        if collection is None or held != encoder_id:
            problems.append(f"the collection {kind + TUNED} is of encoder {held}, expected {encoder_id}")
            continue
        with vectors.explained():
            found = set(collection.get(include=[])["ids"])
        own = set(chunks.loc[chunks["kind"] == kind, "chunk_id"])
        if found != own:
            problems.append(f"the collection {kind + TUNED} lacks {len(own - found)} chunks and has {len(found - own)} too many")
    return problems
