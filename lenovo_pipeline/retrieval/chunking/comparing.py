"""Ways of cutting compared: the same records, the same questions of the validation split, the same encoder, exact search.

Belongs here: what is searched, and the figures. Does not belong here: the strategies.
"""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pandas as pd

from lenovo_pipeline.embeddings.drawing import balanced, hashed
from lenovo_pipeline.gold.surfaces import find
from lenovo_pipeline.knowledge.chunks import SOURCES
from lenovo_pipeline.measures.ranking import DEPTH, ndcg, recall
from lenovo_pipeline.measures.statistics.paired import compare_paired
from lenovo_pipeline.resources.encoders import Encoder, Vectors32
from lenovo_pipeline.retrieval.chunking.strategies import STRATEGIES, STRUCTURAL, Unit
from lenovo_pipeline.retrieval.tables import CHUNKING

SIZES: Mapping[str, tuple[int | None, int | None]] = {"smoke": (11, 5), "default": (44, 40), "full": (None, None)}
"""Questions, and records searched beside the relevant ones, by profile; None: all."""

SHOWN = 5
"""Units in which the answer is looked for: what a small model can read."""


def compare(
    sources: Mapping[str, pd.DataFrame],
    questions: pd.DataFrame,
    relevance: Mapping[str, Mapping[str, int]],
    encoder: Encoder,
    *,
    limit: int,
    profile: str,
    seed: int,
    say: Callable[[str], None] = lambda _: None,
) -> pd.DataFrame:
    """The rows of CHUNKING; `sources` are tables with texts (knowledge.chunks.SOURCES), `limit` the longest chunk in tokens."""
    size, others = SIZES[profile]
    fitting = questions[(questions["split"] == "validation") & questions["question_id"].isin(list(relevance))]
    asked = balanced(fitting, "question_id", size, seed)
    searched = _drawn(sources, {r for i in asked["question_id"] for r in relevance[i]}, others, seed)
    vectors = encoder.encode(asked["question"].tolist())
    found = {}
    for name, strategy in STRATEGIES.items():
        units = strategy(searched, limit, encoder.count_tokens)
        say(f"{name}: encoding {len(units):,} units")
        found[name] = _figures(units, vectors, asked, relevance, encoder)
    rows = []
    for name, each in found.items():
        compared = compare_paired(each["ndcg"], found[STRUCTURAL]["ndcg"], asked["anchor"].tolist(), seed=seed)
        beside = {"difference": compared.difference, "lower": compared.low, "upper": compared.high}
        means = {measure: float(np.mean(each[measure])) for measure in ("ndcg", "recall", "answered")}
        counted = {part: each[part] for part in ("units", "searched_tokens", "shown_tokens")}
        rows.append(
            {"strategy": name, "questions": len(asked), **counted, **means}
            | (dict.fromkeys(beside) if name == STRUCTURAL else beside)
        )
    return pd.DataFrame(rows, columns=list(CHUNKING.column_names))


def _drawn(sources: Mapping[str, pd.DataFrame], needed: set[str], others: int | None, seed: int) -> dict[str, pd.DataFrame]:
    """The relevant records of the tables, and so many others of all tables together."""
    ids = {i for table, frame in sources.items() for i in frame[SOURCES[table].id_column]}
    rest = sorted(ids - needed, key=lambda each: hashed(str(seed), each))[:others]
    kept = needed | set(rest)
    return {table: frame[frame[SOURCES[table].id_column].isin(kept)] for table, frame in sources.items()}


def _figures(
    units: list[Unit],
    questions: Vectors32,
    asked: pd.DataFrame,
    relevance: Mapping[str, Mapping[str, int]],
    encoder: Encoder,
) -> dict[str, Any]:
    """nDCG@10, recall@10 and whether the answer was shown, for each question; how many units of which size."""
    similar = questions @ encoder.encode([unit.searched for unit in units]).T
    figures: dict[str, Any] = {"ndcg": [], "recall": [], "answered": []}
    for row, near in zip(asked.to_dict("records"), similar, strict=True):
        best = [units[place] for place in np.argsort(-near, kind="stable")]
        records = list(dict.fromkeys(unit.record_id for unit in best))[:DEPTH]
        graded = relevance[row["question_id"]]
        figures["ndcg"].append(ndcg(records, graded))
        figures["recall"].append(recall(records, graded))
        # Several units may be shown as the same text, which is read once.
        shown = list(dict.fromkeys((unit.record_id, unit.shown) for unit in best))[:SHOWN]
        forms = [*row["aliases"], *row["answer_items"], row["answer"]]
        stated = any(record in graded and find(text.lower(), forms) for record, text in shown)
        figures["answered"].append(float(stated))
    counts = [encoder.count_tokens([getattr(unit, part) for unit in units]) for part in ("searched", "shown")]
    return figures | {
        "units": len(units),
        "searched_tokens": float(np.mean(counts[0])),
        "shown_tokens": float(np.mean(counts[1])),
    }
