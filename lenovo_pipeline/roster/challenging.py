"""Whether a challenger is better than what runs: both on the same questions, or at the same tasks, in pairs.

Belongs here: from score tables and attempts to one paired difference, and how often two were looked at. Does not belong here:
what follows from it (decide.py).
"""

import hashlib
import json
from collections.abc import Callable, Iterable, Mapping
from functools import cache
from typing import Any

import pandas as pd

from lenovo_pipeline.evaluation.agentic.figures import attempted
from lenovo_pipeline.evaluation.scoring import stored_table
from lenovo_pipeline.measures.statistics.bootstrap import DIFFERENCE, cluster_bootstrap
from lenovo_pipeline.roster.decide import CHALLENGES, Look
from lenovo_pipeline.roster.rule_kinds import CHALLENGE, rules_of
from lenovo_pipeline.roster.rules import Measured

_METRIC = "correct"
_LENGTH = 16

Done = Mapping[str, tuple[float, str]]
"""By question or task: what share of it was done rightly, refusals of what cannot be answered or must not be done included; and
the entity that it is about.
"""


def done_of(
    scores: Mapping[str, pd.DataFrame], attempts: pd.DataFrame | None, tasks: pd.DataFrame | None
) -> Callable[[str], Done | None]:
    """What a candidate did, by its name; None where nothing of it is kept. `scores`: score tables by kind; the others hold rows
    of agents.attempts and agents.tasks, None where there are none.
    """

    @cache
    def agents() -> dict[str, Done]:
        if attempts is None or tasks is None:
            return {}
        found = (one for model, mine in attempts.groupby("model") for one in attempted(str(model), mine, tasks))
        return {
            one.candidate: {row["task_id"]: (float(row["success"]), str(row["cluster"])) for row in one.rows} for one in found
        }

    @cache
    def done(candidate: str) -> Done | None:
        tables = (stored_table(frame, candidate) for frame in scores.values() if (frame["candidate"] == candidate).any())
        if (table := next(tables, None)) is None:
            return agents().get(candidate)
        values = table.values(_METRIC)
        return {row.question_id: (values[row.question_id], row.cluster) for row in table.rows if row.question_id in values}

    return done


class Duels:
    """Paired differences of any two candidates, with intervals clustered by entity. `done`: what each did (done_of)."""

    def __init__(self, done: Callable[[str], Done | None], seed: int) -> None:
        self._done = done
        self._seed = seed

    def against(self, challenger: str, champion: str, confidence: float) -> Measured | None:
        """How much more often the challenger is right (share) on the questions or tasks that are kept of both; None where there
        are none, or none of two entities.
        """
        both = self._both(challenger, champion)
        clusters = [cluster for _, _, _, cluster in both]
        if len(set(clusters)) < 2:
            return None
        differences = [after - before for _, after, before, _ in both]
        found = cluster_bootstrap(differences, clusters, seed=self._seed, confidence=confidence, bounds=DIFFERENCE)
        return Measured(found.estimate, found.low, found.high)

    def pairs(self, challenger: str, champion: str) -> str:
        """16 hex digits over which of the questions or tasks that are kept of both each of them did rightly; empty: none."""
        both = sorted((name, after, before) for name, after, before, _ in self._both(challenger, champion))
        return hashlib.sha256(json.dumps(both).encode()).hexdigest()[:_LENGTH] if both else ""

    def _both(self, challenger: str, champion: str) -> list[tuple[str, float, float, str]]:
        """Each question or task that is kept of both: its name, what the two did of it, its entity."""
        new, old = self._done(challenger), self._done(champion)
        if new is None or old is None:
            return []
        return [(name, after, old[name][0], cluster) for name, (after, cluster) in new.items() if name in old]


class LooksTaken:
    """Which look at a challenger and a champion is the present one, by the decisions that were made before.

    `decisions`: rows of roster.decisions in the order of writing. The same answers are one look, however often they are
    judged: nothing new is seen in them.
    """

    def __init__(self, decisions: Iterable[Mapping[str, Any]], duels: Duels) -> None:
        self._duels = duels
        self._seen: dict[tuple[str, str, str, str], list[str]] = {}
        for row in decisions:
            for rule in rules_of(row):
                if rule["rule"] == CHALLENGE and rule.get("pairs"):
                    champion = str(rule["text"]).removeprefix(CHALLENGES)
                    seen = self._seen.setdefault((row["environment"], row["use_case"], row["entry"], champion), [])
                    if rule["pairs"] not in seen:
                        seen.append(rule["pairs"])

    def __call__(self, environment: str, use_case: str, challenger: str, champion: str) -> Look:
        pairs = self._duels.pairs(challenger, champion)
        seen = self._seen.get((environment, use_case, challenger, champion), [])
        return Look(seen.index(pairs) + 1 if pairs in seen else len(seen) + 1, pairs)
