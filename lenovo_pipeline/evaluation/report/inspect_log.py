"""Score tables as logs of Inspect (UK AISI), so that its viewer and its tools read them.

Belongs here: the way from a score table to an EvalLog as JSON, by its published schema (version 2: status, eval, plan, results,
stats, samples). Written without the package, whose releases would pin much of this project.
"""

import hashlib
import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pandas as pd

from lenovo_pipeline.evaluation.naming import meant
from lenovo_pipeline.evaluation.scoring import stored_table, whole_table
from lenovo_pipeline.failures import PermanentFailure
from lenovo_pipeline.measures.figures import figure
from lenovo_pipeline.measures.metrics.basic import HEADLINE
from lenovo_pipeline.measures.scores import ItemScore, ScoreTable

VERSION = 2


def inspect_log(
    table: ScoreTable,
    kind: str,
    model: str,
    questions: Mapping[str, str],
    targets: Mapping[str, str],
    *,
    created: datetime,
    seed: int,
) -> dict[str, Any]:
    """The EvalLog of one candidate, as JSON values. `questions`, `targets`: text and right answer by question id."""
    header = table.header
    moment = created.astimezone(UTC).isoformat(timespec="seconds")
    usage = {
        "input_tokens": sum(row.tokens_in or 0 for row in table.rows),
        "output_tokens": sum(row.tokens_out or 0 for row in table.rows),
    }
    usage["total_tokens"] = usage["input_tokens"] + usage["output_tokens"]
    name = model or header.candidate
    return {
        "version": VERSION,
        "status": "success",
        "eval": {
            "eval_id": _id("eval", header.hash),
            "run_id": _id("run", header.hash),
            "created": moment,
            "task": f"evaluation/{kind}",
            "task_id": _id("task", kind, header.candidate),
            "task_version": 0,
            "task_args": {},
            "tags": [header.candidate, kind],
            "dataset": {
                "name": "gold_questions",
                "samples": len(table.rows),
                "sample_ids": [row.question_id for row in table.rows],
                "shuffled": False,
            },
            "model": name,
            "model_args": {},
            "config": {"epochs": 1, "fail_on_error": False},
            "packages": header.packages,
            "metadata": {"header": header.hash, "candidate": header.candidate, "described": header.described},
        },
        "plan": {"name": "plan", "steps": [], "config": {"seed": header.seed}},
        "results": {
            "total_samples": len(table.rows),
            "completed_samples": len(table.rows) - table.failed,
            "scores": [_eval_score(table, metric, seed) for metric in header.metrics if table.values(metric)],
        },
        "stats": {"started_at": moment, "completed_at": moment, "model_usage": {name: usage}},
        "samples": [_sample(row, name, questions.get(row.question_id, row.question_id), targets) for row in table.rows],
    }


def write_logs(
    scores: Mapping[str, pd.DataFrame],
    folder: Path,
    questions: Mapping[str, str],
    targets: Mapping[str, str],
    *,
    created: datetime,
    seed: int,
    only: str | None = None,
) -> int:
    """Write a log for each candidate of the score tables, by kind; returns how many.

    Raises PermanentFailure if `only` has no scores, or none that are whole, or the folder cannot be written.
    """
    known = sorted({str(candidate) for frame in scores.values() for candidate in frame["candidate"]})
    if only is not None and only not in known:
        raise PermanentFailure(f"there are no scores of {only!r}", remedy=meant(only, known))
    logs: dict[str, dict[str, Any]] = {}
    for kind, frame in scores.items():
        for model, candidate in sorted(set(zip(frame["model"], frame["candidate"], strict=True))):
            if only in (None, candidate):
                table = whole_table(kind, frame, candidate) if only else stored_table(frame, candidate)
                if table is not None:
                    logs[candidate] = inspect_log(table, kind, model, questions, targets, created=created, seed=seed)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for candidate, log in logs.items():
            (folder / f"{file_name(candidate)}.json").write_text(to_json(log), encoding="utf-8")
    except OSError as error:
        raise PermanentFailure(
            f"logs cannot be written into {folder} ({error.strerror or error})",
            remedy="Name a folder, there already or not, that may be written.",
        ) from error
    return len(logs)


def file_name(candidate: str) -> str:
    """A name for a candidate's files: readable, the same for the same name, and different for any other."""
    readable = re.sub(r"[^A-Za-z0-9.-]+", "-", candidate).strip("-.")[:60]
    return f"{readable}-{hashlib.sha256(candidate.encode()).hexdigest()[:8]}"


def to_json(log: Mapping[str, Any]) -> str:
    """The log as text; no NaN, which JSON does not know."""
    return json.dumps(log, ensure_ascii=False, allow_nan=False, indent=1)


def _eval_score(table: ScoreTable, metric: str, seed: int) -> dict[str, Any]:
    found = figure(table, metric, seed=seed, resamples=200)
    return {
        "name": metric,
        "scorer": metric,
        "params": {},
        "scored_samples": found.scored,
        "unscored_samples": found.failed,
        "metrics": {"mean": {"name": "mean", "value": found.estimate, "params": {}}},
        "metadata": {"lower": found.low, "upper": found.high, "clusters": found.clusters, "method": found.method},
    }


def _sample(row: ItemScore, model: str, question: str, targets: Mapping[str, str]) -> dict[str, Any]:
    scores: dict[str, Any] = {
        metric: {"value": value, "answer": row.answer, "explanation": None, "metadata": {}}
        for metric, value in row.scores.items()
        if value is not None
    }
    sample: dict[str, Any] = {
        "id": row.question_id,
        "epoch": 1,
        "input": question,
        "target": targets.get(row.question_id, ""),
        "messages": [{"role": "user", "content": question}, {"role": "assistant", "content": row.said, "source": "generate"}],
        "output": {
            "model": model,
            "choices": [
                {
                    "message": {"role": "assistant", "content": row.said, "source": "generate"},
                    "stop_reason": {"stop": "stop", "length": "max_tokens"}.get(row.finish_reason or "stop", "unknown"),
                }
            ],
            "time": row.latency_s,
        },
        "scores": scores,
        "metadata": {"category": row.category, "language": row.language, "cluster": row.cluster, "answer_type": row.answer_type},
        "store": {},
        "events": [],
        "model_usage": {},
        "attachments": {},
        "total_time": row.latency_s,
    }
    if row.failure is not None:
        sample["error"] = {"message": row.failure, "traceback": "", "traceback_ansi": ""}
        del sample["output"]["choices"]
        sample["output"] |= {"choices": [], "error": row.failure}
    assert HEADLINE in row.scores or not row.scores
    return sample


def _id(*parts: str) -> str:
    return hashlib.sha256("/".join(parts).encode()).hexdigest()[:22]
