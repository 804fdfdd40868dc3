"""What the monitor knows, for people: who runs, what was served of late, which alerts are raised, what was rolled back.

Belongs here: words. Pictures are drawn by plots.py.
"""

import json

from lenovo_pipeline.resources.store import Store
from lenovo_pipeline.roster.deploying.book import Book
from lenovo_pipeline.roster.monitoring.log import MonitorLog
from lenovo_pipeline.roster.monitoring.monitor import behind, state
from lenovo_pipeline.roster.monitoring.process import is_running
from lenovo_pipeline.roster.monitoring.requests import Clock

_SHOWN = 10


def status(store: Store, window_s: float = 5.0, clock: Clock | None = None) -> str:
    """The state of monitoring as lines; `window_s` is the length of a window. Raises PipelineError if the log cannot be read."""
    log = MonitorLog(store.monitoring)
    lines = [f"monitor: {'running' if is_running(store) else 'not running (python -m lenovo_pipeline.roster.monitoring run)'}"]
    running = Book(store.deployments).running()
    lines += [f"runs: {each.entry} in {each.environment}/{each.use_case}, version {each.version}" for each in running] or [
        "runs: nothing"
    ]
    for row in log.rows(
        "SELECT environment, use_case, entry, role, max(rowid) AS last, count(*) AS windows FROM windows"
        " GROUP BY environment, use_case, entry, role ORDER BY last DESC LIMIT ?",
        (_SHOWN,),
    ):
        facts = json.loads(log.rows("SELECT facts FROM windows WHERE rowid = ?", (row["last"],))[0]["facts"])
        p95 = "none" if facts["latency_p95_s"] is None else f"{facts['latency_p95_s']:.2f} s"
        last = f"{facts['requests']} requests, {facts['errors']} errors, p95 {p95}, {facts['right']:g} of {facts['scored']} right"
        where = f"{row['environment']}/{row['use_case']}"
        lines.append(f"served: {row['entry']} ({row['role']}) in {where}: {row['windows']} windows; in the last one {last}")
    lines += [f"BEHIND: {each}" for each in behind(log, (clock or Clock()).now(), window_s)]
    raised = state(log)
    lines += [f"ALERT: {each['signal']} of {each['entry']} in {each['environment']}/{each['use_case']}" for each in raised]
    for row in log.rows("SELECT * FROM breaches ORDER BY rowid DESC LIMIT ?", (_SHOWN,)):
        took = "" if row["handled_tick_s"] is None else f" after {row['handled_tick_s'] - row['tick_s']:.2f} s"
        outcome = f"{row['outcome']}{took}" if row["handled_at"] else "not rolled back yet"
        lines.append(f"breach: {row['entry']} in {row['environment']}/{row['use_case']}, {row['at']}: {row['reason']}: {outcome}")
    return "\n".join(lines)
