"""The ladder and the ways to cut texts as pictures. Belongs here: drawing. Does not belong here: figures."""

import base64
import io
from typing import Any

import pandas as pd

from lenovo_pipeline.retrieval.tables import ALL, STEPS


def ladder(ablation: pd.DataFrame) -> str:
    """Rows of ABLATION as a picture in Markdown: nDCG@10 and recall@10 of each step over all questions, with what it added."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib.figure import Figure

    figure = Figure(figsize=(9, 3.2), layout="constrained")
    for axes, measure in zip(figure.subplots(1, 2, sharey=True), ("ndcg", "recall"), strict=True):
        rows = ablation[(ablation["category"] == ALL) & (ablation["measure"] == measure)].set_index("step").reindex(STEPS)
        axes.barh(list(STEPS)[::-1], rows["value"].astype(float)[::-1], color="#2b6cb0")
        for place, (value, difference, low, high) in enumerate(
            rows[["value", "difference", "lower", "upper"]].astype(float)[::-1].to_numpy()
        ):
            told = f"{value:.3f}" + ("" if difference != difference else f"  ({difference:+.3f}; {low:+.3f} to {high:+.3f})")
            axes.text(0.01, place, told, va="center", fontsize=7, color="white" if value > 0.5 else "black")
        axes.set_xlim(0, 1)
        axes.set_title(f"{measure}@10 (95 % interval of the step)", fontsize=9)
    return _markdown(figure, "ladder")


def strategies(chunking: pd.DataFrame) -> str:
    """Rows of CHUNKING as a picture in Markdown: nDCG@10, recall@10 and answers shown of each way to cut, with its interval."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib.figure import Figure

    figure = Figure(figsize=(9, 2.6), layout="constrained")
    rows = chunking.iloc[::-1]
    for axes, measure in zip(figure.subplots(1, 3, sharey=True), ("ndcg", "recall", "answered"), strict=True):
        axes.barh(rows["strategy"].tolist(), rows[measure].astype(float), color="#2b6cb0")
        for place, row in enumerate(rows.to_dict("records")):
            told = f"{row[measure]:.3f}"
            if measure == "ndcg" and not pd.isna(row["difference"]):
                told += f"  ({row['difference']:+.3f}; {row['lower']:+.3f} to {row['upper']:+.3f})"
            axes.text(0.02, place, told, va="center", fontsize=7, color="white" if row[measure] > 0.5 else "black")
        axes.set_xlim(0, 1)
        axes.set_title({"ndcg": "nDCG@10", "recall": "recall@10", "answered": "answer shown in 5"}[measure], fontsize=9)
    return _markdown(figure, "chunking")


def _markdown(figure: Any, name: str) -> str:
    held = io.BytesIO()
    figure.savefig(held, format="png", dpi=80, metadata={"Software": None})
    return f"![{name}](data:image/png;base64,{base64.b64encode(held.getvalue()).decode()})"
