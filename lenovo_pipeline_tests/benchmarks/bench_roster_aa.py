"""A/A simulations, power and peeking of the roster's decision, over real per-item tables resampled by entity.

Run: python lenovo_pipeline_tests/benchmarks/bench_roster_aa.py --store FOLDER [--simulations 1000] [--effect 0.05]
     [--questions 2000]
The store is that of a run; only its snapshot is read. The two candidates of each simulation are two candidates of the store,
who change places entity by entity with probability 1/2 (so that neither is better, and each pair of answers is a real one);
entities are drawn with replacement until there are `--questions` questions. For power, the challenger is given right answers at
random until it is better by `--effect`. `decide()` is the roster's own, with floors that both keep: only the rule against a
champion is tried.
Peeking decides at a fifth, two fifths, … of the questions, and counts a simulation if any of the five looks promotes.
"""

import argparse
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np

from lenovo_pipeline.evaluation.scoring import stored_table
from lenovo_pipeline.evaluation.tables import RAW_FOUNDATION
from lenovo_pipeline.measures.scores import ItemScore, ScoreTable
from lenovo_pipeline.resources.snapshot import open_snapshot
from lenovo_pipeline.resources.store import Store
from lenovo_pipeline.roster.challenging import Duels
from lenovo_pipeline.roster.decide import decide
from lenovo_pipeline.roster.policy import Policy
from lenovo_pipeline.roster.rules import Entry, Figures, Measured

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


def promoted(tables: dict[str, ScoreTable], seed: int) -> bool:
    """Whether the challenger takes the champion's place."""
    duels = Duels({}, seed)
    duels._tables = dict(tables)  # What it would read from score tables, without their way through the warehouse.
    decisions = decide(
        POLICY,
        [entry(CHAMPION), entry(CHALLENGER)],
        {CHAMPION: FIGURES, CHALLENGER: FIGURES},
        {("production", "desk"): CHAMPION},
        duels.against,
    )
    return any(each.verdict == "promoted" and each.entry.entry == CHALLENGER for each in decisions)


def drawn(pairs: Pairs, header: ScoreTable, questions: int, effect: float, rng: np.random.Generator) -> dict[str, ScoreTable]:
    """Two score tables: entities drawn with replacement, sides changed by lot, the challenger raised by `effect`."""
    names = sorted(pairs)
    rows: list[tuple[ItemScore, float, float]] = []
    number = 0
    while len(rows) < questions:
        swap = rng.random() < 0.5
        for row, one, other in pairs[names[rng.integers(len(names))]]:
            before, after = (other, one) if swap else (one, other)
            rows.append((replace(row, question_id=f"Q{len(rows)}", cluster=f"E{number}"), before, after))
        number += 1
    rows = rows[:questions]
    if effect:
        wrong = [index for index, (_, _, after) in enumerate(rows) if after < 1]
        for index in rng.choice(wrong, min(len(wrong), round(effect * len(rows))), replace=False):
            row, before, _ = rows[index]
            rows[index] = (row, before, 1.0)
    return {
        name: replace(
            header, rows=tuple(replace(row, scores={"correct": after if new else before}) for row, before, after in rows)
        )
        for name, new in ((CHAMPION, False), (CHALLENGER, True))
    }


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
    parser.add_argument("--store", type=Path, required=True)
    parser.add_argument("--simulations", type=int, default=1000)
    parser.add_argument("--effect", type=float, default=0.05)
    parser.add_argument("--questions", type=int, default=2000)
    options = parser.parse_args()
    pairs, header, names = read_pairs(Store(options.store))
    print(f"{names[0]} and {names[1]}: {sum(map(len, pairs.values()))} pairs of answers, {len(pairs)} entities")
    rng = np.random.default_rng(5)
    false = peeked = found = 0
    for number in range(options.simulations):
        tables = drawn(pairs, header, options.questions, 0.0, rng)
        looks = [promoted(part(tables, look / LOOKS), number) for look in range(1, LOOKS + 1)]
        false += looks[-1]
        peeked += any(looks)
        found += promoted(drawn(pairs, header, options.questions, options.effect, rng), number)
        if (number + 1) % 100 == 0:
            print(f"  {number + 1} simulations: {false} false, {peeked} false at any look, {found} found", flush=True)
    count = options.simulations
    print(f"false promotions {false / count:.1%} (at most 5 %)")
    print(f"false promotions at any of {LOOKS} looks {peeked / count:.1%} (at most 5 %)")
    print(f"power at {options.effect:.0%} with {options.questions} questions {found / count:.1%} (at least 80 %)")
    return 0 if false <= 0.05 * count and peeked <= 0.05 * count and found >= 0.8 * count else 1


if __name__ == "__main__":
    sys.exit(main())
