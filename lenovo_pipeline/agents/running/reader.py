"""What the snapshot says of attempts, for people: which there are, and everything about one.

Belongs here: reading data/store/published and putting recordings in words. Nothing is written here.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from lenovo_pipeline.agents.running.attempt import Attempt
from lenovo_pipeline.agents.running.debugging import Pair
from lenovo_pipeline.agents.running.keeping import read_attempt
from lenovo_pipeline.agents.running.sessions import Checkpoint
from lenovo_pipeline.failures import PermanentFailure
from lenovo_pipeline.resources.snapshot import open_snapshot
from lenovo_pipeline.resources.store import Store

_COLUMNS = ("attempt_id", "workflow", "task_id", "category", "ending", "success", "steps", "tokens", "seconds")
_WIDEST = 100


def rows(store: Store, **filters: Any) -> list[dict[str, Any]]:
    """Rows of agents.attempts whose columns have these values (None: any). Raises PermanentFailure if none were published."""
    import duckdb

    with open_snapshot(store) as connection:
        try:
            result = connection.execute("SELECT * FROM agents.attempts ORDER BY model, workflow, task_id")
        except duckdb.CatalogException as error:
            raise PermanentFailure("the published snapshot has no attempts yet", remedy="Run: make run") from error
        names = [column[0] for column in result.description or ()]
        found = [dict(zip(names, row, strict=True)) for row in result.fetchall()]
    return [row for row in found if all(value is None or row[name] == value for name, value in filters.items())]


def task_of(store: Store, task_id: str) -> dict[str, Any]:
    """A task as `Task.from_dict` takes it. Raises PermanentFailure if there is none of that id."""
    import json

    with open_snapshot(store) as connection:
        found = connection.execute("SELECT task FROM agents.tasks WHERE task_id = ?", [task_id]).fetchone()
    if found is None:
        raise PermanentFailure(f"there is no task {task_id}", remedy="`list` shows the tasks of the attempts.")
    return dict(json.loads(found[0]))


def find(store: Store, beginning: str) -> tuple[Attempt, dict[str, Any]]:
    """The recording whose id begins so, with its row. Raises PermanentFailure for none, and for several."""
    found = [row for row in rows(store) if row["attempt_id"].startswith(beginning)]
    if len({row["attempt_id"] for row in found}) != 1:
        what = f"{len(found)} attempts begin with" if found else "there is no attempt"
        raise PermanentFailure(f"{what} {beginning}", remedy="`list` shows their ids; give as many characters as it takes.")
    return read_attempt(store.root / found[0]["path"], found[0]["attempt_id"]), found[0]


def table(found: Sequence[Mapping[str, Any]]) -> str:
    """Rows as lines of a table."""
    if not found:
        return "There is no attempt that fits."
    cells = [_COLUMNS, *(_cells(row) for row in found)]
    return _aligned(cells)


def shown(attempt: Attempt, row: Mapping[str, Any]) -> str:
    """An attempt in words: what was asked, every step with who decided it, what it left, how it ended and what it took."""
    lines = [
        f"{attempt.attempt_id}  {attempt.workflow} ({attempt.framework}) at {attempt.task_id or 'no task'}",
        *(f"  turn {number}: {turn}" for number, turn in enumerate(attempt.turns)),
        "",
    ]
    for step in attempt.steps:
        lines.append(f"{step.index:>4}  {step.node:<12} {step.decided_by:<6} {step.seconds * 1000:>7.0f} ms  {step.did}")
        for number in step.model_calls:
            call = attempt.model_calls[number]
            said = call.text.strip() or "; ".join(f"{each['name']} {each['arguments']}" for each in call.calls)
            lines.append(f"{'':>20}model {number}: {_cut(call.error or said)}")
        for number in step.tool_calls:
            record = attempt.tool_calls[number]
            lines.append(f"{'':>20}tool {number}: {record.tool} {dict(record.arguments)} -> {_cut(record.result_text)}")
    by = {name: sum(step.decided_by == name for step in attempt.steps) for name in ("model", "code")}
    lines += [
        "",
        f"ended    {attempt.ending}: {attempt.reason}",
        *(f"answer   {_cut(answer)}" for answer in attempt.answers if answer),
        f"left     {dict(attempt.state) or 'nothing'}",
        f"success  {row.get('success')}" + (f" ({row['shortfall']})" if row.get("shortfall") else ""),
        f"decided  {by['model']} steps by the model, {by['code']} by code",
        f"took     {attempt.tokens_in} tokens in, {attempt.tokens_out} out; {attempt.seconds:.2f} s, of which model "
        f"{attempt.model_seconds:.2f}, tools {attempt.tool_seconds:.2f}, the rest {attempt.framework_seconds:.2f}",
    ]
    return "\n".join(lines)


def compared(pairs: Sequence[Pair], first: str, second: str) -> str:
    """Two attempts side by side; `=` where they do the same."""
    lines = [f"      {first}\n      {second}"]
    for pair in pairs:
        if pair.same:
            lines.append(f"  = {_cut(pair.first)}")
        else:
            lines += [f"  < {_cut(pair.first) or '(had ended)'}", f"  > {_cut(pair.second) or '(had ended)'}"]
    same = sum(pair.same for pair in pairs)
    return "\n".join([*lines, f"{same} of {len(pairs)} places are the same."])


def listed(found: Sequence[Checkpoint]) -> str:
    """Checkpoints as lines of a table."""
    if not found:
        return "The session has no checkpoint yet: use `step` or `continue`."
    cells: list[tuple[str, ...]] = [("number", "turn", "next", "from", "")]
    for each in found:
        ahead = ", ".join(each.next) or "(end)"
        turn = "" if each.turn is None else str(each.turn)
        forks = "" if each.parent is None else str(each.parent)
        did = "changed by hand" if each.source == "update" else each.did
        cells.append((str(each.number), turn, ahead, forks, _cut(did + (" [waits for a person]" if each.waits else ""))))
    return _aligned(cells)


def _cells(row: Mapping[str, Any]) -> tuple[str, ...]:
    tokens = (row["tokens_in"] or 0) + (row["tokens_out"] or 0)
    values = {**row, "tokens": tokens, "seconds": f"{row['seconds']:.2f}", "success": "yes" if row["success"] else "no"}
    return tuple(str(values[name]) for name in _COLUMNS)


def _aligned(cells: Sequence[Sequence[str]]) -> str:
    widths = [max(len(row[place]) for row in cells) for place in range(len(cells[0]))]
    return "\n".join("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in cells)


def _cut(text: str) -> str:
    flat = " ".join(text.split())
    return flat if len(flat) <= _WIDEST else f"{flat[: _WIDEST - 1]}…"
