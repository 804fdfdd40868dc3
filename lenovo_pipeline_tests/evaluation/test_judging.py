"""A configured judge grades stored answers once, tips figures that a policy may name, and its absence stops nothing but them."""

import shutil
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import pandas as pd
import pytest
from dagster import AssetKey, DagsterInstance
from pydantic import ValidationError

from lenovo_pipeline.build import build_defs
from lenovo_pipeline.evaluation import checks
from lenovo_pipeline.evaluation.figures import make_leaderboard
from lenovo_pipeline.evaluation.judge import ABSTAINED
from lenovo_pipeline.evaluation.judging import OFF, judged_answers
from lenovo_pipeline.evaluation.keeping import Kept
from lenovo_pipeline.evaluation.kinds import baseline_contenders
from lenovo_pipeline.evaluation.metrics import JUDGED, MOST_WEIGHT
from lenovo_pipeline.evaluation.scoring import Contender, score_all
from lenovo_pipeline.evaluation.showing import shown
from lenovo_pipeline.evaluation.tables import BASELINES, HEADERS, JUDGEMENTS, LEADERBOARD, RAW_FOUNDATION
from lenovo_pipeline.evaluation.verify import unfit_judgements
from lenovo_pipeline.failures import PermanentFailure
from lenovo_pipeline.measures.header import Header
from lenovo_pipeline.measures.runner import RunSettings
from lenovo_pipeline.models.catalogue import read_catalogue
from lenovo_pipeline.models.tables import CATALOGUE
from lenovo_pipeline.resources.inference import ModelIdentity, Reach
from lenovo_pipeline.resources.store import Store
from lenovo_pipeline.resources.warehouse import Warehouse
from lenovo_pipeline.settings import Settings

NANO, PHI = "lenovo-nano/open-book", "phi-4-mini/open-book"


class Served:
    """The server that has the judge, and nothing else."""

    def __init__(self, backend: Any) -> None:
        self.backend = backend
        self.backend.identity = lambda: ModelIdentity("ollama", "phi4-mini", "sha256:1", None, None, None, None, None)

    def reach(self, source: Any) -> Reach:
        return Reach(source.identifier == "phi4-mini", "there is no such model")

    def open(self, source: Any) -> Any:
        return self.backend


@dataclass
class Desk:
    """Scores of two models in a warehouse, and how a judge is asked about them."""

    warehouse: Warehouse
    settings: Settings
    gold: Any
    frame: pd.DataFrame

    def judged(self, backend: Any, said: list[str] | None = None, **settings: Any) -> Kept:
        configured = self.settings.model_copy(update={"judge": "phi-4-mini", **settings})
        asking: Any = SimpleNamespace(
            settings=configured, warehouse=self.warehouse, store=Store(configured.store), inference=Served(backend)
        )
        heard = [] if said is None else said
        return judged_answers(asking, say=heard.append, warn=heard.append)

    def figures(self, judgements: pd.DataFrame) -> dict[tuple[str, str, str], dict[Any, Any]]:
        made = make_leaderboard({"raw_foundation": self.frame}, self.gold.hashes(), seed=1, judgements=judgements)
        assert self.warehouse.replace(LEADERBOARD, made).rows == len(made)
        return {(row["candidate"], row["metric"], row["slice"]): row for row in made.to_dict("records")}


@pytest.fixture
def desk(settings: Settings, gold: Any, reader: Any, model: Any) -> Desk:
    store = Store(settings.store)
    store.open()
    warehouse = Warehouse(str(store.warehouse))
    gold.store(warehouse)
    rows = read_catalogue(settings.catalogue).rows()
    warehouse.replace(CATALOGUE, pd.DataFrame(rows, columns=list(CATALOGUE.column_names)))
    opened, run = gold.asked()[1], RunSettings(batch_size=32)
    frames = []
    for name, backend in (("lenovo-nano", reader(dies_after=20)), ("phi-4-mini", reader())):
        contender = Contender(model(backend, f"{name}/open-book", model=name), opened, name)
        frame = score_all([contender], RAW_FOUNDATION, None, logs=store.artifacts, settings=run).frame
        warehouse.replace(RAW_FOUNDATION, frame, model=name)
        frames.append(frame)
    return Desk(warehouse, settings, gold, pd.concat(frames, ignore_index=True))


def test_every_answer_is_graded_once_and_only_a_changed_one_again(desk: Desk, reader: Any) -> None:
    judge, said = reader(says="wrong"), list[str]()
    first = desk.judged(judge, said)
    assert (len(judge.prompts), first.metadata["asked"], len(first.frame)) == (20, 20, 20), "a failure is no answer to be graded"
    assert any("20 of 20 answers graded" in line for line in said)
    assert set(first.frame["candidate"]) == {NANO}
    assert "21 answers of phi-4-mini and its builds" in first.metadata["left_out"]
    assert "Right answer: 1.15 kg" in "\n".join(judge.prompts)
    stored = desk.warehouse.replace(JUDGEMENTS, first.frame)
    again = desk.judged(judge)
    assert again.metadata["asked"] == 0 and len(judge.prompts) == 20
    assert not desk.warehouse.replace(JUDGEMENTS, again.frame).changed and stored.changed
    mine = desk.warehouse.load(RAW_FOUNDATION, model="lenovo-nano").drop(columns="content_hash")
    mine.loc[mine["failure"].isna().idxmax(), "answer"] = "something else"
    desk.warehouse.replace(RAW_FOUNDATION, mine, model="lenovo-nano")
    assert desk.judged(judge).metadata["asked"] == 1
    other = desk.judged(judge, judge_weight=0.1)
    assert other.metadata["asked"] == 0 and set(other.frame["header"]).isdisjoint(again.frame["header"])


def test_what_was_graded_before_an_interruption_is_kept_and_a_line_that_was_cut_is_graded_again(desk: Desk, reader: Any) -> None:
    with pytest.raises(KeyboardInterrupt):
        desk.judged(reader(says="correct", killed_after=17))
    (kept,) = (desk.settings.store / "artifacts" / "judgements").iterdir()
    assert len(kept.read_text().splitlines()) == 16
    kept.write_text(kept.read_text()[:-4])
    resumed = reader(says="correct")
    assert desk.judged(resumed).frame["score"].eq(1).all()
    assert len(resumed.prompts) == 20 - 15


def test_a_judge_that_fails_is_not_asked_on_and_on_and_is_asked_again_next_time(desk: Desk, reader: Any) -> None:
    found = desk.judged(reader(says="correct", dies_after=8))
    assert found.metadata["without_a_grade"] == 12
    assert found.frame["reason"].dropna().str.startswith("the judge failed: ").all()
    assert desk.judged(reader(says="well")).frame["reason"].value_counts().to_dict() == {ABSTAINED: 12}
    silent = reader(says="well")
    desk.judged(silent)
    assert silent.prompts == [], "who abstained is not pressed"


def test_without_a_judge_or_with_one_out_of_reach_nothing_is_graded_and_it_is_said_why(desk: Desk, reader: Any) -> None:
    off = desk.judged(reader(), judge=None)
    assert off.frame.empty and off.metadata["judge"] == OFF and "LENOVO_JUDGE" in OFF
    assert desk.warehouse.replace(JUDGEMENTS, off.frame).rows == 0
    said = list[str]()
    away = desk.judged(reader(), said, judge="llama-3.2-3b")
    assert away.frame.empty and "llama-3.2-3b cannot be reached" in said[0] and "there is no such model" in away.metadata["judge"]
    with pytest.raises(PermanentFailure, match=r"LENOVO_JUDGE is 'phi-5', which is no model.*phi-4-mini"):
        desk.judged(reader(), judge="phi-5")


def test_the_figure_is_the_measured_score_with_the_share_of_the_judge_for_the_very_answers_it_graded(
    desk: Desk, reader: Any
) -> None:
    judgements = desk.judged(reader(says="wrong")).frame
    figures = desk.figures(judgements)
    mine = figures[NANO, JUDGED, "all"]
    assert (figures[NANO, "correct", "all"]["value"], mine["value"]) == (1.0, pytest.approx(0.8))
    assert mine["lower"] < 0.8 < mine["upper"] and mine["scored"] == 20
    assert mine["header"] == judgements["header"].iloc[0] != figures[NANO, "correct", "all"]["header"]
    assert not any(metric == JUDGED for name, metric, _ in figures if name == PHI)
    abstained = judgements.assign(score=judgements["score"].where(judgements.index > 9))
    assert desk.figures(abstained)[NANO, JUDGED, "all"]["value"] == pytest.approx(0.9), "without a word, what was measured"
    for nothing in (judgements.assign(score=None), judgements.assign(answer="0" * 16), judgements.iloc[:0]):
        assert not any(metric == JUDGED for _, metric, _ in desk.figures(nothing))
    assert "| judged |" in shown(
        make_leaderboard({"raw_foundation": desk.frame}, desk.gold.hashes(), seed=1, judgements=judgements)
    )


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"judge": "lenovo-nano"}, "lenovo-nano graded itself"),
        ({"answer": "0" * 16}, "what was graded is not what was answered"),
        ({"score": None}, "there is no grade, and nothing says why"),
    ],
)
def test_the_check_finds_grades_of_oneself_of_other_answers_and_missing_ones(
    desk: Desk, reader: Any, change: dict[str, Any], expected: str
) -> None:
    judgements = desk.judged(reader(says="wrong")).frame
    assert unfit_judgements(judgements, {"raw_foundation": desk.frame}) == []
    desk.warehouse.replace(JUDGEMENTS, judgements.assign(**change))
    result: Any = checks.judgements_are_of_others_and_of_what_was_answered(
        store=Store(desk.settings.store), warehouse=desk.warehouse
    )
    assert not result.passed and expected in str(result.metadata["found"].value)


def test_a_run_grades_and_puts_the_judge_into_headers_and_leaderboard(
    desk: Desk, reader: Any, instance: DagsterInstance, empty_tracking_database: Any
) -> None:
    shutil.copy(empty_tracking_database, Store(desk.settings.store).mlflow)
    baselines = baseline_contenders(desk.gold.asked()[1], 1)
    scored = score_all(baselines, BASELINES, None, logs=desk.settings.store, settings=RunSettings(batch_size=32))
    desk.warehouse.replace(BASELINES, scored.frame)
    settings = desk.settings.model_copy(update={"judge": "phi-4-mini"})
    defs = build_defs(settings=settings, resources={"inference": Served(reader(says="correct"))})
    run = defs.resolve_implicit_global_asset_job_def().execute_in_process(
        instance=instance,
        asset_selection=[AssetKey(["evaluation", name]) for name in ("judgements", "headers", "leaderboard")],
        raise_on_error=False,
    )
    assert run.success, [event.message for event in run.all_events if event.is_failure]
    checked = {evaluation.check_name: evaluation.passed for evaluation in run.get_asset_check_evaluations()}
    assert checked["judgements_are_of_others_and_of_what_was_answered"] and checked["scores_have_headers"]
    headers = desk.warehouse.load(HEADERS).set_index("kind")
    board = desk.warehouse.load(LEADERBOARD)
    (header,) = board.loc[board["metric"] == JUDGED, "header"].unique()
    assert headers.loc["judgements", "header"] == header
    assert Header.from_json(str(headers.loc["judgements", "made_by"])).described["judge"]["model"] == "phi-4-mini"


def test_a_judge_may_have_a_fifth_at_most(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LENOVO_JUDGE", "phi-4-mini")
    monkeypatch.setenv("LENOVO_JUDGE_WEIGHT", str(MOST_WEIGHT))
    assert (Settings().judge, Settings().judge_weight) == ("phi-4-mini", MOST_WEIGHT)
    for wrong in ("0.21", "-0.1", "nan", "much"):
        monkeypatch.setenv("LENOVO_JUDGE_WEIGHT", wrong)
        with pytest.raises(ValidationError, match="judge_weight"):
            Settings()
