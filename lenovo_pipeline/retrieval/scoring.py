"""Scoring retrievers on gold questions: which questions, what is relevant, what each retriever finds, how long it takes.

Belongs here: the loop and the figures. Does not belong here: the measures (measures/ranking.py), the retrievers.
"""

import hashlib
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import pandas as pd

from lenovo_pipeline.measures.ranking import DEPTH, ndcg, recall, reciprocal_rank
from lenovo_pipeline.measures.speed import percentiles
from lenovo_pipeline.retrieval.hybrid import HybridRetriever
from lenovo_pipeline.retrieval.interface import Retriever, request
from lenovo_pipeline.retrieval.reading import read
from lenovo_pipeline.retrieval.settings import CONTEXT, LADDER, SOURCES, HybridSettings, Tried, tune
from lenovo_pipeline.retrieval.stages import Stage, watched
from lenovo_pipeline.retrieval.tables import ABLATION, ALL, MEASURES, RETRIEVERS, SINGLE, STEPS

SIZES: Mapping[str, int | None] = {"smoke": 44, "default": 150, "full": None}
"""Questions of the test split that each profile asks; None: all that have an answer."""

TUNING_SIZES: Mapping[str, int | None] = {"smoke": 66, "default": 180, "full": None}
"""The same for the validation split."""

Relevance = Mapping[str, Mapping[str, int]]
"""Question id -> record id -> relevance."""


def relevance_of(qrels: pd.DataFrame) -> dict[str, dict[str, int]]:
    """Relevance of records by question (columns of QRELS)."""
    relevant: dict[str, dict[str, int]] = {}
    records = qrels[qrels["level"] == "record"]
    for question, target, grade in zip(records["question_id"], records["target_id"], records["relevance"], strict=True):
        relevant.setdefault(question, {})[target] = int(grade)
    return relevant


def asked(questions: pd.DataFrame, relevance: Relevance, split: str, size: int | None, seed: int) -> pd.DataFrame:
    """Questions of a split that have something relevant, balanced by category, at most `size`; the same ones each time."""
    fitting = questions[(questions["split"] == split) & questions["question_id"].isin(list(relevance))].copy()
    fitting["_draw"] = [hashlib.sha256(f"{seed} {i}".encode()).hexdigest() for i in fitting["question_id"]]
    fitting = fitting.sort_values("_draw", kind="stable")
    # One of each category, then a second of each, so that any beginning is balanced.
    fitting["_turn"] = fitting.groupby("category").cumcount()
    ordered = fitting.sort_values(["_turn", "_draw"], kind="stable").drop(columns=["_draw", "_turn"])
    return ordered.head(len(ordered) if size is None else size).sort_values("question_id", ignore_index=True)


def score(retriever: Retriever, questions: pd.DataFrame, relevance: Relevance) -> tuple[pd.DataFrame, list[float]]:
    """A row of SCORES for each question, and the seconds that each took."""
    rows = []
    seconds = []
    for row in questions.to_dict("records"):
        begun = time.perf_counter()
        found = retriever.retrieve(row["question"], DEPTH).record_ids
        seconds.append(time.perf_counter() - begun)
        relevant = relevance[row["question_id"]]
        first = reciprocal_rank(found, relevant, DEPTH)
        rows.append(
            {
                "retriever": retriever.name,
                "question_id": row["question_id"],
                "category": row["category"],
                "language": row["language"],
                "anchor": row["anchor"],
                "ndcg": ndcg(found, relevant),
                "recall": recall(found, relevant),
                "reciprocal_rank": first,
                "hit": float(first > 0),
                "found_ids": found,
            }
        )
    return pd.DataFrame(rows), seconds


def tuned(hybrid: HybridRetriever, questions: pd.DataFrame, relevance: Relevance) -> dict[str, HybridSettings]:
    """Settings for each step of the ladder that fuses, tuned on these questions; `hybrid` has every source at hand."""
    collected: dict[str, list[Tried]] = {step: [] for step in LADDER}
    for row in questions.to_dict("records"):
        made = request(row["question"], DEPTH, None)
        reading = read(made.question, hybrid.register)
        whole = hybrid.ask(made, reading, frozenset(SOURCES))
        # Without the tables, the graph has only the question to start from.
        alone = hybrid.ask(made, reading, frozenset({"graph"}))
        for step, sources in LADDER.items():
            found = {source: (alone if source == "graph" and "tables" not in sources else whole)[source] for source in sources}
            rankings = {source: [(each.record_id, each.score) for each in own] for source, own in found.items()}
            rankings[CONTEXT] = list(hybrid.in_context(rankings, reading))
            collected[step].append(Tried(reading.route, rankings, relevance[row["question_id"]]))
    return {step: tune(tried, LADDER[step]) for step, tried in collected.items()}


def watched_examples(retriever: Retriever, questions: pd.DataFrame) -> Iterator[Stage]:
    """One question of each category through a retriever, stage by stage."""
    for row in questions.drop_duplicates("category").to_dict("records"):
        with watched(retriever.name, question=row["question"], category=row["category"]) as root:
            root.said = {"records": retriever.retrieve(row["question"], DEPTH).record_ids}
        yield root


def figures(scores: pd.DataFrame, measure: str) -> pd.DataFrame:
    """Mean of a measure by retriever (rows) and category (columns), all questions first."""
    by = scores.pivot_table(index="retriever", columns="category", values=measure, aggfunc="mean")
    by.insert(0, ALL, scores.groupby("retriever")[measure].mean())
    return by.reindex([name for name in RETRIEVERS if name in by.index])


def shortfalls(scores: pd.DataFrame) -> list[str]:
    """Where the hybrid stays behind what it is for; one sentence each."""
    quality, found = figures(scores, "ndcg"), figures(scores, "recall")
    hybrid = "hybrid"
    single = [name for name in SINGLE if name in quality.index]
    problems = []

    def expect(value: Any, least: float, what: str) -> None:
        if not value >= least:
            problems.append(f"{what} is {value:.3f}, expected at least {least:.3f}")

    expect(quality.loc[hybrid, ALL], 0.80, "nDCG@10 of the hybrid")
    expect(found.loc[hybrid, ALL], 0.85, "recall@10 of the hybrid")
    if "multi_hop" in found:
        best = float(found.loc[single, "multi_hop"].max())
        # Beyond 1 nothing can be found: a source that finds more than nine in ten leaves no room for ten points.
        expect(found.loc[hybrid, "multi_hop"], min(best + 0.10, 1.0), "recall@10 of the hybrid on multi-hop questions")
    if "basic" in quality:
        expect(quality.loc[hybrid, "basic"], float(quality.loc[single, "basic"].max()) - 0.01, "nDCG@10 on basic questions")
    if "chinese" in found:
        expect(found.loc[hybrid, "chinese"], 0.70, "recall@10 of the hybrid on Chinese questions")
    return problems


def ablation(scores: pd.DataFrame, seed: int) -> pd.DataFrame:
    """Rows of ABLATION from rows of SCORES, which hold every step for the same questions."""
    from lenovo_pipeline.measures.statistics.paired import compare_paired

    categories = [ALL, *sorted(scores["category"].unique())]
    rows = []
    for category in categories:
        own = scores if category == ALL else scores[scores["category"] == category]
        by = {str(name): each.set_index("question_id").sort_index() for name, each in own.groupby("retriever")}
        for measure in MEASURES:
            for position, step in enumerate(STEPS, 1):
                row = {"step": step, "position": position, "category": category, "measure": measure}
                now = by[step]
                row |= {"questions": len(now), "value": float(now[measure].mean())}
                if position > 1:
                    values, earlier = (each[measure].to_numpy(float) for each in (now, by[STEPS[position - 2]].loc[now.index]))
                    row |= {"difference": float((values - earlier).mean())}
                    if now["anchor"].nunique() > 1:
                        found = compare_paired(values, earlier, now["anchor"].tolist(), seed=seed)
                        row |= {"lower": found.low, "upper": found.high, "p_value": found.p_value}
                rows.append(row)
    return pd.DataFrame(rows, columns=list(ABLATION.column_names))


Say = Callable[[str], None]


def score_all(
    retrievers: Sequence[Retriever], questions: pd.DataFrame, relevance: Relevance, say: Say
) -> tuple[pd.DataFrame, dict[str, dict[str, float]]]:
    """Scores of all retrievers, and by retriever its mean figures with p50 and p95 of the seconds of a question."""
    frames, summary = [], {}
    for retriever in retrievers:
        frame, seconds = score(retriever, questions, relevance)
        frames.append(frame)
        means = {name: float(frame[name].mean()) for name in ("ndcg", "recall", "reciprocal_rank", "hit")}
        times = percentiles(seconds, (50.0, 95.0))
        summary[retriever.name] = {**means, **{f"{name}_s": value for name, value in times.items()}}
        say(f"{retriever.name}: nDCG@10 {means['ndcg']:.3f}, recall@10 {means['recall']:.3f}, p95 {times['p95'] * 1000:.0f} ms")
    return pd.concat(frames, ignore_index=True), summary
