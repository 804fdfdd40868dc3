"""A workflow as a picture: Mermaid's text for whoever renders it, and a drawing of our own, since Mermaid needs a browser.

Belongs here: text, layout, drawing. Nodes in which the model decides stand out from those of code.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lenovo_pipeline.agents.workflows.definition import END, Edge, Workflow
from lenovo_pipeline.agents.workflows.vocabulary import DOINGS

if TYPE_CHECKING:
    from matplotlib.figure import Figure

VERSION = 1
_DPI = 80
_COLOURS = {"model": ("#fff3d6", "#b7791f"), "code": ("#e6effa", "#2b6cb0"), "end": ("#edf2f7", "#4a5568")}
"""Filling and edge of a node, by who decides in it."""


def mermaid(workflow: Workflow) -> str:
    """The graph in Mermaid's language: round nodes are the model's decisions, dotted arrows run in parallel branches."""
    lines = ["flowchart TD", f"  start([{workflow.title}]) --> {_name(workflow.entry)}"]
    for node in workflow.nodes:
        by = DOINGS[node.does].decided_by
        left, right = ("([", "])") if by == "model" else ("[", "]")
        retries = f"<br/>{node.retries} retries" if node.retries > 1 else "<br/>1 retry" if node.retries else ""
        lines.append(f"  {_name(node.id)}{left}{node.id}{retries}{right}:::{by}")
    lines.append("  finish((end)):::end")
    for edge in workflow.edges:
        target = "finish" if edge.target == END else _name(edge.target)
        arrow = "-.->" if edge.each else "-->"
        label = _label(edge)
        lines.append(f"  {_name(edge.source)} {arrow}{f'|{label}|' if label else ''} {target}")
    lines += [f"  classDef {by} fill:{fill},stroke:{line}" for by, (fill, line) in _COLOURS.items()]
    return "\n".join(lines)


def draw(workflow: Workflow, folder: Path) -> None:
    """Write `<title>.svg`, `<title>.png` and `<title>.mmd` into a folder."""
    figure = _figure(workflow)
    figure.savefig(folder / f"{workflow.title}.svg", metadata={"Date": None})
    figure.savefig(folder / f"{workflow.title}.png", dpi=_DPI)
    (folder / f"{workflow.title}.mmd").write_text(mermaid(workflow) + "\n", encoding="utf-8")


def layout(workflow: Workflow) -> dict[str, tuple[float, float]]:
    """Where each node stands: (column, row), rows by the longest way from the entry that repeats no node, `end` last."""
    onward: dict[str, list[str]] = {node.id: [] for node in workflow.nodes}
    for edge in workflow.edges:
        if edge.target != END and edge.target not in onward[edge.source]:
            onward[edge.source].append(edge.target)
    rows: dict[str, int] = {}
    _deepen(workflow.entry, onward, rows, (), 0)
    columns: dict[int, list[str]] = {}
    for node in workflow.nodes:
        columns.setdefault(rows.get(node.id, 0), []).append(node.id)
    widest = max(map(len, columns.values()))
    places = {
        node_id: (place - (len(ids) - 1) / 2 + (widest - 1) / 2, float(row))
        for row, ids in columns.items()
        for place, node_id in enumerate(ids)
    }
    return {**places, END: ((widest - 1) / 2, float(max(columns) + 1))}


def _deepen(node: str, onward: Mapping[str, list[str]], rows: dict[str, int], way: tuple[str, ...], row: int) -> None:
    if node in way or rows.get(node, -1) >= row:
        return
    rows[node] = row
    for target in onward[node]:
        # A node that leads back here comes earlier: what closes a cycle does not push it down.
        closes = target in way or _leads_to(target, node, onward, {*way})
        if not closes or target not in rows:
            _deepen(target, onward, rows, (*way, node), row + 1)


def _leads_to(start: str, goal: str, onward: Mapping[str, list[str]], without: set[str]) -> bool:
    open_ends, seen = [start], {start, *without}
    while open_ends:
        for target in onward[open_ends.pop()]:
            if target == goal:
                return True
            if target not in seen:
                seen.add(target)
                open_ends.append(target)
    return False


def _figure(workflow: Workflow) -> "Figure":
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    places = layout(workflow)
    columns = max(x for x, _ in places.values()) + 1
    rows = max(y for _, y in places.values()) + 1
    figure = Figure(figsize=(2.6 * columns + 1.6, 0.95 * rows + 0.8), layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.add_subplot()
    axes.set_xlim(-0.9, columns - 0.1)
    axes.set_ylim(rows - 0.4, -0.7)
    axes.set_axis_off()
    axes.set_title(f"{workflow.title} (version {workflow.version}, {workflow.framework})", fontsize=10)
    for edge in workflow.edges:
        _arrow(axes, edge, places)
    for node in workflow.nodes:
        _box(axes, places[node.id], node.id, DOINGS[node.does].decided_by)
    _box(axes, places[END], "end", "end")
    axes.text(-0.85, rows - 0.45, "yellow: the model decides · blue: code · dotted: in parallel", fontsize=7, color="#4a5568")
    return figure


def _box(axes: Any, place: tuple[float, float], text: str, by: str) -> None:
    fill, line = _COLOURS[by]
    style = {"boxstyle": "round,pad=0.45" if by == "model" else "square,pad=0.45", "facecolor": fill, "edgecolor": line}
    axes.text(*place, text, ha="center", va="center", fontsize=8, bbox=style, zorder=3)


def _arrow(axes: Any, edge: Edge, places: Mapping[str, tuple[float, float]]) -> None:
    (x0, y0), (x1, y1) = places[edge.source], places[edge.target]
    if edge.source == edge.target:
        x1, y1 = x0 + 0.01, y0 + 0.01
    # Neighbours are joined straight; what goes back, or far, goes round.
    bend = 0.0 if 0 < y1 - y0 <= 1 else 0.35 if y1 > y0 else 0.5
    style = {
        "arrowstyle": "-|>",
        "color": "#718096",
        "linestyle": ":" if edge.each else "-",
        "shrinkA": 14,
        "shrinkB": 14,
        "connectionstyle": f"arc3,rad={bend if edge.source != edge.target else 2.5}",
    }
    axes.annotate("", xy=(x1, y1), xytext=(x0, y0), arrowprops=style, zorder=1)
    label = _label(edge)
    if label:
        # An arc's middle lies half its bend beside the straight line, to the right of its direction as the axis points down.
        x, y = (x0 + x1) / 2 + bend * (y1 - y0) * -0.5, (y0 + y1) / 2 + bend * (x1 - x0) * 0.5
        near = 0.62 if bend == 0.0 else 0.5
        x, y = (x0 + near * (x1 - x0), y0 + near * (y1 - y0)) if bend == 0.0 else (x, y)
        axes.text(x, y, label, fontsize=6, color="#2d3748", ha="center", va="center", zorder=2, backgroundcolor="#ffffffcc")


def _label(edge: Edge) -> str:
    words = [edge.when.replace("_", " ")] if edge.when else []
    return ", ".join([*words, *([f"for each of {edge.each}"] if edge.each else [])])


def _name(node_id: str) -> str:
    """Mermaid keeps some words for itself."""
    return f"n_{node_id}"
