"""What must hold of tasks beyond their contract: references reach their goals, splits share nothing, enough must be refused.

Belongs here: looking at rows of agents.tasks. Does not belong here: judging attempts (judge.py).
"""

import re
from collections.abc import Mapping

import pandas as pd

from lenovo_pipeline.agents.tasks import train_wordings
from lenovo_pipeline.agents.tasks.phrasings import AROUND, CHINESE, ENGLISH, INJECTIONS

LEAST_REFUSED = 0.20
LEAST_TASKS: Mapping[str, int] = {"smoke": 20, "default": 200, "full": 200}
"""Tasks of the test split by profile."""

_ENTITY = re.compile(r"(?:KB|FILE|TCK|INC|DEV|CUS)-[A-Z0-9-]+")


def unreached(rows: pd.DataFrame) -> list[str]:
    """Tasks whose reference solution misses the goal."""
    return [
        f"{row['task_id']} ({row['category']}): {'; '.join(row['reference_problems'])}"
        for row in rows.to_dict("records")
        if len(row["reference_problems"])
    ]


def too_few(rows: pd.DataFrame, profile: str) -> list[str]:
    """Too few tasks to test with, or too few of them that must be refused."""
    found = []
    test = rows[rows["split"] == "test"]
    if len(test) < LEAST_TASKS[profile]:
        found.append(f"there are {len(test)} tasks of the test split, expected at least {LEAST_TASKS[profile]}")
    share = float(test["refusal"].notna().mean()) if len(test) else 0.0
    if share < LEAST_REFUSED:
        found.append(f"{share:.0%} of the test split must be refused, expected at least {LEAST_REFUSED:.0%}")
    return found


def shared(rows: pd.DataFrame) -> list[str]:
    """What a split has in common with another: requests, what they are about, and wordings."""
    found = []
    for column, what in (("cluster", "is about"), ("request", "asks")):
        told = rows.assign(request=rows["turns"].map("\n".join))
        told = told[~told[column].str.match(_ENTITY)] if column == "cluster" else told
        splits = told.groupby(column)["split"].nunique()
        found += [f"more than one split {what} {value!r}" for value in splits[splits > 1].index]
    for kinds in (ENGLISH, CHINESE, {"around": AROUND, "injections": INJECTIONS}):
        for kind, by_split in kinds.items():
            trained = {sentence for sentence in by_split["train"] if sentence != "{}"}
            both = trained & {sentence for split in ("validation", "test") for sentence in by_split[split]}
            found += [f"the wording {sentence!r} ({kind}) is of two splits" for sentence in sorted(both)]
    return found + _given_by_patterns()


def _given_by_patterns() -> list[str]:
    """Wordings of validation and test that a pattern of the train split gives, too."""
    languages = ((train_wordings.ENGLISH, ENGLISH), (train_wordings.CHINESE, CHINESE))
    pairs = [(kind, patterns, told[kind]) for patterns_of, told in languages for kind, patterns in patterns_of.items()]
    pairs += [("around", train_wordings.AROUND, AROUND), ("injections", train_wordings.INJECTIONS, INJECTIONS)]
    return [
        f"the wording {sentence!r} ({kind}) of {split} is one of the train split, too: {pattern!r} gives it"
        for kind, patterns, told in pairs
        for pattern in patterns
        for split in ("validation", "test")
        for sentence in told[split]
        if sentence != "{}" and train_wordings.gives(pattern, sentence)
    ]
