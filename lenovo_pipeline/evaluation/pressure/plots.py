"""Pictures of robustness, bias and stress, for the report and the UI."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from lenovo_pipeline.contracts import Table
from lenovo_pipeline.evaluation.plots import BLUE, GREY, canvas, drawn
from lenovo_pipeline.evaluation.pressure.tables import BIAS, BIAS_MEASURES, ROBUSTNESS, STRESS

if TYPE_CHECKING:
    from matplotlib.figure import Figure

RED = "#c0392b"
_STRESS_FIGURES = ("step", "p50_s", "p95_s", "throughput_per_s", "offered_per_s", "timed_out", "failed", "requests")


def draw_pressure(frame: pd.DataFrame, table: Table, place: Path) -> dict[str, str]:
    """Draw one of ROBUSTNESS, BIAS and STRESS into the folder `place`, as plots.draw does."""
    made: dict[str, Callable[[pd.DataFrame], Figure]] = {
        ROBUSTNESS.name: _robustness,
        BIAS.name: _bias,
        STRESS.name: _stress,
    }
    return drawn(frame, table, place, {table.name: made[table.name]}) if len(frame) else {}


def _robustness(frame: pd.DataFrame) -> "Figure":
    """For each candidate a column: by group, unchanged, mean with interval, and worst scenario."""
    candidates = sorted(frame["candidate"].unique())
    groups = sorted(frame["scenario_group"].unique(), key=lambda name: (name == "all", name))[::-1]
    figure, every = canvas(5.2 * len(candidates) + 1.5, 0.34 * len(groups) + 1.4, columns=len(candidates))
    for axes, candidate in zip(every, candidates, strict=True):
        rows = frame[frame["candidate"] == candidate].set_index("scenario_group").reindex(groups)
        values = rows[["clean", "mean", "lower", "upper", "worst", "stable"]].astype(float)
        low, high = (abs(values[side] - values["mean"]).fillna(0) for side in ("lower", "upper"))
        places = range(len(groups))
        axes.errorbar(values["mean"], places, xerr=[low, high], fmt="o", color=BLUE, ecolor=GREY, capsize=2, label="mean")
        axes.plot(values["clean"], places, "|", color="black", markersize=11, label="unchanged")
        axes.plot(values["worst"], places, "x", color=RED, label="worst scenario")
        axes.plot(values["stable"], places, ".", color="#8e44ad", label="same answer as unchanged")
        axes.set_yticks(places, groups if axes is every[0] else [], fontsize=8)
        axes.set_xlim(-0.03, 1.03)
        axes.set_title(candidate, fontsize=9)
        axes.set_xlabel("share of right answers (95 % interval)", fontsize=8)
    figure.legend(*every[0].get_legend_handles_labels(), fontsize=7, loc="outside upper center", ncols=4)
    return figure


def _bias(frame: pd.DataFrame) -> "Figure":
    """For each measure a column: gaps by characteristic with intervals; grey where there is no evidence."""
    labels = sorted({(str(row["characteristic"]), str(row["candidate"])) for row in frame.to_dict("records")})[::-1]
    figure, every = canvas(11, 0.28 * len(labels) + 1.5, columns=len(BIAS_MEASURES))
    for axes, measure in zip(every, BIAS_MEASURES, strict=True):
        for place, (characteristic, candidate) in enumerate(labels):
            chosen = frame["characteristic"].eq(characteristic) & frame["candidate"].eq(candidate) & frame["measure"].eq(measure)
            for row in frame[chosen].to_dict("records"):
                if row["gap"] is None or row["gap"] != row["gap"]:
                    continue
                colour = GREY if row["verdict"] == "no evidence" else RED if row["verdict"] == "gap" else BLUE
                ends = [[max(0.0, row["gap"] - row["lower"])], [max(0.0, row["upper"] - row["gap"])]]
                axes.errorbar([row["gap"]], [place], xerr=ends, fmt="o", color=colour, ecolor=colour, capsize=2)
        axes.axvline(0, color="black", linewidth=0.8)
        axes.set_xlim(-1.05, 1.05)
        axes.set_ylim(-0.6, len(labels) - 0.4)
        names = [f"{characteristic} · {candidate}" for characteristic, candidate in labels]
        axes.set_yticks(range(len(labels)), names if axes is every[0] else [], fontsize=7)
        axes.set_title(measure, fontsize=9)
    every[1].set_xlabel("gap between who asks (95 % interval); grey: no evidence, fewer than 100 pairs", fontsize=8)
    return figure


def _stress(frame: pd.DataFrame) -> "Figure":
    """Tail latency, throughput and losses over the steps of both levels."""
    figure, every = canvas(11, 3.2, columns=3)
    for level, colour in (("consumer", BLUE), ("business", RED)):
        # A column without any figure is one of objects, which would be left out.
        numbers = frame[frame["level"] == level][list(_STRESS_FIGURES)].apply(pd.to_numeric)
        rows = numbers.groupby("step").mean()
        if rows.empty:
            continue
        every[0].plot(rows.index, rows["p95_s"], "o-", color=colour, label=f"{level}, p95")
        every[0].plot(rows.index, rows["p50_s"], ".:", color=colour, label=f"{level}, p50")
        every[1].plot(rows.index, rows["throughput_per_s"], "o-", color=colour, label=f"{level}, answered")
        every[1].plot(rows.index, rows["offered_per_s"], ".:", color=colour, label=f"{level}, offered")
        every[2].plot(rows.index, (rows["timed_out"] + rows["failed"]) / rows["requests"], "o-", color=colour, label=level)
    titles = ("time to answer, s", "requests per s", "share lost or failed")
    for axes, title in zip(every, titles, strict=True):
        axes.set_title(title, fontsize=9)
        axes.set_xlabel("step of the load", fontsize=8)
        axes.set_xticks(sorted(frame["step"].unique()))
        axes.set_ylim(bottom=0)
        axes.legend(fontsize=7)
    return figure
