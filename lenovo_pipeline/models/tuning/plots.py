"""Curves of trainings as a picture.

Belongs here: drawing. What was measured stands in the builds' reports (customising.py).
"""

import base64
import io
from collections.abc import Sequence
from pathlib import PurePosixPath

from lenovo_pipeline.models.builds import Build

_DPI = 80
_COLOURS = ("#2b6cb0", "#c05621", "#2f855a", "#6b46c1")


def loss_curves(builds: Sequence[Build]) -> str:
    """Training loss (thin) and validation loss (thick) of each build by step, as Markdown with the picture in it."""
    # Without pyplot: nothing global is opened, so that runs in threads do not meet.
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(8, 3.6), layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.add_subplot()
    for place, build in enumerate(builds):
        curves = build.made_by["report"]["curves"]
        colour = _COLOURS[place % len(_COLOURS)]
        for name, width in (("loss", 0.7), ("validation_loss", 2.2)):
            steps, values = zip(*curves[name], strict=True) if curves[name] else ((), ())
            label = PurePosixPath(build.build).name if name == "validation_loss" else None
            axes.plot(steps, values, color=colour, linewidth=width, label=label)
    axes.set_xlabel("step")
    axes.set_ylabel("nat/token (thick: validation)")
    axes.legend(fontsize=8)
    written = io.BytesIO()
    figure.savefig(written, dpi=_DPI, format="png")
    return f"![loss](data:image/png;base64,{base64.b64encode(written.getvalue()).decode()})"
