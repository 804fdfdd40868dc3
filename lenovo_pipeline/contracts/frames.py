"""The rows of a frame as plain dicts.

Belongs here: all of them, or one by its key. Does not belong here: what a row must hold (conform.py).
"""

from typing import Any

import pandas as pd


def rows_of(frame: pd.DataFrame) -> list[dict[str, Any]]:
    """Each row as name of the column -> value, in the order of the frame. To pandas a name may be anything; here all are text."""
    return [{str(name): value for name, value in row.items()} for row in frame.to_dict("records")]


def rows_by(frame: pd.DataFrame, column: str) -> dict[str, dict[str, Any]]:
    """The rows by what they have in one column, as text; of several with the same the last."""
    return {str(row[column]): row for row in rows_of(frame)}
