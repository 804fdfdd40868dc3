"""Robustness and bias say what was shown and no more; stress counts what is late; probes take every scenario."""

from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from lenovo_pipeline.evaluation.pressure.bias import FEWEST, make_bias
from lenovo_pipeline.evaluation.pressure.plots import draw_pressure
from lenovo_pipeline.evaluation.pressure.probes import SIZES, ProbeSizes, probe_items, side_id, worth_probing
from lenovo_pipeline.evaluation.pressure.robustness import make_robustness
from lenovo_pipeline.evaluation.pressure.stress import Step, header_of, measure, questions_of, steps
from lenovo_pipeline.evaluation.pressure.tables import BIAS, PROBES, ROBUSTNESS, STRESS
from lenovo_pipeline.evaluation.scoring import Contender, score_all
from lenovo_pipeline.measures.candidate import Answer, Question
from lenovo_pipeline.measures.runner import RunSettings
from lenovo_pipeline.measures.sentiment import sentiment
from lenovo_pipeline.prompts.tables import CHARACTERISTICS
from lenovo_pipeline.resources.warehouse import Warehouse
from lenovo_pipeline.roster.pressing import with_pressure


def _prompts(count: int = 120) -> pd.DataFrame:
    rows: list[dict[str, Any]] = [
        {
            "prompt_id": f"EP-{n}", "prompt": f"Is {n} even? Work only from: {n}", "answer": "yes" if n % 2 == 0 else "no",
            "answer_type": "yes_no", "unit": None, "aliases": [], "answer_items": [], "language": "en",
        }
        for n in range(count)
    ]  # fmt: skip
    return pd.DataFrame(rows)


def _adversarial(prompts: pd.DataFrame) -> pd.DataFrame:
    rows = []
    for kind, group, stays in (("swapped", "typos", True), ("shouted", "typos", True), ("turned", "negation", False)):
        for row in prompts.head(6).to_dict("records"):
            answer = row["answer"] if stays else {"yes": "no", "no": "yes"}[row["answer"]]
            rows.append(
                {
                    "adversarial_id": f"AP-{kind}-{row['prompt_id']}", "prompt_id": row["prompt_id"], "scenario_group": group,
                    "kind": kind, "text": f"{kind}: {row['prompt']}", "language": "en", "answer_stays": stays, "answer": answer,
                    "answer_type": "yes_no",
                }
            )  # fmt: skip
    return pd.DataFrame(rows)


def _pairs(prompts: pd.DataFrame) -> pd.DataFrame:
    rows = [
        {
            "pair_id": f"CF-{characteristic}-{row['prompt_id']}", "characteristic": characteristic, "value_a": "a woman",
            "value_b": "a man", "prompt_a": f"I am a woman. {row['prompt']}", "prompt_b": f"I am a man. {row['prompt']}",
            "prompt_id": row["prompt_id"], "language": "en", "answer_type": "yes_no", "answer": row["answer"],
        }
        for characteristic in CHARACTERISTICS
        for row in prompts.to_dict("records")
    ]  # fmt: skip
    return pd.DataFrame(rows)


class Parity:
    """Reads whether the number is even; wrong when shouted at, and for whom it does not like; with no answer to `crashes_at`."""

    name = "lenovo-nano/open-book"

    def __init__(self, dislikes: str = "nobody", never: bool = False, crashes_at: str = "nothing") -> None:
        self.dislikes, self.never, self.crashes_at = dislikes, never, crashes_at

    def describe(self) -> dict[str, Any]:
        return vars(self)

    def answer(self, question: Question) -> Answer:
        if self.crashes_at in question.text:
            raise RuntimeError("the process is gone")
        number = int(question.text.rpartition(" ")[2])
        wrong = self.never or question.text.startswith("shouted") or self.dislikes in question.text
        even = number % 2 == 0
        return Answer(f"Answer: {'yes' if even != wrong else 'no'}", latency_s=0.01)


def _probed(candidate: Any, tmp_path: Path) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    prompts = _prompts()
    adversarial, pairs = _adversarial(prompts), _pairs(prompts)
    items = probe_items(adversarial, pairs, prompts, ProbeSizes(None, None, 0))
    scored = score_all(
        [Contender(candidate, items, "lenovo-nano")], PROBES, None, logs=tmp_path, settings=RunSettings(timeout_s=5)
    )
    return scored.frame, adversarial, pairs


def test_robustness_shows_mean_worst_scenario_and_stability_by_group(tmp_path: Path, warehouse: Warehouse) -> None:
    frame, adversarial, _ = _probed(Parity(), tmp_path)
    warehouse.replace(PROBES, frame, model="lenovo-nano")
    made = make_robustness(frame, adversarial, seed=1)
    warehouse.replace(ROBUSTNESS, made, model="lenovo-nano")
    by = {row["scenario_group"]: row for row in made.to_dict("records")}
    assert [by["typos"][name] for name in ("clean", "mean", "worst", "stable")] == [1.0, 0.5, 0.0, 0.5]
    assert by["typos"]["worst_scenario"] == "shouted"
    assert by["negation"]["mean"] == 0.0, "it does not see that the question was turned round"
    assert by["negation"]["compared"] == 0
    assert pd.isna(by["negation"]["stable"])
    assert by["all"]["variants"] == 18
    assert "robustness" in draw_pressure(made, ROBUSTNESS, tmp_path / "drawn")


def test_crashing_under_attack_is_no_robustness(tmp_path: Path, warehouse: Warehouse) -> None:
    frame, adversarial, pairs = _probed(Parity(crashes_at="shouted"), tmp_path)
    made = make_robustness(frame, adversarial, seed=1)
    warehouse.replace(ROBUSTNESS, made, model="lenovo-nano")
    (typos,) = made[made["scenario_group"] == "typos"].to_dict("records")
    assert [typos[name] for name in ("clean", "mean", "worst", "scored", "unscored")] == [1.0, 0.5, 0.0, 6, 6]
    assert typos["worst_scenario"] == "shouted" and typos["lower"] <= 0.5 <= typos["upper"] < 1
    figures = with_pressure({}, made, make_bias(frame, pairs, seed=1))
    assert figures["lenovo-nano/open-book"]["robust_worst", "all"].value == 0
    everywhere, adversarial, _ = _probed(Parity(crashes_at="Is"), tmp_path / "all")
    (whole,) = make_robustness(everywhere, adversarial, seed=1).query("scenario_group == 'all'").to_dict("records")
    assert [whole[name] for name in ("clean", "mean", "worst", "scored", "unscored")] == [0.0, 0.0, 0.0, 0, 18]


def test_crashing_for_one_group_is_a_gap_and_not_a_pair_less(tmp_path: Path, warehouse: Warehouse) -> None:
    frame, _, pairs = _probed(Parity(crashes_at="a woman"), tmp_path)
    made = make_bias(frame, pairs, seed=1)
    warehouse.replace(BIAS, made, model="lenovo-nano")
    by = dict(iter(made.groupby("measure")))
    assert set(made["pairs"]) == set(made["with_right_answer"]) == {120}
    assert set(by["quality"]["gap"]) == {1.0} and set(by["failure"]["gap"]) == {-1.0}
    assert set(pd.concat([by["quality"], by["failure"]])["verdict"]) == {"gap"}
    some, _, pairs = _probed(Parity(crashes_at="a woman. Is 11"), tmp_path / "some")
    figures = with_pressure({}, None, make_bias(some, pairs, seed=1))
    gap = figures["lenovo-nano/open-book"]["bias_gap", "all"]
    assert gap.value == pytest.approx(11 / 120) and gap.upper is not None and gap.upper > 0.05


def test_a_side_whose_score_is_no_number_is_not_a_wrong_answer(tmp_path: Path) -> None:
    frame, _, pairs = _probed(Parity(), tmp_path)
    frame.loc[frame["question_id"] == side_id(pairs["pair_id"].iloc[0], "a"), "correct"] = float("nan")
    made = make_bias(frame, pairs, seed=1)
    touched = made[(made["measure"] == "quality") & (made["characteristic"] == pairs["characteristic"].iloc[0])]
    assert list(touched["compared"]) == [119] and list(touched["gap"]) == [0.0]


def test_a_candidate_that_answers_one_group_worse_has_a_gap_that_does_not_hold_zero(tmp_path: Path, warehouse: Warehouse) -> None:
    frame, _, pairs = _probed(Parity(dislikes="a woman"), tmp_path)
    made = make_bias(frame, pairs, seed=1)
    warehouse.replace(BIAS, made, model="lenovo-nano")
    quality = made[made["measure"] == "quality"]
    assert set(quality["verdict"]) == {"gap"} and set(quality["gap"]) == {1.0}, "men come first by alphabet"
    assert set(made["characteristic"]) == set(CHARACTERISTICS) and len(CHARACTERISTICS) >= 6
    assert "bias" in draw_pressure(made, BIAS, tmp_path / "drawn")


def test_a_fair_candidate_stays_within_the_limit_and_one_that_is_never_right_is_no_evidence(tmp_path: Path) -> None:
    fair = make_bias(*(_probed(Parity(), tmp_path / "fair")[place] for place in (0, 2)), seed=1)
    assert set(fair["verdict"]) == {"within the limit"}
    wrong = make_bias(*(_probed(Parity(never=True), tmp_path / "wrong")[place] for place in (0, 2)), seed=1)
    assert set(wrong["with_right_answer"]) == {0}
    assert {measure: set(rows["verdict"]) for measure, rows in wrong.groupby("measure")} == {
        "failure": {"within the limit"}, "quality": {"no evidence"}, "refusal": {"no evidence"}, "sentiment": {"no evidence"},
    }  # fmt: skip


def test_fewer_pairs_than_needed_are_no_evidence_however_even_they_are(tmp_path: Path) -> None:
    frame, _, pairs = _probed(Parity(), tmp_path)
    few = pairs.groupby("characteristic").head(FEWEST - 1)
    assert set(make_bias(frame, few, seed=1)["verdict"]) == {"no evidence"}


@pytest.mark.parametrize("profile", ["smoke", "default", "full"])
def test_every_scenario_and_characteristic_is_asked_at_every_size(profile: str) -> None:
    prompts = _prompts()
    adversarial, pairs = _adversarial(prompts), _pairs(prompts)
    asked = {item.question_id for item in probe_items(adversarial, pairs, prompts, SIZES[profile])}
    assert all(asked & set(mine["adversarial_id"]) for _, mine in adversarial.groupby("kind"))
    assert all(
        asked & {side_id(pair, side) for pair in mine["pair_id"]} for _, mine in pairs.groupby("characteristic") for side in "ab"
    )


def test_the_best_builds_are_probed() -> None:
    frame = pd.DataFrame({"model": "m", "candidate": ["a", "a", "b", "c"], "correct": [1.0, 0.0, 0.9, None]})
    assert worth_probing({"adapter": frame}, "m", 1) == ["b"]
    assert worth_probing({"adapter": frame}, "m", 9) == ["b", "a"]
    assert worth_probing({"adapter": frame}, "other", 1) == []


def test_sentiment_counts_words_and_turns_what_is_negated() -> None:
    assert sentiment("Happy to help, it is easy.") == 1.0
    assert sentiment("Sorry, that is impossible.") == -1.0
    assert sentiment("It is not good.") == -1.0
    assert sentiment("抱歉，无法处理。") == -1.0
    assert sentiment("1.25 kg") == 0.0


class Server:
    """Takes a time for each batch, by a clock of its own; breaks down on demand."""

    name = "server"

    def __init__(self, seconds: float, fails: bool = False) -> None:
        self.now, self.seconds, self.fails = 0.0, seconds, fails

    def describe(self) -> dict[str, Any]:
        return {}

    def sleep(self, seconds: float) -> None:
        self.now += seconds

    def answer_batch(self, questions: Any) -> list[Any]:
        self.now += self.seconds
        if self.fails:
            raise RuntimeError("out of memory, token=abc")
        return [Answer("Answer: 1")] * len(questions)

    def answer(self, question: Question) -> Answer:
        return self.answer_batch([question])[0]  # type: ignore[no-any-return]


def _stressed(server: Server, step: Step) -> dict[str, Any]:
    questions = [Question(f"Q{n}", "?", "en") for n in range(step.requests)]
    return measure(server, questions, step, seed=1, clock=lambda: server.now, sleep=server.sleep)


def test_a_quick_server_answers_everything_and_a_slow_one_loses_what_waits_too_long(warehouse: Warehouse) -> None:
    step = Step("business", 1, 4, 0, 10.0, 40, 1.0, burst=8)
    quick, slow = _stressed(Server(0.01), step), _stressed(Server(2.0), step)
    assert (quick["answered"], quick["timed_out"], quick["failed"]) == (40, 0, 0)
    assert quick["p99_s"] < 0.1 and quick["recovery_s"] < 0.1
    assert slow["answered"] + slow["timed_out"] == 40 and slow["timed_out"] > 30
    assert slow["recovery_s"] > quick["recovery_s"]
    rows = [{"model": "lenovo-nano", "candidate": "s", "level": "business", "step": 1, **quick, "header": "0" * 16}]
    warehouse.replace(STRESS, pd.DataFrame(rows), model="lenovo-nano")
    assert warehouse.load(STRESS)["p95_s"].notna().all()


def test_errors_under_load_are_counted_and_named_without_secrets(tmp_path: Path) -> None:
    found = _stressed(Server(0.01, fails=True), Step("consumer", 1, 2, 0, 5.0, 6, 1.0))
    assert (found["answered"], found["failed"], found["p95_s"]) == (0, 6, None)
    rows = [{"model": "m", "candidate": "s", "level": "consumer", "step": 1, **found, "header": "0" * 16}]
    assert "stress" in draw_pressure(pd.DataFrame(rows), STRESS, tmp_path / "drawn")
    assert "out of memory" in found["error"] and "abc" not in found["error"]


def test_load_rises_in_concurrency_volume_and_haste_and_its_header_tells_it_apart(gold: Any) -> None:
    load = steps(10)
    for level in ("consumer", "business"):
        mine = [step for step in load if step.level == level]
        assert [step.concurrency for step in mine] == sorted({step.concurrency for step in mine})
        assert [step.limit_s for step in mine] == sorted({step.limit_s for step in mine}, reverse=True)
    volumes = [len(questions_of(gold.asked()[1], step, 1)[0].passages) for step in load if step.level == "business"]
    assert volumes == sorted(set(volumes))
    assert header_of(Server(1), load, 1) != header_of(Server(1), steps(11), 1)
