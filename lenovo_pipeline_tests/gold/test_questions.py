"""What every set of questions must be, whatever the seed and the scale."""

import json
from collections import Counter
from typing import Any

import pandas as pd
import pytest

from lenovo_pipeline.contracts import conform
from lenovo_pipeline.enterprise.world import build_world
from lenovo_pipeline.gold.balance import balance
from lenovo_pipeline.gold.leakage import find_leaks
from lenovo_pipeline.gold.make import make_questions
from lenovo_pipeline.gold.records import evidence_records
from lenovo_pipeline.gold.tables import CATEGORIES, QUESTIONS
from lenovo_pipeline.gold.verify import shortfalls, unparaphrased, unstated_answers
from lenovo_pipeline.gold.world import USED_TABLES


def test_at_scale_one_there_are_enough_of_every_kind() -> None:
    frames = build_world(77, 1.0)
    made = make_questions(frames, 77, 1.0)
    assert shortfalls(made, 1.0) == []
    assert len(made) >= 3000
    test = made[made["split"] == "test"]
    assert len(test) >= 1000
    assert (test["category"].value_counts().reindex(CATEGORIES).fillna(0) >= 60).all()
    records = evidence_records(frames)
    assert unstated_answers(made, records) == []
    assert unparaphrased(made, records) == []
    assert find_leaks(made, records).empty


def test_questions_fit_their_contract_and_are_asked_once(questions: pd.DataFrame) -> None:
    conform(questions, QUESTIONS)
    assert questions["question_id"].is_unique
    assert questions["question"].str.casefold().is_unique
    assert not questions["question"].str.contains(r"[{}]").any()


def test_the_same_world_gives_the_same_questions_and_another_seed_gives_others(
    frames: dict[str, pd.DataFrame], questions: pd.DataFrame
) -> None:
    again = make_questions({name: frame.sample(frac=1, random_state=1) for name, frame in frames.items()}, 11, 0.3)
    pd.testing.assert_frame_equal(again, questions)
    other = build_world(12, 0.1)
    assert set(make_questions(other, 12, 0.1)["question_id"]) != set(make_questions(other, 13, 0.1)["question_id"])


@pytest.mark.parametrize("scale", [0.02, 0.1])
def test_a_small_world_gives_its_share_and_never_an_error(scale: float) -> None:
    frames = build_world(3, scale)
    made = make_questions(frames, 3, scale)
    assert shortfalls(made, scale) == []
    assert find_leaks(made, evidence_records(frames)).empty


def test_a_world_without_documents_articles_and_journeys_still_gives_questions(frames: dict[str, pd.DataFrame]) -> None:
    poor = {**frames, **{name: frames[name].iloc[:0] for name in ("documents", "support_articles", "technical_docs", "journeys")}}
    made = make_questions(poor, 11, 0.3)
    assert set(CATEGORIES) - set(made["category"]) == {"conflicting"}


def test_missing_tables_are_all_named(frames: dict[str, pd.DataFrame]) -> None:
    with pytest.raises(KeyError, match=r"missing: devices, firmware"):
        make_questions({name: frame for name, frame in frames.items() if name not in {"devices", "firmware"}}, 11, 0.3)


def test_extractive_answers_stand_in_their_evidence_and_a_foreign_one_is_found(
    questions: pd.DataFrame, records: pd.DataFrame
) -> None:
    assert unstated_answers(questions, records) == []
    at = questions.index[questions["extractive"]][0]
    broken: Any = questions.copy()
    broken.at[at, "answer"], broken.at[at, "aliases"] = "nothing of the kind", []
    assert [line.split(":")[0] for line in unstated_answers(broken, records)] == [questions.at[at, "question_id"]]


def test_paraphrases_share_no_four_words_and_a_quotation_is_found(questions: pd.DataFrame, records: pd.DataFrame) -> None:
    assert unparaphrased(questions, records) == []
    texts = dict(zip(records["record_id"], records["text"], strict=True))
    at = questions.index[questions["category"] == "paraphrased"][0]
    broken: Any = questions.copy()
    broken.at[at, "question"] = "Is it true: " + " ".join(texts[broken.at[at, "evidence_ids"][0]].split()[:12])
    found = unparaphrased(broken, records)
    assert found
    assert all(line.startswith(broken.at[at, "question_id"]) for line in found)


def test_descriptions_fit_one_record_alone(frames: dict[str, pd.DataFrame], questions: pd.DataFrame) -> None:
    """Counted anew from the frames; the derived columns are made here by other means."""
    tables = {name: frame.copy() for name, frame in frames.items()}
    tables["devices"]["release_year"] = pd.to_datetime(tables["devices"]["release_date"]).dt.year.astype(str)
    for name in ("incidents", "journeys"):
        tables[name]["started_month"] = pd.to_datetime(tables[name]["started_at"]).dt.to_period("M").astype(str)
    checked = 0
    for program in questions.loc[questions["category"] != "unanswerable", "program"]:
        for reference in [program["entity"]] if "entity" in program else program.get("entities", []):
            fits = pd.Series(True, index=tables[reference["table"]].index)
            for column, value in reference["where"].items():
                fits &= tables[reference["table"]][column].map(
                    lambda found, value=value: (
                        (list(found) if isinstance(value, list) else found) == value or str(found) == str(value)
                    )
                )
            assert fits.sum() == 1, reference
            checked += 1
    assert checked > 300


def test_questions_for_one_value_do_not_hold_it(questions: pd.DataFrame) -> None:
    asked = [
        row
        for row in questions.to_dict("records")
        if row["program"]["op"] in {"lookup", "fact", "parameter", "element"} and row["answer_type"] == "text"
    ]
    assert len(asked) > 100
    assert not [row["question"] for row in asked if f" {row['answer'].lower()} " in f" {row['question'].lower().rstrip('?. ')} "]


def test_questions_are_balanced(questions: pd.DataFrame) -> None:
    summary = balance(questions)
    assert summary["questions"] == len(questions) == sum(summary["by_split"].values())
    assert summary["largest_category_share"] <= 0.25
    assert 0.35 <= summary["yes_share"] <= 0.65
    assert {"Laptop", "Mobile", "Server"} <= set(summary["by_family"])
    assert min(summary["by_language"].get(language, 0) for language in ("zh-Hans", "zh-Hant")) > 20


def test_too_few_questions_and_a_category_too_large_are_found(questions: pd.DataFrame) -> None:
    few = questions[questions["category"] == "basic"]
    found = shortfalls(few, 1.0)
    assert any(line.endswith("questions, at least 3000 expected") for line in found)
    assert any("category temporal" in line for line in found)
    assert any("Chinese test questions" in line for line in found)
    assert any("takes 100%" in line for line in found)


def test_chinese_questions_are_written_in_their_script(questions: pd.DataFrame) -> None:
    from opencc import OpenCC

    to_simplified = OpenCC("hk2s")
    chinese = questions[questions["category"] == "chinese"]
    assert Counter(chinese["language"]).keys() == {"zh-Hans", "zh-Hant"}
    traditional = chinese[(chinese["language"] == "zh-Hant")]
    assert (traditional["question"].map(to_simplified.convert) != traditional["question"]).mean() > 0.95


def test_frames_as_a_store_gives_them_back_give_the_same_questions(
    frames: dict[str, pd.DataFrame], questions: pd.DataFrame
) -> None:
    stored = {}
    for name in USED_TABLES:
        frame = frames[name].copy()
        for column in frame.columns:
            if column in {"facts", "parameters"}:
                frame[column] = [v if isinstance(v, str) else json.dumps(v) for v in frame[column]]
            elif frame[column].map(lambda v: type(v).__name__ == "date").any():
                frame[column] = pd.to_datetime(frame[column])
        stored[name] = frame
    assert make_questions(stored, 11, 0.3)["question_id"].tolist() == questions["question_id"].tolist()
