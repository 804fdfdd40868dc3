"""A/A simulations, power and peeking of the roster's decision, over real per-item tables resampled by entity.

Run: python lenovo_pipeline_tests/benchmarks/bench_roster_aa.py [--store FOLDER] [--simulations 1000] [--effect 0.05]
     [--questions 2000] [--first 0]
The store is that of a run; only its snapshot is read. The two candidates of each simulation are two candidates of the store,
who change places entity by entity with probability 1/2 (so that neither is better, and each pair of answers is a real one);
entities are drawn with replacement until there are `--questions` questions. For power, the challenger is given right answers at
random until it is better by `--effect`. `decide()` is the roster's own, with floors that both keep: only the rule against a
champion is tried.
Peeking decides at a fifth, two fifths, … of the questions, the earlier decisions in hand as the roster has them in its log, and
counts a simulation if any of the five looks promotes. Simulations are numbered from `--first`, each with a seed of its own: many
can be made in parts, whose printed numbers add up.
"""

import argparse
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np

from lenovo_pipeline.evaluation.scoring import stored_table
from lenovo_pipeline.evaluation.tables import RAW_FOUNDATION
from lenovo_pipeline.measures.scores import ItemScore, ScoreTable
from lenovo_pipeline.resources.snapshot import open_snapshot
from lenovo_pipeline.resources.store import Store
from lenovo_pipeline.roster.challenging import Done, Duels, LooksTaken
from lenovo_pipeline.roster.decide import Decision, decide
from lenovo_pipeline.roster.policy import Policy
from lenovo_pipeline.roster.rules import Entry, Figures, Measured
from lenovo_pipeline.settings import get_settings

CHAMPION, CHALLENGER = "champion", "challenger"
LOOKS = 5
Pairs = dict[str, list[tuple[ItemScore, float, float]]]
"""By entity: a row, and whether the one and the other candidate were right on its question."""

POLICY = Policy.model_validate(
    {
        "use_cases": {
            "desk": {
                "description": "Answers.",
                "environments": ["production"],
                "evaluations": ["gold_questions"],
                "licence": {"classes": ["open_source"], "intended_use": "production"},
                "floors": [
                    {"metric": "correct", "slice": "answerable", "at_least": 0.6},
                    {"metric": "refusal_recall", "at_least": 0.8},
                    {"metric": "false_refusal_rate", "at_most": 0.1},
                ],
            }
        }
    }
)
FIGURES: Figures = {
    ("correct", "answerable"): Measured(0.8, 0.7, 0.9),
    ("refusal_recall", "all"): Measured(0.9, 0.85, 0.95),
    ("false_refusal_rate", "all"): Measured(0.02, 0.01, 0.05),
}


def entry(name: str) -> Entry:
    uses, licence = ("production",), "Apache License 2.0"
    return Entry(
        name, "raw_foundation", "", ("gold_questions",), (), True, licence, "open_source", uses, (), ("server",), 1.0, 0.1
    )


def decided(tables: dict[str, ScoreTable], seed: int, log: Sequence[Mapping[str, Any]] = ()) -> list[Decision]:
    """What the roster decides about both, `log` holding the decisions that it made before."""
    # What it would read from score tables, without their way through the warehouse.
    done: dict[str, Done] = {
        name: {row.question_id: (row.scores["correct"] or 0.0, row.cluster) for row in table.rows}
        for name, table in tables.items()
    }
    duels = Duels(done.get, seed)
    return decide(
        POLICY,
        [entry(CHAMPION), entry(CHALLENGER)],
        {CHAMPION: FIGURES, CHALLENGER: FIGURES},
        {("production", "desk"): CHAMPION},
        duels.against,
        LooksTaken(log, duels),
    )


def promoted(decisions: Sequence[Decision]) -> bool:
    """Whether the challenger takes the champion's place."""
    return any(each.verdict == "promoted" and each.entry.entry == CHALLENGER for each in decisions)


def promoted_at_a_look(tables: dict[str, ScoreTable], seed: int) -> bool:
    """Whether the challenger takes the champion's place at any of the looks, each at more questions than the one before."""
    log: list[dict[str, Any]] = []
    for look in range(1, LOOKS + 1):
        found = decided(part(tables, look / LOOKS), seed, log)
        if promoted(found):
            return True
        log += [
            {"environment": d.environment, "use_case": d.use_case, "entry": d.entry.entry, "rules": [asdict(r) for r in d.rules]}
            for d in found
        ]
    return False


def drawn(pairs: Pairs, header: ScoreTable, questions: int, effect: float, rng: np.random.Generator) -> dict[str, ScoreTable]:
    """Two score tables: entities drawn with replacement, sides changed by lot, the challenger raised by `effect`."""
    names = sorted(pairs)
    rows: list[tuple[ItemScore, float, float]] = []
    number = 0
    while len(rows) < questions:
        swap = rng.random() < 0.5
        for row, one, other in pairs[names[rng.integers(len(names))]]:
            before, after = (other, one) if swap else (one, other)
            mine = ItemScore(f"Q{len(rows)}", row.category, row.answer_type, row.language, f"E{number}")
            rows.append((mine, before, after))
        number += 1
    rows = rows[:questions]
    if effect:
        wrong = [index for index, (_, _, after) in enumerate(rows) if after < 1]
        for index in rng.choice(wrong, min(len(wrong), round(effect * len(rows))), replace=False):
            row, before, _ = rows[index]
            rows[index] = (row, before, 1.0)
    return {
        CHAMPION: replace(header, rows=tuple(_scored(row, before) for row, before, _ in rows)),
        CHALLENGER: replace(header, rows=tuple(_scored(row, after) for row, _, after in rows)),
    }


def _scored(row: ItemScore, correct: float) -> ItemScore:
    return ItemScore(row.question_id, row.category, row.answer_type, row.language, row.cluster, scores={"correct": correct})


def part(tables: dict[str, ScoreTable], share: float) -> dict[str, ScoreTable]:
    """The first questions of both tables."""
    return {name: replace(table, rows=table.rows[: int(len(table.rows) * share)]) for name, table in tables.items()}


def read_pairs(store: Store) -> tuple[Pairs, ScoreTable, list[str]]:
    """The pairs of the two candidates of the store that differ on the most questions."""
    connection = open_snapshot(store)
    frame = connection.execute(
        "SELECT * FROM evaluation.baselines UNION ALL BY NAME SELECT * FROM evaluation.raw_foundation"
    ).df()
    connection.close()
    # A store of an older format lacks columns that play no part here.
    frame = frame.reindex(columns=list(RAW_FOUNDATION.column_names)).fillna({"item": ""})
    answering = [name for name in sorted(frame["candidate"].unique()) if name not in ("oracle", "always-refuse")]
    tables = {name: table for name in answering if (table := stored_table(frame, name)) is not None}

    def differing(one: str, other: str) -> int:
        first, second = tables[one].values("correct"), tables[other].values("correct")
        return sum(first[key] != second[key] for key in first.keys() & second.keys())

    one, other = max(((a, b) for a in tables for b in tables if a < b), key=lambda pair: differing(*pair))
    first, second = tables[one].values("correct"), tables[other].values("correct")
    pairs: Pairs = {}
    for row in tables[one].rows:
        if row.question_id in first and row.question_id in second:
            pairs.setdefault(row.cluster, []).append((row, first[row.question_id], second[row.question_id]))
    return pairs, tables[one], [one, other]


def main() -> int:
    """Print the shares; returns 1 if a figure is not reached."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--store", type=Path, default=get_settings().store)
    parser.add_argument("--simulations", type=int, default=1000)
    parser.add_argument("--effect", type=float, default=0.05)
    parser.add_argument("--questions", type=int, default=2000)
    parser.add_argument("--first", type=int, default=0)
    options = parser.parse_args()
    pairs, header, names = read_pairs(Store(options.store))
    print(f"{names[0]} and {names[1]}: {sum(map(len, pairs.values()))} pairs of answers, {len(pairs)} entities")
    false = peeked = found = found_peeking = 0
    numbers = range(options.first, options.first + options.simulations)
    for made, number in enumerate(numbers, start=1):
        rng = np.random.default_rng([5, number])
        tables = drawn(pairs, header, options.questions, 0.0, rng)
        false += promoted(decided(tables, number))
        peeked += promoted_at_a_look(tables, number)
        better = drawn(pairs, header, options.questions, options.effect, rng)
        found += promoted(decided(better, number))
        found_peeking += promoted_at_a_look(better, number)
        if made % 25 == 0 or made == options.simulations:
            print(f"  {made} simulations: false {false}, peeking {peeked}; found {found}, peeking {found_peeking}", flush=True)
    count = options.simulations
    print(f"false promotions {false / count:.1%} (at most 5 %), at any of {LOOKS} looks {peeked / count:.1%} (at most 5 %)")
    print(
        f"power at {options.effect:.0%} with {options.questions} questions {found / count:.1%} (at least 80 %), "
        f"looking {LOOKS} times {found_peeking / count:.1%} (at least 80 %)"
    )
    return 0 if max(false, peeked) <= 0.05 * count and min(found, found_peeking) >= 0.8 * count else 1


if __name__ == "__main__":
    sys.exit(main())
