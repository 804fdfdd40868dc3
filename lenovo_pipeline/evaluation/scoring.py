"""Asking candidates and keeping what they scored: what was scored under the same header is taken over, what a kill left too.

Belongs here: one flow for every kind of candidate, from items to rows of a score table.
Does not belong here: how a candidate is built (kinds.py), how one is asked and scored (measures).
"""

import json
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

import pandas as pd

from lenovo_pipeline.contracts import Table
from lenovo_pipeline.contracts.frames import rows_of
from lenovo_pipeline.failures import PermanentFailure, SkippedPartition
from lenovo_pipeline.measures.candidate import Candidate
from lenovo_pipeline.measures.header import Header
from lenovo_pipeline.measures.items import Item
from lenovo_pipeline.measures.metrics.basic import BASIC_METRICS
from lenovo_pipeline.measures.runner import RunSettings, make_header, run
from lenovo_pipeline.measures.score_log import ScoreLog
from lenovo_pipeline.measures.scores import ItemScore, ScoreTable

SAID_LENGTH, ANSWER_LENGTH = 2_000, 500
_SAY_EVERY_S = 5.0
_SAME = ("question_id", "category", "language", "answer_type", "cluster", "said", "answer", "failure")
_TOOK = ("tokens_in", "tokens_out", "latency_s", "first_token_s", "finish_reason", "item")
_METRICS = tuple(metric.name for metric in BASIC_METRICS)


@runtime_checkable
class Prepared(Protocol):
    """A candidate that has something to open before it is asked."""

    def prepare(self) -> None:
        """Open it. Raises PermanentFailure or SkippedPartition if that cannot be done."""
        ...

    def close(self) -> None:
        """Give back what was opened."""
        ...


@dataclass(frozen=True)
class Contender:
    """A candidate with the items that it is asked; `model` is its base model's name in the catalogue, empty without one.

    One that stands `alone` is closed as soon as it was asked, and if it cannot be opened the others are asked all the same.
    """

    candidate: Candidate
    items: Sequence[Item]
    model: str = ""
    alone: bool = False


@dataclass(frozen=True)
class Scored:
    """The rows of a score table, and how they came about: `asked` in this run, the others taken over.

    `anew`: the candidates that were asked anything; `refused`: why one that stands alone could not be opened, by name.
    """

    frame: pd.DataFrame
    asked: int
    taken_over: int
    failed: int
    seconds: float
    refused: dict[str, str]
    anew: frozenset[str]


def score_all(
    contenders: Sequence[Contender],
    table: Table,
    stored: pd.DataFrame | None,
    *,
    logs: Path,
    settings: RunSettings,
    say: Callable[[str], None] = lambda _: None,
) -> Scored:
    """Score all contenders (contract `table`). `stored` is what the table holds now, `logs` the folder of unfinished runs.

    Nothing is asked again that was asked in the same way and whose item (question, passages, right answer, grounds) is the
    same: the table is that of a full run, under a header of its own. Failures are tried again, save those that last. Raises what
    the runner raises; what was scored until then stays in the log and is taken over by the next run.
    """
    started = time.monotonic()
    rows: list[dict[str, Any]] = []
    asked, refused, anew = 0, dict[str, str](), set[str]()
    for contender in contenders:
        try:
            scored = _score(contender, settings, stored, logs, say)
        except (PermanentFailure, SkippedPartition) as error:
            if not contender.alone:
                raise
            refused[contender.candidate.name] = str(error)
            say(f"{contender.candidate.name} is not asked: {error}")
            continue
        finally:
            if contender.alone and isinstance(contender.candidate, Prepared):
                contender.candidate.close()
        asked += scored.asked
        anew |= {contender.candidate.name} if scored.asked else set()
        rows += [as_row(contender, scored.header, row) for row in scored.rows]
    frame = pd.DataFrame(rows, columns=list(table.column_names))
    failed = int(frame["failure"].notna().sum())
    return Scored(frame, asked, len(rows) - asked, failed, time.monotonic() - started, refused, frozenset(anew))


def as_row(contender: Contender, header: Header, row: ItemScore) -> dict[str, Any]:
    """One row of a score table."""
    return {
        "model": contender.model,
        "candidate": contender.candidate.name,
        **{name: getattr(row, name) for name in (*_SAME, *_TOOK)},
        "said": row.said[:SAID_LENGTH],
        "answer": row.answer[:ANSWER_LENGTH],
        **{name: row.scores.get(name) for name in _METRICS},
        "reasons": row.reasons,
        "header": header.hash,
        "made_by": header.to_json(),
    }


def stored_table(stored: pd.DataFrame | None, candidate: str) -> ScoreTable | None:
    """The scores of a candidate as they are stored; None if there are none, or of more than one header."""
    if stored is None:
        return None
    mine = stored[stored["candidate"] == candidate]
    if mine["header"].nunique() != 1:
        return None
    header = Header.from_json(str(mine["made_by"].iloc[0]))
    return ScoreTable(header, tuple(_item_score(row) for row in rows_of(mine)))


def log_path(logs: Path, candidate: str) -> Path:
    """Where a run in progress keeps its scores. By its name it is a left-over as soon as its run is gone (retention.py)."""
    return logs / f".{candidate.replace('/', '.')}.scores.new"


def _score(
    contender: Contender, settings: RunSettings, stored: pd.DataFrame | None, logs: Path, say: Callable[[str], None]
) -> ScoreTable:
    candidate, items = contender.candidate, contender.items
    header = make_header(candidate, items, settings)
    path = log_path(logs, candidate.name)
    known = stored_table(stored, candidate.name)
    settled = known is not None and len(known.rows) == len(items) and all(row.settled for row in known.rows)
    if known is not None and settled and known.header.hash == header.hash:
        path.unlink(missing_ok=True)
        say(f"{candidate.name}: {len(items)} scores taken over, nothing asked.")
        return known
    if isinstance(candidate, Prepared):
        candidate.prepare()
    log = ScoreLog(path, header)
    kept = {row.question_id: row for row in (*_rows_under(known, header), *log.table.rows)}
    if kept:
        say(f"{candidate.name}: up to {len(kept)} of {len(items)} scores are there already.")
    said = [time.monotonic()]

    def progress(done: int, total: int) -> None:
        if done == total or time.monotonic() - said[0] >= _SAY_EVERY_S:
            said[0] = time.monotonic()
            say(f"{candidate.name}: {done} of {total} questions answered.")

    done = ScoreTable(header, tuple(kept.values()))
    return run(candidate, items, settings, done=done, on_scores=log.append, progress=progress)


def _rows_under(table: ScoreTable | None, header: Header) -> tuple[ItemScore, ...]:
    return table.rows if table is not None and table.header.asking == header.asking else ()


def _item_score(row: Mapping[str, Any]) -> ItemScore:
    same = {name: _missing_as_none(row[name]) for name in (*_SAME, *_TOOK)}
    reasons = row["reasons"]
    return ItemScore(
        **same,
        scores={name: _missing_as_none(row[name]) for name in _METRICS},
        reasons=json.loads(reasons) if isinstance(reasons, str) else reasons,
    )


def _missing_as_none(value: Any) -> Any:
    return None if value is None or value != value else value
