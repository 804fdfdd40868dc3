"""Whether a challenger is better than what runs: both on the same questions, in pairs.

Belongs here: from score tables to one paired difference, and how often two were looked at. Does not belong here: what follows
from it (decide.py).
"""

import hashlib
import json
from collections.abc import Iterable, Mapping
from typing import Any

import pandas as pd

from lenovo_pipeline.evaluation.scoring import stored_table
from lenovo_pipeline.measures.scores import ScoreTable
from lenovo_pipeline.measures.statistics.bootstrap import cluster_bootstrap
from lenovo_pipeline.roster.decide import CHALLENGES, Look
from lenovo_pipeline.roster.rule_kinds import CHALLENGE
from lenovo_pipeline.roster.rules import Measured

_METRIC = "correct"
_LENGTH = 16


class Duels:
    """Paired differences of any two candidates of the score tables (by kind), with intervals clustered by entity."""

    def __init__(self, scores: Mapping[str, pd.DataFrame], seed: int) -> None:
        self._frames = list(scores.values())
        self._tables: dict[str, ScoreTable | None] = {}
        self._seed = seed

    def against(self, challenger: str, champion: str, confidence: float) -> Measured | None:
        """How much more often the challenger is right (share) on the questions that both have a score for, refusals of what
        cannot be answered included; None where there are none, or none of two entities.
        """
        new, old = self._table(challenger), self._table(champion)
        if new is None or old is None:
            return None
        after, before = new.values(_METRIC), old.values(_METRIC)
        both = [row for row in new.rows if row.question_id in after and row.question_id in before]
        clusters = [row.cluster for row in both]
        if len(set(clusters)) < 2:
            return None
        differences = [after[row.question_id] - before[row.question_id] for row in both]
        if not any(differences):
            return Measured(0.0, 0.0, 0.0)
        # In halves, since a difference of 1 everywhere is no proportion.
        half = cluster_bootstrap([each / 2 for each in differences], clusters, seed=self._seed, confidence=confidence)
        return Measured(2 * half.estimate, 2 * half.low, 2 * half.high)

    def pairs(self, challenger: str, champion: str) -> str:
        """16 hex digits over which of the questions that both have a score for each of them answered rightly."""
        new, old = self._table(challenger), self._table(champion)
        if new is None or old is None:
            return ""
        after, before = new.values(_METRIC), old.values(_METRIC)
        both = [(name, after[name], before[name]) for name in sorted(after.keys() & before.keys())]
        return hashlib.sha256(json.dumps(both).encode()).hexdigest()[:_LENGTH]

    def _table(self, candidate: str) -> ScoreTable | None:
        if candidate not in self._tables:
            found = (stored_table(frame, candidate) for frame in self._frames if (frame["candidate"] == candidate).any())
            self._tables[candidate] = next(found, None)
        return self._tables[candidate]


class LooksTaken:
    """Which look at a challenger and a champion is the present one, by the decisions that were made before.

    `decisions`: rows of roster.decisions in the order of writing. The same answers are one look, however often they are
    judged: nothing new is seen in them.
    """

    def __init__(self, decisions: Iterable[Mapping[str, Any]], duels: Duels) -> None:
        self._duels = duels
        self._seen: dict[tuple[str, str, str, str], list[str]] = {}
        for row in decisions:
            for rule in json.loads(row["rules"]) if isinstance(row["rules"], str) else row["rules"]:
                if rule["rule"] == CHALLENGE and rule.get("pairs"):
                    champion = str(rule["text"]).removeprefix(CHALLENGES)
                    seen = self._seen.setdefault((row["environment"], row["use_case"], row["entry"], champion), [])
                    if rule["pairs"] not in seen:
                        seen.append(rule["pairs"])

    def __call__(self, environment: str, use_case: str, challenger: str, champion: str) -> Look:
        pairs = self._duels.pairs(challenger, champion)
        seen = self._seen.get((environment, use_case, challenger, champion), [])
        return Look(seen.index(pairs) + 1 if pairs in seen else len(seen) + 1, pairs)
