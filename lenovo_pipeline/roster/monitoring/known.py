"""What the published snapshot and the policy say of an entry: what it has to keep in service, and what its traffic looks like.

Belongs here: reading for the monitor and the simulator. Nothing is written, and no run is waited for.
"""

import hashlib
import math
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from lenovo_pipeline.agents.naming import agent_of
from lenovo_pipeline.agents.running.keeping import read_attempts
from lenovo_pipeline.evaluation.tables import SCORES
from lenovo_pipeline.failures import PermanentFailure, PipelineError
from lenovo_pipeline.resources.snapshot import open_snapshot, read_manifest
from lenovo_pipeline.resources.store import Store
from lenovo_pipeline.roster.monitoring.judging import Limits
from lenovo_pipeline.roster.monitoring.requests import Place
from lenovo_pipeline.roster.monitoring.simulator import Outcome, attempt_outcome
from lenovo_pipeline.roster.tables import ENVIRONMENTS
from lenovo_pipeline.settings import Settings

if TYPE_CHECKING:
    import duckdb

    from lenovo_pipeline.roster.monitoring.sketching import Encodes

_PROFILE_ITEMS = 500
_ANSWERED = "answered"


@dataclass
class KnownLimits:
    """The limits of entries, read again when the snapshot or the policy changed; the defaults where nothing is known.

    A policy that cannot be read now leaves the budgets as they were; until one was read, no answer is too slow.
    """

    settings: Settings
    _policy: int | None = None
    _version: str | None = None
    _latency: Mapping[tuple[str, str], float] | None = None
    _quality: Mapping[str, float] = field(default_factory=dict)

    def __call__(self, place: Place, entry: str) -> Limits:
        self._refresh()
        latency = math.inf if self._latency is None else budget_of(self._latency, place)
        return Limits(latency_p95_s=latency, quality=self._quality.get(entry))

    def _refresh(self) -> None:
        store, policy = Store(self.settings.store), self.settings.policy
        # The asset that reads the policy says what is wrong with it.
        with suppress(PipelineError, OSError):
            stamp = policy.stat().st_mtime_ns
            if stamp != self._policy:
                self._latency = latency_budgets(self.settings)
                self._policy = stamp
        version = str((read_manifest(store) or {}).get("version"))
        if version != self._version:
            self._quality = _quality_bounds(store)
            self._version = version


def latency_budgets(settings: Settings) -> dict[tuple[str, str], float]:
    """The latency (p95, in s) that the policy allows each environment and use case, where it says so.

    Raises PermanentFailure if it cannot be read.
    """
    from lenovo_pipeline.roster.policy import read_policy

    return {
        (environment, name): min(floor.limit for floor in floors)
        for name, use_case in read_policy(settings.policy).use_cases.items()
        for environment in ENVIRONMENTS
        if (floors := [each for each in use_case.of(environment).floors if each.metric in ("latency_p95_s", "latency_p95")])
    }


def budget_of(budgets: Mapping[tuple[str, str], float], place: Place) -> float:
    """The budget of a place among `latency_budgets`, in s; the default where the policy sets none."""
    return budgets.get((place.environment, place.use_case), Limits.latency_p95_s)


def _quality_bounds(store: Store) -> dict[str, float]:
    """The lower bound of the share of right answers of each candidate; of an agent, of the tasks at which it succeeds."""
    chosen = "SELECT candidate, coalesce(lower, value) AS bound FROM evaluation"
    rows = _rows(store, f"{chosen}.leaderboard WHERE metric = 'correct' AND slice = 'all'")
    rows += _rows(store, f"{chosen}.agentic_workflow WHERE metric = 'success' AND slice = 'all' AND kind = 'model'")
    return {row["candidate"]: float(row["bound"]) for row in rows if row["bound"] is not None}


def profile_of(store: Store, entry: str, encoder: "Encodes | None") -> list[Outcome]:
    """What an entry answered in its evaluation, as outcomes that traffic can be drawn from; without an encoder, no sketches.

    Raises PermanentFailure if nothing is published, or the entry was never evaluated.
    """
    from lenovo_pipeline.roster.monitoring.sketching import sketches

    with open_snapshot(store) as connection:
        rows = _scores_of(connection, entry)
        attempts = [] if rows else _attempts_of(connection, entry)
    if not rows and not attempts:
        raise PermanentFailure(f"there are no scores of {entry!r} in the snapshot", remedy="Evaluate it first: make run")
    texts = sorted({*(row["question"] for row in rows), *(row["turns"][0] for row in attempts)})
    made: dict[str, tuple[float, ...]] = {}
    if encoder is not None:
        made = dict(zip(texts, sketches(texts, encoder), strict=True))
    lengths = _lengths_of(store, attempts)
    return [attempt_outcome(row, made.get(row["turns"][0], ()), lengths.get(row["attempt_id"])) for row in attempts] or [
        Outcome(
            chars_in=len(row["question"]),
            language=row["language"],
            sketch=made.get(row["question"], ()),
            chars_out=len(row["said"]),
            tokens_in=row["tokens_in"],
            tokens_out=row["tokens_out"],
            latency_s=row["latency_s"],
            error=None if row["failure"] is None else str(row["failure"]).partition(":")[0],
            score=row["correct"],
        )
        for row in rows
    ]


def _scores_of(connection: "duckdb.DuckDBPyConnection", entry: str) -> list[dict[str, Any]]:
    for kind in SCORES:
        if not _there(connection, "evaluation", kind):
            continue
        result = connection.execute(
            f"SELECT q.question, s.* FROM evaluation.{kind} s JOIN gold.questions q USING (question_id)"
            " WHERE s.candidate = ? ORDER BY question_id LIMIT ?",
            [entry, _PROFILE_ITEMS],
        )
        if rows := _named(result):
            return rows
    return []


def _attempts_of(connection: "duckdb.DuckDBPyConnection", entry: str) -> list[dict[str, Any]]:
    if not (_there(connection, "agents", "attempts") and _there(connection, "agents", "tasks")):
        return []
    return _named(
        connection.execute(
            "SELECT t.turns, t.language, a.* FROM agents.attempts a JOIN agents.tasks t USING (task_id)"
            " WHERE a.model = ? AND a.workflow = ? ORDER BY task_id LIMIT ?",
            [*agent_of(entry), _PROFILE_ITEMS],
        )
    )


def _lengths_of(store: Store, attempts: Sequence[Mapping[str, Any]]) -> dict[str, int]:
    """Characters of what each attempt said last, by its id; left out where nothing is recorded of it, or it ended without an
    answer.
    """
    found = {}
    for path in sorted({row["path"] for row in attempts}):
        with suppress(PermanentFailure):
            for attempt in read_attempts(store.root / path):
                if attempt.final_text or attempt.ending == _ANSWERED:
                    found[attempt.attempt_id] = len(attempt.final_text)
    return found


def _named(result: "duckdb.DuckDBPyConnection") -> list[dict[str, Any]]:
    names = [column[0] for column in result.description or ()]
    return [dict(zip(names, row, strict=True)) for row in result.fetchall()]


def _there(connection: "duckdb.DuckDBPyConnection", schema: str, table: str) -> bool:
    found = connection.execute(
        "SELECT count(*) FROM duckdb_tables() WHERE schema_name = ? AND table_name = ?", [schema, table]
    ).fetchall()
    return bool(found[0][0])


def _rows(store: Store, query: str) -> list[dict[str, Any]]:
    """The rows of a query of the snapshot; none where nothing was published yet, or not with these tables."""
    import duckdb

    try:
        with open_snapshot(store) as connection:
            return _named(connection.execute(query))
    except (PermanentFailure, duckdb.Error):
        return []


def seed_of(*parts: str) -> int:
    """A seed that is the same for the same names, in every process."""
    return int.from_bytes(hashlib.sha256("\0".join(parts).encode()).digest()[:4], "big")
