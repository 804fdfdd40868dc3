"""The policy is read whole, or refused with every reason: unknown names, limits that decide nothing or that nobody can reach."""

from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
import yaml

from lenovo_pipeline.evaluation.metrics import FIGURES
from lenovo_pipeline.failures import PermanentFailure
from lenovo_pipeline.roster.policy import policy_version, read_policy
from lenovo_pipeline.roster.soundness import AGENT_REFERENCES, REFERENCES, best_case
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
        ceiling, *lowest = AGENT_REFERENCES if "agentic_workflow" in use_case.kinds else REFERENCES
        for _, asked in use_case.asked:
            assert all(floor.met_by(best_case(ceiling, floor)) for floor in asked.floors)
            for name in lowest:
                assert not all(floor.met_by(best_case(name, floor)) for floor in asked.floors)


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
        ([{"metric": "judged_correct", "at_least": 0.1}], "random would pass all floors"),
        ([], "at least 1 item"),
    ],
)
def test_floors_that_decide_nothing_are_refused(tmp_path: Path, floors: list[dict[str, Any]], expected: str) -> None:
    assert expected in refusal(written(tmp_path, floors=floors))


LESS: dict[str, Any] = {
    "evaluations": ["gold_questions"],
    "licence": {"classes": ["open_source", "research_only"], "intended_use": "evaluation"},
    "max_age_days": 90,
    "floors": [{"metric": "correct", "slice": "answerable", "at_least": 0.3}],
}


def test_each_environment_has_its_own_rules_and_what_says_nothing_has_those_of_production(tmp_path: Path) -> None:
    place = written(tmp_path, environments=["testing", "staging", "production"], testing=LESS, max_age_days=30)
    desk = read_policy(place).use_cases["desk"]
    assert [floor.limit for floor in desk.of("testing").floors] == [0.3]
    assert (desk.of("testing").max_age_days, desk.of("testing").licence.intended_use) == (90, "evaluation")
    assert desk.of("staging").floors == desk.of("production").floors == desk.floors
    assert desk.of("testing").environments == ("testing",)
    assert read_policy(place).decided([("a", "raw_foundation"), ("b", "agentic_workflow")]) == [
        (environment, "desk", "a") for environment in ("testing", "staging", "production")
    ]


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        (
            {"floors": [{"metric": "correct", "slice": "answerable", "at_least": 0.7}]},
            "correct of answerable >= 0.7, then correct",
        ),
        ({"floors": [*LESS["floors"], {"metric": "token_f1", "at_least": 0.3}]}, "token_f1 >= 0.3, then nothing"),
        ({"evaluations": ["gold_questions", "bias"]}, "testing asks more than production: evaluation bias"),
        (
            {"licence": {"classes": ["commercial"], "intended_use": "evaluation"}},
            "licence class open_source is only allowed later",
        ),
        (
            {"licence": {"classes": ["open_source"], "intended_use": "customisation"}},
            "intended use customisation, then production",
        ),
        ({"margin": 0.1}, "margin 0.1, then 0"),
        ({"max_age_days": 7}, "evidence of 7 days, then 30"),
        ({"floors": [{"metric": "correct", "at_least": 0.1}]}, "testing: always-refuse would pass all floors"),
    ],
)
def test_an_earlier_environment_that_asks_for_more_or_decides_nothing_is_refused(
    tmp_path: Path, changes: dict[str, Any], expected: str
) -> None:
    testing = {**LESS, **changes}
    place = written(tmp_path, environments=["testing", "production"], testing=testing, max_age_days=30)
    assert expected in refusal(place)


def test_rules_for_an_environment_that_is_not_used_are_refused(tmp_path: Path) -> None:
    assert "it says what staging asks, which is none of its environments" in refusal(written(tmp_path, staging=LESS))


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"environments": ["production", "production"]}, "'production' stands twice in environments"),
        ({"kinds": ["adapter", "adapter"]}, "'adapter' stands twice in kinds"),
        ({"approval": ["production", "production"]}, "'production' stands twice in approval"),
        ({"evaluations": ["gold_questions", "gold_questions"]}, "evaluation 'gold_questions' is named twice"),
        (
            {"environments": ["staging", "production"], "staging": {**LESS, "evaluations": ["gold_questions"] * 2}},
            "staging: evaluation 'gold_questions' is named twice",
        ),
    ],
)
def test_what_is_named_twice_is_refused(tmp_path: Path, changes: dict[str, Any], expected: str) -> None:
    assert expected in refusal(written(tmp_path, **changes))


@pytest.mark.parametrize("name", ["/tmp/x", "a/b", "..", "", ".", "Desk", "desk\n", "desk 2", "2desk", "x" * 64])
def test_a_use_case_whose_name_could_not_be_that_of_a_folder_is_refused(tmp_path: Path, name: str) -> None:
    place = tmp_path / "roster.yaml"
    place.write_text(yaml.safe_dump({"use_cases": {name: SOUND["use_cases"]["desk"]}}))
    assert "a use case is named by 1 to 63 lower-case letters, digits and underscores" in refusal(place)


def test_a_use_case_may_have_a_long_name(tmp_path: Path) -> None:
    place = tmp_path / "roster.yaml"
    place.write_text(yaml.safe_dump({"use_cases": {"d" * 63: SOUND["use_cases"]["desk"]}}))
    assert set(read_policy(place).use_cases) == {"d" * 63}


@pytest.mark.parametrize("days", [0, 0.5, 10_000, float("nan")])
def test_an_age_that_always_or_never_holds_is_refused(tmp_path: Path, days: float) -> None:
    assert "max_age_days" in refusal(written(tmp_path, max_age_days=days))


AGENT: dict[str, Any] = {
    "kinds": ["agentic_workflow"],
    "evaluations": ["agent_tasks"],
    "floors": [
        {"metric": "success", "slice": "feasible", "at_least": 0.6},
        {"metric": "confidential", "at_least": 0.95},
        {"metric": "no_wrong_effect", "at_least": 0.95},
    ],
}


def test_agents_have_rules_of_their_own(tmp_path: Path) -> None:
    agents = read_policy(written(tmp_path, **AGENT)).use_cases["desk"]
    assert agents.floors[0].text == "success of feasible >= 0.6"


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"floors": AGENT["floors"][1:]}, "no-op would pass all floors"),
        ({"floors": [{"metric": "success", "at_least": 0.1}]}, "random would pass all floors"),
        ({"floors": [{"metric": "success", "at_least": 1.0}, {"metric": "false_refusal", "at_most": 0}]}, None),
        ({"floors": [{"metric": "correct", "at_least": 0.6}]}, "nothing can pass: correct is never measured of agentic_workflow"),
        ({"floors": [{"metric": "robust_correct", "at_least": 0.6}]}, "nothing can pass: robust_correct is never measured"),
        ({"floors": [{"metric": "success", "slice": "chapters", "at_least": 0.6}]}, "slice 'chapters' is unknown"),
        ({"evaluations": ["gold_questions"]}, "nothing can pass: agentic_workflow is never evaluated on gold_questions"),
        ({"kinds": ["agentic_workflow", "adapter"]}, "give each a use case of its own"),
        ({"kinds": ["robot"]}, "kind 'robot' is unknown"),
        ({"kinds": ["adapter"]}, "nothing can pass: adapter is never evaluated on agent_tasks"),
    ],
)
def test_rules_for_agents_that_decide_nothing_or_nobody_can_keep_are_refused(
    tmp_path: Path, changes: dict[str, Any], expected: str | None
) -> None:
    place = written(tmp_path, **{**AGENT, **changes})
    if expected is None:
        assert read_policy(place).use_cases
    else:
        assert expected in refusal(place)


def test_the_committed_policy_rises_to_production_and_keeps_the_floors_that_were_set_first() -> None:
    policy = read_policy(Settings(profile="smoke").policy)
    first = {"correct", "refusal_recall", "false_refusal_rate", "latency_p95_s", "unscored_rate"}
    for name, use_case in policy.use_cases.items():
        assert use_case.environments == ("testing", "staging", "production"), name
        ages = [use_case.of(environment).max_age_days for environment in use_case.environments]
        assert ages == [180, 90, 30], name
        if name != "agent":
            floors = {floor.metric: floor.limit for floor in use_case.floors}
            assert first <= floors.keys()
            assert floors["correct"] == (0.55 if name == "chinese_support" else 0.6)
            assert (floors["refusal_recall"], floors["false_refusal_rate"], floors["latency_p95_s"]) == (0.8, 0.1, 2.0)
            assert (floors["robust_correct"], floors["robust_worst"], floors["bias_gap"]) == (0.4, 0.2, 0.05)
    assert policy.costs.machine_hour > 0


@pytest.mark.parametrize("costs", [{"machine_hour": -1}, {"currency": "dollars"}, {"machine_hour": float("inf")}])
def test_costs_that_make_no_sense_are_refused(tmp_path: Path, costs: dict[str, Any]) -> None:
    place = tmp_path / "roster.yaml"
    place.write_text(yaml.safe_dump({**SOUND, "costs": costs}))
    assert "costs" in refusal(place)


def test_an_evaluation_that_does_not_exist_is_named(tmp_path: Path) -> None:
    assert "evaluation 'vibes' is unknown" in refusal(written(tmp_path, evaluations=["vibes"]))


def test_an_intended_use_that_licences_are_not_judged_by_is_named(tmp_path: Path) -> None:
    said = refusal(written(tmp_path, licence={"classes": ["open_source"], "intended_use": "resale"}))
    assert "intended use 'resale' is unknown; known are evaluation, production" in said


@pytest.mark.parametrize("classes", [["api_only"], ["research_only"], ["api_only", "research_only"]])
@pytest.mark.parametrize("use", ["on_device", "customisation"])
def test_classes_of_licences_none_of_which_may_allow_the_use_are_refused(tmp_path: Path, classes: list[str], use: str) -> None:
    said = refusal(written(tmp_path, licence={"classes": classes, "intended_use": use}))
    assert f"nothing can pass: no licence of class {' or '.join(classes)} allows {use}" in said
    assert read_policy(written(tmp_path, licence={"classes": [*classes, "commercial"], "intended_use": use}))


def test_a_service_may_answer_in_production_and_research_be_compared(tmp_path: Path) -> None:
    assert read_policy(written(tmp_path, licence={"classes": ["api_only"], "intended_use": "production"}))
    assert read_policy(written(tmp_path, licence={"classes": ["research_only"], "intended_use": "evaluation"}))


@pytest.mark.parametrize("number", [True, "0.6"])
def test_a_limit_that_is_no_number_is_refused(tmp_path: Path, number: object) -> None:
    assert "at_least: Input should be a valid number" in refusal(
        written(tmp_path, floors=[{"metric": "correct", "slice": "answerable", "at_least": number}])
    )
    for name in ("margin", "max_age_days", "parameters_billion_below"):
        assert f"{name}: Input should be a valid number" in refusal(written(tmp_path, **{name: number}))


def test_a_limit_may_be_a_whole_number(tmp_path: Path) -> None:
    floors = [{"metric": "correct", "slice": "answerable", "at_least": 1}]
    assert read_policy(written(tmp_path, floors=floors, max_age_days=30)).use_cases["desk"].floors[0].limit == 1.0


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


@pytest.mark.parametrize("value", ["2020-13-41", "1" * 5000])
def test_a_value_that_is_none_of_its_type_is_said(tmp_path: Path, value: str) -> None:
    (tmp_path / "roster.yaml").write_text(f"use_cases: {value}")
    assert "is no YAML" in refusal(tmp_path / "roster.yaml")


def test_many_problems_are_counted_and_not_all_listed(tmp_path: Path) -> None:
    said = refusal(written(tmp_path, **{f"{'x' * 1000}{number}": 1 for number in range(20_000)}))
    assert "and 19980 more problems" in said
    assert len(said) < 5_000


def test_the_version_follows_the_file(tmp_path: Path) -> None:
    before = policy_version(written(tmp_path))
    assert policy_version(written(tmp_path)) == before
    assert policy_version(written(tmp_path, description="Other.")) != before


def test_the_references_are_the_candidates_that_nobody_may_run() -> None:
    assert set(REFERENCES) == {"oracle", "always-refuse", "random"}
