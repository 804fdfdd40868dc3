"""Lift is paired, needs enough items and an interval, and a build that does not show it is not eligible, with the reason."""

import math
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path
from random import Random
from typing import Any

import pandas as pd
import pytest

from lenovo_pipeline.evaluation.builds import Built, grouped
from lenovo_pipeline.evaluation.lift import Difference, Requirement, beyond_limit, judged, make_lift, unmet
from lenovo_pipeline.evaluation.plots import draw_lift
from lenovo_pipeline.evaluation.showing import lift_headline, shown_lift, shown_unmet
from lenovo_pipeline.evaluation.tables import ADAPTER, LIFT, MOBILE_MODEL, RAW_FOUNDATION, SKILLS
from lenovo_pipeline.evaluation.verify import fallen_builds, unfounded_lift
from lenovo_pipeline.measures.header import Header
from lenovo_pipeline.models.builds import Build
from lenovo_pipeline.resources.warehouse import Warehouse

Make = Callable[..., Build]
BASE = "lenovo-nano/open-book"
ADAPTED = "lenovo-nano/lora/device_support"


def scores(table: Any, candidate: str, values: Sequence[float | None], clusters: int = 50) -> pd.DataFrame:
    """Rows of a score table: the value of each question, in clusters that go round; None is a failure."""
    header = Header(candidate, {}, len(values), "0" * 16, "", ("correct", "token_f1"), 8, 60.0, 1, "m", {}, {}, None)
    rows = []
    for place, value in enumerate(values):
        row: dict[str, Any] = dict.fromkeys(table.column_names)
        row |= {"model": "lenovo-nano", "candidate": candidate, "question_id": f"GQ-{table.of}-{place}"}
        row |= {"category": "basic", "language": "en", "answer_type": "text", "cluster": f"{table.of}-{place % clusters}"}
        row |= {"said": "x", "answer": "x", "failure": None if value is not None else "GenerationFailed: NaN"}
        row |= {"correct": value, "token_f1": value, "reasons": {}, "header": header.hash, "made_by": header.to_json()}
        rows.append(row)
    return pd.DataFrame(rows, columns=list(table.column_names))


class Named:
    """A score table, with the word that its questions' ids begin with."""

    def __init__(self, table: Any, of: str) -> None:
        self.table, self.of = table, of

    def __getattr__(self, name: str) -> Any:
        return getattr(self.table, name)


GOLD, SKILL = Named(ADAPTER, "gold"), Named(SKILLS, "skills")


def answers(count: int, right: float, seed: int) -> list[float | None]:
    random = Random(seed)
    return [float(random.random() < right) for _ in range(count)]


def changed(before: Sequence[float | None], gains: int, losses: int) -> list[float | None]:
    """The same answers, with so many wrong ones right and so many right ones wrong."""
    after = list(before)
    wrong = [place for place, value in enumerate(after) if value == 0.0]
    right = [place for place, value in enumerate(after) if value == 1.0]
    for place in Random(1).sample(wrong, gains):
        after[place] = 1.0
    for place in Random(2).sample(right, losses):
        after[place] = 0.0
    return after


def lift(
    builds: Sequence[Built], gold: dict[str, Sequence[float | None]], skills: dict[str, Sequence[float | None]]
) -> pd.DataFrame:
    """The lift of builds, from the answers of each candidate to gold questions and skills."""
    kinds = {built.name: built.kind for built in builds}
    tables = {RAW_FOUNDATION.name: [], ADAPTER.name: [], MOBILE_MODEL.name: [], "custom_model": []}  # type: dict[str, list[Any]]
    for candidate, values in gold.items():
        tables[kinds.get(candidate, RAW_FOUNDATION.name)].append(scores(GOLD, candidate, values))
    of_skills = [scores(SKILL, candidate, values, clusters=len(values)) for candidate, values in skills.items()]
    frames = {kind: joined(found) for kind, found in tables.items() if found}
    return make_lift(builds, frames, joined(of_skills) if of_skills else None, seed=1)


def joined(frames: Sequence[pd.DataFrame]) -> pd.DataFrame:
    return pd.DataFrame([row for frame in frames for row in frame.to_dict("records")])


def row(frame: pd.DataFrame, candidate: str, measure: str, against: str = BASE) -> dict[str, Any]:
    (found,) = frame[(frame["candidate"] == candidate) & (frame["measure"] == measure) & (frame["against"] == against)].to_dict(
        "records"
    )
    return {str(name): value for name, value in found.items()}


def adapters(*builds: Build) -> list[Built]:
    return grouped([("adapters", asdict(each)) for each in builds])


def test_an_adapter_that_lifts_and_keeps_its_skills_on_enough_items_is_eligible(build: Make, warehouse: Warehouse) -> None:
    gold, skills = answers(1_200, 0.5, 1), answers(2_080, 0.8, 2)
    made = lift(
        adapters(build()),
        {BASE: gold, ADAPTED: changed(gold, 120, 20)},
        {BASE: skills, ADAPTED: changed(skills, 10, 15)},
    )
    found = row(made, ADAPTED, "token_f1")
    assert found["difference"] == pytest.approx(100 / 1_200)
    assert 0 < found["lower"] < found["difference"] < found["upper"]
    assert (found["items"], found["clusters"], found["verdict"], found["met"], found["needed"]) == (
        1_200,
        50,
        "rise",
        True,
        1_000,
    )
    assert row(made, ADAPTED, "skills")["met"]
    assert unmet(made) == {ADAPTED: []}
    assert row(made, ADAPTED, "quality")["items"] == 3_280
    assert warehouse.replace(LIFT, made).rows == 4
    assert unfounded_lift(made) == []
    assert "1 of 1 builds show what is asked of them" in lift_headline(made)


def test_too_few_questions_show_nothing_however_large_the_lift(build: Make) -> None:
    gold, skills = answers(300, 0.3, 1), answers(52, 0.8, 2)
    made = lift(adapters(build()), {BASE: gold, ADAPTED: changed(gold, 150, 0)}, {BASE: skills, ADAPTED: skills})
    assert row(made, ADAPTED, "token_f1")["verdict"] == "rise"
    assert not row(made, ADAPTED, "token_f1")["met"]
    (of_gold, of_skills) = unmet(made)[ADAPTED]
    assert of_gold.startswith("token_f1 against lenovo-nano/open-book: too few items to show it: +50.0 points (")
    assert "on 300 items; a lower bound above 0 on at least 1,000 is asked" in of_gold
    assert "on 52 items; a fall of at most 1 points on at least 2,000 is asked" in of_skills
    assert "1 were asked too few items to show it" in lift_headline(made)
    assert 0 < row(made, ADAPTED, "token_f1")["detectable"] < 0.2


def test_a_lift_whose_interval_holds_zero_is_not_shown(build: Make) -> None:
    gold, skills = answers(1_200, 0.5, 1), answers(2_080, 0.8, 2)
    made = lift(adapters(build()), {BASE: gold, ADAPTED: changed(gold, 60, 55)}, {BASE: skills, ADAPTED: skills})
    assert row(made, ADAPTED, "token_f1")["verdict"] == "not shown"
    assert len(unmet(made)[ADAPTED]) == 1


@pytest.mark.parametrize(("losses", "met"), [(20, True), (21, False)])
def test_skills_may_fall_by_one_point_and_no_more(build: Make, losses: int, met: bool) -> None:
    gold, skills = answers(1_200, 0.5, 1), answers(2_000, 0.8, 2)
    made = lift(
        adapters(build()), {BASE: gold, ADAPTED: changed(gold, 120, 0)}, {BASE: skills, ADAPTED: changed(skills, 0, losses)}
    )
    assert bool(row(made, ADAPTED, "skills")["met"]) is met
    assert row(made, ADAPTED, "skills")["lower"] < -0.01, "the interval is reported, and the estimate decides"


def test_what_a_build_failed_at_is_not_left_out_to_its_advantage(build: Make) -> None:
    gold, skills = answers(1_200, 0.5, 1), answers(2_080, 0.8, 2)
    only_right = [value if value == 1.0 else None for value in gold]
    made = lift(adapters(build()), {BASE: gold, ADAPTED: only_right}, {BASE: skills, ADAPTED: skills})
    found = row(made, ADAPTED, "token_f1")
    assert found["failed"] == sum(value is None for value in only_right)
    assert not found["met"]
    assert f"{found['failed']} of 1,200 items have no answer" in found["note"]


def test_scores_that_are_no_numbers_are_no_scores(build: Make) -> None:
    gold, skills = answers(1_200, 0.5, 1), answers(2_080, 0.8, 2)
    broken = [math.nan, *changed(gold, 120, 0)[1:]]
    made = lift(adapters(build()), {BASE: gold, ADAPTED: broken}, {BASE: skills, ADAPTED: [None] * 2_080})
    assert row(made, ADAPTED, "token_f1")["items"] == 1_199
    found = row(made, ADAPTED, "skills")
    assert (found["items"], found["failed"], found["met"]) == (0, 2_080, False)
    assert pd.isna(found["difference"])


def test_a_base_that_was_asked_other_questions_is_compared_with_nothing(build: Make) -> None:
    gold = answers(60, 0.5, 1)
    assert lift(adapters(build()), {BASE: gold[:50], ADAPTED: gold}, {}).empty
    assert len(lift(adapters(build()), {BASE: gold, ADAPTED: gold[:50]}, {})) == 2, "fewer are compared on those"
    assert lift(adapters(build()), {ADAPTED: gold}, {}).empty


def edge(build: Make, level: str, **changes: Any) -> Build:
    name = f"lenovo-nano/edge/{level}"
    return build(name, method="edge", format="onnx", level=level, domain="all", target="edge-x86_64", **changes)


@pytest.mark.parametrize(
    ("level", "points", "fails"),
    [("light", 0.5, False), ("light", 0.6, True), ("medium", 2.0, False), ("medium", 2.1, True), ("aggressive", 5.1, True)],
)
def test_an_edge_build_may_fall_as_far_as_its_level_and_no_further(build: Make, level: str, points: float, fails: bool) -> None:
    small = edge(build, level)
    gold, skills = answers(1_000, 0.6, 1), answers(2_000, 0.8, 2)
    fallen = changed(skills, 0, round(points / 100 * 3_000))
    made = lift(adapters(small), {BASE: gold, small.build: gold}, {BASE: skills, small.build: fallen})
    said = fallen_builds(made)
    assert bool(said) is fails
    assert bool(unmet(made)[small.build]) is fails
    if fails:
        assert f"{small.build} is {level}, which may fall by" in said[0]


def test_with_few_items_an_edge_build_fails_only_if_the_whole_interval_lies_beyond(build: Make) -> None:
    small = edge(build, "light")
    gold, skills = answers(100, 0.9, 1), answers(52, 0.9, 2)

    def fallen(losses: int) -> list[str]:
        made = lift(adapters(small), {BASE: gold, small.build: changed(gold, 0, losses)}, {BASE: skills, small.build: skills})
        assert len(unmet(made)[small.build]) == 1, "too few items show nothing"
        return fallen_builds(made)

    assert fallen(2) == []
    assert len(fallen(60)) == 1


def test_a_build_of_a_build_is_compared_with_both_and_its_level_counts_against_what_it_was_made_from(build: Make) -> None:
    merged = build("lenovo-nano/merged/all", method="merged", format="transformers")
    small = edge(build, "light", base=merged.artifact)
    gold, skills = answers(1_200, 0.5, 1), answers(2_080, 0.8, 2)
    better = changed(gold, 120, 0)
    made = lift(
        adapters(merged, small),
        {BASE: gold, merged.build: better, small.build: better},
        {BASE: skills, merged.build: skills, small.build: skills},
    )
    assert row(made, small.build, "quality", merged.build)["met"]
    assert row(made, small.build, "quality", BASE)["met"] is None
    assert row(made, merged.build, "token_f1", BASE)["met"]


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"items": 10, "needed": 1_000}, "is met with 10 of 1000 items"),
        ({"lower": -0.01}, "is met, though its interval begins at -0.01"),
    ],
)
def test_a_claim_beyond_what_was_shown_is_found(build: Make, changes: dict[str, Any], expected: str) -> None:
    gold = answers(1_200, 0.5, 1)
    made = lift(adapters(build()), {BASE: gold, ADAPTED: changed(gold, 120, 0)}, {})
    made.loc[made["measure"] == "token_f1", list(changes)] = list(changes.values())
    assert expected in unfounded_lift(made)[0]


def test_the_table_the_reasons_and_the_picture_name_every_build(build: Make, tmp_path: Path) -> None:
    gold, skills = answers(300, 0.3, 1), answers(52, 0.8, 2)
    made = lift(adapters(build()), {BASE: gold, ADAPTED: changed(gold, 30, 5)}, {BASE: skills, ADAPTED: skills})
    assert f"| {ADAPTED} | +8.3 (" in shown_lift(made)
    assert shown_unmet(made).startswith(f"- {ADAPTED}: token_f1 against {BASE}: too few items")
    images = draw_lift(made, tmp_path / "lift")
    assert "data:image/png;base64," in images["lift"]
    assert draw_lift(made.iloc[:0], tmp_path / "none") == {}
    assert shown_unmet(made.iloc[:0]) == "none"


def test_a_difference_without_an_interval_shows_nothing() -> None:
    alone = Difference(0.1, 0.9, 0.8, None, None, 1_500, 1, 0, None)
    assert alone.verdict == "not shown"
    assert judged(alone, Requirement(1_000))[0] is False
    assert judged(alone, None) == (None, "+80.0 points, without an interval on 1,500 items")


def test_an_edge_build_without_any_score_is_beyond_its_limit(build: Make) -> None:
    small = edge(build, "aggressive")
    gold, skills = answers(1_000, 0.6, 1), answers(2_000, 0.8, 2)
    made = lift(adapters(small), {BASE: gold, small.build: [None] * 1_000}, {BASE: skills, small.build: [None] * 2_000})
    assert beyond_limit(row(made, small.build, "quality"))
    assert not beyond_limit(row(made, small.build, "skills"))
