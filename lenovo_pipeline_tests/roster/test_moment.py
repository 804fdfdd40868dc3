"""Old evidence, a clock that jumps and harm done before keep an entry from being promoted, and take nothing out of service."""

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from lenovo_pipeline.roster.decide import Decision, decide, headline
from lenovo_pipeline.roster.deploying.book import Book
from lenovo_pipeline.roster.log.decisions import DecisionLog
from lenovo_pipeline.roster.moment import Moment, moment_of
from lenovo_pipeline.roster.record import record_decisions, record_deployments
from lenovo_pipeline.roster.replay import replay
from lenovo_pipeline.roster.rules import Measured
from lenovo_pipeline.roster.tables import DECISIONS, DEPLOYMENTS
from lenovo_pipeline.roster.verify import unlawful_deployments

Make = Callable[..., Any]
NAME, OTHER = "lenovo-nano/open-book", "other"
NOON = datetime(2026, 3, 1, 12)
RAW = ("evaluation/raw_foundation", "lenovo-nano")
PLACE = ("production", "desk")


class Desk:
    """A place where evidence may be 30 days old: decides and deploys as the assets do, by a clock of the test's own."""

    def __init__(self, log: DecisionLog, policy: Make, entry: Make, figures: Make) -> None:
        self.log, self.warehouse, self.figures = log, log.warehouse, figures
        self.policy = policy(desk={"max_age_days": 30})
        self.entries = [entry(), entry(OTHER)]
        self.book = Book(Path(log.warehouse.database).with_name("deployments.db"), clock=lambda: NOON.replace(tzinfo=UTC))
        self.better: dict[str, float] = {}

    def moment(self, now: datetime, made: datetime | None = NOON) -> Moment:
        return moment_of(self.log.rows(), self.book, now, {} if made is None else {RAW: made}, self.log.heads.accepted())

    def decide(self, now: datetime = NOON, made: datetime | None = NOON, **figures: Any) -> dict[str, Decision]:
        """Decide at a moment, the evidence being of another; `better`: the lower bound of the difference to what runs."""
        measured: dict[str, Any] = {each.entry: figures.get(each.entry, self.figures()) for each in self.entries}
        champions = {(each.environment, each.use_case): each.entry for each in self.book.running()}

        def against(challenger: str, champion: str, confidence: float) -> Measured | None:
            low = self.better.get(challenger)
            return None if low is None else Measured(low + 0.1, low, low + 0.2)

        found = decide(self.policy, self.entries, measured, champions, against, now=self.moment(now, made).against)
        record_decisions(self.log, found, now)
        return {each.entry.entry: each for each in found}

    def deploy(self) -> list[str]:
        made = record_deployments(self.log, self.book, [(*PLACE, each.entry) for each in self.entries])
        return [*made.changes, *made.waiting]


@pytest.fixture
def desk(log: DecisionLog, policy: Make, entry: Make, figures: Make) -> Desk:
    return Desk(log, policy, entry, figures)


def test_fresh_evidence_promotes_and_the_rule_is_shown(desk: Desk) -> None:
    found = desk.decide(NOON + timedelta(days=29))
    assert found[NAME].verdict == "promoted"
    (rule,) = [rule for rule in found[NAME].rules if rule.rule == "fresh"]
    assert (rule.text, rule.verdict) == ("evidence at most 30 days old", "passed")


def test_old_evidence_promotes_nothing(desk: Desk) -> None:
    found = desk.decide(NOON + timedelta(days=31))
    assert {each.verdict for each in found.values()} == {"held"}
    assert found[NAME].reason == (
        "its evidence is too old: evaluation/raw_foundation was last made on 2026-03-01, at most 30 days ago is asked"
    )
    assert desk.deploy() == []


def test_evidence_that_nobody_can_date_promotes_nothing(desk: Desk) -> None:
    found = desk.decide(made=None)
    assert found[NAME].reason == "nobody knows when evaluation/raw_foundation was made"


@pytest.mark.parametrize("back", [timedelta(minutes=6), timedelta(days=60), timedelta(days=20_000)])
def test_a_clock_that_jumps_back_promotes_nothing(desk: Desk, back: timedelta) -> None:
    found = desk.decide(NOON - back)
    assert found[NAME].verdict == "held"
    assert "the clock is behind what was recorded at 2026-03-01 12:00" in found[NAME].reason
    assert desk.deploy() == []


def test_old_evidence_does_not_become_young_by_a_clock_that_jumps_back(desk: Desk) -> None:
    late = NOON + timedelta(days=100)
    assert desk.decide(late, **{NAME: desk.figures(correct=0.1), OTHER: desk.figures(correct=0.1)})[NAME].verdict == "held"
    for _ in range(2):
        assert desk.decide(late - timedelta(days=80))[NAME].verdict == "held"
    assert desk.deploy() == []


def test_a_clock_that_jumps_ahead_and_returns_promotes_only_when_it_is_right_again(desk: Desk) -> None:
    assert desk.decide(NOON + timedelta(days=3_650))[NAME].verdict == "held"
    assert desk.decide(NOON)[NAME].verdict == "held"
    assert desk.decide(NOON + timedelta(days=3_651), made=NOON + timedelta(days=3_650))[NAME].verdict == "promoted"


def test_a_person_says_that_the_clock_was_ahead_and_the_right_time_counts_again(desk: Desk) -> None:
    now = datetime.now(UTC).replace(tzinfo=None)
    ahead = now + timedelta(days=3_650)
    desk.decide(ahead, made=ahead)
    assert desk.decide(ahead, made=ahead + timedelta(days=40))[NAME].verdict == "held"
    assert "accept-log" in desk.decide(now, made=now)[NAME].reason
    assert desk.deploy() == []
    said = desk.log.accept(actor="mei", reason="the clock was ten years ahead")
    assert said.startswith("The log goes on after its") and f"its clock was ahead, at {ahead:%Y-%m-%d %H:%M}" in said
    assert desk.decide(now, made=now)[NAME].verdict == "promoted"
    assert desk.deploy() == [f"{NAME} runs in production for desk"]
    # Whoever puts the clock back afterwards gains nothing by it.
    assert desk.decide(now - timedelta(days=1), made=now - timedelta(days=10))[NAME].verdict == "held"
    assert "nothing is to be accepted" in desk.log.accept(actor="mei", reason="again")


def test_an_evaluation_that_was_made_by_a_clock_that_was_ahead_is_named(desk: Desk) -> None:
    assert "make evaluation/raw_foundation again for lenovo-nano" in desk.decide(NOON - timedelta(days=1))[NAME].reason


def test_small_differences_between_clocks_do_not_count(desk: Desk) -> None:
    assert desk.decide(NOON - timedelta(minutes=4))[NAME].verdict == "promoted"


def test_time_alone_adds_no_decision(desk: Desk) -> None:
    for days in (0, 10, 20):
        desk.decide(NOON + timedelta(days=days))
    assert len(desk.warehouse.load(DECISIONS)) == 2
    for days in (40, 41, 60):
        desk.decide(NOON + timedelta(days=days))
    assert len(desk.warehouse.load(DECISIONS)) == 4


def test_what_runs_stays_while_its_evidence_is_old_and_nothing_old_takes_its_place(desk: Desk) -> None:
    desk.decide()
    desk.deploy()
    desk.better = {OTHER: 0.2}
    late = desk.decide(NOON + timedelta(days=40))
    assert (late[NAME].verdict, late[NAME].stays) == ("held", True)
    assert late[NAME].reason.endswith("at most 30 days ago is asked; it stays where it runs")
    assert late[OTHER].verdict == "held"
    assert headline(list(late.values()), {}) == f"1 entry in production: {NAME} for desk"
    assert desk.deploy() == []
    assert desk.book.active(*PLACE) is not None
    assert desk.decide(NOON + timedelta(days=41), made=NOON + timedelta(days=40))[OTHER].verdict == "promoted"
    assert desk.deploy() == [f"{OTHER} runs in production for desk instead of {NAME}"]


@pytest.mark.parametrize("harm", ["DELETE FROM roster.decisions", "UPDATE roster.decisions SET reason = 'x'"])
def test_what_stays_though_the_log_began_again_runs_by_a_decision_of_the_new_one(desk: Desk, harm: str) -> None:
    desk.decide()
    desk.deploy()
    with desk.warehouse.write() as connection:
        connection.execute(harm)
    desk.log.accept(actor="mei", reason="looked into")
    assert desk.decide(NOON + timedelta(days=40))[NAME].stays
    assert desk.deploy() == []
    running = desk.book.active(*PLACE)
    assert running is not None and running.entry == NAME
    assert running.decision_id == decision_id(desk, NAME)
    assert desk.deploy() == [] and len(desk.book.history()) == 2
    found = unlawful_deployments(desk.warehouse.load(DEPLOYMENTS), desk.warehouse.load(DECISIONS), desk.book)
    assert found == []


def test_an_entry_without_champion_is_chosen_among_those_with_fresh_evidence(desk: Desk) -> None:
    desk.entries = [desk.entries[0], replace(desk.entries[1], model="phi-4-mini")]
    measured = {NAME: desk.figures(), OTHER: desk.figures(correct=0.9)}
    dates = {RAW: NOON, ("evaluation/raw_foundation", "phi-4-mini"): NOON - timedelta(days=40)}
    found = decide(desk.policy, desk.entries, measured, {}, now=Moment(NOON, dates).against)
    assert {each.entry.entry: each.verdict for each in found} == {NAME: "promoted", OTHER: "held"}


def abort(desk: Desk, entry: str, decision_id: str) -> None:
    desk.book.set_challenger(*PLACE, entry, decision_id, share=0.1, actor="mei", reason="try")
    desk.book.remove_challenger(*PLACE, actor="canary", reason="quality is worse by 0.2", harmful=True)


def decision_id(desk: Desk, entry: str) -> str:
    rows = desk.warehouse.load(DECISIONS).to_dict("records")
    followed = {row["previous"] for row in rows}
    return str(next(row["decision_id"] for row in rows if row["entry"] == entry and row["decision_id"] not in followed))


def test_an_aborted_canary_bars_the_challenger_until_its_evidence_changes(desk: Desk) -> None:
    desk.decide()
    desk.deploy()
    abort(desk, OTHER, decision_id(desk, OTHER))
    desk.better = {OTHER: 0.2}
    barred = desk.decide()
    assert barred[OTHER].verdict == "held"
    assert barred[OTHER].reason == (
        "its canary was aborted on 2026-03-01 (quality is worse by 0.2), and its evidence has not changed since"
    )
    assert (barred[NAME].verdict, desk.deploy()) == ("promoted", [])
    # Another comparison with what runs, or another limit, is no new evidence; other figures are.
    desk.better = {OTHER: 0.3}
    assert desk.decide()[OTHER].verdict == "held"
    assert desk.decide(**{OTHER: desk.figures(correct=0.85)})[OTHER].verdict == "promoted"
    assert desk.deploy() == [f"{OTHER} runs in production for desk instead of {NAME}"]


def test_a_challenger_that_was_only_taken_away_is_not_barred(desk: Desk) -> None:
    desk.decide()
    desk.deploy()
    desk.book.set_challenger(*PLACE, OTHER, decision_id(desk, OTHER), share=0.1, actor="mei", reason="try")
    desk.book.remove_challenger(*PLACE, actor="mei", reason="enough")
    desk.better = {OTHER: 0.2}
    assert desk.decide()[OTHER].verdict == "promoted"


def test_an_aborted_decision_puts_nothing_in_place_even_without_being_decided_again(desk: Desk) -> None:
    desk.decide()
    desk.deploy()
    desk.better = {OTHER: 0.2}
    assert desk.decide()[OTHER].verdict == "promoted"
    abort(desk, OTHER, decision_id(desk, OTHER))
    assert desk.deploy() == [
        f"{OTHER} stays out of production for desk: it was rolled back from, refused, or its canary was aborted"
    ]


def test_a_person_who_puts_it_in_place_again_takes_the_bar_back(desk: Desk) -> None:
    desk.decide()
    desk.deploy()
    desk.book.rollback(*PLACE, actor="monitor", reason="errors")
    assert desk.decide()[NAME].reason.startswith("it was rolled back from on 2026-03-01 (errors)")
    desk.book.promote(*PLACE, NAME, decision_id(desk, NAME), actor="mei", reason="looked into")
    assert desk.decide()[NAME].verdict == "promoted"


def test_the_next_best_is_promoted_where_the_best_is_barred(desk: Desk) -> None:
    best = {NAME: desk.figures(correct=0.9)}
    desk.decide(**best)
    desk.deploy()
    desk.book.rollback(*PLACE, actor="monitor", reason="errors")
    found = desk.decide(**best)
    assert (found[NAME].verdict, found[OTHER].verdict) == ("held", "promoted")


def test_a_decision_of_another_moment_is_replayed_with_what_that_moment_said(desk: Desk) -> None:
    import pandas as pd

    desk.decide(NOON + timedelta(days=40))
    scores = {"raw_foundation": pd.DataFrame({"header": ["0123456789abcdef"], "candidate": [NAME]})}
    measured = {each.entry: desk.figures() for each in desk.entries}
    rows: list[Any] = desk.warehouse.load(DECISIONS).to_dict("records")
    for row in rows:
        again = replay(row, scores, desk.entries, measured, seed=1)
        assert again.same and not again.differences, again
        assert json.loads(row["policy"])["environments"] == ["production"]


def test_each_environment_is_decided_by_its_own_rules(policy: Make, entry: Make, figures: Make) -> None:
    less = {
        "evaluations": ["gold_questions"],
        "licence": {"classes": ["open_source", "commercial", "research_only"], "intended_use": "evaluation"},
        "floors": [{"metric": "correct", "slice": "answerable", "at_least": 0.3}],
    }
    rules = policy(desk={"environments": ["testing", "production"], "testing": less})
    research = entry("research", licence_class="research_only", allowed_uses=("evaluation",))
    found = decide(rules, [entry(), research], {NAME: figures(correct=0.4), "research": figures(correct=0.9)})
    verdicts = {(each.environment, each.entry.entry): each.verdict for each in found}
    assert verdicts == {
        ("testing", NAME): "held",
        ("testing", "research"): "promoted",
        ("production", NAME): "held",
        ("production", "research"): "rejected",
    }
    assert [d.reason for d in found if d.environment == "testing" and d.entry.entry == NAME] == [
        "it keeps every rule, but research is better"
    ]
