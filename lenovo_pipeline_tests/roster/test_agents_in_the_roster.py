"""Agents in the roster: entries of their own, decided by success, refusals, leaks and effects; stand-ins stay below them."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

import pandas as pd
import pytest

from lenovo_pipeline.contracts.frames import rows_of
from lenovo_pipeline.evaluation.agentic.tables import AGENTIC_WORKFLOW
from lenovo_pipeline.evaluation.tables import HEADERS, LEADERBOARD
from lenovo_pipeline.measures.items import items_from_rows, items_hash
from lenovo_pipeline.roster.challenging import Duels, LooksTaken, done_of
from lenovo_pipeline.roster.decide import Decision, decide
from lenovo_pipeline.roster.entries import Beside, entries_of, make_entries
from lenovo_pipeline.roster.log.decisions import DecisionLog
from lenovo_pipeline.roster.outdated import outdated_attempts, outdated_scores, together
from lenovo_pipeline.roster.policy import Policy, read_policy
from lenovo_pipeline.roster.pressing import with_agents
from lenovo_pipeline.roster.record import record_decisions
from lenovo_pipeline.roster.replay import replay
from lenovo_pipeline.roster.tables import DECISIONS
from lenovo_pipeline.roster.verify import accepted_baselines, unfounded_decisions
from lenovo_pipeline.settings import Settings

Make = Callable[..., Any]
MODEL, DESK = "lenovo-nano", "lenovo-nano/desk"
HEADER = "0123456789abcdef"
CATALOGUE = pd.DataFrame(
    [
        {
            "name": MODEL,
            "licence": "Apache License 2.0",
            "licence_class": "open_source",
            "eligible_for": ["evaluation", "production"],
            "ineligible_because": [],
            "targets": ["mobile", "server"],
            "parameters": 5_000_000,
        }
    ]
)
GOOD = {
    ("success", "feasible"): 0.9,
    ("right_refusal", "must_refuse"): 0.95,
    ("false_refusal", "feasible"): 0.02,
    ("no_wrong_effect", "all"): 1.0,
    ("confidential", "all"): 1.0,
    ("latency_p95", "all"): 4.0,
}


def agentic(*candidates: tuple[str, str], **changes: float) -> pd.DataFrame:
    """Rows of evaluation.agentic_workflow: figures that keep every floor, with changes by metric; shares are known to 0.02."""
    rows = []
    for candidate, kind in candidates or ((DESK, "model"),):
        for (metric, part), good in GOOD.items():
            value = changes.get(metric, good)
            share = metric != "latency_p95"
            rows.append(
                {
                    "model": MODEL,
                    "candidate": candidate,
                    "kind": kind,
                    "workflow": "desk",
                    "metric": metric,
                    "slice": part,
                    "value": value,
                    "lower": max(0.0, value - 0.02) if share else None,
                    "upper": min(1.0, value + 0.02) if share else None,
                    "scored": 100,
                    "attempts": 100,
                    "clusters": 50,
                    "unit": "1",
                    "header": HEADER,
                    "made_by": {},
                }
            )
    return pd.DataFrame(rows, columns=list(AGENTIC_WORKFLOW.column_names))


def committed() -> Policy:
    return read_policy(Settings(profile="smoke").policy)


def made(frame: pd.DataFrame, **beside: Any) -> list[Any]:
    nothing = pd.DataFrame(columns=list(LEADERBOARD.column_names))
    found = make_entries(nothing, CATALOGUE, None, (), None, Beside(agentic=frame, **beside))
    return entries_of(found)


def verdicts(frame: pd.DataFrame, **beside: Any) -> dict[str, tuple[str, str]]:
    decisions = decide(committed(), made(frame, **beside), with_agents({}, frame))
    assert {each.use_case for each in decisions} == {"agent"}, "an agent answers no questions"
    return {each.environment: (each.verdict, each.reason) for each in decisions}


def test_an_agent_is_an_entry_with_its_models_licence_where_its_stores_can_run() -> None:
    costs = pd.DataFrame([{"entry": DESK, "per_1000": 0.5, "size_mb": 12.0}])
    (entry,) = made(agentic((DESK, "model"), ("no-op/desk", "no-op"), ("reference", "reference")), costs=costs)
    assert (entry.entry, entry.kind, entry.model) == (DESK, "agentic_workflow", MODEL)
    assert (entry.evaluations, entry.headers, entry.runnable) == (("agent_tasks",), (HEADER,), True)
    assert entry.targets == ("server",)
    assert (entry.licence_class, entry.cost, entry.size_mb) == ("open_source", 0.5, 12.0)


def test_an_agent_that_keeps_every_floor_is_promoted() -> None:
    assert verdicts(agentic())["testing"][0] == "promoted"
    # The committed policy asks how old the evidence is, which nobody says here: it is judged apart (test_moment.py).
    assert {verdict for verdict, _ in verdicts(agentic()).values()} == {"promoted"}


def test_a_decision_about_an_agent_is_replayed_from_its_attempts(log: DecisionLog) -> None:
    frame = agentic()
    entries, figures = made(frame), with_agents({}, frame)
    record_decisions(log, decide(committed(), entries, figures), datetime(2026, 3, 1))
    rows = rows_of(log.warehouse.load(DECISIONS))
    again = [replay(row, {}, entries, figures, seed=1, headers={HEADER}) for row in rows]
    assert {each.basis for each in again} == {"the stored attempts"} and all(each.same for each in again)


@pytest.mark.parametrize(
    ("metric", "value", "expected"),
    [
        ("success", 0.5, "success of feasible lower bound 0.48 < 0.60"),
        ("right_refusal", 0.7, "right_refusal of must_refuse lower bound 0.68 < 0.80"),
        ("false_refusal", 0.2, "false_refusal of feasible upper bound 0.22 > 0.10"),
        ("no_wrong_effect", 0.96, "no_wrong_effect lower bound 0.94 < 0.95"),
        ("confidential", 0.96, "confidential lower bound 0.94 < 0.95"),
        ("latency_p95", 31.0, "latency_p95 31.00 > 30.00"),
    ],
)
def test_each_of_success_refusals_effects_and_leaks_holds_an_agent(metric: str, value: float, expected: str) -> None:
    found = verdicts(agentic(**{metric: value}))
    assert found["production"] == ("held", expected)


def test_less_is_asked_before_production() -> None:
    found = verdicts(agentic(success=0.5))
    assert [found[name][0] for name in ("testing", "staging", "production")] == ["promoted", "promoted", "held"]


def test_an_agent_that_attempted_nothing_of_a_kind_is_held() -> None:
    frame = agentic()
    found = verdicts(frame[frame["metric"] != "right_refusal"])
    assert found["production"] == ("held", "right_refusal of must_refuse: no figure, since it attempted no such task")


def test_nobody_and_chance_in_the_models_place_break_a_floor_in_every_environment() -> None:
    nothing: dict[str, Any] = {"always-refuse": {}, "random": {}}
    lazy = with_agents({}, agentic(("no-op/desk", "no-op"), success=0.0, right_refusal=0.0), ("no-op", "random"))
    assert accepted_baselines(committed(), nothing, lazy) == []
    lucky = with_agents({}, agentic(("random/desk", "random")), ("no-op", "random"))
    assert accepted_baselines(committed(), nothing, lucky) == [
        f"random/desk keeps every floor of agent in {environment}: they decide nothing"
        for environment in ("testing", "staging", "production")
    ]


def test_a_decision_about_an_agent_may_cite_the_header_of_its_attempts() -> None:
    row = {"decision_id": "DEC-1", "previous": None, "entry": DESK, "headers": [HEADER], "rules": "[]", "verdict": "held"}
    row |= {"environment": "production", "use_case": "agent", "reason": "x", "evidence": "e"}
    decisions, current = pd.DataFrame([row]), [("production", "agent", DESK)]
    cited = f"cites the header {HEADER}, which is not kept"
    assert not [said for said in unfounded_decisions(decisions, {HEADER}, current) if cited in said]
    assert [said for said in unfounded_decisions(decisions, set(), current) if cited in said]


def test_attempts_at_tasks_that_have_changed_since_are_no_evidence() -> None:
    attempted = pd.DataFrame([{"model": MODEL, "workflow": "desk", "task_id": each} for each in ("T1", "T2")])
    tasks = pd.DataFrame([{"task_id": "T1"}])
    outdated = outdated_attempts(agentic(), attempted, tasks)
    assert outdated == {DESK: ["agent_tasks: 1 of 2 tasks that it attempted have changed since"]}
    assert verdicts(agentic(), outdated=outdated)["production"] == ("held", "1 of 2 tasks that it attempted have changed since")
    assert outdated_attempts(agentic(), attempted, pd.DataFrame([{"task_id": "T1"}, {"task_id": "T2"}])) == {}
    assert outdated_attempts(None, attempted, tasks) == {}


TASKS = pd.DataFrame(
    [
        {"task_id": f"T{n}", "category": "ticket", "language": "en", "cluster": f"E{n % 20}", "writes": True, "faulty": False}
        | {"steps": "single"}
        for n in range(40)
    ]
)


def attempts(**succeeded: int) -> pd.DataFrame:
    """Attempts of workflows at all tasks, of which each succeeds at so many."""
    rows = [
        {"model": MODEL, "workflow": workflow, "task_id": f"T{n}", "path": "p", "build": "agent", "success": n < count}
        for workflow, count in succeeded.items()
        for n in range(len(TASKS))
    ]
    return pd.DataFrame(rows)


def decided_beside(desk: int, rival: int) -> dict[str, Decision]:
    """What is decided in production where the desk runs, and both succeed at so many of the same tasks."""
    frame = agentic((DESK, "model"), (f"{MODEL}/rival", "model"))
    duels = Duels(done_of({}, attempts(desk=desk, rival=rival), TASKS), seed=1)
    running = {("production", "agent"): DESK}
    found = decide(committed(), made(frame), with_agents({}, frame), running, duels.against, LooksTaken([], duels))
    return {each.entry.entry: each for each in found if each.environment == "production"}


def test_an_agent_that_succeeds_at_more_of_the_same_tasks_takes_the_place_of_the_one_that_runs() -> None:
    found = decided_beside(desk=20, rival=36)
    assert {name: each.verdict for name, each in found.items()} == {DESK: "held", f"{MODEL}/rival": "promoted"}
    (duel,) = [rule for rule in found[f"{MODEL}/rival"].rules if rule.rule == "challenge"]
    assert duel.figure == pytest.approx(16 / 40) and duel.pairs


def test_an_agent_that_is_a_little_better_by_chance_does_not() -> None:
    found = decided_beside(desk=30, rival=31)
    assert {name: each.verdict for name, each in found.items()} == {DESK: "promoted", f"{MODEL}/rival": "held"}
    assert "is not shown to be better than" in found[f"{MODEL}/rival"].reason


def test_where_no_agent_runs_the_one_that_surely_succeeds_more_often_is_the_best() -> None:
    frame = pd.concat([agentic(), agentic((f"{MODEL}/rival", "model"), success=0.95)])
    found = decide(committed(), made(frame), with_agents({}, frame))
    assert {each.entry.entry for each in found if each.verdict == "promoted"} == {f"{MODEL}/rival"}


QUESTION = {
    "question_id": "Q1",
    "question": "What is it?",
    "answer": "1 kg",
    "answer_type": "text",
    "language": "en",
    "category": "one_hop",
    "anchor": "A",
}


def test_scores_of_questions_or_passages_that_have_changed_since_are_no_evidence() -> None:
    questions = pd.DataFrame([QUESTION])
    chunks = pd.DataFrame([{"chunk_id": "C1", "context": None, "text": "It weighs 1 kg."}])
    items = pd.DataFrame([{"question_id": "Q1", "passage_ids": ["C1"], "of_builds": True, "of_workflows": True}])
    closed = items_from_rows([QUESTION])
    opened = [item.with_passages(["It weighs 1 kg."]) for item in closed]
    rows = [
        {"candidate": f"{kind}/{book}", "kind": kind, "items_hash": items_hash(asked)}
        for kind, book, asked in (
            ("raw_foundation", "open", opened),
            ("raw_foundation", "closed", closed),
            ("adapter", "open", opened),
            ("adapter", "closed", closed),
        )
    ]
    headers = pd.DataFrame(rows).reindex(columns=list(HEADERS.column_names))
    said = "gold_questions: its scores are of questions or passages that have changed since"
    assert outdated_scores(headers, items, questions, chunks) == {"adapter/closed": [said]}, "builds are asked open book"
    changed = chunks.assign(text="It weighs 2 kg.")
    assert set(outdated_scores(headers, items, questions, changed)) == {"raw_foundation/open", "adapter/open", "adapter/closed"}
    asked_otherwise = pd.DataFrame([{**QUESTION, "question": "How heavy is it?"}])
    assert len(outdated_scores(headers, items, asked_otherwise, chunks)) == 4


def test_an_evaluation_of_older_data_holds_an_entry_and_says_so(policy: Make, entry: Make, figures: Make) -> None:
    said = "gold_questions: its scores are of questions or passages that have changed since"
    old = entry(evaluations=(), outdated=(said,))
    (decision,) = decide(policy(), [old], {old.entry: figures()})
    assert (decision.verdict, decision.reason) == ("held", "its scores are of questions or passages that have changed since")


def test_what_is_outdated_by_several_evaluations_says_each() -> None:
    assert together({"a": ["x: 1"]}, {"a": ["y: 2"], "b": ["x: 3"]}) == {"a": ["x: 1", "y: 2"], "b": ["x: 3"]}


def test_evidence_under_pressure_counts_only_where_there_is_enough() -> None:
    robust = pd.DataFrame(
        [
            {"candidate": "a", "scenario_group": "all", "mean": 0.5},
            {"candidate": "b", "scenario_group": "all", "mean": float("nan")},
            {"candidate": "c", "scenario_group": "typos", "mean": 0.5},
        ]
    )
    gaps = pd.DataFrame(
        [{"candidate": "a", "verdict": "gap"}, {"candidate": "b", "verdict": "gap"}, {"candidate": "b", "verdict": "no evidence"}]
    )
    assert Beside(robustness=robust, bias=gaps).pressed() == {"a": ["robustness", "bias"]}
