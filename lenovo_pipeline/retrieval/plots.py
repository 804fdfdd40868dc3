"""The ladder as a picture. Belongs here: drawing. Does not belong here: figures (scoring.py)."""

import base64
import io

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
    held = io.BytesIO()
    figure.savefig(held, format="png", dpi=80, metadata={"Software": None})
    return f"![ladder](data:image/png;base64,{base64.b64encode(held.getvalue()).decode()})"
