"""The monitor: closes windows, judges them, writes alerts down, and rolls a bad champion back.

Belongs here: the order in which things become durable. A window, its alerts and its breaches are one transaction; only then
is the ledger of deployments told, in one transaction of its own; only then is the breach marked as handled. Killed between any
two of them, the next start finds the breach and completes it, and a breach is never handled twice: the ledger rolls back only
if the entry that broke its limits still runs.
Does not belong here: the loop of the process and its lock (process.py), judging (judging.py).
"""

import json
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from lenovo_pipeline.failures import PermanentFailure, PipelineError
from lenovo_pipeline.roster.monitoring import judging
from lenovo_pipeline.roster.monitoring.alerts import Deliveries, make_alert, record
from lenovo_pipeline.roster.monitoring.drift import BLOCK, REFERENCE, Sample
from lenovo_pipeline.roster.monitoring.judging import RAISED, Figure, Limits, Threshold, Watched
from lenovo_pipeline.roster.monitoring.log import LogDamaged, LogFull, MonitorLog, kept_json, put
from lenovo_pipeline.roster.monitoring.requests import CHAMPION, Clock, Moment, Place, Request
from lenovo_pipeline.roster.monitoring.taking import Taken, take
from lenovo_pipeline.roster.monitoring.windows import Key, facts_of

LAG = 4
"""Windows: requests that wait for longer are told."""

_CLOCKS_KEPT = 100
NO_LONGER_ACTIVE = "it no longer ran"


class Deployments(Protocol):
    """The ledger of deployments, as far as the monitor needs it."""

    def roll_back(self, place: Place, entry: str, reason: str, request_id: str) -> str:
        """Put the last good entry in the place of `entry`, or nothing if there is none, in one transaction; once for each
        `request_id`, however often it is asked for.

        Returns what runs there now, in words. Raises NotActive if `entry` does not run there any more.
        """
        ...


class NotActive(PermanentFailure):
    """The entry does not run there any more."""


@dataclass
class Step:
    """What one look did."""

    windows: int = 0
    alerts: list[str] = field(default_factory=list)
    rolled_back: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)


class Monitor:
    """Judges what the log holds. `limits_of` says what an entry has to keep in its place."""

    def __init__(
        self,
        log: MonitorLog,
        deployments: Deployments,
        deliveries: Deliveries,
        limits_of: Callable[[Place, str], Limits],
        *,
        window_s: float = 5.0,
        keep_s: float = 86_400.0,
        seed: int = 0,
        clock: Clock | None = None,
    ) -> None:
        if not window_s > 0 or not keep_s >= window_s:
            raise PermanentFailure(
                f"a window of {window_s} s that is kept for {keep_s} s makes no monitor",
                remedy="Set LENOVO_MONITOR_WINDOW_S above 0 and LENOVO_MONITOR_RETENTION_H so that it holds a window.",
            )
        self._log, self._deployments, self._deliveries, self._limits_of = log, deployments, deliveries, limits_of
        self._window_s, self._keep_s, self._seed = window_s, keep_s, seed
        self._clock = clock or Clock()
        self._trimmed_s = float("-inf")

    def step(self, *, finish: bool = False, at_most_s: float = math.inf) -> Step:
        """Complete what a kill left, close the windows that are over (`finish`: all of them), judge, act, deliver.

        What cannot be done now is said in `problems` and done by the next step; a damaged log is moved aside. After `at_most_s`
        no further window is begun, so that alerts go out and the process can be stopped while more comes than can be judged.
        """
        done = Step()
        began_s = self._clock.now().tick_s
        try:
            self._handle_breaches(done)
            while self._close_windows(done, finish=finish):
                self._handle_breaches(done)
                if self._clock.now().tick_s - began_s >= at_most_s:
                    done.problems += behind(self._log, self._clock.now(), self._window_s)
                    break
            self._handle_breaches(done)
            self._deliveries.send()
            self._trim()
        except LogFull as error:
            done.problems.append(f"{error} {self._make_room()}")
        except LogDamaged as error:
            done.problems.append(f"{error} {self._start_afresh()}")
        except PipelineError as error:
            done.problems.append(str(error))
        return done

    def _close_windows(self, done: Step, *, finish: bool) -> bool:
        """Close the next window that is over; whether there was one."""
        now = self._clock.now()
        last = int(self._log.progress("last_request") or 0)
        closed = json.loads(self._log.progress("closed") or "{}")
        taken = take(self._log, last, closed, now, self._window_s, finish=finish)
        if taken is None:
            return False
        # One window a transaction: a breach is acted upon before the next window is looked at.
        with self._log.writing() as connection:
            for key, rows in taken.groups.items():
                self._judge(connection, taken, key, rows, now, done)
            if taken.number is not None:
                closed[taken.clock] = max(taken.number + 1, closed.pop(taken.clock, 0))
            recent = dict(list(closed.items())[-_CLOCKS_KEPT:])
            put(connection, "progress", {"name": "closed", "value": json.dumps(recent)})
            put(connection, "progress", {"name": "last_request", "value": str(taken.last)})
        told = {each.problem for rows in taken.groups.values() for _, each in rows if each.problem is not None}
        if told:
            done.problems.append(f"records count as invalid: {'; '.join(sorted(told))}.")
        if taken.unreadable:
            done.problems.append(f"{taken.unreadable} records do not say what served them, and where; they count nowhere.")
        if taken.left_out:
            done.problems.append(f"a window held {taken.left_out} requests more than are judged at once; they count nowhere.")
        return True

    def _judge(
        self, connection: Any, taken: Taken, key: Key, rows: Sequence[tuple[int, Request]], now: Moment, done: Step
    ) -> None:
        requests = [each for _, each in rows]
        facts = facts_of(requests)
        limits = self._limits_of(key.place, key.entry)
        since = self._served_since(connection, key)
        findings: list[dict[str, Any]] = []
        figures = judging.rates(requests, limits)
        if facts.scored:
            scores = self._latest_scores(connection, key, since, rows[-1][0])
            figures.append(Figure("quality_loss", judging.quality_loss(scores, limits.quality)))
        if key.role == CHAMPION:
            for found, tests in self._drift(connection, key, rows):
                figures.append(Figure(judging.DRIFT, found, tests=tests))
                findings.append({"evidence": found, "tests": [each.as_json() for each in tests]})
        raised = self._raise(connection, key, limits, figures, done)
        put(
            connection,
            "windows",
            {
                "clock": taken.clock,
                "number": taken.number,
                **_of(key.place, key.entry),
                "role": key.role,
                "opened_at": next((each.when.at for each in requests if each.problem is None), now.at),
                "seconds": self._window_s,
                "facts": json.dumps({**facts.as_json(), "drift": findings, "raised": raised}),
            },
        )
        done.windows += 1

    def _raise(self, connection: Any, key: Key, limits: Limits, figures: Sequence[Figure], done: Step) -> list[str]:
        """Step every signal, write down what turned, and name the signals whose alert is raised now."""
        of_entry = _of(key.place, key.entry)
        thresholds = {each.signal: each for each in limits.thresholds()}
        raised = set()
        for figure in figures:
            threshold, state_key = thresholds[figure.signal], {**of_entry, "signal": figure.signal}
            state = judging.states_of(kept_json(connection, "states", "state", state_key))
            after, event = judging.step(state, figure.value, threshold, figure.counts)
            put(connection, "states", {**state_key, "state": json.dumps(after.as_json())})
            if after.raised:
                raised.add(figure.signal)
            if event is not None:
                message = judging.said(event, threshold, figure, judging.pooled(state, figure.counts))
                self._write_down(connection, key, threshold, event, figure.value, message, done)
        return sorted(raised)

    def _write_down(
        self, connection: Any, key: Key, threshold: Threshold, event: str, value: float | None, message: str, done: Step
    ) -> None:
        now = self._clock.now()
        limit = threshold.raise_at if event == RAISED else threshold.clear_at
        alert = make_alert(key.place, key.entry, threshold.signal, event, now, message, value=value, threshold=limit)
        record(connection, alert, self._deliveries.names)
        done.alerts.append(f"{key.place}: {key.entry}: {event}: {message}")
        if event == RAISED and threshold.rolls_back and key.role == CHAMPION:
            put(
                connection,
                "breaches",
                {
                    "alert_id": alert.alert_id,
                    **_of(key.place, key.entry),
                    "reason": message,
                    "at": now.at,
                    "clock": now.clock,
                    "tick_s": now.tick_s,
                },
            )

    def _handle_breaches(self, done: Step) -> None:
        """Roll back for every breach that was not handled yet. A ledger that cannot be written now is tried again."""
        for breach in self._log.rows("SELECT * FROM breaches WHERE handled_at IS NULL ORDER BY rowid"):
            place, entry = Place(breach["environment"], breach["use_case"]), breach["entry"]
            try:
                outcome = self._deployments.roll_back(place, entry, breach["reason"], breach["alert_id"])
                done.rolled_back.append(f"{place}: {entry} is rolled back: {outcome}")
            except NotActive:
                outcome = NO_LONGER_ACTIVE
            except PipelineError as error:
                done.problems.append(f"{place}: {entry} cannot be rolled back now: {error}")
                continue
            now = self._clock.now()
            with self._log.writing() as connection:
                connection.execute(
                    "UPDATE breaches SET handled_at = ?, handled_tick_s = ?, outcome = ? WHERE alert_id = ?",
                    (now.at, now.tick_s if now.clock == breach["clock"] else None, outcome, breach["alert_id"]),
                )
                # Whatever runs there next starts with a clean slate, as this entry does if it comes back.
                connection.execute(
                    "DELETE FROM states WHERE environment = ? AND use_case = ? AND entry = ? AND signal <> ?",
                    (place.environment, place.use_case, entry, judging.DRIFT),
                )
                last = connection.execute("SELECT coalesce(max(id), 0) FROM requests").fetchone()[0]
                put(connection, "samples", {**_of(place, entry), "name": "since", "held": json.dumps(last)})

    def _latest_scores(self, connection: Any, key: Key, since: int, up_to: int) -> list[float]:
        found = connection.execute(
            "SELECT score FROM requests WHERE environment = ? AND use_case = ? AND entry = ? AND role = ?"
            " AND score BETWEEN 0 AND 1 AND id > ? AND id <= ? ORDER BY id DESC LIMIT ?",
            (key.place.environment, key.place.use_case, key.entry, key.role, since, up_to, judging.SCORED),
        ).fetchall()
        return [float(score) for (score,) in found]

    def _served_since(self, connection: Any, key: Key) -> int:
        """The last request before the entry's last rollback here: what it answered until then is not held against it again."""
        found = kept_json(connection, "samples", "held", {**_of(key.place, key.entry), "name": "since"})
        return 0 if found is None else int(found)

    def _drift(self, connection: Any, key: Key, rows: Sequence[tuple[int, Request]]) -> list[tuple[float, list[Any]]]:
        """The evidence of each block of requests that this window completed."""
        name = {**_of(key.place, key.entry), "name": "drift"}
        held = kept_json(connection, "samples", "held", name) or {"reference": None, "from": rows[0][0]}
        most = REFERENCE + BLOCK
        earlier = self._log.requests_of(key.place, key.entry, key.role, held["from"], rows[0][0], most)
        reference = None if held["reference"] is None else Sample.from_json(held["reference"])
        before = Watched(reference, tuple(each for _, each in earlier))
        after, judged = judging.drift_of(before, [each for _, each in rows], seed=self._seed)
        numbers = [identity for identity, _ in (*earlier, *rows)]
        left = len(after.waiting)
        first = numbers[len(numbers) - left] if left else numbers[-1] + 1
        if first != held["from"] or after.reference is not reference or not earlier:
            kept = {"reference": None if after.reference is None else after.reference.to_json(), "from": first}
            put(connection, "samples", {**name, "held": json.dumps(kept)})
        return judged

    def _trim(self) -> None:
        now = self._clock.now()
        if now.tick_s - self._trimmed_s >= min(60.0, self._keep_s):
            self._trimmed_s = now.tick_s
            self._log.trim(now, self._keep_s)

    def _make_room(self) -> str:
        try:
            return f"{self._log.make_room()} requests that windows already sum up were removed."
        except PipelineError as error:
            return str(error)

    def _start_afresh(self) -> str:
        try:
            return f"It is kept as {self._log.set_aside().name}; monitoring starts afresh."
        except OSError as error:
            return f"It cannot be moved ({error.strerror})."


def _of(place: Place, entry: str) -> dict[str, str]:
    return {"environment": place.environment, "use_case": place.use_case, "entry": entry}


def behind(log: MonitorLog, now: Moment, window_s: float) -> list[str]:
    """One sentence if requests wait to be judged that are older than LAG windows; none if not."""
    last = int(log.progress("last_request") or 0)
    (waiting,) = log.rows(
        "SELECT count(*) AS requests, min(tick_s) AS oldest_s FROM requests"
        " WHERE id > ? AND clock = ? AND tick_s BETWEEN 0 AND ?",
        (last, now.clock, now.tick_s),
    )
    if not waiting["requests"] or now.tick_s - waiting["oldest_s"] <= LAG * window_s:
        return []
    return [f"{waiting['requests']} requests are not judged yet, the oldest {now.tick_s - waiting['oldest_s']:.0f} s old"]


def state(log: MonitorLog) -> list[dict[str, Any]]:
    """Every signal whose alert is raised now."""
    held = log.rows("SELECT * FROM states")
    return [row for row in held if judging.states_of(json.loads(row["state"])).raised]
