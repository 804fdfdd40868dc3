"""Figures of the leaderboard: references where they must be, intervals by entity, nothing silently counted as zero."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from lenovo_pipeline.evaluation.comparing import not_current
from lenovo_pipeline.evaluation.figures import candidate_figures, detectable, make_headers, make_leaderboard
from lenovo_pipeline.evaluation.items import hashes_now
from lenovo_pipeline.evaluation.kinds import baseline_contenders
from lenovo_pipeline.evaluation.metrics import FIGURES
from lenovo_pipeline.evaluation.plots import draw
from lenovo_pipeline.evaluation.scoring import Contender, score_all, stored_table
from lenovo_pipeline.evaluation.showing import headline, ranked, shown
from lenovo_pipeline.evaluation.tables import BASELINES, HEADERS, LEADERBOARD, RAW_FOUNDATION
from lenovo_pipeline.measures.runner import RunSettings
from lenovo_pipeline.measures.scores import ScoreTable
from lenovo_pipeline.resources.warehouse import Warehouse


@pytest.fixture
def scores(gold: Any, tmp_path: Path, reader: Any, model: Any) -> dict[str, pd.DataFrame]:
    opened = gold.asked()[1]
    settings = RunSettings(batch_size=8)
    baselines = score_all(baseline_contenders(opened, 1), BASELINES, None, logs=tmp_path, settings=settings)
    mine = Contender(model(reader(dies_after=16)), opened, "lenovo-nano")
    raw = score_all([mine], RAW_FOUNDATION, None, logs=tmp_path, settings=settings)
    return {"baselines": baselines.frame, "raw_foundation": raw.frame}


@pytest.fixture
def leaderboard(scores: dict[str, pd.DataFrame], gold: Any) -> pd.DataFrame:
    return make_leaderboard(scores, gold.hashes(), seed=1)


def value(leaderboard: pd.DataFrame, candidate: str, metric: str, part: str = "all") -> Any:
    (row,) = leaderboard[
        (leaderboard["candidate"] == candidate) & (leaderboard["metric"] == metric) & (leaderboard["slice"] == part)
    ].to_dict("records")
    return row


def test_references_are_where_they_must_be(leaderboard: pd.DataFrame, warehouse: Warehouse) -> None:
    assert value(leaderboard, "oracle", "correct")["value"] == 1
    assert value(leaderboard, "always-refuse", "correct", "answerable")["value"] == 0
    assert value(leaderboard, "always-refuse", "refusal_recall")["value"] == 1
    assert value(leaderboard, "always-refuse", "refusal_precision")["value"] == pytest.approx(7 / 21)
    assert value(leaderboard, "always-refuse", "false_refusal_rate")["value"] == 1
    assert value(leaderboard, "oracle", "false_refusal_rate")["value"] == 0
    assert set(leaderboard["metric"]) == set(FIGURES)
    assert warehouse.replace(LEADERBOARD, leaderboard).rows == len(leaderboard)


def test_unscored_is_not_zero(leaderboard: pd.DataFrame) -> None:
    row = value(leaderboard, "lenovo-nano/open-book", "correct")
    assert (row["value"], row["scored"], row["unscored"]) == (1.0, 16, 5)
    assert value(leaderboard, "lenovo-nano/open-book", "unscored_rate")["value"] == pytest.approx(5 / 21)


def test_an_answer_whose_score_is_no_number_is_unscored_too(scores: dict[str, pd.DataFrame], gold: Any) -> None:
    frame = scores["baselines"].copy()
    frame.loc[frame.index[frame["candidate"] == "oracle"][:2], "correct"] = float("nan")
    made = make_leaderboard({"baselines": frame}, gold.hashes(), seed=1)
    row = value(made, "oracle", "correct")
    assert (row["scored"], row["unscored"]) == (19, 2)
    rate = value(made, "oracle", "unscored_rate")
    assert (rate["value"], rate["unscored"]) == (pytest.approx(2 / 21), 2)
    f1 = value(made, "oracle", "token_f1")
    assert f1["unscored"] == 0, "what it does not apply to is not unscored"


def test_a_figure_that_nothing_was_scored_for_is_empty(leaderboard: pd.DataFrame) -> None:
    row = value(leaderboard, "first-sentence", "refusal_precision")
    assert (row["value"], row["lower"], row["scored"]) == (None, None, 0) or row["value"] != row["value"]


def test_intervals_resample_entities_and_one_entity_says_nothing(scores: dict[str, pd.DataFrame]) -> None:
    table = stored_table(scores["baselines"], "oracle")
    assert table is not None
    of_one = replace(table, rows=tuple(row for row in table.rows if row.cluster == "series:Quartz 1"))
    ((value_of_one,),) = [[v for metric, part, v in candidate_figures(of_one, 1) if (metric, part) == ("correct", "all")]]
    assert (value_of_one.value, value_of_one.lower, value_of_one.upper, value_of_one.clusters) == (1.0, 0.0, 1.0, 1)
    (whole,) = [v for metric, part, v in candidate_figures(table, 1) if (metric, part) == ("correct", "all")]
    assert whole.clusters == 7
    assert whole.lower is not None
    assert 0.5 < whole.lower < 1


def test_the_same_scores_make_the_same_leaderboard(
    scores: dict[str, pd.DataFrame], gold: Any, leaderboard: pd.DataFrame, warehouse: Warehouse
) -> None:
    warehouse.replace(LEADERBOARD, leaderboard)
    again = make_leaderboard(scores, gold.hashes(), seed=1)
    assert not warehouse.replace(LEADERBOARD, again).changed


def test_scores_of_other_questions_are_marked(scores: dict[str, pd.DataFrame], gold: Any) -> None:
    assert make_leaderboard(scores, gold.hashes(), seed=1)["current"].all()
    fewer = hashes_now(gold.items().iloc[1:], gold.questions, gold.chunks)
    assert not make_leaderboard(scores, fewer, seed=1)["current"].any()


def test_scores_of_other_answers_are_marked_ranked_last_and_never_the_best(scores: dict[str, pd.DataFrame], gold: Any) -> None:
    gold.questions["answer"] = "another"
    made = make_leaderboard(scores, gold.hashes(), seed=1)
    assert not made["current"].any()
    assert "6 not current: what they were asked has changed since), none of which has a model and current" in headline(made)
    assert "| oracle (not current) | 21 | 1.00 (" in shown(made)
    made.loc[made["candidate"] == "random", "current"] = True
    assert ranked(made)[0] == "random"
    assert not_current(scores, gold.hashes(), ["oracle"]) == ["oracle"]


def test_scores_of_fewer_rows_than_their_header_says_are_not_current(scores: dict[str, pd.DataFrame], gold: Any) -> None:
    made = make_leaderboard({"baselines": scores["baselines"].iloc[1:]}, gold.hashes(), seed=1)
    assert made.groupby("candidate")["current"].all().value_counts()[False] == 1


def test_headers_are_kept_once_with_what_they_say(scores: dict[str, pd.DataFrame], warehouse: Warehouse) -> None:
    headers = make_headers(scores)
    assert warehouse.replace(HEADERS, headers).rows == 6
    (mine,) = headers[headers["candidate"] == "lenovo-nano/open-book"].to_dict("records")
    assert (mine["items"], mine["model"], len(mine["prompt_version"])) == (21, "lenovo-nano", 16)


def test_more_questions_detect_smaller_effects(scores: dict[str, pd.DataFrame]) -> None:
    table = stored_table(scores["baselines"], "random")
    assert table is not None

    def effect(rows: int) -> float:
        found = detectable(ScoreTable(table.header, table.rows[:rows]))
        assert found is not None
        return found

    assert effect(21) < effect(8) <= 1 or effect(8) == float("inf")
    alone = ScoreTable(table.header, tuple(row for row in table.rows if row.cluster == "series:Quartz 1"))
    assert detectable(alone) is None


def test_the_table_for_people_is_ordered_and_shows_intervals(leaderboard: pd.DataFrame) -> None:
    order = ranked(leaderboard)
    assert order[0] in ("lenovo-nano/open-book", "oracle")
    text = shown(leaderboard)
    assert "| oracle | 21 | 1.00 (" in text
    assert "–" in text
    assert "lenovo-nano/open-book answers 1.00 (" in headline(leaderboard)
    assert headline(leaderboard[leaderboard["kind"] == "baselines"]) == "5 candidates, none of which has a model"


def test_pictures_are_drawn_once_for_the_same_figures(leaderboard: pd.DataFrame, tmp_path: Path) -> None:
    place = tmp_path / "pictures"
    images = draw(leaderboard, place)
    assert set(images) == {"correct", "by_category"}
    assert all(image.startswith("![") and "data:image/png;base64," in image for image in images.values())
    assert (place / "correct.svg").read_text(encoding="utf-8").startswith("<?xml")
    before = (place / "correct.png").stat().st_mtime_ns
    assert draw(leaderboard, place) == images
    assert (place / "correct.png").stat().st_mtime_ns == before
    (place / "correct.png").unlink()
    assert draw(leaderboard, place).keys() == images.keys()
    assert (place / "correct.png").exists()


def test_luck_with_few_questions_does_not_come_before_evidence(leaderboard: pd.DataFrame) -> None:
    answered = (leaderboard["metric"] == "correct") & (leaderboard["slice"] == "answerable")
    lucky = leaderboard.copy()
    for name, share, lower in (("oracle", 0.5, 0.0), ("lenovo-nano/open-book", 0.3, 0.2)):
        lucky.loc[answered & (leaderboard["candidate"] == name), ["value", "lower", "upper"]] = (share, lower, 1.0)
    order = ranked(lucky)
    assert order.index("lenovo-nano/open-book") < order.index("oracle")
    assert "lenovo-nano/open-book answers 0.30 (0.20 to 1.00)" in headline(lucky)
