"""Frames as Markdown, for the metadata that people read in the UI."""

import pandas as pd

_CELL_WIDTH = 80


def markdown_table(frame: pd.DataFrame) -> str:
    """A frame as a Markdown table, long cells cut, safe against pipes and line breaks in the data."""
    if frame.empty:
        return "*(no rows)*"

    def cell(value: object) -> str:
        text = " ".join(str(value).split()).replace("|", "\\|")
        return text if len(text) <= _CELL_WIDTH else f"{text[: _CELL_WIDTH - 1]}…"

    lines = [f"| {' | '.join(map(cell, frame.columns))} |", f"|{'---|' * len(frame.columns)}"]
    lines += [f"| {' | '.join(map(cell, row))} |" for row in frame.itertuples(index=False)]
    return "\n".join(lines)
