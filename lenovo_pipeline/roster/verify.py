"""What must hold of costs, decisions and deployments, as sentences about what does not. No Dagster here."""

import math
from collections import Counter
from collections.abc import Mapping, Sequence, Set

import pandas as pd

from lenovo_pipeline.contracts.frames import rows_of
from lenovo_pipeline.roster.deploying.book import Book
from lenovo_pipeline.roster.policy import Policy
from lenovo_pipeline.roster.record import keeps_every_rule, latest
from lenovo_pipeline.roster.rule_kinds import not_kept
from lenovo_pipeline.roster.rules import Figures, judge_floors
from lenovo_pipeline.roster.tables import AGENTIC

BASELINES = ("always-refuse", "random")


def accepted_baselines(policy: Policy, figures: Mapping[str, Figures], agents: Mapping[str, Figures] | None = None) -> list[str]:
    """Use cases whose floors a candidate keeps that knows nothing, and such candidates that have no figures. `agents`: figures of
    the agents in whose model's place nobody, or chance, decides.
    """
    found = [f"{name} has no figures" for name in BASELINES if name not in figures]
    for use_case, rules in policy.use_cases.items():
        known = agents or {} if AGENTIC in rules.kinds else {name: figures[name] for name in BASELINES if name in figures}
        for environment in rules.environments:
            asked = rules.of(environment)
            for name, measured in sorted(known.items()):
                if all(floor.verdict == "passed" for floor in judge_floors(asked, measured)):
                    found.append(f"{name} keeps every floor of {use_case} in {environment}: they decide nothing")
    return found


def unfounded_decisions(decisions: pd.DataFrame, kept: Set[str], current: Sequence[tuple[str, str, str]]) -> list[str]:
    """Decisions in force whose evidence is not kept (`kept`: headers that are), and verdicts that their rules do not give.

    `current`: environment, use case and entry of everything that is decided on now. The last decision about anything else,
    such as an environment that the policy no longer names, is never made again, and nothing runs by it.
    """
    decided = set(current)
    rows = rows_of(decisions)
    found = []
    for row in latest(rows):
        if (row["environment"], row["use_case"], row["entry"]) in decided:
            found += [
                f"{row['decision_id']} about {row['entry']} cites the header {header}, which is not kept"
                for header in row["headers"]
                if header not in kept
            ]
    for row in rows:
        broken = not_kept(row)
        if broken and row["verdict"] == "promoted":
            found.append(f"{row['decision_id']} promotes {row['entry']}, though {broken[0]['note']}")
    return found


def unlawful_deployments(deployments: pd.DataFrame, decisions: pd.DataFrame, book: Book) -> list[str]:
    """Places with more than one entry, entries without a decision in force that finds their rules kept, and what is wrong with
    the book: altered or missing transitions, and places where the table says something else.
    """
    rows = rows_of(deployments)
    places = Counter((row["environment"], row["use_case"]) for row in rows)
    found = [f"{count} entries are active in {place[0]} for {place[1]}" for place, count in sorted(places.items()) if count > 1]
    decided = latest(rows_of(decisions))
    lawful = {(row["environment"], row["use_case"], row["entry"]) for row in decided if keeps_every_rule(row)}
    for row in rows:
        if (row["environment"], row["use_case"], row["entry"]) not in lawful:
            where = f"{row['environment']} for {row['use_case']}"
            found.append(f"{row['entry']} is active in {where}, but no decision in force finds its rules kept")
    running = {(each.environment, each.use_case): each.entry for each in book.running()}
    table = {(row["environment"], row["use_case"]): row["entry"] for row in rows}
    for place in sorted(running.keys() | table.keys()):
        if running.get(place) != table.get(place):
            found.append(
                f"{table.get(place, 'nothing')} is active in {place[0]} for {place[1]} by the table, "
                f"{running.get(place, 'nothing')} by the book of deployments"
            )
    return [*found, *book.verify()]


_FROM_SCORES = ("tokens_in", "tokens_out", "answer_s")
_FIGURES = (*_FROM_SCORES, "machine_s", "build_s", "size_mb", "peak_memory_mb", "machine_per_1000", "price_per_1000", "per_1000")


def wrong_costs(costs: pd.DataFrame, measured: Mapping[str, Mapping[str, float | None]]) -> list[str]:
    """Candidates whose costs are not those that were measured, figures that are missing without a reason, and sums that are none.

    `measured`: for each candidate the means of its answers as the score tables hold them, by name of the figure.
    """
    rows = {str(row["entry"]): row for row in costs.to_dict("records")}
    found = [f"{name} was measured, but has no costs" for name in sorted(measured.keys() - rows.keys())]
    for entry, row in sorted(rows.items()):
        told = {str(each).partition(": ")[0] for each in row["unknown"]}
        known = {name: None if row[name] is None or row[name] != row[name] else float(row[name]) for name in _FIGURES}
        found += [
            f"{entry}: {name} is missing, and nothing says why" for name in _FIGURES if known[name] is None and name not in told
        ]
        for name in _FROM_SCORES if entry in measured else ():
            truth = measured[entry][name]
            ours = known[name]
            if truth is not None and ours is not None and not math.isclose(truth, ours, rel_tol=1e-6, abs_tol=1e-9):
                found.append(f"{entry}: {name} is {ours:g}, the score tables say {truth:g}")
        parts = [known["machine_per_1000"], known["price_per_1000"]]
        total = sum(each for each in parts if each is not None)
        if known["per_1000"] is not None and not math.isclose(known["per_1000"], total, rel_tol=1e-6, abs_tol=1e-12):
            found.append(f"{entry}: 1,000 answers cost {known['per_1000']:g}, machine time and price make {total:g}")
    return found
