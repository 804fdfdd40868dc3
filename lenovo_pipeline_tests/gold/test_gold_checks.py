"""The checks of stage gold, run against a real warehouse: they pass on a world, and each fails on data that breaks it."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from dagster import AssetCheckResult, AssetChecksDefinition

from lenovo_pipeline.contracts import HASH_COLUMN
from lenovo_pipeline.enterprise import tables as enterprise
from lenovo_pipeline.gold import checks
from lenovo_pipeline.gold.qrels import make_qrels
from lenovo_pipeline.gold.tables import EVIDENCE_TABLES, QRELS, QUESTIONS
from lenovo_pipeline.knowledge.chunks import SOURCES, indexed_texts, make_chunks
from lenovo_pipeline.knowledge.tables import CHUNKS
from lenovo_pipeline.resources.store import Store
from lenovo_pipeline.resources.warehouse import Warehouse
from lenovo_pipeline.settings import Settings

Break = Callable[[Any, Any], Any]


@pytest.fixture(scope="module")
def warehouse(tmp_path_factory: pytest.TempPathFactory, frames: dict[str, pd.DataFrame], questions: pd.DataFrame) -> Warehouse:
    made = Warehouse(str(tmp_path_factory.mktemp("gold") / "warehouse.duckdb"))
    for table in enterprise.TABLES:
        if table.name in EVIDENCE_TABLES:
            made.replace(table, frames[table.name])
    sources = {name: frame for name, frame in frames.items() if name in SOURCES}
    chunks = make_chunks(sources, 128, lambda texts: np.array([len(text) // 4 + 1 for text in texts], dtype=np.int64))
    made.replace(CHUNKS, chunks)
    made.replace(QUESTIONS, questions)
    made.replace(QRELS, make_qrels(questions, chunks))
    return made


@pytest.fixture
def run(warehouse: Warehouse, questions: pd.DataFrame, tmp_path: Path) -> Any:
    def run_check(check: AssetChecksDefinition, changed: pd.DataFrame | None = None, scale: float = 0.3) -> AssetCheckResult:
        resources: dict[str, Any] = {"store": Store(tmp_path), "warehouse": warehouse}
        if check is checks.every_category_has_enough_questions:
            resources["settings"] = Settings(scale=scale, profile="default")
        if changed is not None:
            warehouse.replace(QUESTIONS, changed.drop(columns=HASH_COLUMN, errors="ignore"))
        try:
            result = check(**resources)
        finally:
            if changed is not None:
                warehouse.replace(QUESTIONS, questions)
        assert isinstance(result, AssetCheckResult)
        return result

    return run_check


ALL = [
    checks.splits_give_nothing_away,
    checks.answers_stand_in_their_evidence,
    checks.paraphrases_share_no_four_words_with_their_evidence,
    checks.every_category_has_enough_questions,
    checks.keyword_search_alone_does_not_solve_them,
]


@pytest.mark.parametrize("check", ALL, ids=lambda check: next(iter(check.check_specs)).name)
def test_a_world_passes(check: AssetChecksDefinition, run: Any) -> None:
    result = run(check)
    assert result.passed, result.metadata


def test_a_question_of_another_split_is_found(run: Any, questions: pd.DataFrame) -> None:
    changed = questions.assign(split=questions["split"].replace({"validation": "test"}))
    assert not run(checks.splits_give_nothing_away, changed).passed


def test_an_answer_that_no_record_states_is_found(run: Any, questions: pd.DataFrame) -> None:
    changed: Any = questions.assign(answer="stated nowhere at all", aliases=questions["aliases"].map(lambda _: []))
    assert not run(checks.answers_stand_in_their_evidence, changed).passed


def test_a_paraphrase_that_quotes_is_found(run: Any, questions: pd.DataFrame, texts: dict[str, str]) -> None:
    changed: Any = questions.copy()
    at = changed.index[changed["category"] == "paraphrased"][0]
    changed.at[at, "question"] = texts[changed.at[at, "evidence_ids"][0]][:300]
    assert not run(checks.paraphrases_share_no_four_words_with_their_evidence, changed).passed


def test_too_few_questions_are_found(run: Any) -> None:
    assert not run(checks.every_category_has_enough_questions, scale=1.0).passed


def test_questions_that_quote_their_chunks_are_too_easy(run: Any, questions: pd.DataFrame, warehouse: Warehouse) -> None:
    chunks = warehouse.load(CHUNKS)
    wording = dict(zip(chunks["chunk_id"], indexed_texts(chunks), strict=True))
    qrels = warehouse.load(QRELS)
    best = qrels[qrels["level"] == "chunk"].sort_values("relevance", ascending=False).drop_duplicates("question_id")
    quoted = {row.question_id: wording[row.target_id] for row in best.itertuples()}
    alone = questions["evidence_ids"].map(len) == 1
    changed = questions[alone & (questions["split"] == "test")].copy()
    changed["question"] = [f"{quoted.get(i, q)} {i}" for i, q in zip(changed["question_id"], changed["question"], strict=True)]
    assert not run(checks.keyword_search_alone_does_not_solve_them, changed).passed


def test_the_check_of_leaks_blocks() -> None:
    for check in (checks.splits_give_nothing_away, checks.answers_stand_in_their_evidence):
        assert next(iter(check.check_specs)).blocking
