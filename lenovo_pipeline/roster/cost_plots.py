"""Costs as people look at them: right answers against money, and a table. Belongs here: drawing and wording only."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from lenovo_pipeline.evaluation.plots import BLUE, GREY, canvas, drawn
from lenovo_pipeline.resources.markdown import markdown_table
from lenovo_pipeline.roster.tables import COST

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_LEAST = 1e-7
"""Where what costs less is drawn: a logarithmic axis has no nought."""

_NAMED = 12
"""Candidates whose names stand in the picture: the best ones."""


def draw_costs(costs: pd.DataFrame, leaderboard: pd.DataFrame, place: Path) -> dict[str, str]:
    """Draw the picture into the folder `place`; returns it as Markdown, by name. Nothing where no cost is known."""
    board = leaderboard[(leaderboard["metric"] == "correct") & (leaderboard["slice"] == "answerable")]
    right = dict(zip(board["candidate"], board["value"], strict=True))
    priced = costs[costs["per_1000"].notna() & costs["entry"].isin({name for name, value in right.items() if value == value})]
    if priced.empty:
        return {}
    return drawn(costs, COST, place, {"cost": lambda _: _against_quality(priced, right)})


def shown(costs: pd.DataFrame) -> str:
    """Markdown: a row for each candidate, the cheapest first."""
    rows = costs.sort_values(["per_1000", "entry"], na_position="last").to_dict("records")
    return markdown_table(
        pd.DataFrame(
            [
                {
                    "entry": row["entry"],
                    f"{row['currency']} for 1,000 answers": _cell(row["per_1000"], 4),
                    "machine, s": _cell(row["machine_s"], 3),
                    "waiting, s": _cell(row["answer_s"], 3),
                    "tokens in": _cell(row["tokens_in"], 0),
                    "tokens out": _cell(row["tokens_out"], 0),
                    "training, s": _cell(row["build_s"], 0),
                    "size, MB": _cell(row["size_mb"], 1),
                    "memory, MB": _cell(row["peak_memory_mb"], 0),
                }
                for row in rows
            ]
        )
    )


def headline(costs: pd.DataFrame) -> str:
    """One line for the end of a run: from what to what 1,000 answers of models cost."""
    known = costs[costs["per_1000"].notna() & (costs["model"] != "")].sort_values("per_1000").to_dict("records")
    if not known:
        return "of no model is it known what an answer costs"
    least, most = known[0], known[-1]
    return (
        f"1,000 answers cost {least['per_1000']:.4f} {least['currency']} ({least['entry']}) "
        f"to {most['per_1000']:.4f} ({most['entry']})"
    )


def _against_quality(costs: pd.DataFrame, right: dict[str, Any]) -> "Figure":
    figure, (axes,) = canvas(9, 5)
    money = costs["per_1000"].astype(float).clip(lower=_LEAST)
    quality = costs["entry"].map(right).astype(float)
    axes.scatter(money, quality, c=[BLUE if model else GREY for model in costs["model"]], s=28)
    best = quality.sort_values(ascending=False).index[:_NAMED]
    for place in best:
        axes.annotate(
            str(costs["entry"][place]), (money[place], quality[place]), fontsize=7, xytext=(4, 3), textcoords="offset points"
        )
    axes.set_xscale("log")
    axes.set_ylim(-0.02, 1.02)
    axes.set_xlabel(f"{costs['currency'].iloc[0]} for 1,000 answers", fontsize=9)
    axes.set_ylabel("answerable, answered right", fontsize=9)
    return figure


def _cell(value: Any, digits: int) -> str:
    return "unknown" if value is None or value != value else f"{value:,.{digits}f}"
