"""The pictures of the leaderboard page, as SVG text.

Belongs here: drawing from figures. Does not belong here: which pictures a page shows (pages.py).
"""

import io
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import pandas as pd

from lenovo_pipeline.evaluation.plots import BLUE, GREY, canvas
from lenovo_pipeline.evaluation.showing import ranked

if TYPE_CHECKING:
    from matplotlib.figure import Figure

COLOURS = {
    "baselines": GREY,
    "raw_foundation": BLUE,
    "adapter": "#2f855a",
    "custom_model": "#b7791f",
    "mobile_model": "#c53030",
    "retrieval_workflow": "#6b46c1",
    "agentic_workflow": "#0987a0",
}
_NAMED = 4
"""Points that are named: the best ones, as far as names do not meet; the others have their colour."""

_APART = 0.07
"""How far apart two names stand at least, as a share of the height."""


def svg(figure: "Figure") -> str:
    """The figure as SVG without the XML head, for a page to hold; the same figure is the same text."""
    import matplotlib

    place = io.StringIO()
    with matplotlib.rc_context({"svg.hashsalt": "lenovo_pipeline", "svg.fonttype": "none"}):
        figure.savefig(place, format="svg", metadata={"Date": None})
    text = place.getvalue()
    return text[text.index("<svg") :]


def against(leaderboard: pd.DataFrame, places: Mapping[str, float | None], label: str) -> "Figure":
    """Quality (right answers of the answerable, with intervals) against a figure of each candidate on a logarithmic axis."""
    from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

    figure, (axes,) = canvas(5.6, 3.8)
    named: list[float] = []
    best = [name for name in ranked(leaderboard) if places.get(name)][:_NAMED]
    seen = set()
    for row in _quality(leaderboard):
        x = places.get(row["candidate"])
        if not x or row["value"] is None or row["value"] != row["value"]:
            continue
        colour = COLOURS.get(row["kind"], "black")
        ends = None
        if row["lower"] is not None and row["lower"] == row["lower"]:
            ends = [[max(0.0, row["value"] - row["lower"])], [max(0.0, row["upper"] - row["value"])]]
        new = row["kind"] not in seen
        seen.add(row["kind"])
        axes.errorbar(
            [x],
            [row["value"]],
            yerr=ends,
            fmt="o",
            color=colour,
            capsize=2,
            alpha=0.8,
            label=row["kind"].replace("_", " ") if new else None,
        )
        if row["candidate"] in best and all(abs(row["value"] - other) >= _APART for other in named):
            named.append(row["value"])
            axes.annotate(row["candidate"], (x, row["value"]), textcoords="offset points", xytext=(5, 4), fontsize=6)
    axes.set_xscale("log")
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axes.xaxis.set_minor_formatter(NullFormatter())
    axes.xaxis.set_major_locator(LogLocator(10, subs=(1.0, 2.0, 5.0)))
    axes.set_ylim(-0.03, 1.05)
    axes.set_xlabel(label, fontsize=8)
    axes.set_ylabel("answerable questions answered right", fontsize=8)
    axes.tick_params(labelsize=7)
    axes.grid(alpha=0.25)
    if seen:
        axes.legend(fontsize=6)
    return figure


def refusals(leaderboard: pd.DataFrame) -> "Figure":
    """Calibration of refusal: refused where it should (up) against refused where it should not (right); best is top left."""
    figure, (axes,) = canvas(5.6, 3.8)
    figures = {
        metric: dict(zip(rows["candidate"], rows["value"], strict=True))
        for metric, rows in leaderboard[leaderboard["slice"] == "all"].groupby("metric")
    }
    kinds = dict(zip(leaderboard["candidate"], leaderboard["kind"], strict=True))
    # Many candidates never refuse: names of those in one place stand together.
    at: dict[tuple[float, float], list[str]] = {}
    for name in ranked(leaderboard):
        x, y = (figures.get(metric, {}).get(name) for metric in ("false_refusal_rate", "refusal_recall"))
        if x is not None and y is not None and x == x and y == y:
            at.setdefault((round(float(x), 3), round(float(y), 3)), []).append(name)
    labelled: list[tuple[float, float]] = []
    for (x, y), names in at.items():
        axes.plot([x], [y], "o", color=COLOURS.get(kinds[names[0]], "black"), markersize=5 + min(len(names), 8), alpha=0.8)
        if any(abs(x - other[0]) < 3 * _APART and abs(y - other[1]) < _APART for other in labelled):
            continue
        labelled.append((x, y))
        text = names[0] if len(names) == 1 else f"{names[0]} and {len(names) - 1} more"
        axes.annotate(
            text,
            (x, y),
            textcoords="offset points",
            xytext=(-6 if x > 0.6 else 6, 5),
            fontsize=6,
            ha="right" if x > 0.6 else "left",
        )
    axes.plot([0, 1], [0, 1], ":", color=GREY, linewidth=0.8)
    axes.set_xlim(-0.05, 1.05)
    axes.set_ylim(-0.05, 1.12)
    axes.set_xlabel("answerable questions that were refused", fontsize=8)
    axes.set_ylabel("unanswerable questions that were refused", fontsize=8)
    axes.tick_params(labelsize=7)
    axes.grid(alpha=0.25)
    return figure


def pictures(leaderboard: pd.DataFrame, sizes: Mapping[str, float | None]) -> dict[str, Callable[[], "Figure"]]:
    """What the leaderboard page shows beside its tables, by title."""
    latency = leaderboard[(leaderboard["metric"] == "latency_p95_s") & (leaderboard["slice"] == "all")]
    took = dict(zip(latency["candidate"], latency["value"], strict=True))
    return {
        "Quality against latency": lambda: against(leaderboard, took, "95th percentile of the time to the last token, s"),
        "Quality against size": lambda: against(leaderboard, sizes, "size of the model's files, MB"),
        "Calibration of refusal": lambda: refusals(leaderboard),
    }


def _quality(leaderboard: pd.DataFrame) -> list[dict[Any, Any]]:
    chosen = leaderboard[(leaderboard["metric"] == "correct") & (leaderboard["slice"] == "answerable")]
    return chosen.sort_values("candidate").to_dict("records")
