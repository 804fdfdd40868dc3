"""The training sets: what they are made of, what should be said, and that the check finds every kind of leak."""

from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from dagster import AssetCheckResult

from lenovo_pipeline.contracts import HASH_COLUMN, conform
from lenovo_pipeline.enterprise import tables as enterprise
from lenovo_pipeline.enterprise.world import build_world
from lenovo_pipeline.failures import PermanentFailure
from lenovo_pipeline.gold.leakage import is_sentence
from lenovo_pipeline.gold.make import make_questions
from lenovo_pipeline.gold.qrels import make_qrels
from lenovo_pipeline.gold.records import evidence_records
from lenovo_pipeline.gold.tables import EVIDENCE_TABLES, QUESTIONS
from lenovo_pipeline.knowledge.chunks import SOURCES, make_chunks
from lenovo_pipeline.measures.reading import final_answer
from lenovo_pipeline.models.tables import DOMAINS, TRAINING_SETS
from lenovo_pipeline.models.tuning import checks, leakage
from lenovo_pipeline.models.tuning.answers import Shown, completion, estimated_tokens, units
from lenovo_pipeline.models.tuning.domains import domain_of
from lenovo_pipeline.models.tuning.training_sets import make_training_sets
from lenovo_pipeline.resources.store import Store
from lenovo_pipeline.resources.warehouse import Warehouse

SEED, SCALE = 11, 0.1


@pytest.fixture(scope="module")
def frames() -> dict[str, pd.DataFrame]:
    return build_world(SEED, SCALE)


@pytest.fixture(scope="module")
def questions(frames: dict[str, pd.DataFrame]) -> pd.DataFrame:
    return make_questions(frames, SEED, SCALE)


@pytest.fixture(scope="module")
def records(frames: dict[str, pd.DataFrame]) -> pd.DataFrame:
    return evidence_records(frames)


@pytest.fixture(scope="module")
def chunks(frames: dict[str, pd.DataFrame]) -> pd.DataFrame:
    sources = {name: frame for name, frame in frames.items() if name in SOURCES}
    return make_chunks(sources, 128, lambda texts: np.array([len(text) // 4 + 1 for text in texts], dtype=np.int64))


@pytest.fixture(scope="module")
def examples(questions: pd.DataFrame, chunks: pd.DataFrame, records: pd.DataFrame) -> pd.DataFrame:
    return make_training_sets(questions, make_qrels(questions, chunks), chunks, records, rehearsals=12, seed=3)


def test_every_domain_is_trained_and_validated_and_answers_can_be_read(examples: pd.DataFrame, questions: pd.DataFrame) -> None:
    conform(examples, TRAINING_SETS)
    assert examples["example_id"].is_unique and examples["version"].nunique() == 1
    of_questions = examples[examples["domain"] != "all"]
    assert set(zip(of_questions["domain"], of_questions["split"], strict=True)) >= {(domain, "train") for domain in DOMAINS}
    assert set(of_questions["split"]) == {"train", "validation"}
    assert set(examples.loc[examples["domain"] == "all", "task"]) == {"rehearsal"}
    by_id = questions.set_index("question_id")
    for row in of_questions.to_dict("records"):
        said = row["messages"][-1]
        asked = by_id.loc[row["question_id"]]
        right = "not stated" if asked["answer_type"] == "refusal" else [asked["answer"], *asked["aliases"]]
        found = final_answer(said["content"]).lower()
        assert found in [final_answer(f"Answer: {each}").lower() for each in ([right] if isinstance(right, str) else right)]
        assert estimated_tokens(said["content"]) <= 110


def test_quoted_evidence_stands_in_the_passage_that_it_names(examples: pd.DataFrame) -> None:
    quoted = 0
    for row in examples[examples["task"] == "open_book_answer"].to_dict("records"):
        shown = row["messages"][1]["content"]
        lines = row["messages"][-1]["content"].splitlines()
        for head, line in pairwise(lines):
            if head.startswith("For ") and line in shown:
                number = head[head.rindex("[") + 1 : head.rindex("]")]
                passage = shown[shown.index(f"[{number}] ") :].split("\n\n[")[0]
                assert line in passage
                quoted += 1
    assert quoted > 0.5 * len(examples)


def test_the_same_input_gives_the_same_set_and_another_seed_another_version(
    examples: pd.DataFrame, questions: pd.DataFrame, chunks: pd.DataFrame, records: pd.DataFrame
) -> None:
    qrels = make_qrels(questions, chunks)
    again = make_training_sets(questions, qrels, chunks, records, rehearsals=12, seed=3)
    pd.testing.assert_frame_equal(again, examples)
    other = make_training_sets(questions, qrels, chunks, records, rehearsals=12, seed=4)
    assert other["version"].iloc[0] != examples["version"].iloc[0]


def test_a_set_without_a_training_question_is_refused(
    questions: pd.DataFrame, chunks: pd.DataFrame, records: pd.DataFrame
) -> None:
    test = questions[questions["split"] == "test"]
    with pytest.raises(PermanentFailure, match=r"training set is empty.*gold/questions"):
        make_training_sets(test, make_qrels(test, chunks), chunks, records, rehearsals=12, seed=3)


def test_a_domain_follows_the_first_evidence_and_for_refusals_the_anchor() -> None:
    assert domain_of(["technical_docs", "devices"], "series:A") == "technical_documentation"
    assert domain_of(["support_articles"], "series:A") == "device_support"
    assert domain_of([], "series:A") == "device_support"
    assert domain_of([], "customer:A") == "customer_service"
    assert domain_of([], "process:A") == "business_process"


_QUESTION: dict[str, Any] = {
    "question": "How heavy is the Alpha 3?",
    "answer_type": "number",
    "answer": "2.5",
    "aliases": ["2.5 kg"],
    "extractive": True,
    "evidence_ids": ["R1"],
    "evidence_facts": [{"role": "answer", "surfaces": ["2.5 kg"]}],
    "program": {"op": "lookup", "column": "weight_kg"},
}
_SHOWN = [
    Shown(1, "R2", "# Beta\n\nIt weighs 2.5 kg."),
    Shown(2, "R1", "# Alpha 3\n\nMade in Kyiv. It weighs 2.5 kg. Sold since May."),
]


def test_the_sentence_is_quoted_from_the_record_that_proves_it() -> None:
    said = completion(_QUESTION, _SHOWN, {"R1": ["Alpha 3", "Card of the Alpha 3"]})
    assert said == "For Alpha 3 [2] weight:\nIt weighs 2.5 kg.\nAnswer: 2.5 kg"


def test_evidence_that_is_too_long_is_quoted_in_short() -> None:
    long = [Shown(1, "R1", f"# Alpha 3\n\n- {'very ' * 80}heavy: 2.5 kg")]
    assert completion(_QUESTION, long, {"R1": ["Alpha 3"]}) == "For Alpha 3 [1] weight:\n2.5 kg\nAnswer: 2.5 kg"


def test_evidence_that_no_passage_states_is_not_made_up() -> None:
    assert completion(_QUESTION, _SHOWN[:1], {"R1": ["Alpha 3"]}).splitlines()[-1] == "Answer: 2.5 kg"
    assert "For" not in completion(_QUESTION, _SHOWN[:1], {"R1": ["Alpha 3"]})


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("alpha 3", "For Alpha 3 [2] price:\nnot stated there.\nAnswer: not stated"),
        ("gamma", "For Gamma: not in the passages.\nAnswer: not stated"),
        ("delta", "Answer: not stated"),
    ],
)
def test_a_refusal_says_what_is_missing(name: str, expected: str) -> None:
    question = {
        "question": "What is the price of the Alpha 3, or of the Gamma?",
        "answer_type": "refusal",
        "program": {"op": "absent", "name": name, "terms": ["price"]},
    }
    assert completion(question, _SHOWN, {}) == expected


def test_tables_and_lists_are_quoted_by_line_and_prose_by_sentence() -> None:
    assert units("| a | b. c |\n- one. two\n\nOne. Two? 三。四。") == [
        "| a | b. c |",
        "- one. two",
        "One.",
        "Two?",
        "三。",
        "四。",
    ]


def test_the_examples_give_nothing_away(examples: pd.DataFrame, questions: pd.DataFrame, records: pd.DataFrame) -> None:
    assert leakage.find_leaks(examples, questions, records) == []


Harm = Callable[[dict[str, Any], pd.DataFrame, pd.DataFrame], None]


def _ask(row: dict[str, Any], text: str) -> None:
    row["messages"] = [*row["messages"][:-2], {"role": "user", "content": f"[1] x\n\nQuestion: {text}"}, row["messages"][-1]]


def _test(questions: pd.DataFrame) -> pd.DataFrame:
    return questions[(questions["split"] == "test") & (questions["language"] == "en")]


def _question_of_test(row: dict[str, Any], questions: pd.DataFrame, records: pd.DataFrame) -> None:
    row["question_id"] = _test(questions)["question_id"].iloc[0]


def _exactly(row: dict[str, Any], questions: pd.DataFrame, records: pd.DataFrame) -> None:
    _ask(row, _test(questions)["question"].iloc[0])


def _reworded(row: dict[str, Any], questions: pd.DataFrame, records: pd.DataFrame) -> None:
    _ask(row, _test(questions)["question"].iloc[0].upper().replace(" ", "  ") + " !")


def _nearly(row: dict[str, Any], questions: pd.DataFrame, records: pd.DataFrame) -> None:
    longest = max(_test(questions)["question"], key=len)
    _ask(row, f"{longest.rstrip('?.')} now?")


def _paraphrase(row: dict[str, Any], questions: pd.DataFrame, records: pd.DataFrame) -> None:
    test = _test(questions)
    _ask(row, test.loc[test["category"] == "paraphrased", "question"].iloc[0])


def _answer_sentence(row: dict[str, Any], questions: pd.DataFrame, records: pd.DataFrame) -> None:
    sentence = next(each for each in _test(questions)["answer"] if is_sentence(each))
    row["messages"] = [*row["messages"][:-1], {"role": "assistant", "content": f"It says: {sentence.lower()} Answer: so"}]


def _phrasing(row: dict[str, Any], questions: pd.DataFrame, records: pd.DataFrame) -> None:
    chosen = questions["question_id"] == row["question_id"]
    questions.loc[chosen, "phrasing"] = _test(questions)["phrasing"].iloc[0]


def _template(row: dict[str, Any], questions: pd.DataFrame, records: pd.DataFrame) -> None:
    of_test = set(_test(questions)["evidence_ids"].explode().dropna())
    template = records.loc[records["record_id"].isin(of_test), "template"].iloc[0]
    records.loc[records["record_id"] == row["record_ids"][0], "template"] = template


def _entity(row: dict[str, Any], questions: pd.DataFrame, records: pd.DataFrame) -> None:
    row["record_ids"] = [next(iter(_test(questions)["evidence_ids"].explode().dropna()))]


_HARMS: list[tuple[str, Harm]] = [
    ("test_question", _question_of_test),
    ("test_question_exactly", _exactly),
    ("test_question_exactly", _paraphrase),
    ("test_question_reworded", _reworded),
    ("test_question_nearly", _nearly),
    ("test_answer_sentence", _answer_sentence),
    ("test_phrasing", _phrasing),
    ("test_template", _template),
    ("test_entity", _entity),
]


def test_every_kind_of_leak_is_tried() -> None:
    assert {kind for kind, _ in _HARMS} == set(leakage.KINDS)


@pytest.mark.parametrize(("kind", "harm"), _HARMS, ids=[harm.__name__.strip("_") for _, harm in _HARMS])
def test_each_kind_of_leak_is_found(
    kind: str, harm: Harm, examples: pd.DataFrame, questions: pd.DataFrame, records: pd.DataFrame
) -> None:
    row: dict[str, Any] = examples[(examples["task"] == "open_book_answer") & (examples["split"] == "train")].to_dict("records")[
        0
    ]  # type: ignore[assignment]
    changed_questions, changed_records = questions.copy(), records.copy()
    harm(row, changed_questions, changed_records)
    found = leakage.find_leaks(pd.DataFrame([row]), changed_questions, changed_records)
    assert any(leak.startswith(f"{kind}: {row['example_id']}, ") for leak in found), found


def test_the_check_passes_on_the_set_and_fails_on_one_that_shows_a_test_question(
    examples: pd.DataFrame, questions: pd.DataFrame, frames: dict[str, pd.DataFrame], tmp_path: Path
) -> None:
    warehouse = Warehouse(str(tmp_path / "warehouse.duckdb"))
    for table in enterprise.TABLES:
        if table.name in EVIDENCE_TABLES:
            warehouse.replace(table, frames[table.name])
    warehouse.replace(QUESTIONS, questions.drop(columns=HASH_COLUMN, errors="ignore"))
    for harmed in (False, True):
        shown = examples.copy()
        if harmed:
            row: dict[str, Any] = shown.to_dict("records")[0]  # type: ignore[assignment]
            _exactly(row, questions, pd.DataFrame())
            shown.at[0, "messages"] = row["messages"]
        warehouse.replace(TRAINING_SETS, shown)
        result = checks.training_sets_give_nothing_of_the_test_split_away(store=Store(tmp_path), warehouse=warehouse)
        assert isinstance(result, AssetCheckResult)
        assert result.passed is not harmed
