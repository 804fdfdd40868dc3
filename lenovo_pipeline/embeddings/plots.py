"""Trainings and the selection as pictures. Belongs here: drawing. Does not belong here: figures."""

import base64
import io
from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

_DPI = 80
_BASE, _TUNED = "#a0aec0", "#2b6cb0"
_COLOURS = ("#2b6cb0", "#c05621", "#2f855a", "#6b46c1", "#b83280")


def loss_curves(curves: Mapping[str, Mapping[str, Sequence[tuple[int, float]]]]) -> str:
    """Loss by update of each training (thin) and of its held-out examples (thick), as Markdown with the picture in it.

    `curves`: name -> {loss, held_out} -> (update, nat per example).
    """
    figure = _figure(8, 3.2)
    axes = figure.add_subplot()
    for place, (name, each) in enumerate(curves.items()):
        colour = _COLOURS[place % len(_COLOURS)]
        for part, width in (("loss", 0.7), ("held_out", 2.2)):
            updates, values = zip(*each[part], strict=True) if each[part] else ((), ())
            axes.plot(updates, values, color=colour, linewidth=width, marker=".", label=name if part == "held_out" else None)
    axes.set_xlabel("update")
    axes.set_ylabel("nat per example (thick: held out)")
    axes.legend(fontsize=8)
    return _markdown(figure, "loss")


def selection_bars(selection: pd.DataFrame) -> str:
    """nDCG@10 of base and tuned encoders on validation and test for each kind (rows of SELECTION), chosen ones marked."""
    figure = _figure(9, 0.5 * len(selection) + 1.4)
    names = [
        f"{row['kind']}, {row['domain'].replace('_', ' ')}{' *' if row['verdict'] == 'chosen' else ''}"
        for row in selection.to_dict("records")
    ]
    for axes, split in zip(figure.subplots(1, 2, sharey=True), ("validation", "test"), strict=True):
        for offset, name, colour in ((0.2, "base", _BASE), (-0.2, "tuned", _TUNED)):
            values = selection[f"{split}_{name}"].astype(float).fillna(0.0)
            places = [len(names) - place - 1 + offset for place in range(len(names))]
            axes.barh(places, values, height=0.38, color=colour, label=name)
        axes.set_yticks(range(len(names)), names[::-1], fontsize=8)
        axes.set_xlim(0, 1)
        axes.set_title(f"nDCG@10, {split} (* chosen; no bar: not measured)", fontsize=9)
    axes.legend(fontsize=8, loc="lower right")
    return _markdown(figure, "selection")


def _figure(width: float, height: float) -> Any:
    # Without pyplot: nothing global is opened, so that runs in threads do not meet.
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, height), layout="constrained")
    FigureCanvasAgg(figure)
    return figure


def _markdown(figure: Any, name: str) -> str:
    written = io.BytesIO()
    figure.savefig(written, dpi=_DPI, format="png", metadata={"Software": None})
    return f"![{name}](data:image/png;base64,{base64.b64encode(written.getvalue()).decode()})"
