"""Builds in the roster: their own size and targets, their base's licence, no promotion without lift, none on an estimate."""

from collections.abc import Callable
from typing import Any

import pandas as pd
import pytest

from lenovo_pipeline.evaluation.builds import Built
from lenovo_pipeline.evaluation.tables import LEADERBOARD, LIFT
from lenovo_pipeline.resources.warehouse import Warehouse
from lenovo_pipeline.roster.decide import decide
from lenovo_pipeline.roster.entries import entries_of, make_entries
from lenovo_pipeline.roster.rules import Entry
from lenovo_pipeline.roster.tables import ENTRIES

Make = Callable[..., Any]
ADAPTER, EDGE = "lenovo-nano/lora/device_support", "lenovo-nano/edge/light-edge-x86_64"
CATALOGUE_ROW = {
    "name": "lenovo-nano",
    "licence": "Apache License 2.0",
    "licence_class": "open_source",
    "eligible_for": ["evaluation", "production", "on_device", "customisation"],
    "ineligible_because": [],
    "targets": ["mobile", "edge", "server"],
    "parameters": 4_800_000,
}
RESOLVED = {"model": "lenovo-nano", "parameters": 4_800_000, "size_bytes": 19_000_000}


def figure(value: float, measured: bool) -> dict[str, Any]:
    return {"value": value, "unit": "s", "measured": measured, "method": "of a trial"}


def row(name: str, **changes: Any) -> dict[str, Any]:
    return {
        "model": "lenovo-nano",
        "build": name,
        "method": "lora",
        "format": "adapter",
        "artifact": name,
        "size_bytes": 500_000,
        "parameters": 4_900_000,
        "target": None,
        "level": None,
        "measures": {},
        **changes,
    }


def edge_row(target: str, measured: bool) -> dict[str, Any]:
    figures = {"first_token_s": figure(0.02 if measured else 0.01, measured)}
    same = {"method": "edge", "format": "onnx", "level": "light", "artifact": "light", "size_bytes": 5_000_000}
    return row(f"lenovo-nano/edge/light-{target}", target=target, measures={"figures": figures}, **same)


def builds() -> list[Built]:
    edge = Built((edge_row("edge-x86_64", True), edge_row("android-arm64-v8a", False)), "edge_builds")
    return [Built((row(ADAPTER),), "adapters"), edge]


def leaderboard(*candidates: tuple[str, str]) -> pd.DataFrame:
    rows = [
        {"candidate": name, "kind": kind, "model": "lenovo-nano", "current": True, "header": "0" * 16}
        for name, kind in (("lenovo-nano/open-book", "raw_foundation"), *candidates)
    ]
    return pd.DataFrame(rows).reindex(columns=list(LEADERBOARD.column_names))


def lift(met: bool = True, note: str = "too few items") -> pd.DataFrame:
    rows = [
        {"candidate": name, "against": "lenovo-nano/open-book", "measure": "token_f1", "met": met, "note": note}
        for name in (ADAPTER, EDGE)
    ]
    return pd.DataFrame(rows).reindex(columns=list(LIFT.column_names))


def entries(found: pd.DataFrame | None = None, of: list[Built] | None = None) -> dict[str, Entry]:
    table = leaderboard((ADAPTER, "adapter"), (EDGE, "mobile_model"))
    catalogue, foundation = pd.DataFrame([CATALOGUE_ROW]), pd.DataFrame([RESOLVED])
    made = make_entries(table, catalogue, foundation, builds() if of is None else of, lift() if found is None else found)
    return {entry.entry: entry for entry in entries_of(made)}


def test_size_parameters_and_targets_are_the_builds_and_the_licence_its_bases(warehouse: Warehouse) -> None:
    found = entries()
    assert found[EDGE].size_mb == 5.0
    assert found[ADAPTER].size_mb == 19.5, "an adapter runs on nothing but its base"
    assert found[ADAPTER].parameters_billion == pytest.approx(0.0049)
    assert found["lenovo-nano/open-book"].size_mb == 19.0
    assert (found[EDGE].targets, found[EDGE].measured_targets) == (("edge", "mobile"), ("edge",))
    assert found[ADAPTER].targets == ("mobile", "edge", "server")
    assert {entry.licence for entry in found.values()} == {"Apache License 2.0"}
    made = make_entries(
        leaderboard((EDGE, "mobile_model")), pd.DataFrame([CATALOGUE_ROW]), pd.DataFrame([RESOLVED]), builds(), lift()
    )
    assert warehouse.replace(ENTRIES, made).rows == 2
    stored = {entry.entry: entry for entry in entries_of(warehouse.load(ENTRIES))}
    assert stored[EDGE] == found[EDGE], "the passport survives the store"


def test_a_build_without_shown_lift_is_held_with_the_reason(policy: Make, figures: Make) -> None:
    found = entries(lift(met=False))[ADAPTER]
    (decision,) = decide(policy(), [found], {ADAPTER: figures()})
    assert decision.verdict == "held"
    assert decision.reason == "token_f1 against lenovo-nano/open-book: too few items"
    (rule,) = [rule for rule in decision.rules if rule.rule == "eligible"]
    assert (rule.verdict, rule.binding) == ("failed", False)


def test_a_build_that_shows_its_lift_is_promoted_before_a_worse_base(policy: Make, figures: Make) -> None:
    found = entries()
    decisions = decide(policy(), list(found.values()), {ADAPTER: figures(correct=0.9), "lenovo-nano/open-book": figures()})
    verdicts = {decision.entry.entry: decision.verdict for decision in decisions}
    assert verdicts[ADAPTER] == "promoted"
    assert verdicts["lenovo-nano/open-book"] == "held"


def test_a_build_that_was_compared_with_nothing_is_held(policy: Make, figures: Make) -> None:
    found = entries(lift().iloc[:0])[ADAPTER]
    (decision,) = decide(policy(), [found], {ADAPTER: figures()})
    assert (decision.verdict, decision.reason) == ("held", "it was not compared with its base")


def test_what_is_no_build_is_asked_for_no_lift(policy: Make, figures: Make) -> None:
    found = entries()["lenovo-nano/open-book"]
    (decision,) = decide(policy(), [found], {found.entry: figures()})
    assert decision.verdict == "promoted"
    assert "eligible" not in {rule.rule for rule in decision.rules}


def test_a_build_that_is_gone_has_no_entry() -> None:
    assert set(entries(of=[])) == {"lenovo-nano/open-book"}


def on(target: str | None, policy: Make, *floors: dict[str, Any]) -> Any:
    correct = {"metric": "correct", "slice": "answerable", "at_least": 0.6}
    return policy(there={"target": target, "floors": [correct, *floors]})


FIRST_TOKEN = {"metric": "first_token_s", "at_most": 1.0}
LATENCY = {"metric": "latency_p95_s", "at_most": 2.0}


@pytest.mark.parametrize("floor", [FIRST_TOKEN, LATENCY])
@pytest.mark.parametrize(("target", "verdict"), [("edge", "promoted"), (None, "promoted"), ("mobile", "held")])
def test_a_figure_that_is_only_estimated_passes_no_floor_however_good(
    policy: Make, figures: Make, floor: dict[str, Any], target: str | None, verdict: str
) -> None:
    found = entries()[EDGE]
    (decision,) = decide(on(target, policy, floor), [found], {EDGE: figures()})
    assert decision.verdict == verdict, decision.reason
    if verdict == "held":
        (rule,) = [rule for rule in decision.rules if rule.text.startswith(floor["metric"])]
        assert (rule.verdict, rule.figure) == ("missing", None)
        assert rule.note.startswith(f"{floor['metric']} is only estimated: ")


def test_what_has_no_passport_keeps_no_floor_on_it(policy: Make, figures: Make) -> None:
    found = entries()[ADAPTER]
    (decision,) = decide(on(None, policy, FIRST_TOKEN), [found], {ADAPTER: figures()})
    assert decision.reason == "first_token_s: no such figure is known of it"


def test_a_figure_that_no_device_changes_counts_for_every_target(policy: Make, figures: Make) -> None:
    found = entries()[EDGE]
    (decision,) = decide(on("mobile", policy), [found], {EDGE: figures()})
    assert decision.verdict == "promoted"
