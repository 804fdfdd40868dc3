"""Figures say what they rest on, comparisons pair the right items, and the baselines are floors and a ceiling."""

import math
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from lenovo_pipeline.failures import PermanentFailure
from lenovo_pipeline.measures.baselines import Oracle, RandomAnswer, TopEvidenceSentence, baselines
from lenovo_pipeline.measures.candidate import Answer, Question
from lenovo_pipeline.measures.figures import compare, figure, figures_by, refusals
from lenovo_pipeline.measures.items import Item
from lenovo_pipeline.measures.runner import RunSettings, run
from lenovo_pipeline.measures.scores import ItemScore, ScoreTable
from lenovo_pipeline.measures.speed import percentiles, speed

PASSAGES = (
    "The Moto G55 was released in 2024. It has 8 cores.",
    "The severity of the incident BAT-1 is low. The battery was swapped. Nobody else was affected.",
)
ITEMS = [
    Item(Question("q1", "How many cores has the Moto G55?", "en", PASSAGES), "8", "number", "cores", category="a", cluster="x"),
    Item(Question("q2", "What is the severity of BAT-1?", "en", PASSAGES), "low", "text", category="a", cluster="y"),
    Item(Question("q3", "Was the battery swapped?", "en", PASSAGES), "yes", "yes_no", category="b", cluster="y"),
    Item(
        Question("q4", "What is the weight of BAT-1?", "en", PASSAGES),
        "The records do not say.",
        "refusal",
        category="b",
        cluster="z",
    ),
    Item(Question("q5", "Which two?", "en", PASSAGES), "A; B", "list", answer_items=("A", "B"), category="c", cluster="z"),
]


class Fails:
    """Answers as another candidate does, but fails at some questions."""

    def __init__(self, inner: Any, *failing: str) -> None:
        self.name = "fails"
        self.inner, self.failing = inner, failing

    def describe(self) -> Mapping[str, Any]:
        return {}

    def answer(self, question: Question) -> Answer:
        if question.question_id in self.failing:
            raise RuntimeError("lost")
        answer: Answer = self.inner.answer(question)
        return replace(answer, latency_s=0.5, tokens_out=4, first_token_s=0.1)


def tables() -> dict[str, ScoreTable]:
    return {candidate.name: run(candidate, ITEMS) for candidate in baselines(ITEMS, seed=1)}


def test_the_baselines_are_the_floors_and_the_ceiling_they_claim() -> None:
    right = {name: {row.question_id for row in table.rows if row.correct} for name, table in tables().items()}
    assert right["oracle"] == {"q1", "q2", "q3", "q4", "q5"}
    assert right["always-refuse"] == {"q4"}
    assert right["first-sentence"] == set()
    assert "q2" not in right["top-evidence-sentence"]
    assert len(right["random"]) < 5


def test_the_top_evidence_sentence_is_the_one_that_shares_rare_words_with_the_question() -> None:
    candidate = TopEvidenceSentence()
    assert candidate.answer(ITEMS[1].question).text == "Answer: The severity of the incident BAT-1 is low."
    assert candidate.answer(ITEMS[2].question).text == "Answer: The battery was swapped."
    chinese = Question("z", "故障的严重程度是什么？", "zh-Hans", ("型号很新。故障的严重程度低。价格高。",))
    assert candidate.answer(chinese).text == "Answer: 故障的严重程度低。"
    assert candidate.answer(Question("n", "Xyz?", "en", PASSAGES)).text == "Answer: not stated"
    assert candidate.answer(Question("n", "Xyz?", "en")).text == "Answer: not stated"


def test_random_answers_repeat_for_a_seed_and_differ_between_seeds() -> None:
    questions = [Question(str(n), "What?", "en", PASSAGES) for n in range(40)]
    said = [[RandomAnswer(seed).answer(question).text for question in questions] for seed in (1, 1, 2)]
    assert said[0] == said[1] != said[2]
    closed = {RandomAnswer(1).answer(replace(question, passages=())).text for question in questions}
    assert {"Answer: yes", "Answer: no", "Answer: not stated"} < closed


def test_an_oracle_of_other_items_fails_instead_of_guessing() -> None:
    table = run(Oracle({}), ITEMS[:1])
    assert table.rows[0].failure is not None and "knows no answer to q1" in table.rows[0].failure


def test_a_figure_counts_failures_apart_and_its_floor_counts_them_as_wrong() -> None:
    table = run(Fails(baselines(ITEMS, 1)[-1], "q1", "q5"), ITEMS)
    found = figure(table, seed=1)
    assert (found.estimate, found.scored, found.failed, found.clusters) == (1.0, 3, 2, 2)
    assert found.floor == pytest.approx(0.6)
    assert found.low is not None and found.low < 1
    lists = figure(table, "list_f1", seed=1)
    assert (lists.estimate, lists.scored, lists.failed, lists.low, lists.floor) == (None, 0, 1, None, 0)
    assert lists.method == "nothing was scored"
    with pytest.raises(KeyError, match="'nonsense' is not in this table, expected one of correct"):
        figure(table, "nonsense", seed=1)


def test_figures_by_group_add_up_to_the_whole() -> None:
    table = tables()["always-refuse"]
    by_category = figures_by(table, lambda row: row.category, seed=1)
    assert list(by_category) == ["a", "b", "c"]
    assert [one.estimate for one in by_category.values()] == [0, 0.5, 0]
    assert sum(one.scored for one in by_category.values()) == len(ITEMS)
    assert by_category["c"].low is None and "no interval" in by_category["c"].method


def test_refusal_rates_of_a_table() -> None:
    rates = refusals(tables()["always-refuse"])
    assert (rates.precision, rates.recall, rates.false_refusals) == pytest.approx((0.2, 1, 1))


def test_a_comparison_pairs_items_that_both_have_a_score_for() -> None:
    both = tables()
    found = compare(both["oracle"], both["always-refuse"], seed=1)
    assert found.difference == pytest.approx(0.8)
    assert (found.n, found.clusters) == (5, 3)
    lost = run(Fails(baselines(ITEMS, 1)[-1], "q1"), ITEMS)
    assert compare(both["oracle"], lost, seed=1).n == 4


def test_tables_of_other_questions_or_data_are_not_compared() -> None:
    oracle = baselines(ITEMS, 1)[-1]
    whole, fewer = run(oracle, ITEMS), run(oracle, ITEMS[:3])
    newer = run(oracle, ITEMS, RunSettings(data_version="2"))
    with pytest.raises(PermanentFailure, match="different questions"):
        compare(whole, fewer, seed=1)
    with pytest.raises(PermanentFailure, match="different data versions"):
        compare(whole, newer, seed=1)
    lost = run(Fails(oracle, *(item.question_id for item in ITEMS)), ITEMS)
    with pytest.raises(PermanentFailure, match="no item has a correct"):
        compare(whole, lost, seed=1)


def test_the_speed_of_a_run_is_told_by_percentiles_and_rates() -> None:
    table = replace(run(Fails(baselines(ITEMS, 1)[0], "q2"), ITEMS), elapsed_s=2.0)
    found = speed(table)
    assert found.latency_s == {"p50": 0.5, "p90": 0.5, "p95": 0.5, "p99": 0.5}
    assert found.first_token_s is not None and found.first_token_s["p50"] == pytest.approx(0.1)
    assert found.answers_per_s == pytest.approx(2) and found.tokens_out_per_s == pytest.approx(8)
    resumed = speed(replace(table, asked=2))
    assert resumed.answers_per_s is None and resumed.tokens_out_per_s is None


def test_percentiles_are_linear_between_values_and_refuse_what_is_no_time() -> None:
    assert percentiles([1, 2, 3, 4, 5], (50, 90)) == pytest.approx({"p50": 3, "p90": 4.6})
    for times in ([], [-1.0], [math.nan]):
        with pytest.raises(ValueError, match="times"):
            percentiles(times)


def test_a_row_survives_being_stored() -> None:
    row = tables()["oracle"].rows[0]
    stored = row.as_row()
    assert stored["correct"] == 1
    assert ItemScore.from_row(stored) == row
