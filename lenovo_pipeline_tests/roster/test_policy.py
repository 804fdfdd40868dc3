"""The policy is read whole, or refused with every reason: unknown names, limits that decide nothing or that nobody can reach."""

from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
import yaml

from lenovo_pipeline.evaluation.metrics import FIGURES
from lenovo_pipeline.failures import PermanentFailure
from lenovo_pipeline.roster.policy import REFERENCES, best_case, policy_version, read_policy
from lenovo_pipeline.settings import Settings

SOUND: dict[str, Any] = {
    "use_cases": {
        "desk": {
            "description": "Answers.",
            "environments": ["production"],
            "evaluations": ["gold_questions"],
            "licence": {"classes": ["open_source"], "intended_use": "production"},
            "floors": [
                {"metric": "correct", "slice": "answerable", "at_least": 0.6},
                {"metric": "latency_p95_s", "at_most": 2.0},
            ],
        }
    }
}


def written(folder: Path, **changes: Any) -> Path:
    """A sound policy with changes to its one use case, as a file."""
    policy = deepcopy(SOUND)
    policy["use_cases"]["desk"].update(changes)
    place = folder / "roster.yaml"
    place.write_text(yaml.safe_dump(policy))
    return place


def refusal(place: Path) -> str:
    with pytest.raises(PermanentFailure) as refused:
        read_policy(place)
    return str(refused.value)


def test_the_committed_policy_is_sound_and_rejects_always_refuse_and_random() -> None:
    policy = read_policy(Settings(profile="smoke").policy)
    assert {"support_desk", "mobile_edge", "chinese_support"} <= set(policy.use_cases)
    for use_case in policy.use_cases.values():
        assert all(floor.met_by(best_case("oracle", floor)) for floor in use_case.floors)
        for name in ("always-refuse", "random"):
            assert not all(floor.met_by(best_case(name, floor)) for floor in use_case.floors)


def test_mobile_models_are_kept_below_four_billion_parameters() -> None:
    assert read_policy(Settings(profile="smoke").policy).use_cases["mobile_edge"].parameters_billion_below == 4


def test_a_sound_policy_is_read(tmp_path: Path) -> None:
    (floor, _) = read_policy(written(tmp_path)).use_cases["desk"].floors
    assert (floor.metric, floor.slice, floor.limit) == ("correct", "answerable", 0.6)
    assert floor.text == "correct of answerable >= 0.6"


def test_an_unknown_metric_is_named_with_the_known_ones(tmp_path: Path) -> None:
    said = refusal(written(tmp_path, floors=[{"metric": "corect", "at_least": 0.6}]))
    assert "metric 'corect' is unknown (did you mean correct?)" in said
    assert all(name in said for name in FIGURES)
    assert said.endswith("then run: make run")


def test_every_problem_is_listed_not_the_first(tmp_path: Path) -> None:
    said = refusal(
        written(
            tmp_path,
            environments=["moon"],
            floors=[{"metric": "magic", "at_least": 1}, {"metric": "correct", "slice": "poems", "at_least": 0.5}],
            surprise=1,
        )
    )
    for part in ("environments", "'magic' is unknown", "slice 'poems' is unknown", "surprise"):
        assert part in said


@pytest.mark.parametrize(
    ("floors", "expected"),
    [
        ([{"metric": "correct", "at_least": 1.2}], "lies between 0 and 1"),
        ([{"metric": "false_refusal_rate", "at_most": -0.1}], "lies between 0 and 1"),
        ([{"metric": "latency_p95_s", "at_most": 0}], "always or never holds"),
        ([{"metric": "correct", "at_least": 0.5, "at_most": 0.9}], "either at_least or at_most"),
        ([{"metric": "correct"}], "either at_least or at_most"),
        ([{"metric": "latency_p95_s", "at_least": 2}], "lower is better"),
        ([{"metric": "correct", "at_least": float("nan")}], "finite"),
        ([{"metric": "latency_p95_s", "slice": "chinese", "at_most": 2}], "only taken over all questions"),
        ([{"metric": "correct", "at_least": 0.6}, {"metric": "correct", "at_least": 0.7}], "is set twice"),
        ([{"metric": "latency_p95_s", "at_most": 2}], "always-refuse would pass all floors"),
        ([{"metric": "refusal_recall", "at_least": 0.8}], "always-refuse would pass all floors"),
        ([{"metric": "false_refusal_rate", "at_most": 0.1}], "random would pass all floors"),
        ([{"metric": "correct", "at_least": 0.1}], "random would pass all floors"),
        ([], "at least 1 item"),
    ],
)
def test_floors_that_decide_nothing_are_refused(tmp_path: Path, floors: list[dict[str, Any]], expected: str) -> None:
    assert expected in refusal(written(tmp_path, floors=floors))


def test_an_evaluation_that_does_not_exist_is_named(tmp_path: Path) -> None:
    assert "evaluation 'vibes' is unknown" in refusal(written(tmp_path, evaluations=["vibes"]))


def test_an_intended_use_that_licences_are_not_judged_by_is_named(tmp_path: Path) -> None:
    said = refusal(written(tmp_path, licence={"classes": ["open_source"], "intended_use": "resale"}))
    assert "intended use 'resale' is unknown; known are evaluation, production" in said


def test_a_file_that_is_missing_or_no_yaml_or_empty_is_said(tmp_path: Path) -> None:
    assert "cannot be read" in refusal(tmp_path / "nowhere.yaml")
    (tmp_path / "bad.yaml").write_text("use_cases: [")
    assert "is no YAML" in refusal(tmp_path / "bad.yaml")
    (tmp_path / "latin.yaml").write_bytes("use_cases: \xe9".encode("latin-1"))
    assert "is no YAML" in refusal(tmp_path / "latin.yaml")
    (tmp_path / "deep.yaml").write_text("[" * 100_000)
    assert "nested too deeply" in refusal(tmp_path / "deep.yaml")
    (tmp_path / "empty.yaml").write_text("")
    assert "is refused" in refusal(tmp_path / "empty.yaml")


def test_the_version_follows_the_file(tmp_path: Path) -> None:
    before = policy_version(written(tmp_path))
    assert policy_version(written(tmp_path)) == before
    assert policy_version(written(tmp_path, description="Other.")) != before


def test_the_references_are_the_candidates_that_nobody_may_run() -> None:
    assert set(REFERENCES) == {"oracle", "always-refuse", "random"}
