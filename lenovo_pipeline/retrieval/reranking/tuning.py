"""How much the cross-encoder's word counts: the weight that serves the validation split best, and the note of it.

Belongs here: trying weights, writing and reading what was decided. Does not belong here: training (training.py).
"""

import json
from collections.abc import Callable, Hashable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from lenovo_pipeline.failures import PermanentFailure
from lenovo_pipeline.measures.ranking import DEPTH as TOP
from lenovo_pipeline.measures.ranking import ndcg
from lenovo_pipeline.provenance import mismatches, read_manifest, require_provenance, write_manifest
from lenovo_pipeline.resources.folders import folder_aside
from lenovo_pipeline.resources.store import Store
from lenovo_pipeline.retrieval.reranking.model import REMEDY, CrossEncoder
from lenovo_pipeline.retrieval.reranking.recipes import DEPTH
from lenovo_pipeline.retrieval.reranking.retriever import RerankedRetriever, Texts, reordered

FORMAT = 2
WEIGHTS = (0.0, 0.05, 0.1, 0.2, 0.4, 0.8, 1.6)
_GAIN = 0.001
"""Least gain in nDCG@10 for which more weight is given: below, the cheaper setting stays."""

_FILE = "reranker.json"


Tried = Mapping[float, Sequence[float]]
"""Weight -> nDCG@10 of each question, the questions in the same order for each."""


def best_weight(tried: Tried) -> float:
    """The smallest weight that no larger one beats by more than a thousandth of mean nDCG@10."""
    means = {weight: sum(values) / len(values) for weight, values in tried.items()}
    best = 0.0
    for weight in sorted(means):
        if means[weight] >= means[best] + _GAIN:
            best = weight
    return best


def compared(tried: Tried, clusters: Sequence[Hashable], seed: int) -> dict[str, dict[str, float]]:
    """By weight: mean nDCG@10, and its difference to weight 0 with the paired 95 % interval, resampled by cluster."""
    from lenovo_pipeline.measures.statistics.paired import compare_paired

    found = {}
    for weight, values in tried.items():
        found[str(weight)] = {"ndcg": sum(values) / len(values), "difference": 0.0, "lower": 0.0, "upper": 0.0}
        if weight:
            beside = compare_paired(values, tried[0.0], clusters, seed=seed)
            found[str(weight)] |= {"difference": beside.difference, "lower": beside.low, "upper": beside.high}
    return found


def try_weights(
    reranked: RerankedRetriever,
    questions: pd.DataFrame,
    relevance: Mapping[str, Mapping[str, int]],
    say: Callable[[str], None] = lambda _: None,
) -> dict[float, list[float]]:
    """nDCG@10 of each of WEIGHTS on each of these questions, which are retrieved and read once."""
    tried: dict[float, list[float]] = {weight: [] for weight in WEIGHTS}
    for place, row in enumerate(questions.to_dict("records"), 1):
        found = reranked.source.retrieve(row["question"], DEPTH).evidence
        shares = reranked.shares(row["question"], found)
        for weight in WEIGHTS:
            ranked = [each.record_id for each in reordered(found, shares, weight)][:TOP]
            tried[weight].append(float(ndcg(ranked, relevance[row["question_id"]])))
        if place % 20 == 0:
            say(f"{place} of {len(questions)} questions read")
    return tried


def note_folder(store: Store) -> Path:
    """Where it is written which reranker is used, and how much it counts."""
    return store.artifacts / "reranker"


def write_note(store: Store, path: str, tried: Tried, made_by: Mapping[str, Any]) -> float:
    """Write down the reranker (its folder, relative to data/store) with the weight that follows from those tried; the weight."""
    weight = best_weight(tried)
    with folder_aside(note_folder(store)) as aside:
        plain = {"path": path, "weight": weight, "tried": {str(each): list(values) for each, values in tried.items()}}
        (aside / _FILE).write_text(json.dumps(plain, indent=1) + "\n", encoding="utf-8")
        write_manifest(aside, {"format": FORMAT, **made_by})
    return weight


def noted_before(store: Store, made_by: Mapping[str, Any]) -> dict[float, list[float]] | None:
    """The weights tried, with what they reached, if exactly this was noted before."""
    try:
        if mismatches(read_manifest(note_folder(store), remedy=REMEDY), {"format": FORMAT, **made_by}):
            return None
        return {float(weight): list(values) for weight, values in _read(store)["tried"].items()}
    except PermanentFailure:
        return None


def open_reranked(store: Store, source: Any, texts: Texts, name: str) -> RerankedRetriever:
    """`source` with the reranker that was trained last. Raises PermanentFailure if there is none, or it is damaged."""
    require_provenance(note_folder(store), {"format": FORMAT}, remedy=REMEDY)
    found = _read(store)
    return RerankedRetriever(source, CrossEncoder.load(store, found["path"]), texts, float(found["weight"]), name)


def _read(store: Store) -> dict[str, Any]:
    path = note_folder(store) / _FILE
    try:
        found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        if not isinstance(found["path"], str) or float(found["weight"]) < 0:
            raise ValueError(f"path {found['path']!r}, weight {found['weight']!r}")
        return found
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise PermanentFailure(f"{path} cannot be read ({error!r})", remedy=REMEDY) from error
