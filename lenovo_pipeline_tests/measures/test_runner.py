"""Every item gets a row: answers, errors, time-outs, interruptions and what is taken over from an earlier run."""

import gc
import json
import threading
import weakref
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from lenovo_pipeline.failures import PermanentFailure
from lenovo_pipeline.measures.baselines import AlwaysRefuse
from lenovo_pipeline.measures.candidate import Answer, BatchCandidate, Question
from lenovo_pipeline.measures.items import Item, items_from_rows
from lenovo_pipeline.measures.metrics.basic import BASIC_METRICS
from lenovo_pipeline.measures.metrics.metric import ItemMetric
from lenovo_pipeline.measures.runner import Interrupted, RunSettings, make_header, run, storable
from lenovo_pipeline.measures.score_log import ScoreLog, read_log
from lenovo_pipeline.measures.scores import ItemScore
from lenovo_pipeline.measures.statistics.stopping import shuffled

QUICK = RunSettings(batch_size=3, timeout_s=60, give_up_after=2)
HASTY = replace(QUICK, timeout_s=0.7)
"""For candidates that hang; long enough for those questions that they answer at once, on a busy machine too."""


class Scripted:
    """Answers question n with its n-th deed: a text, an error, or an event to wait for."""

    name = "scripted"

    def __init__(self, *deeds: "str | BaseException | threading.Event") -> None:
        self.deeds = deeds
        self.asked: list[str] = []

    def describe(self) -> Mapping[str, Any]:
        return {"model": "script"}

    def answer(self, question: Question) -> Answer:
        self.asked.append(question.question_id)
        deed = self.deeds[int(question.question_id)]
        if isinstance(deed, threading.Event):
            deed.wait()
            return Answer("too late")
        if isinstance(deed, BaseException):
            raise deed
        return Answer(f"Answer: {deed}", tokens_out=1, latency_s=0.01)


class Batched(Scripted):
    """The same in batches; the whole batch fails where one deed is an error that is not an Exception's instance of its own."""

    def answer_batch(self, questions: Sequence[Question]) -> list[Answer | Exception]:
        self.asked.append("batch")
        answers: list[Answer | Exception] = []
        for question in questions:
            deed = self.deeds[int(question.question_id)]
            if isinstance(deed, ValueError):
                answers.append(deed)
            else:
                answers.append(self.answer(question))
        return answers


@pytest.fixture
def never() -> Iterator[threading.Event]:
    """An event to hang on, set when the test is over so that no thread outlives it."""
    event = threading.Event()
    yield event
    event.set()


def make_items(count: int, answer: str = "right") -> list[Item]:
    return [Item(Question(str(n), f"What is {n}?", "en"), answer, "text", cluster=f"c{n % 2}") for n in range(count)]


def test_answers_are_scored_in_the_order_of_the_items() -> None:
    table = run(Scripted("right", "wrong", "Right."), make_items(3), QUICK)
    assert [row.question_id for row in table.rows] == ["0", "1", "2"]
    assert [row.correct for row in table.rows] == [1, 0, 1]
    assert table.asked == 3 and table.failed == 0
    assert table.values("token_f1") == {"0": 1, "1": 0, "2": 1}


def test_an_error_is_a_recorded_failure_and_not_a_lost_item_nor_a_zero() -> None:
    table = run(Scripted("right", RuntimeError("no luck\nat all, token=abc123"), "right"), make_items(3), QUICK)
    assert [row.correct for row in table.rows] == [1, None, 1]
    row = table.rows[1]
    assert row.failure == "RuntimeError: no luck at all, [hidden]"
    assert set(row.reasons) == set(table.header.metrics) and "RuntimeError" in row.reasons["correct"]
    assert table.values("correct") == {"0": 1, "2": 1}


@pytest.mark.parametrize(
    "secret", ["Authorization: Bearer abc", "ghp_0123456789", "https://user:word@host", '"api_key": "abc"', "hf_abcdefghij"]
)
def test_no_secret_is_recorded_with_a_failure(secret: str) -> None:
    row = run(Scripted(RuntimeError(f"refused: {secret}")), make_items(1), QUICK).rows[0]
    assert row.failure is not None and "[hidden]" in row.failure
    assert not any(part in row.failure for part in ("abc", "0123456789", "word"))


def test_a_hanging_question_costs_itself_and_not_its_neighbours(never: threading.Event) -> None:
    table = run(Scripted("right", never, "right"), make_items(3), HASTY)
    assert [row.correct for row in table.rows] == [1, None, 1]
    assert table.rows[1].failure == "TimedOut: no answer within 0.7 s"


def test_a_candidate_that_hangs_again_and_again_is_not_asked_any_more(never: threading.Event) -> None:
    candidate = Scripted("right", never, never, "right", "right")
    table = run(candidate, make_items(5), HASTY)
    assert [(row.failure or "").partition(":")[0] for row in table.rows] == ["", "TimedOut", "TimedOut", "GivenUp", "GivenUp"]
    assert candidate.asked == ["0", "1", "2"]


def test_one_bad_answer_of_a_batch_is_its_own() -> None:
    candidate = Batched("right", ValueError("bad"), "right", "right")
    assert isinstance(candidate, BatchCandidate)
    table = run(candidate, make_items(4), QUICK)
    assert [row.failure for row in table.rows] == [None, "ValueError: bad", None, None]
    assert candidate.asked.count("batch") == 1


def test_a_batch_that_fails_or_hangs_as_a_whole_is_asked_one_by_one(never: threading.Event) -> None:
    failing = run(Batched("right", RuntimeError("bad"), "right"), make_items(3), QUICK)
    assert [row.failure for row in failing.rows] == [None, "RuntimeError: bad", None]
    hanging = run(Batched("right", never, "right"), make_items(3), HASTY)
    assert [row.correct for row in hanging.rows] == [1, None, 1]


def test_a_batch_of_the_wrong_length_is_not_believed() -> None:
    class Short(Batched):
        def answer_batch(self, questions: Sequence[Question]) -> list[Answer | Exception]:
            return super().answer_batch(questions)[1:]

    assert [row.correct for row in run(Short("right", "wrong", "right"), make_items(3), QUICK).rows] == [1, 0, 1]


def test_what_is_no_answer_is_a_failure() -> None:
    class Odd(Scripted):
        def answer(self, question: Question) -> Answer:
            return [None, Answer("x", latency_s=float("nan"))][int(question.question_id)]  # type: ignore[return-value]

    failures = [row.failure or "" for row in run(Odd(), make_items(2), QUICK).rows]
    assert failures[0].startswith("BadAnswer") and "latency of nan" in failures[1]


def test_a_candidate_that_exits_does_not_end_the_run() -> None:
    table = run(Scripted("right", SystemExit(3), "right"), make_items(3), QUICK)
    assert [row.correct for row in table.rows] == [1, None, 1]


def test_a_run_leaves_neither_its_thread_nor_its_candidate_behind() -> None:
    candidate = Scripted("right")
    gone = weakref.ref(candidate)
    run(candidate, make_items(1), QUICK)
    del candidate
    for thread in threading.enumerate():
        if thread.name == "candidate":
            thread.join(5)
            assert not thread.is_alive()
    gc.collect()
    assert gone() is None


def test_an_interruption_keeps_what_is_done_and_the_next_run_asks_the_rest() -> None:
    items = make_items(5)
    settings = replace(QUICK, batch_size=1)
    with pytest.raises(Interrupted) as stopped:
        run(Scripted("right", "wrong", KeyboardInterrupt(), "right", "right"), items, settings)
    assert [row.question_id for row in stopped.value.table.rows] == ["0", "1"]
    second = Scripted(*["right"] * 5)
    table = run(second, items, settings, done=stopped.value.table)
    assert second.asked == ["2", "3", "4"]
    assert [row.correct for row in table.rows] == [1, 0, 1, 1, 1]
    assert table.asked == 3


def test_failures_are_asked_again_and_rows_of_another_header_are_not_taken() -> None:
    items = make_items(2)
    first = run(Scripted("right", RuntimeError("lost")), items, QUICK)
    again = Scripted("right", "right")
    assert run(again, items, QUICK, done=first).failed == 0
    assert again.asked == ["1"]
    other = Scripted("right", "right")
    run(other, items, replace(QUICK, seed=5), done=first)
    assert other.asked == ["0", "1"]


class PromptTooLong(Exception):
    """Named as the error of a model that a question does not fit into."""


def test_a_failure_that_lasts_is_not_asked_again() -> None:
    items = make_items(2)
    first = run(Scripted("right", PromptTooLong("4484 tokens")), items, QUICK)
    again = Scripted("right", "right")
    found = run(again, items, QUICK, done=first)
    assert (found.failed, again.asked) == (1, [])
    assert [row.settled for row in found.rows] == [True, True]


def test_progress_and_new_rows_are_told_after_each_batch() -> None:
    told: list[tuple[int, int]] = []
    new: list[int] = []
    run(
        Scripted(*["right"] * 5),
        make_items(5),
        QUICK,
        progress=lambda *counts: told.append(counts),
        on_scores=lambda rows: new.append(len(rows)),
    )
    assert told == [(3, 5), (5, 5)]
    assert new == [3, 2]


def test_a_run_ends_as_soon_as_it_is_enough_and_its_table_holds_what_was_asked() -> None:
    items = make_items(8)
    told: list[list[str]] = []

    def enough(rows: Sequence[ItemScore]) -> bool:
        told.append([row.question_id for row in rows])
        return len(rows) >= 4

    candidate = Scripted(*["right"] * 8)
    table = run(candidate, items, QUICK, enough=enough)
    order = [str(place) for place in shuffled(8, QUICK.seed)]
    assert candidate.asked == order[:6]
    assert told == [order[:3], order[:6]]
    assert [row.question_id for row in table.rows] == sorted(order[:6]) and table.asked == 6
    assert table.header == run(Scripted(*["right"] * 8), items, QUICK).header
    whole = run(Scripted(*["right"] * 8), items, QUICK, enough=lambda rows: False)
    assert [row.question_id for row in whole.rows] == [item.question_id for item in items]


def test_a_run_that_is_taken_up_again_asks_no_more_than_is_needed() -> None:
    items = make_items(6)
    order = [str(place) for place in shuffled(6, QUICK.seed)]
    deeds: list[str | BaseException] = ["right"] * 6
    deeds[int(order[2])] = KeyboardInterrupt()
    settings = replace(QUICK, batch_size=1)
    with pytest.raises(Interrupted) as stopped:
        run(Scripted(*deeds), items, settings, enough=lambda rows: False)
    assert {row.question_id for row in stopped.value.table.rows} == set(order[:2])
    again = Scripted(*["right"] * 6)
    table = run(again, items, settings, done=stopped.value.table, enough=lambda rows: len(rows) >= 3)
    assert again.asked == [order[2]] and len(table.rows) == 3
    idle = Scripted(*["right"] * 6)
    assert run(idle, items, settings, done=table, enough=lambda rows: len(rows) >= 3).rows == table.rows
    assert idle.asked == []


def test_rows_beyond_the_first_gap_do_not_count_before_it_is_closed() -> None:
    items, settings = make_items(6), replace(QUICK, batch_size=1)
    order = [str(place) for place in shuffled(6, settings.seed)]
    whole = run(Scripted(*["right"] * 6), items, settings)
    later = replace(whole, rows=tuple(row for row in whole.rows if row.question_id in order[2:5]))
    told: list[int] = []

    def never(rows: Sequence[ItemScore]) -> bool:
        told.append(len(rows))
        return False

    candidate = Scripted(*["right"] * 6)
    run(candidate, items, settings, done=later, enough=never)
    assert candidate.asked == [order[0], order[1], order[5]]
    assert told == [1, 5]


def test_a_score_that_is_no_number_is_recorded_as_unscored() -> None:
    def boom(answer: str, item: Item) -> float:
        if answer == "boom":
            raise ZeroDivisionError("oh")
        return 1.0

    metrics = (*BASIC_METRICS, ItemMetric("nan", lambda answer, item: float("nan")), ItemMetric("boom", boom))
    table = run(Scripted("right", "boom"), make_items(2), replace(QUICK, metrics=metrics))
    assert table.values("nan") == {}
    assert "nan gave nan" in table.rows[0].reasons["nan"]
    assert table.values("boom") == {"0": 1.0}
    assert table.rows[1].reasons["boom"] == "boom failed: ZeroDivisionError: oh"


def test_a_metric_that_does_not_apply_gives_no_zero() -> None:
    row = run(Scripted("right"), make_items(1), QUICK).rows[0]
    assert row.scores["list_f1"] is None
    assert row.reasons["list_f1"] == "does not apply to answer type text"


def test_text_that_no_database_takes_is_made_storable() -> None:
    assert storable("a\ud800b\0c字") == "a\ufffd\ufffd\ufffdb\ufffdc字"
    row = run(Scripted("a\ud800"), make_items(1), QUICK).rows[0]
    assert row.said.encode()


def test_items_that_cannot_be_told_apart_are_refused() -> None:
    with pytest.raises(PermanentFailure, match="2 items with 1 different ids"):
        run(AlwaysRefuse(), make_items(1) * 2)
    with pytest.raises(PermanentFailure, match="0 items"):
        run(AlwaysRefuse(), [])
    with pytest.raises(PermanentFailure, match="make no run"):
        RunSettings(batch_size=0)


def test_a_log_survives_a_kill_in_the_middle_of_a_line(tmp_path: Path) -> None:
    items, candidate = make_items(4), Scripted(*["right"] * 4)
    header = make_header(candidate, items, QUICK)
    log = ScoreLog(tmp_path / "a" / "scores.jsonl", header)
    whole = run(candidate, items, QUICK, on_scores=log.append)
    text = log.path.read_text(encoding="utf-8")
    log.path.write_text(text[:-40], encoding="utf-8")
    again = Scripted(*["right"] * 4)
    reopened = ScoreLog(log.path, header)
    assert run(again, items, QUICK, done=reopened.table, on_scores=reopened.append).rows == whole.rows
    assert again.asked == ["3"]
    kept = read_log(log.path)
    assert kept is not None and kept.rows == whole.rows


def test_a_log_of_another_header_is_started_anew_and_a_broken_one_is_refused(tmp_path: Path) -> None:
    items, candidate = make_items(2), Scripted("right", "right")
    log = ScoreLog(tmp_path / "scores.jsonl", make_header(candidate, items, QUICK))
    run(candidate, items, QUICK, on_scores=log.append)
    assert ScoreLog(log.path, make_header(candidate, items, replace(QUICK, seed=9))).table.rows == ()
    log.append(run(candidate, items, QUICK).rows[:1])
    log.path.write_text(log.path.read_text(encoding="utf-8") + json.dumps({"a": 1}) + "\n", encoding="utf-8")
    with pytest.raises(PermanentFailure, match=r"line 3 of .* is no score"):
        read_log(log.path)
    log.path.write_bytes(b"\xff\xfe\n")
    with pytest.raises(PermanentFailure, match="no log of scores"):
        read_log(log.path)


def test_items_are_made_of_gold_rows_and_bad_rows_are_named() -> None:
    row = {"question_id": "q", "question": "How long?", "language": "en", "answer": "28", "answer_type": "number", "unit": "h"}
    item = items_from_rows([row | {"aliases": ["28 h"], "anchor": "series:x"}], {"q": ["It took 28 h."]})[0]
    assert (item.unit, item.aliases, item.cluster, item.question.passages) == ("h", ("28 h",), "series:x", ("It took 28 h.",))
    for change, found in (
        ({"answer": None}, "lacks answer"),
        ({"answer_type": "poem"}, "'poem'"),
        ({"answer": " "}, "empty answer"),
    ):
        with pytest.raises(PermanentFailure, match=found):
            items_from_rows([row | change])
    with pytest.raises(PermanentFailure, match="comes twice"):
        items_from_rows([row, row])
