"""A decision made again from its scores and its policy has the same verdict, and a changed score or record is seen."""

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from typing import Any

import pandas as pd
import pytest

from lenovo_pipeline.evaluation.agentic.tables import AGENTIC_WORKFLOW
from lenovo_pipeline.failures import PermanentFailure
from lenovo_pipeline.roster.decide import decide
from lenovo_pipeline.roster.log.decisions import DecisionLog
from lenovo_pipeline.roster.record import record_decisions
from lenovo_pipeline.roster.replay import replay, replay_all
from lenovo_pipeline.roster.tables import DECISIONS, ENTRIES

Make = Callable[..., Any]
HEADER = "0123456789abcdef"
SCORES = {"raw_foundation": pd.DataFrame({"header": [HEADER]})}


@pytest.fixture
def decided(log: DecisionLog, policy: Make, entry: Make, figures: Make) -> tuple[list[dict[Any, Any]], list[Any], dict[str, Any]]:
    """Decisions about a good, a better, a bad and a forbidden entry, as they are stored."""
    entries = [
        entry("good"),
        entry("better"),
        entry("bad"),
        entry("forbidden", licence_class="research_only", allowed_uses=("evaluation",)),
    ]
    found = {"good": figures(), "better": figures(correct=0.9), "bad": figures(correct=0.2), "forbidden": figures()}
    record_decisions(log, decide(policy(), entries, found), datetime(2026, 3, 1))
    return log.warehouse.load(DECISIONS).to_dict("records"), entries, found


def test_every_verdict_is_the_same_from_the_stored_scores(decided: Any) -> None:
    rows, entries, found = decided
    again = [replay(row, SCORES, entries, found, seed=1) for row in rows]
    assert {each.entry: each.now for each in again} == {
        "good": "held", "better": "promoted", "bad": "held", "forbidden": "rejected",
    }  # fmt: skip
    assert all(each.same and not each.differences and each.basis == "the stored scores" for each in again)


def test_other_scores_give_another_verdict_and_the_rule_is_named(decided: Any, figures: Make) -> None:
    rows, entries, found = decided
    row = next(row for row in rows if row["entry"] == "better")
    again = replay(row, SCORES, entries, {**found, "better": figures(correct=0.1)}, seed=1)
    assert not again.same and again.now == "held"
    assert any("correct of answerable" in each and "passed then" in each for each in again.differences)


def test_where_scores_were_replaced_the_figures_that_the_decision_keeps_are_judged(decided: Any) -> None:
    rows, entries, found = decided
    gone = {"raw_foundation": pd.DataFrame({"header": ["f" * 16]})}
    again = [replay(row, gone, entries, found, seed=1) for row in rows]
    assert all(each.same for each in again)
    assert all("have been replaced" in each.basis for each in again)
    left = replay(rows[0], SCORES, [each for each in entries if each.entry != rows[0]["entry"]], found, seed=1)
    assert left.same and "no candidate any more" in left.basis


def test_a_record_whose_bound_does_not_fit_its_verdict_is_seen(decided: Any) -> None:
    rows, entries, found = decided
    row = dict(next(row for row in rows if row["entry"] == "better"))
    rules = json.loads(row["rules"])
    floor = next(rule for rule in rules if rule["rule"] == "floor" and rule["text"].startswith("correct"))
    floor["bound"] = 0.01
    again = replay({**row, "rules": rules, "headers": ["e" * 16]}, SCORES, entries, found, seed=1)
    assert not again.same and "says otherwise" in again.differences[0]


def test_a_decision_whose_entry_lost_its_evidence_is_replayed_with_what_is_there(decided: Any) -> None:
    rows, entries, found = decided
    row = next(row for row in rows if row["entry"] == "good")
    without = [replace(each, evaluations=()) if each.entry == "good" else each for each in entries]
    again = replay(row, SCORES, without, found, seed=1)
    assert any("evaluated on gold_questions" in each for each in again.differences)


def test_each_decision_says_whether_it_rests_on_answers_that_were_given_again(decided: Any, log: DecisionLog) -> None:
    rows, entries, _ = decided
    stored = pd.DataFrame([vars(each) for each in entries])
    log.warehouse.replace(ENTRIES, stored.map(lambda v: list(v) if isinstance(v, tuple) else v))
    agent = dict.fromkeys(AGENTIC_WORKFLOW.column_names) | {"model": "lenovo-nano", "candidate": "desk", "kind": "model"}
    agent |= {"metric": "success", "slice": "all", "value": 0.5, "scored": 2, "attempts": 2, "clusters": 1, "unit": "1"}
    log.warehouse.replace(AGENTIC_WORKFLOW, pd.DataFrame([{**agent, "header": HEADER, "made_by": {}}]), model="lenovo-nano")
    ids = [row["decision_id"] for row in rows]
    again = replay_all(log.warehouse, ids, seed=1, scores={}, asked=["better"])
    assert {each.entry: each.basis for each in again} == {
        "good": "the stored scores, which were not made again, see below",
        "better": "answers given again",
        "bad": "the stored scores, which were not made again, see below",
        "forbidden": "the stored scores, which were not made again, see below",
    }
    assert {each.basis for each in replay_all(log.warehouse, ids[:1], seed=1, scores=None)} == {"the stored scores"}
    scored = pd.DataFrame([{"model": "m", "candidate": "good", "header": header} for header in ("a" * 16, "b" * 16)])
    with pytest.raises(PermanentFailure, match=r"evaluation\.adapter holds good under 2 headers, .* --partition m"):
        replay_all(log.warehouse, ids, seed=1, scores={"adapter": scored})
