"""Whether a challenger is better than what runs: both on the same questions, in pairs.

Belongs here: from score tables to one paired difference. Does not belong here: what follows from it (decide.py).
"""

from collections.abc import Mapping

import pandas as pd

from lenovo_pipeline.evaluation.scoring import stored_table
from lenovo_pipeline.measures.scores import ScoreTable
from lenovo_pipeline.measures.statistics.bootstrap import cluster_bootstrap
from lenovo_pipeline.roster.rules import Measured

_METRIC = "correct"


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

    def _table(self, candidate: str) -> ScoreTable | None:
        if candidate not in self._tables:
            found = (stored_table(frame, candidate) for frame in self._frames if (frame["candidate"] == candidate).any())
            self._tables[candidate] = next(found, None)
        return self._tables[candidate]
