"""What was served, as a picture: latency, errors, quality and drift by window, with alerts. Drawing only."""

import base64
import io

import pandas as pd

_MOST = 2_000
"""Windows that are drawn at most, the latest: more could not be told apart."""

_RED, _GREY = "#c53030", "#a0aec0"
_SHOWN = (
    ("latency_p95_s", "latency p95 (s)"),
    ("error_rate", "share of errors"),
    ("quality", "right of gold questions"),
    ("drift", "evidence of drift (-log10 p)"),
)


def draw(windows: pd.DataFrame) -> str:
    """A picture of windows (rows of roster.monitoring) as Markdown, red where an alert was raised; nothing without windows."""
    if windows.empty:
        return ""
    # Without pyplot: nothing global is opened, so that runs in threads do not meet.
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    shown = windows.tail(_MOST).assign(error_rate=lambda frame: frame["errors"] / frame["requests"]).reset_index(drop=True)
    alarmed = [bool(len(each)) for each in shown["raised"]]
    figure = Figure(figsize=(10, 7), layout="constrained")
    FigureCanvasAgg(figure)
    for axes, (column, title) in zip(figure.subplots(len(_SHOWN), 1, sharex=True), _SHOWN, strict=True):
        values = shown[column].astype(float)
        for (use_case, entry), part in shown.groupby(["use_case", "entry"]):
            known = values[part.index].dropna()
            axes.plot(known.index, known, ".-", markersize=3, linewidth=0.8, label=f"{entry} ({use_case})")
        for place in [number for number, raised in enumerate(alarmed) if raised]:
            axes.axvspan(place - 0.5, place + 0.5, color=_RED, alpha=0.12, linewidth=0)
        axes.set_ylabel(title, fontsize=8)
        axes.grid(color=_GREY, linewidth=0.3)
    figure.axes[0].legend(fontsize=7, loc="upper left")
    figure.axes[-1].set_xlabel("window")
    image = io.BytesIO()
    figure.savefig(image, format="png", dpi=80)
    return f"![monitoring](data:image/png;base64,{base64.b64encode(image.getvalue()).decode()})"
