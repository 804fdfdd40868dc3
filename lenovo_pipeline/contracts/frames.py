"""The rows of a frame as plain dicts.

Belongs here: that alone. Does not belong here: what a row must hold (conform.py).
"""

from typing import Any

import pandas as pd


def rows_of(frame: pd.DataFrame) -> list[dict[str, Any]]:
    """Each row as name of the column -> value, in the order of the frame. To pandas a name may be anything; here all are text."""
    return [{str(name): value for name, value in row.items()} for row in frame.to_dict("records")]
