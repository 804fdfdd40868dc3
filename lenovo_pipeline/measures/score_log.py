"""A file that grows while a candidate is asked, so that a run that was killed can be taken up again.

Belongs here: JSON lines, the header first and then the rows. The final table is stored by the stage.
"""

import json
from collections.abc import Sequence
from pathlib import Path

from lenovo_pipeline.failures import PermanentFailure
from lenovo_pipeline.measures.header import Header
from lenovo_pipeline.measures.scores import ItemScore, ScoreTable


class ScoreLog:
    """The rows of one way of asking in a file; rows of another one are discarded when it is opened."""

    def __init__(self, path: Path, header: Header) -> None:
        """Open or start the log. A last line that was cut is dropped; raises PermanentFailure if the file is anything else."""
        kept = read_log(path) if path.is_file() else None
        self.path = path
        self.table = ScoreTable(header, kept.rows if kept is not None and kept.header.asking == header.asking else ())
        path.parent.mkdir(parents=True, exist_ok=True)
        aside = path.with_name(f"{path.name}.new")
        aside.write_text(header.to_json() + "\n" + _lines(self.table.rows), encoding="utf-8")
        aside.replace(path)

    def append(self, rows: Sequence[ItemScore]) -> None:
        """Add rows; they are in the file when this returns."""
        with self.path.open("a", encoding="utf-8") as handle:
            handle.write(_lines(rows))


def read_log(path: Path) -> ScoreTable | None:
    """The table in a log, the latest row of each question; None if not even its header was written whole.

    Raises PermanentFailure naming the line that is no score.
    """
    remedy = f"Remove {path.name} and evaluate the candidate anew."
    try:
        first, *lines = path.read_text(encoding="utf-8").split("\n")
    except UnicodeDecodeError as error:
        raise PermanentFailure(f"{path} is no log of scores ({error})", remedy=remedy) from error
    if not lines:
        return None
    rows: dict[str, ItemScore] = {}
    # Behind the last line end stands nothing, or a line that was cut.
    for number, line in enumerate(lines[:-1], start=2):
        try:
            row = ItemScore.from_row(json.loads(line))
        except (ValueError, KeyError, TypeError) as error:
            raise PermanentFailure(f"line {number} of {path} is no score ({error!r})", remedy=remedy) from error
        rows[row.question_id] = row
    return ScoreTable(Header.from_json(first), tuple(rows.values()))


def _lines(rows: Sequence[ItemScore]) -> str:
    return "".join(json.dumps(row.as_row(), ensure_ascii=False, allow_nan=False) + "\n" for row in rows)
