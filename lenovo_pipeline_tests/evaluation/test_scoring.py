"""Scores are made once for each header, survive kills and dead servers, and a candidate never sees an answer."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from lenovo_pipeline.evaluation.keeping import stored_rows
from lenovo_pipeline.evaluation.kinds import baseline_contenders, raw_contenders
from lenovo_pipeline.evaluation.scoring import ANSWER_LENGTH, SAID_LENGTH, Contender, Scored, log_path, score_all
from lenovo_pipeline.evaluation.tables import BASELINES, RAW_FOUNDATION
from lenovo_pipeline.failures import PermanentFailure
from lenovo_pipeline.measures.candidate import Answer, Question
from lenovo_pipeline.measures.runner import RunSettings
from lenovo_pipeline.models.candidate import open_foundation
from lenovo_pipeline.resources.inference import ModelIdentity, Reach
from lenovo_pipeline.resources.warehouse import Warehouse

SETTINGS = RunSettings(batch_size=4, timeout_s=5.0)


class Bench:
    """Scores one candidate again and again, as the asset does: what was stored last is what the next run finds."""

    def __init__(self, warehouse: Warehouse, logs: Path, items: list[Any]) -> None:
        self.warehouse, self.logs, self.items = warehouse, logs, items
        self.said: list[str] = []

    def score(self, candidate: Any) -> Scored:
        stored = stored_rows(self.warehouse, RAW_FOUNDATION, "lenovo-nano")
        contender = Contender(candidate, self.items, "lenovo-nano")
        return score_all([contender], RAW_FOUNDATION, stored, logs=self.logs, settings=SETTINGS, say=self.said.append)

    def keep(self, scored: Scored) -> bool:
        return self.warehouse.replace(RAW_FOUNDATION, scored.frame, model="lenovo-nano").changed


@pytest.fixture
def bench(warehouse: Warehouse, tmp_path: Path, gold: Any) -> Bench:
    return Bench(warehouse, tmp_path / "logs", gold.asked()[1])


def test_a_model_that_reads_is_right_and_its_rows_fit_the_contract(bench: Bench, reader: Any, model: Any) -> None:
    scored = bench.score(model(reader()))
    assert (scored.asked, scored.taken_over, scored.failed) == (21, 0, 0)
    assert set(scored.frame["correct"]) == {1.0}
    assert bench.keep(scored)
    assert "lenovo-nano/open-book: 21 of 21 questions answered." in bench.said


def test_nothing_is_asked_again_under_the_same_header_and_the_data_version_stays(bench: Bench, reader: Any, model: Any) -> None:
    bench.keep(bench.score(model(reader())))
    idle = reader()
    again = bench.score(model(idle))
    assert (again.asked, again.taken_over, idle.prompts) == (0, 21, [])
    assert not bench.keep(again)
    assert not log_path(bench.logs, "lenovo-nano/open-book").exists()


def test_a_row_whose_answer_has_no_score_is_asked_again(bench: Bench, reader: Any, model: Any) -> None:
    scored = bench.score(model(reader()))
    frame = scored.frame.copy()
    frame.loc[0, "correct"] = float("nan")
    bench.keep(replace(scored, frame=frame))
    log_path(bench.logs, "lenovo-nano/open-book").unlink()
    again = bench.score(model(reader()))
    assert (again.asked, again.taken_over) == (1, 20)
    assert set(again.frame["correct"]) == {1.0}


@pytest.mark.parametrize("changes", [{"revision": "r2"}, {"template_hash": "c2"}, {"tokenizer_hash": "t2"}])
def test_another_model_is_asked_everything(bench: Bench, reader: Any, model: Any, changes: dict[str, str]) -> None:
    bench.keep(bench.score(model(reader())))
    assert bench.score(model(reader(), **changes)).asked == 21


def test_only_items_that_changed_are_asked_again_and_the_table_is_that_of_a_full_run(
    bench: Bench, reader: Any, model: Any
) -> None:
    bench.keep(bench.score(model(reader())))
    edited = bench.items[2].with_passages(["Edited: the Quartz weighs 9.99 kg."])
    bench.items = [*bench.items[:2], edited, *bench.items[3:-1]]
    again = reader()
    merged = bench.score(model(again))
    assert (len(again.prompts), merged.asked, merged.taken_over) == (1, 1, 19)
    contender = Contender(model(reader()), bench.items, "lenovo-nano")
    full = score_all([contender], RAW_FOUNDATION, None, logs=bench.logs / "full", settings=SETTINGS)
    assert full.asked == 20
    pd.testing.assert_frame_equal(merged.frame, full.frame)


def test_a_changed_right_answer_is_scored_anew(bench: Bench, reader: Any, model: Any) -> None:
    bench.keep(bench.score(model(reader())))
    place = next(place for place, item in enumerate(bench.items) if item.answer_type == "number")
    bench.items[place] = replace(bench.items[place], answer="42", answer_items=("42",))
    scored = bench.score(model(reader()))
    assert scored.asked == 1
    assert scored.frame.set_index("question_id").loc[bench.items[place].question_id, "correct"] == 0


class Grounded:
    """Answers from a record of its own beside the question."""

    name = "grounded"

    def __init__(self, records: dict[str, str], version: str) -> None:
        self.records, self.version, self.asked = records, version, 0

    def describe(self) -> dict[str, Any]:
        return {"grounds": self.version}

    def grounds(self, questions: Any) -> list[str]:
        return [self.records.get(question.question_id, "") for question in questions]

    def answer(self, question: Question) -> Answer:
        self.asked += 1
        return Answer(f"Answer: {self.records.get(question.question_id, '')}")


def test_another_version_of_the_grounds_asks_only_where_the_grounds_changed(bench: Bench) -> None:
    bench.keep(bench.score(Grounded({}, "v1")))
    edited = Grounded({bench.items[0].question_id: "new"}, "v2")
    assert bench.score(edited).asked == edited.asked == 1


def test_a_run_that_was_killed_goes_on_where_it_was(bench: Bench, reader: Any, model: Any) -> None:
    with pytest.raises(KeyboardInterrupt):
        bench.score(model(reader(killed_after=10)))
    rest = reader()
    scored = bench.score(model(rest))
    assert len(rest.prompts) == 21 - 8, "two batches of four were finished before the kill"
    assert (scored.asked, scored.taken_over, len(scored.frame)) == (13, 8, 21)
    assert set(scored.frame["correct"]) == {1.0}


def test_what_a_killed_run_of_another_model_left_is_not_taken_over(bench: Bench, reader: Any, model: Any) -> None:
    with pytest.raises(KeyboardInterrupt):
        bench.score(model(reader(killed_after=10)))
    assert bench.score(model(reader(), revision="r2")).asked == 21


def test_a_server_that_dies_midway_leaves_failures_and_only_they_are_tried_again(bench: Bench, reader: Any, model: Any) -> None:
    scored = bench.score(model(reader(dies_after=9)))
    assert (len(scored.frame), scored.failed) == (21, 12)
    failed = scored.frame[scored.frame["failure"].notna()]
    assert failed["correct"].isna().all()
    assert failed["failure"].str.contains("the connection was refused").all()
    bench.keep(scored)
    alive = reader()
    again = bench.score(model(alive))
    assert (len(alive.prompts), again.failed, again.taken_over) == (12, 0, 9)


def test_an_item_that_does_not_fit_the_context_is_unscored_with_the_reason(bench: Bench, reader: Any, model: Any) -> None:
    probe = reader()
    bench.score(model(probe, revision="r0"))
    longest = max(map(len, probe.prompts))
    scored = bench.score(model(reader(longest=longest - 1)))
    failed = scored.frame[scored.frame["failure"].notna()]
    assert 0 < len(failed) < len(scored.frame)
    assert failed["failure"].str.contains(f"the prompt has {longest} tokens").all()
    assert failed["correct"].isna().all()


def test_endless_generation_is_cut_and_recorded(bench: Bench, reader: Any, model: Any) -> None:
    scored = bench.score(model(reader(says="and so on " * 1_000, finish_reason="length")))
    assert set(scored.frame["finish_reason"]) == {"length"}
    assert scored.frame["said"].map(len).max() == SAID_LENGTH
    assert scored.frame["answer"].map(len).max() == ANSWER_LENGTH
    assert set(scored.frame["correct"]) == {0.0}
    bench.keep(scored)


@pytest.mark.parametrize("latency", [float("nan"), float("inf"), -1.0])
def test_a_time_that_is_no_time_is_a_failure_of_its_item(bench: Bench, reader: Any, model: Any, latency: float) -> None:
    scored = bench.score(model(reader(latency_s=latency)))
    assert scored.failed == 21
    bench.keep(scored)


def test_text_that_utf8_cannot_hold_is_kept_as_far_as_it_goes(bench: Bench, reader: Any, model: Any) -> None:
    scored = bench.score(model(reader(says="Answer: \ud800 1.15 \0")))
    assert scored.failed == 0
    bench.keep(scored)


def test_a_candidate_sees_neither_answers_nor_categories_nor_ids(gold: Any, bench: Bench, reader: Any, model: Any) -> None:
    closed = gold.asked()[0]
    bench.items = closed
    shown = reader()
    bench.score(model(shown, name="lenovo-nano/closed-book"))
    for item, prompt in zip(closed, shown.prompts, strict=True):
        hidden = {item.question_id, item.category, *(() if item.unanswerable else item.right_forms)}
        assert not [text for text in hidden if text and text in prompt.replace(item.question.text, "")]


def test_baselines_are_scored_and_taken_over_too(gold: Any, warehouse: Warehouse, tmp_path: Path) -> None:
    contenders = baseline_contenders(gold.asked()[1], seed=1)
    first = score_all(contenders, BASELINES, None, logs=tmp_path / "logs", settings=SETTINGS)
    assert set(first.frame["candidate"]) == {"oracle", "always-refuse", "random", "first-sentence", "top-evidence-sentence"}
    warehouse.replace(BASELINES, first.frame)
    stored = stored_rows(warehouse, BASELINES)
    again = score_all(contenders, BASELINES, stored, logs=tmp_path / "logs", settings=SETTINGS)
    assert again.asked == 0
    assert not warehouse.replace(BASELINES, again.frame).changed


class OneModel:
    """Reaches one model, whose identity the test sets."""

    def __init__(self, backend: Any) -> None:
        self.backend, self.opened = backend, 0

    def reach(self, source: Any) -> Reach:
        return Reach(True)

    def open(self, source: Any) -> Any:
        self.opened += 1
        return self.backend


ROW = {"name": "lenovo-nano", "provider": "us", **{f"{s}_id": None for s in ("huggingface", "ollama", "openai", "github")}}


def test_a_model_is_opened_once_for_both_ways_of_asking_and_closed(
    gold: Any, bench: Bench, reader: Any, foundation: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("lenovo_pipeline.models.candidate.identity_hash", lambda route, identity: "i1")
    closed, opened = gold.asked()
    inference = OneModel(reader())
    row = {**ROW, "folder_id": "data/models/lenovo-nano"}
    with raw_contenders(foundation, row, inference, closed, opened) as contenders:
        scored = score_all(contenders, RAW_FOUNDATION, None, logs=bench.logs, settings=SETTINGS)
    assert (inference.opened, inference.backend.closed, scored.asked) == (1, 1, 42)
    right = scored.frame[scored.frame["answer_type"] != "refusal"].groupby("candidate")["correct"].mean()
    assert right.to_dict() == {"lenovo-nano/closed-book": 0.0, "lenovo-nano/open-book": 1.0}
    bench.warehouse.replace(RAW_FOUNDATION, scored.frame, model="lenovo-nano")
    with raw_contenders(foundation, row, inference, closed, opened) as contenders:
        stored = stored_rows(bench.warehouse, RAW_FOUNDATION, "lenovo-nano")
        score_all(contenders, RAW_FOUNDATION, stored, logs=bench.logs, settings=SETTINGS)
    assert inference.opened == 1, "nothing had to be asked, so that the model was not opened"


def test_a_model_that_cannot_be_opened_ends_the_evaluation_and_fails_no_question(bench: Bench, model: Any) -> None:
    def gone() -> Any:
        raise PermanentFailure("the weights are gone", remedy="Put them back.")

    candidate = model(None)
    candidate._open_backend = gone
    with pytest.raises(PermanentFailure, match="the weights are gone"):
        bench.score(candidate)


def test_a_model_that_is_no_longer_what_was_resolved_is_refused(reader: Any, foundation: dict[str, Any]) -> None:
    backend = reader()
    with pytest.raises(PermanentFailure, match=r"another model .* --partition lenovo-nano"):
        open_foundation(foundation, {**ROW, "folder_id": "data/models/lenovo-nano"}, OneModel(backend))
    assert backend.closed == 1
    assert isinstance(backend.identity(), ModelIdentity)


def test_scores_that_were_never_made_are_none_and_not_empty(warehouse: Warehouse) -> None:
    assert stored_rows(warehouse, RAW_FOUNDATION, "lenovo-nano") is None
    warehouse.replace(RAW_FOUNDATION, pd.DataFrame(columns=list(RAW_FOUNDATION.column_names)), model="other")
    assert stored_rows(warehouse, RAW_FOUNDATION, "lenovo-nano") is None
