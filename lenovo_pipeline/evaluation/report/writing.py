"""The report as a folder: index.html, a page for each candidate and agent, leaderboard.csv, agents.csv, report.json, and inspect/
with a log for each candidate.

Belongs here: files, written aside and renamed, or taken over where nothing changed. What stands in them is pages.py's.
"""

import hashlib
import json
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pandas as pd

from lenovo_pipeline.contracts import HASH_COLUMN
from lenovo_pipeline.evaluation.report.agents import agent_page, agents
from lenovo_pipeline.evaluation.report.inspect_log import write_logs
from lenovo_pipeline.evaluation.report.pages import Evidence, candidate_page, leaderboard_page
from lenovo_pipeline.evaluation.report.parts import page_name
from lenovo_pipeline.failures import PermanentFailure
from lenovo_pipeline.provenance import require_provenance, write_manifest
from lenovo_pipeline.resources.folders import folder_aside

INDEX, CSV, AGENTS_CSV, JSON, INSPECT = "index.html", "leaderboard.csv", "agents.csv", "report.json", "inspect"
_TABLES = ("leaderboard", "lift", "robustness", "bias", "stress", "comparisons", "agentic")
"""The tables of the evidence that are written as data."""


@dataclass(frozen=True)
class Report:
    """What was written: `version` (SHA-256, hex) of what it follows from, and whether anything had to be written."""

    version: str
    pages: int
    bytes: int
    changed: bool


def write_report(evidence: Evidence, place: Path, *, code: str, seed: int) -> Report:
    """Write the report into the folder `place`, or take over the one of the same evidence and code that lies there.

    `code`: version of the code that writes it.
    """
    version = _version(evidence, code)
    made_by = {"report": version}
    candidates = sorted(set(evidence.leaderboard["candidate"]))
    changed = False
    try:
        require_provenance(place, made_by, remedy="It is written anew.")
    except PermanentFailure:
        changed = True
        with folder_aside(place) as aside:
            (aside / INDEX).write_text(leaderboard_page(evidence), encoding="utf-8")
            for candidate in candidates:
                (aside / page_name(candidate)).write_text(candidate_page(evidence, candidate), encoding="utf-8")
            for agent in agents(evidence.agentic):
                (aside / page_name(agent)).write_text(agent_page(evidence.agentic, agent), encoding="utf-8")
            evidence.leaderboard.to_csv(aside / CSV, index=False)
            evidence.agentic.to_csv(aside / AGENTS_CSV, index=False)
            (aside / JSON).write_text(_as_json(evidence), encoding="utf-8")
            now = datetime.now(UTC)
            write_logs(evidence.scores, aside / INSPECT, evidence.questions, evidence.answers, created=now, seed=seed)
            write_manifest(aside, made_by)
    size = sum(path.stat().st_size for path in place.rglob("*") if path.is_file())
    return Report(version, 1 + len(candidates) + len(agents(evidence.agentic)), size, changed)


def _as_json(evidence: Evidence) -> str:
    tables = {name: _records(getattr(evidence, name)) for name in _TABLES}
    return json.dumps(tables, ensure_ascii=False, allow_nan=False, indent=1)


def _records(frame: pd.DataFrame) -> list[dict[str, Any]]:
    kept = frame.drop(columns=HASH_COLUMN, errors="ignore")
    plain: list[dict[str, Any]] = json.loads(kept.to_json(orient="records", force_ascii=False))
    return plain


def _version(evidence: Evidence, code: str) -> str:
    whole = hashlib.sha256(code.encode())
    for name in _TABLES:
        whole.update(f"{name}\n{json.dumps(_records(getattr(evidence, name)), sort_keys=True)}".encode())
    for texts in (evidence.questions, evidence.answers, evidence.sizes):
        whole.update(json.dumps(dict(texts), sort_keys=True).encode())
    return whole.hexdigest()
