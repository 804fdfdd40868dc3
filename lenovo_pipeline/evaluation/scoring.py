"""Asking candidates and keeping what they scored: what was scored under the same header is taken over, what a kill left too.

Belongs here: one flow for every kind of candidate, from items to rows of a score table.
Does not belong here: how a candidate is built (kinds.py), how one is asked and scored (measures).
"""

import json
import pickle
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from math import ceil
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

import pandas as pd

from lenovo_pipeline.contracts import Table
from lenovo_pipeline.contracts.frames import rows_of
from lenovo_pipeline.failures import PermanentFailure, SkippedPartition
from lenovo_pipeline.measures.candidate import Candidate, GroundedCandidate
from lenovo_pipeline.measures.header import Header
from lenovo_pipeline.measures.items import Item
from lenovo_pipeline.measures.metrics.basic import BASIC_METRICS
from lenovo_pipeline.measures.runner import RunSettings, make_header, run
from lenovo_pipeline.measures.score_log import ScoreLog, read_log
from lenovo_pipeline.measures.scores import ItemScore, ScoreTable
from lenovo_pipeline.resources.beside import Beside, Call, LastSent
from lenovo_pipeline.resources.threads import one_thread

SAID_LENGTH, ANSWER_LENGTH = 2_000, 500
_SAY_EVERY_S = 5.0
_BESIDE = ".beside"
_WORTH_SHARING = 100
"""Questions below which the start of another process costs more than it saves."""

_PARTS = 4
"""Into how many parts, at least, work is divided for each process: the last one is done by one of them alone."""

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
    One that is `shareable` can be pickled, and asked in another process as well as here.
    """

    candidate: Candidate
    items: Sequence[Item]
    model: str = ""
    alone: bool = False
    shareable: bool = False


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
    beside: Beside | None = None,
) -> Scored:
    """Score all contenders (contract `table`). `stored` is what the table holds now, `logs` the folder of unfinished runs,
    `beside` the processes that may take a share of the questions.

    Nothing is asked again that was asked in the same way and whose item (question, passages, right answer, grounds) is the
    same: the table is that of a full run, under a header of its own. Failures are tried again, save those that last. Raises what
    the runner raises; what was scored until then stays in the log and is taken over by the next run.
    """
    started = time.monotonic()
    rows: list[dict[str, Any]] = []
    asked, refused, anew = 0, dict[str, str](), set[str]()
    begun = _all_begun(contenders, settings, stored, logs) if beside else {}
    shared = _shared(contenders, begun, settings, logs, say, beside) if beside else {}
    for place, contender in enumerate(contenders):
        name = contender.candidate.name
        try:
            if place in shared:
                scored = shared[place]
            else:
                there = begun.get(place) or _begun(contender, settings, stored, logs)
                scored = _score(contender, there, settings, logs, say)
        except (PermanentFailure, SkippedPartition) as error:
            if not contender.alone:
                raise
            refused[name] = str(error)
            say(f"{name} is not asked: {error}")
            continue
        finally:
            _close(contender)
        asked += scored.asked
        anew |= {name} if scored.asked else set()
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


def whole_table(kind: str, stored: pd.DataFrame, candidate: str) -> ScoreTable:
    """The scores of a candidate that has some in a table of scores (`kind`, all of it).

    Raises PermanentFailure naming the table if they are not one row for each item of one header, or no scores from 0 to 1.
    """
    mine = stored[stored["candidate"] == candidate]
    place = f"evaluation.{kind} holds {candidate}"
    model = str(mine["model"].iloc[0])
    anew = f"Run: dagster asset materialize -m lenovo_pipeline.definitions --select evaluation/{kind}"
    anew += f" --partition {model}" if model else ""
    table = stored_table(mine, candidate)
    if table is None:
        raise PermanentFailure(f"{place} under {mine['header'].nunique()} headers, expected one", remedy=anew)
    if not len(table.rows) == len(table.by_question) == table.header.items:
        raise PermanentFailure(
            f"{place} in {len(table.rows)} rows of {len(table.by_question)} questions, expected one for each of the "
            f"{table.header.items} that it was asked",
            remedy=anew,
        )
    for row in table.rows:
        for metric, value in row.scores.items():
            if value is not None and not 0 <= value <= 1:
                raise PermanentFailure(
                    f"{place} at {row.question_id} with {metric} {value:g}, expected 0 to 1",
                    remedy="It was changed from outside: restore the store from a backup, or evaluate the candidate anew.",
                )
    return table


def log_path(logs: Path, candidate: str, process: str = "") -> Path:
    """Where a run in progress keeps its scores, those of each `process` (empty: this one) by themselves. By its name it is a
    left-over as soon as its run is gone (retention.py).
    """
    return logs / f".{candidate.replace('/', '.')}{process}.scores.new"


@dataclass(frozen=True)
class _Begun:
    """What is there already of a contender's scores: rows, those of an unfinished run too, and whether they are all."""

    header: Header
    rows: Mapping[str, ItemScore]
    whole: ScoreTable | None

    @property
    def table(self) -> ScoreTable:
        return ScoreTable(self.header, tuple(self.rows.values()))


def _begun(contender: Contender, settings: RunSettings, stored: pd.DataFrame | None, logs: Path) -> _Begun:
    candidate, items = contender.candidate, contender.items
    header = make_header(candidate, items, settings)
    known = stored_table(stored, candidate.name)
    settled = known is not None and len(known.rows) == len(items) and all(row.settled for row in known.rows)
    paths = [log_path(logs, candidate.name, process) for process in ("", _BESIDE)]
    if known is not None and settled and known.header.hash == header.hash:
        for path in paths:
            path.unlink(missing_ok=True)
        return _Begun(header, known.by_question, known)
    found = [_rows_under(known, header), *(_rows_under(read_log(path), header) for path in paths if path.is_file())]
    return _Begun(header, {row.question_id: row for rows in found for row in rows}, None)


def _all_begun(
    contenders: Sequence[Contender], settings: RunSettings, stored: pd.DataFrame | None, logs: Path
) -> dict[int, _Begun]:
    """What is there of those that can be shared, by place; one whose log is damaged is left to its turn, when it says so."""
    found: dict[int, _Begun] = {}
    for place, contender in enumerate(contenders):
        if contender.shareable:
            with suppress(PermanentFailure):
                found[place] = _begun(contender, settings, stored, logs)
    return found


def _score(contender: Contender, begun: _Begun, settings: RunSettings, logs: Path, say: Callable[[str], None]) -> ScoreTable:
    candidate, items = contender.candidate, contender.items
    if begun.whole is not None:
        say(f"{candidate.name}: {len(items)} scores taken over, nothing asked.")
        return begun.whole
    if begun.rows:
        say(f"{candidate.name}: up to {len(begun.rows)} of {len(items)} scores are there already.")
    return _ask(contender, items, settings, begun.table, log_path(logs, candidate.name), say)


def _ask(
    contender: Contender,
    items: Sequence[Item],
    settings: RunSettings,
    done: ScoreTable,
    path: Path,
    say: Callable[[str], None] = lambda _: None,
) -> ScoreTable:
    candidate = contender.candidate
    if isinstance(candidate, Prepared):
        candidate.prepare()
    log = ScoreLog(path, done.header)
    said = [time.monotonic()]

    def progress(done: int, total: int) -> None:
        if done == total or time.monotonic() - said[0] >= _SAY_EVERY_S:
            said[0] = time.monotonic()
            say(f"{candidate.name}: {done} of {total} questions answered.")

    return run(candidate, items, settings, done=done, on_scores=log.append, progress=progress)


def _close(contender: Contender) -> None:
    if contender.alone and isinstance(contender.candidate, Prepared):
        contender.candidate.close()


@dataclass(frozen=True)
class _Part:
    """Some of the items of the contender at `place`."""

    place: int
    items: slice


def _shared(
    contenders: Sequence[Contender],
    begun: Mapping[int, _Begun],
    settings: RunSettings,
    logs: Path,
    say: Callable[[str], None],
    beside: Beside,
) -> dict[int, ScoreTable]:
    """The scores of those contenders that were asked in shares, by place; none where that does not pay.

    The parts are whole batches, so each question is answered in the company that it has without sharing.
    """
    begun = {place: each for place, each in begun.items() if each.whole is None}
    # Metrics are functions without names, and a score table has the basic ones in any case.
    plain = replace(settings, metrics=())
    left = sum(max(0, len(contenders[place].items) - len(each.rows)) for place, each in begun.items())
    parts = _parts({place: len(contenders[place].items) for place in begun}, settings.batch_size, len(beside) + 1)
    if left < _WORTH_SHARING or len(parts) < 2:
        return {}
    for place in begun:
        candidate = contenders[place].candidate
        if isinstance(candidate, GroundedCandidate):
            # What answers rest on is looked up here: only one process may have the stores open.
            candidate.grounds([item.question for item in contenders[place].items])
    try:
        content = pickle.dumps({place: contenders[place] for place in begun})
    except (pickle.PicklingError, TypeError, AttributeError) as error:
        say(f"Asked in one process: a candidate cannot be sent to another one ({error}).")
        return {}

    def here(part: _Part) -> ScoreTable | str:
        contender = contenders[part.place]
        path = log_path(logs, contender.candidate.name)
        with one_thread():
            return _asked_part(contender, part.items, settings, begun[part.place].table, path, say)

    def there(part: _Part, call: Call) -> ScoreTable | str:
        name = contenders[part.place].candidate.name
        path = log_path(logs, name, _BESIDE)
        found: ScoreTable | str = call(_ask_beside, content, part.place, part.items, plain, begun[part.place].table, path)
        if isinstance(found, ScoreTable):
            say(f"{name}: {len(found.rows)} questions answered beside.")
        return found

    found: dict[int, list[ScoreTable]] = {}
    refused = set[int]()
    for part, done in zip(parts, beside.in_shares(parts, here, there), strict=True):
        if isinstance(done, str):
            refused.add(part.place)
        else:
            found.setdefault(part.place, []).append(done)
    # Who could not be opened is asked once more, alone, and says why.
    return {
        place: _together(begun[place].header, tables, contenders[place].items)
        for place, tables in found.items()
        if place not in refused
    }


def _parts(items: Mapping[int, int], batch: int, processes: int) -> list[_Part]:
    """Items (their number by contender) in parts of whole batches: a contender each, or less where those are too few."""
    pieces = ceil(_PARTS * processes / max(1, len(items)))
    parts: list[_Part] = []
    for place, count in items.items():
        batches = ceil(count / batch)
        size = ceil(batches / pieces) * batch
        parts += [_Part(place, slice(begin, begin + size)) for begin in range(0, count, size)]
    return parts


def _asked_part(
    contender: Contender,
    part: slice,
    settings: RunSettings,
    done: ScoreTable,
    path: Path,
    say: Callable[[str], None] = lambda _: None,
) -> ScoreTable | str:
    """The scores of some items, or why a candidate that stands alone could not be opened."""
    try:
        return _ask(contender, contender.items[part], settings, done, path, say)
    except (PermanentFailure, SkippedPartition) as error:
        if not contender.alone:
            raise
        return str(error)
    finally:
        _close(contender)


def _ask_beside(content: bytes, place: int, part: slice, settings: RunSettings, done: ScoreTable, path: Path) -> ScoreTable | str:
    """As `_asked_part`, in another process; `content` holds the contenders."""
    return _asked_part(_contenders.of(content)[place], part, replace(settings, metrics=BASIC_METRICS), done, path)


def _close_all(contenders: Mapping[int, Contender]) -> None:
    for contender in contenders.values():
        if isinstance(contender.candidate, Prepared):
            contender.candidate.close()


_contenders: LastSent[dict[int, Contender]] = LastSent(lambda sent: sent, _close_all)
"""Those that such a process was sent, so that a base which several of them share is opened once."""


def _together(header: Header, tables: Sequence[ScoreTable], items: Sequence[Item]) -> ScoreTable:
    rows = {row.question_id: row for table in tables for row in table.rows}
    in_order = tuple(rows[item.question_id] for item in items)
    return ScoreTable(header, in_order, sum(table.asked for table in tables), sum(table.elapsed_s for table in tables))


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
