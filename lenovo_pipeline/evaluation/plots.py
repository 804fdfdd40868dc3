"""The leaderboard as pictures: right answers with intervals, and by category; and the lift of builds.

Belongs here: drawing. Does not belong here: figures (figures.py, lift.py) and the tables (showing.py).
"""

import base64
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from lenovo_pipeline.contracts import Table, conform, digest
from lenovo_pipeline.evaluation.kinds import base_name
from lenovo_pipeline.evaluation.metrics import FIGURES
from lenovo_pipeline.evaluation.showing import ranked
from lenovo_pipeline.evaluation.tables import LEADERBOARD, LIFT
from lenovo_pipeline.failures import PermanentFailure
from lenovo_pipeline.gold.tables import CATEGORIES
from lenovo_pipeline.provenance import require_provenance, write_manifest
from lenovo_pipeline.resources.folders import folder_aside

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_VERSION = 3
_DPI = 80
BLUE, GREY = "#2b6cb0", "#4a5568"


def draw(leaderboard: pd.DataFrame, place: Path) -> dict[str, str]:
    """Draw all pictures into the folder `place` (SVG for people, PNG for the UI); returns each as Markdown, by name.

    Pictures of the same figures are taken over.
    """
    return drawn(leaderboard, LEADERBOARD, place, {"correct": _correct, "by_category": _by_category})


def draw_lift(lift: pd.DataFrame, place: Path) -> dict[str, str]:
    """Draw the differences of all builds to their bases into the folder `place`, as `draw` does; nothing where there are none."""
    against_base = lift[lift["against"].isin({base_name(str(model)) for model in lift["model"]})]
    shown = {measure: against_base[against_base["measure"] == measure] for measure in ("token_f1", "skills")}
    if all(rows["difference"].notna().sum() == 0 for rows in shown.values()):
        return {}
    return drawn(lift, LIFT, place, {"lift": lambda _: _differences(shown)})


def drawn(
    frame: pd.DataFrame, table: Table, place: Path, pictures: Mapping[str, Callable[[pd.DataFrame], "Figure"]]
) -> dict[str, str]:
    """Draw pictures of a table into the folder `place` unless they lie there; returns each as Markdown, by name."""
    made_by = {table.name: digest(conform(frame, table)["content_hash"]), "version": _VERSION}
    try:
        require_provenance(place, made_by, remedy="They are drawn anew.")
    except PermanentFailure:
        with folder_aside(place) as aside:
            for name, make in pictures.items():
                figure = make(frame)
                figure.savefig(aside / f"{name}.svg", metadata={"Date": None})
                figure.savefig(aside / f"{name}.png", dpi=_DPI)
            write_manifest(aside, made_by)
    return {name: _embedded(place / f"{name}.png", name) for name in pictures}


def _differences(shown: Mapping[str, pd.DataFrame]) -> "Figure":
    """For each measure a column: every build's difference to its base in points, with its interval, and a line at none."""
    names = sorted({str(name) for rows in shown.values() for name in rows["candidate"]})[::-1]
    figure, every = canvas(11, 0.28 * len(names) + 1.4, columns=len(shown))
    for axes, (measure, rows) in zip(every, shown.items(), strict=True):
        by = rows.set_index("candidate").reindex(names)[["difference", "lower", "upper"]].astype(float) * 100
        low = (by["difference"] - by["lower"]).clip(lower=0).fillna(0).to_numpy()
        high = (by["upper"] - by["difference"]).clip(lower=0).fillna(0).to_numpy()
        points = by["difference"].to_numpy()
        axes.errorbar(points, range(len(names)), xerr=[low, high], fmt="o", color=BLUE, ecolor=GREY, capsize=2)
        axes.axvline(0, color="black", linewidth=0.8)
        axes.set_yticks(range(len(names)), names if axes is every[0] else [], fontsize=8)
        axes.set_title(f"{FIGURES[measure].title if measure in FIGURES else 'right answers in general skills'}", fontsize=9)
        axes.set_xlabel("points above the base (95 % interval)", fontsize=8)
    return figure


def _correct(leaderboard: pd.DataFrame) -> "Figure":
    """Bars: the share of answerable questions answered right, with its interval."""
    candidates = ranked(leaderboard)[::-1]
    by = leaderboard[(leaderboard["metric"] == "correct") & (leaderboard["slice"] == "answerable")].set_index("candidate")
    by = by.reindex(candidates)
    values = by["value"].astype(float).fillna(0.0)
    low, high = (by[side].astype(float).fillna(values) for side in ("lower", "upper"))
    figure, (axes,) = canvas(8, 0.3 * len(candidates) + 1.4)
    axes.barh(candidates, values, color=[BLUE if model else GREY for model in by["model"]])
    axes.errorbar(values, candidates, xerr=[values - low, high - values], fmt="none", ecolor="black", capsize=3)
    axes.set_xlim(0, 1.02)
    axes.set_xlabel("answerable, answered right (95 % interval)")
    return figure


def _by_category(leaderboard: pd.DataFrame) -> "Figure":
    """Heat map: the share of questions answered right by category."""
    candidates = ranked(leaderboard)
    by = leaderboard[leaderboard["metric"] == "correct"].pivot(index="candidate", columns="slice", values="value")
    by = by.reindex(index=candidates, columns=[name for name in CATEGORIES if name in by.columns]).astype(float)
    figure, (axes,) = canvas(0.8 * by.shape[1] + 3.4, 0.45 * len(candidates) + 1.8)
    axes.imshow(by.to_numpy(), vmin=0, vmax=1, cmap="Blues", aspect="auto")
    axes.set_xticks(range(by.shape[1]), list(by.columns), rotation=35, ha="right")
    axes.set_yticks(range(len(candidates)), candidates)
    for y, row in enumerate(by.to_numpy()):
        for x, value in enumerate(row):
            if value == value:
                axes.text(x, y, f"{value:.2f}", ha="center", va="center", fontsize=8, color="white" if value > 0.6 else "black")
    axes.set_title("answered right, by category", fontsize=10)
    return figure


def canvas(width: float, height: float, columns: int = 1) -> tuple["Figure", "list[Axes]"]:
    """An empty figure (inches) and its axes, side by side."""
    # Without pyplot: nothing global is opened, so that runs in threads do not meet.
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, height), layout="constrained")
    FigureCanvasAgg(figure)
    return figure, list(figure.subplots(1, columns, squeeze=False)[0])


def _embedded(path: Path, name: str) -> str:
    return f"![{name}](data:image/png;base64,{base64.b64encode(path.read_bytes()).decode()})"
