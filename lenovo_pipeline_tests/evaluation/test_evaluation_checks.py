"""The checks of stage evaluation, run against a real warehouse: they pass on what the stage makes, and fail on what breaks it."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from dagster import AssetCheckResult, AssetChecksDefinition

from lenovo_pipeline.contracts import HASH_COLUMN, Table
from lenovo_pipeline.evaluation import checks
from lenovo_pipeline.evaluation.builds import stored_builds
from lenovo_pipeline.evaluation.figures import make_headers, make_leaderboard
from lenovo_pipeline.evaluation.kinds import baseline_contenders
from lenovo_pipeline.evaluation.lift import make_lift
from lenovo_pipeline.evaluation.scoring import Contender, score_all
from lenovo_pipeline.evaluation.tables import (
    ADAPTER,
    BASELINES,
    CUSTOM_MODEL,
    HEADERS,
    ITEMS,
    LEADERBOARD,
    LIFT,
    MOBILE_MODEL,
    RAW_FOUNDATION,
    SKILLS,
)
from lenovo_pipeline.gold.tables import QUESTIONS
from lenovo_pipeline.measures.runner import RunSettings
from lenovo_pipeline.models.builds import build_rows
from lenovo_pipeline.models.tables import ADAPTERS, EDGE_BUILDS, FOUNDATION, MERGED
from lenovo_pipeline.resources.store import Store
from lenovo_pipeline.resources.warehouse import Warehouse

Run = Callable[[AssetChecksDefinition], AssetCheckResult]


@pytest.fixture
def stage(
    warehouse: Warehouse, gold: Any, tmp_path: Path, reader: Any, model: Any, build: Any, foundation: dict[str, Any]
) -> Warehouse:
    gold.store(warehouse)
    opened = gold.asked()[1]
    settings = RunSettings(batch_size=32)
    baselines = score_all(baseline_contenders(opened, 1), BASELINES, None, logs=tmp_path, settings=settings).frame
    contender = Contender(model(reader()), opened, "lenovo-nano")
    raw = score_all([contender], RAW_FOUNDATION, None, logs=tmp_path, settings=settings).frame
    warehouse.replace(BASELINES, baselines)
    warehouse.replace(RAW_FOUNDATION, raw, model="lenovo-nano")
    warehouse.replace(FOUNDATION, pd.DataFrame([foundation]), model="lenovo-nano")
    rows = {
        ADAPTER: (ADAPTERS, build()),
        CUSTOM_MODEL: (MERGED, build("lenovo-nano/merged/all", method="merged", format="transformers")),
        MOBILE_MODEL: (EDGE_BUILDS, build("lenovo-nano/edge/light", method="edge", format="onnx", level="light")),
    }
    skills, of_builds = [], {}
    for table, (made_as, row) in rows.items():
        warehouse.replace(made_as, build_rows([row], made_as), model="lenovo-nano")
        asked = Contender(model(reader(), row.build, identity=row.artifact), opened, "lenovo-nano")
        scored = score_all([asked], table, None, logs=tmp_path, settings=settings).frame
        warehouse.replace(table, scored, model="lenovo-nano")
        of_builds[table.name] = scored
        skills.append(scored.assign(category="read_one"))
    warehouse.replace(SKILLS, pd.concat([*skills, raw.assign(category="read_one")]), model="lenovo-nano")
    scores = {"baselines": baselines, "raw_foundation": raw, **of_builds}
    builds = stored_builds(warehouse)
    warehouse.replace(LIFT, make_lift(builds, scores, warehouse.load(SKILLS), seed=1))
    warehouse.replace(HEADERS, make_headers(scores))
    warehouse.replace(LEADERBOARD, make_leaderboard(scores, gold.hashes(), seed=1))
    return warehouse


@pytest.fixture
def run(stage: Warehouse, store: Store) -> Run:
    def run_check(check: AssetChecksDefinition) -> AssetCheckResult:
        result = check(store=store, warehouse=stage)
        assert isinstance(result, AssetCheckResult)
        return result

    return run_check


def change(warehouse: Warehouse, table: Table, make: Callable[[pd.DataFrame], pd.DataFrame], model: str = "") -> None:
    warehouse.replace(table, make(warehouse.load(table).drop(columns=HASH_COLUMN)), model=model)


def found(result: AssetCheckResult) -> str:
    assert not result.passed
    return str(result.metadata["found"].value)


ALL = [
    checks.items_are_test_questions_with_their_evidence,
    checks.most_questions_were_answered,
    checks.scores_have_headers,
    checks.leaderboard_orders_oracle_above_refuse,
    checks.every_candidate_scored_the_same_items,
    checks.every_adapter_was_evaluated,
    checks.every_custom_model_was_evaluated,
    checks.every_mobile_model_was_evaluated,
    checks.quality_falls_within_the_limit_of_the_level,
    checks.most_skills_were_answered,
    checks.lift_claims_no_more_than_it_shows,
]


@pytest.mark.parametrize("check", ALL, ids=lambda check: next(iter(check.check_specs)).name)
def test_what_the_stage_makes_passes(check: AssetChecksDefinition, run: Run) -> None:
    result = run(check)
    assert result.passed, result.metadata


def test_a_training_question_among_the_items_is_found(run: Run, stage: Warehouse) -> None:
    change(stage, QUESTIONS, lambda frame: frame.assign(split="train"))
    assert "expected test" in found(run(checks.items_are_test_questions_with_their_evidence))


def test_an_item_without_evidence_is_found(run: Run, stage: Warehouse) -> None:
    change(stage, ITEMS, lambda frame: frame.assign(passage_ids=pd.Series([[]] * len(frame), index=frame.index, dtype=object)))
    assert "no evidence is shown" in found(run(checks.items_are_test_questions_with_their_evidence))


def test_a_candidate_that_mostly_failed_is_found_with_its_reason(run: Run, stage: Warehouse) -> None:
    failing: Any = [("GenerationFailed: refused" if place % 2 else None) for place in range(21)]
    change(stage, RAW_FOUNDATION, lambda frame: frame.assign(failure=pd.Series(failing, index=frame.index)), model="lenovo-nano")
    said = found(run(checks.most_questions_were_answered))
    assert "lenovo-nano/open-book failed on 10 of 21 questions, most often: GenerationFailed: refused" in said


def test_scores_without_a_header_are_found(run: Run, stage: Warehouse) -> None:
    change(stage, HEADERS, lambda frame: frame[frame["candidate"] != "oracle"])
    assert "baselines: oracle names the header" in found(run(checks.scores_have_headers))


def test_a_changed_header_is_found(run: Run, stage: Warehouse) -> None:
    change(stage, HEADERS, lambda frame: frame.assign(made_by=frame["made_by"].str.replace('"batch_size":32', '"batch_size":1')))
    assert "was changed: its content hashes to" in found(run(checks.scores_have_headers))


def test_a_header_that_is_none_is_found(run: Run, stage: Warehouse) -> None:
    change(stage, HEADERS, lambda frame: frame.assign(made_by="{}"))
    assert "no header" in found(run(checks.scores_have_headers))


@pytest.mark.parametrize(
    ("candidate", "value", "expected"),
    [
        ("oracle", 0.4, "oracle is right on 0.400"),
        ("always-refuse", 0.5, "always-refuse is right on 0.500"),
        ("oracle", None, "oracle is right on nan"),
        ("lenovo-nano/open-book", 1.5, "is better than the oracle"),
    ],
)
def test_references_in_the_wrong_place_are_found(run: Run, stage: Warehouse, candidate: str, value: Any, expected: str) -> None:
    change(stage, LEADERBOARD, lambda f: f.assign(value=f["value"].where(f["candidate"] != candidate, value)))
    assert expected in found(run(checks.leaderboard_orders_oracle_above_refuse))


def test_a_missing_reference_is_found(run: Run, stage: Warehouse) -> None:
    change(stage, LEADERBOARD, lambda frame: frame[frame["candidate"] != "oracle"])
    assert "oracle has no figure" in found(run(checks.leaderboard_orders_oracle_above_refuse))


def test_a_candidate_that_was_asked_other_questions_is_found(run: Run, stage: Warehouse) -> None:
    change(stage, RAW_FOUNDATION, lambda frame: frame.iloc[:-3], model="lenovo-nano")
    said = found(run(checks.every_candidate_scored_the_same_items))
    assert "raw_foundation: lenovo-nano/open-book was asked 18 of the 21 questions" in said


@pytest.mark.parametrize(
    ("check", "table", "candidate"),
    [
        (checks.every_adapter_was_evaluated, ADAPTER, "lenovo-nano/lora/device_support"),
        (checks.every_custom_model_was_evaluated, CUSTOM_MODEL, "lenovo-nano/merged/all"),
        (checks.every_mobile_model_was_evaluated, MOBILE_MODEL, "lenovo-nano/edge/light"),
    ],
)
def test_a_build_without_scores_is_found_with_what_to_run(
    check: AssetChecksDefinition, table: Table, candidate: str, run: Run, stage: Warehouse
) -> None:
    change(stage, table, lambda frame: frame.iloc[:0], model="lenovo-nano")
    said = found(run(check))
    assert f"{candidate}: it could not be opened, or was made since. Run: dagster asset materialize" in said


def test_a_build_of_an_older_base_is_found_though_it_has_scores(run: Run, stage: Warehouse) -> None:
    change(stage, FOUNDATION, lambda frame: frame.assign(identity="i2"), model="lenovo-nano")
    assert "which is neither lenovo-nano as it is now (i2)" in found(run(checks.every_adapter_was_evaluated))


def test_a_build_whose_files_vanished_is_found(run: Run, store: Store) -> None:
    for folder in (store.artifacts / "trial").iterdir():
        (folder / "weights").unlink()
    assert "are not those that were built" in found(run(checks.every_mobile_model_was_evaluated))


def test_an_edge_build_that_fell_beyond_its_level_is_found(run: Run, stage: Warehouse) -> None:
    def fallen(frame: pd.DataFrame) -> pd.DataFrame:
        return frame.assign(difference=-0.2, lower=-0.3, upper=-0.1)

    change(stage, LIFT, fallen)
    said = found(run(checks.quality_falls_within_the_limit_of_the_level))
    assert "lenovo-nano/edge/light is light, which may fall by 0.5 points" in said


def test_a_candidate_that_failed_at_most_skills_is_found(run: Run, stage: Warehouse) -> None:
    change(stage, SKILLS, lambda frame: frame.assign(failure="GenerationFailed: NaN"), model="lenovo-nano")
    assert "failed on 21 of 21 questions" in found(run(checks.most_skills_were_answered))


def test_a_lift_that_counts_as_met_with_too_few_items_is_found(run: Run, stage: Warehouse) -> None:
    change(stage, LIFT, lambda frame: frame.assign(met=frame["needed"].notna()))
    assert "is met with 14 of 1000 items" in found(run(checks.lift_claims_no_more_than_it_shows))
