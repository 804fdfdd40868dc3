"""The leaderboard as pictures: right answers with intervals, and by category.

Belongs here: drawing. Does not belong here: figures (figures.py) and the table (showing.py).
"""

import base64
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from lenovo_pipeline.contracts import conform, digest
from lenovo_pipeline.evaluation.showing import ranked
from lenovo_pipeline.evaluation.tables import LEADERBOARD
from lenovo_pipeline.failures import PermanentFailure
from lenovo_pipeline.gold.tables import CATEGORIES
from lenovo_pipeline.provenance import require_provenance, write_manifest
from lenovo_pipeline.resources.folders import folder_aside

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_VERSION = 1
_DPI = 80
_BLUE, _GREY = "#2b6cb0", "#4a5568"


def draw(leaderboard: pd.DataFrame, place: Path) -> dict[str, str]:
    """Draw all pictures into the folder `place` (SVG for people, PNG for the UI); returns each as Markdown, by name.

    Pictures of the same figures are taken over.
    """
    made_by = {"leaderboard": digest(conform(leaderboard, LEADERBOARD)["content_hash"]), "version": _VERSION}
    try:
        require_provenance(place, made_by, remedy="They are drawn anew.")
    except PermanentFailure:
        with folder_aside(place) as aside:
            for name, make in _PICTURES.items():
                figure = make(leaderboard)
                figure.savefig(aside / f"{name}.svg", metadata={"Date": None})
                figure.savefig(aside / f"{name}.png", dpi=_DPI)
            write_manifest(aside, made_by)
    return {name: _embedded(place / f"{name}.png", name) for name in _PICTURES}


def _correct(leaderboard: pd.DataFrame) -> "Figure":
    """Bars: the share of answerable questions answered right, with its interval."""
    candidates = ranked(leaderboard)[::-1]
    by = leaderboard[(leaderboard["metric"] == "correct") & (leaderboard["slice"] == "answerable")].set_index("candidate")
    by = by.reindex(candidates)
    values = by["value"].astype(float).fillna(0.0)
    low, high = (by[side].astype(float).fillna(values) for side in ("lower", "upper"))
    figure, axes = _canvas(8, 0.5 * len(candidates) + 1.4)
    axes.barh(candidates, values, color=[_BLUE if model else _GREY for model in by["model"]])
    axes.errorbar(values, candidates, xerr=[values - low, high - values], fmt="none", ecolor="black", capsize=3)
    axes.set_xlim(0, 1.02)
    axes.set_xlabel("answerable questions answered right (95 % interval, resampled by entity)")
    return figure


def _by_category(leaderboard: pd.DataFrame) -> "Figure":
    """Heat map: the share of questions answered right by category."""
    candidates = ranked(leaderboard)
    by = leaderboard[leaderboard["metric"] == "correct"].pivot(index="candidate", columns="slice", values="value")
    by = by.reindex(index=candidates, columns=[name for name in CATEGORIES if name in by.columns]).astype(float)
    figure, axes = _canvas(0.8 * by.shape[1] + 3.4, 0.45 * len(candidates) + 1.8)
    axes.imshow(by.to_numpy(), vmin=0, vmax=1, cmap="Blues", aspect="auto")
    axes.set_xticks(range(by.shape[1]), list(by.columns), rotation=35, ha="right")
    axes.set_yticks(range(len(candidates)), candidates)
    for y, row in enumerate(by.to_numpy()):
        for x, value in enumerate(row):
            if value == value:
                axes.text(x, y, f"{value:.2f}", ha="center", va="center", fontsize=8, color="white" if value > 0.6 else "black")
    axes.set_title("answered right, by category", fontsize=10)
    return figure


_PICTURES: Mapping[str, Callable[[pd.DataFrame], "Figure"]] = {"correct": _correct, "by_category": _by_category}


def _canvas(width: float, height: float) -> tuple["Figure", "Axes"]:
    # Without pyplot: nothing global is opened, so that runs in threads do not meet.
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, height), layout="constrained")
    FigureCanvasAgg(figure)
    return figure, figure.add_subplot()


def _embedded(path: Path, name: str) -> str:
    return f"![{name}](data:image/png;base64,{base64.b64encode(path.read_bytes()).decode()})"
