"""Promoted only on bounds that keep every floor; held and rejected with every reason; the best of several."""

import math
from collections.abc import Callable
from dataclasses import asdict
from typing import Any

import pytest

from lenovo_pipeline.roster.challenging import Duels, LooksTaken
from lenovo_pipeline.roster.decide import Decision, Look, decide, headline
from lenovo_pipeline.roster.policy import Policy
from lenovo_pipeline.roster.rules import Entry, Figures, Measured, judge

Make = Callable[..., Any]


def decided(policy: Policy, entry: Entry, figures: Figures) -> Decision:
    (decision,) = decide(policy, [entry], {entry.entry: figures})
    return decision


def test_an_entry_that_keeps_every_rule_is_promoted(policy: Make, entry: Make, figures: Make) -> None:
    decision = decided(policy(), entry(), figures())
    assert (decision.verdict, decision.reason) == ("promoted", "it keeps all 8 rules")
    assert {rule.verdict for rule in decision.rules} == {"passed"}


def test_the_bound_decides_and_not_the_figure(policy: Make, entry: Make, figures: Make) -> None:
    decision = decided(policy(), entry(), figures(correct=0.62))
    assert decision.verdict == "held"
    assert decision.reason == "correct of answerable lower bound 0.57 < 0.60"
    (floor,) = [rule for rule in decision.rules if rule.text == "correct of answerable >= 0.6"]
    assert (floor.figure, floor.limit, floor.verdict) == (0.62, 0.6, "failed")
    assert floor.bound == pytest.approx(0.57)


def test_every_broken_rule_is_named(policy: Make, entry: Make, figures: Make) -> None:
    decision = decided(policy(), entry(), figures(correct=0.1, false_refusal_rate=0.08, latency_p95_s=3.0))
    assert decision.reason == (
        "correct of answerable lower bound 0.05 < 0.60; false_refusal_rate upper bound 0.13 > 0.10; latency_p95_s 3.00 > 2.00"
    )


@pytest.mark.parametrize("missing", ["nothing", "nan"])
def test_a_figure_that_is_missing_or_no_number_holds(policy: Make, entry: Make, figures: Make, missing: str) -> None:
    found = dict(figures())
    del found["correct", "answerable"]
    if missing == "nan":
        found["correct", "answerable"] = Measured(math.nan, math.nan, math.nan)
    decision = decided(policy(), entry(), found)
    assert (decision.verdict, decision.reason) == ("held", "correct of answerable: no figure, since nothing was scored")


def test_a_figure_that_needs_a_judge_is_missing_where_none_graded_and_decides_where_one_did(
    policy: Make, entry: Make, figures: Make
) -> None:
    floors = [{"metric": "judged_correct", "slice": "answerable", "at_least": 0.6}]
    rules = policy(desk={"floors": floors})
    decision = decided(rules, entry(), figures())
    assert decision.verdict == "held" and decision.rules[-2].verdict == "missing"
    assert "judged_correct of answerable: no evidence, since no judge graded its answers" in decision.reason
    graded = {**figures(), ("judged_correct", "answerable"): Measured(0.7, 0.61, 0.8)}
    assert decided(rules, entry(), graded).verdict == "promoted"


def test_an_entry_without_the_evaluation_is_held(policy: Make, entry: Make, figures: Make) -> None:
    decision = decided(policy(), entry(evaluations=()), figures())
    assert (decision.verdict, decision.reason) == ("held", "it has not been evaluated on gold_questions")


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        (
            {
                "allowed_uses": ("evaluation",),
                "refused_uses": ("production: x (Research) forbids commercial use",),
            },
            "x (Research) forbids commercial use",
        ),
        ({"licence_class": "research_only", "licence": "Research"}, "its licence (Research) is of class research_only"),
        ({"allowed_uses": (), "refused_uses": ()}, "nothing is known of its licence"),
        ({"runnable": False}, "lenovo-nano/open-book exists to test the evaluation and cannot be run"),
    ],
)
def test_what_may_never_run_is_rejected_with_the_reason_whatever_it_scores(
    policy: Make, entry: Make, figures: Make, changes: dict[str, Any], expected: str
) -> None:
    decision = decided(policy(), entry(**changes), figures())
    assert (decision.verdict, decision.reason) == ("rejected", expected)


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"parameters_billion": 12.2}, "12.2 billion parameters >= 4"),
        ({"parameters_billion": 4.0}, "4 billion parameters >= 4"),
        ({"parameters_billion": None}, "its number of parameters is not known"),
        ({"targets": ("server",)}, "the catalogue names server"),
    ],
)
def test_devices_take_small_models_that_were_built_for_them(
    policy: Make, entry: Make, figures: Make, changes: dict[str, Any], expected: str
) -> None:
    on_phones = policy(phone={"target": "mobile", "parameters_billion_below": 4})
    assert decided(on_phones, entry(), figures()).verdict == "promoted"
    decision = decided(on_phones, entry(**changes), figures())
    assert (decision.verdict, decision.reason) == ("rejected", expected)


def test_size_is_a_floor_like_any_other(policy: Make, entry: Make, figures: Make) -> None:
    made: Policy = policy()
    floors = [*(floor.model_dump() for floor in made.use_cases["desk"].floors), {"metric": "size_mb", "at_most": 10}]
    small = policy(desk={"floors": floors})
    assert decided(small, entry(), figures()).reason == "size_mb 19.00 > 10.00"
    assert decided(small, entry(size_mb=None), figures()).verdict == "held"


def test_at_most_one_entry_is_promoted_and_it_is_the_best(policy: Make, entry: Make, figures: Make) -> None:
    entries = [entry("a"), entry("b"), entry("c")]
    found = {"a": figures(correct=0.8), "b": figures(correct=0.9), "c": figures(correct=0.2)}
    verdicts = {d.entry.entry: (d.verdict, d.reason) for d in decide(policy(), entries, found)}
    assert verdicts["b"][0] == "promoted"
    assert verdicts["a"] == ("held", "it keeps every rule, but b is better")
    assert verdicts["c"][0] == "held"


def test_the_evidence_changes_with_figures_rules_and_rivals_and_with_nothing_else(
    policy: Make, entry: Make, figures: Make
) -> None:
    first = decided(policy(), entry(), figures())
    assert decided(policy(), entry(), figures()).evidence == first.evidence
    assert decided(policy(), entry(), figures(correct=0.81)).evidence != first.evidence
    assert decided(policy(desk={"description": "Other."}), entry(), figures()).evidence != first.evidence
    assert decided(policy(), entry(headers=("f" * 16,)), figures()).evidence != first.evidence


def test_the_line_at_the_end_of_a_run_says_who_runs_or_why_nobody(policy: Make, entry: Make, figures: Make) -> None:
    good, bad = {NAME: figures()}, {NAME: figures(correct=0.17)}
    assert headline(decide(policy(), [entry()], good), good) == f"1 entry in production: {NAME} for desk"
    held = headline(decide(policy(), [entry()], bad), bad)
    assert held == f"0 entries in production; {NAME} held for desk: correct of answerable lower bound 0.12 < 0.60"
    assert headline([], {}) == "0 entries in production; there is no candidate"


NAME = "lenovo-nano/open-book"


def test_every_rule_is_judged_even_if_the_first_rejects(policy: Make, entry: Make, figures: Make) -> None:
    (use_case,) = policy().use_cases.values()
    assert len(judge(use_case, entry(runnable=False), figures())) == len(judge(use_case, entry(), figures()))


DESK = {("production", "desk"): NAME}


def duel(**lowers: float) -> Any:
    """A comparison with these lower bounds, by challenger, which also tells which confidence was asked for."""

    def against(challenger: str, champion: str, confidence: float) -> Measured | None:
        asked.append((challenger, champion, round(confidence, 4)))
        return (
            Measured(lowers[challenger] + 0.02, lowers[challenger], lowers[challenger] + 0.04) if challenger in lowers else None
        )

    asked: list[tuple[str, str, float]] = []
    return against, asked


def test_what_runs_stays_unless_another_is_shown_to_be_better(policy: Make, entry: Make, figures: Make) -> None:
    entries = [entry(), entry("one"), entry("two"), entry("three")]
    found = {each.entry: figures(correct=0.9) for each in entries} | {NAME: figures()}
    against, asked = duel(one=-0.01, two=0.0)
    verdicts = {d.entry.entry: (d.verdict, d.reason) for d in decide(policy(), entries, found, DESK, against)}
    assert verdicts[NAME][0] == "promoted"
    assert verdicts["one"] == (
        "held",
        f"it keeps every rule, but is not shown to be better than {NAME}: lower bound -0.010, more than 0 is asked",
    )
    assert "they share no scored questions" in verdicts["three"][1]
    assert {confidence for _, _, confidence in asked} == {round(1 - 0.05 / 3 / 2, 4)}
    (rule,) = [
        r
        for d in decide(policy(), entries, found, DESK, against)
        for r in d.rules
        if r.rule == "challenge" and r.limit == 0 and r.bound == -0.01
    ]
    assert (rule.text, rule.verdict, rule.figure) == (f"shown to be better than {NAME}", "failed", 0.01)

    against, _ = duel(one=0.01, two=0.03)
    verdicts = {d.entry.entry: (d.verdict, d.reason) for d in decide(policy(), entries, found, DESK, against)}
    assert verdicts["two"][0] == "promoted"
    assert verdicts["one"] == ("held", f"it is better than {NAME}, but not the best")
    assert verdicts[NAME] == ("held", "it keeps every rule, but two is shown to be better")


def test_a_margin_of_the_policy_is_asked_of_challengers_and_not_of_the_first(policy: Make, entry: Make, figures: Make) -> None:
    entries, rules = [entry(), entry("one")], policy(desk={"margin": 0.05})
    found = {each.entry: figures() for each in entries}
    against, _ = duel(one=0.04)
    assert [d.entry.entry for d in decide(rules, entries, found, DESK, against) if d.verdict == "promoted"] == [NAME]
    assert [d.entry.entry for d in decide(rules, entries, found, {}, against) if d.verdict == "promoted"] == [NAME]


def test_what_runs_and_no_longer_keeps_the_rules_gives_way(policy: Make, entry: Make, figures: Make) -> None:
    entries = [entry(), entry("one")]
    found = {NAME: figures(correct=0.1), "one": figures()}
    promoted = [d.entry.entry for d in decide(policy(), entries, found, DESK) if d.verdict == "promoted"]
    assert promoted == ["one"]


def test_each_further_look_at_the_same_two_may_err_less_often_and_all_of_them_together_no_more_than_one(
    policy: Make, entry: Make, figures: Make
) -> None:
    entries = [entry(), entry("one")]
    found = {each.entry: figures() for each in entries}
    against, asked = duel(one=-0.01)
    for number in (1, 2, 3):
        decided = decide(policy(), entries, found, DESK, against, lambda *_, number=number: Look(number, f"p{number}"))
        (rule,) = [r for d in decided for r in d.rules if r.rule == "challenge"]
        assert (rule.look, rule.pairs) == (number, f"p{number}")
    assert [round(1 - confidence, 4) for _, _, confidence in asked] == [0.025, 0.0083, 0.0042]
    assert sum(Look(number).share for number in range(1, 10_000)) < 1


class Shown(Duels):
    """Stands for score tables in which the answers are told apart by this text."""

    def __init__(self, answers: str) -> None:
        super().__init__(lambda candidate: None, seed=1)
        self.answers = answers

    def pairs(self, challenger: str, champion: str) -> str:
        return self.answers


def test_looks_are_counted_by_the_log_and_the_same_answers_are_one_look(policy: Make, entry: Make, figures: Make) -> None:
    entries = [entry(), entry("one")]
    found = {each.entry: figures() for each in entries}
    against, _ = duel(one=-0.01)
    log: list[dict[str, Any]] = []
    numbers = []
    for answers in ("monday", "tuesday", "tuesday", "monday", "friday"):
        for decision in decide(policy(), entries, found, DESK, against, LooksTaken(log, Shown(answers))):
            rules = [asdict(rule) for rule in decision.rules]
            log.append({"environment": "production", "use_case": "desk", "entry": decision.entry.entry, "rules": rules})
            numbers += [rule["look"] for rule in rules if rule["look"]]
    assert numbers == [1, 2, 2, 1, 3]
    assert LooksTaken(log, Shown("friday"))("production", "desk", "two", NAME).number == 1
