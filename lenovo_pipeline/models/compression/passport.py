"""The passport of a build: size, speed, memory, and how often it would say what its original says.

Belongs here: figures with their methods, and how they are shown. Does not belong here: how good the answers are (evaluation).

Every figure says whether it was measured. What is estimated for a target that cannot run here carries its method, so that a
gate can refuse it.
"""

import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lenovo_pipeline.failures import PermanentFailure
from lenovo_pipeline.measures.statistics.bootstrap import cluster_bootstrap
from lenovo_pipeline.models.compression.levels import Target
from lenovo_pipeline.models.compression.sizes import Sizes
from lenovo_pipeline.models.tuning.rows import Row

Figures = dict[str, dict[str, Any]]

_MB = 1_000_000
_TIMEOUT_S = 3600
_SEED = 0
_THREADS = 4
"""More threads than these are assumed not to help a model that is small enough for the edge."""


@dataclass(frozen=True)
class Exam:
    """What builds of one base are measured on: `prompts` to answer, rows, and at each said place of theirs (`said`) the token
    that the original says (`original`).
    """

    prompts: list[list[int]]
    answer_tokens: int
    rows: list[list[int]]
    said: list[list[int]]
    original: list[list[int]]


def exam_of(model: Any, held_out: Sequence[Row], sizes: Sizes) -> Exam:
    """Held-out rows with what the original (a transformers model) would say, and the beginnings of some as prompts."""
    import torch

    from lenovo_pipeline.models.tuning.batching import batch_of, in_batches

    rows = list(held_out[: sizes.agreement])
    original: list[list[int]] = [[] for _ in rows]
    said = [[place for place, own in enumerate(row.said) if own and place] for row in rows]
    with torch.inference_mode():
        for places in in_batches(rows, range(len(rows)), sizes.batch_tokens):
            batch = batch_of([rows[place] for place in places]).to(model.device.type)
            found = model(input_ids=batch.ids, use_cache=False).logits.argmax(-1).cpu()
            for number, place in enumerate(places):
                original[place] = [int(found[number, each - 1]) for each in said[place]]
    prompts = [row.ids[: places[0]] for row, places in zip(rows, said, strict=True)][: sizes.answers]
    return Exam(prompts, sizes.answer_tokens, [row.ids for row in rows], said, original)


def measured(folder: Path, exam: Exam) -> dict[str, Any]:
    """What `measuring.measure` found of the build in a folder, in a process of its own. Raises PermanentFailure if it cannot be
    opened or does not answer.
    """
    with tempfile.TemporaryDirectory() as place:
        request = Path(place) / "request.json"
        asked = {
            "folder": str(folder),
            "prompts": exam.prompts,
            "answer_tokens": exam.answer_tokens,
            "rows": exam.rows,
            "said": exam.said,
        }
        request.write_text(json.dumps(asked), encoding="utf-8")
        command = [sys.executable, "-m", "lenovo_pipeline.models.compression.measuring", str(request)]
        done = subprocess.run(command, capture_output=True, text=True, timeout=_TIMEOUT_S, check=False)
    if done.returncode != 0:
        said = "; ".join(done.stderr.strip().splitlines()[-1:]) or f"it ended with {done.returncode}"
        raise PermanentFailure(
            f"the build in {folder} cannot be opened or does not answer here ({said})",
            remedy="Remove its folder and run again: it is built anew.",
        )
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def figures_of(found: Mapping[str, Any], exam: Exam, size_bytes: int, target: Target | None = None) -> Figures:
    """The passport from what was measured on this host, for this host or (`target`) estimated for another processor."""
    asked = f"median of {len(exam.prompts)} prompts of {_mean_length(exam.prompts):.0f} tokens on average ({host()})"
    memory = (
        f"peak resident memory of a process that opens it and answers; {found['runtime_mb']:.0f} MB of it before it is opened"
    )
    first, decode = statistics.median(found["first_token_s"]), 1 / statistics.median(found["decode_s"])
    size = figure(size_bytes / _MB, "MB", "sum of the files in the folder")
    if target is None or target.here:
        return {
            "size_mb": size,
            "first_token_s": figure(first, "s", asked),
            "decode_tokens_per_s": figure(decode, "token/s", asked),
            "peak_memory_mb": figure(found["peak_mb"], "MB", memory),
            "token_agreement": agreement_figure(found["predicted"], exam),
        }
    ratio = target.speed * min(target.threads or 1, _THREADS) / min(_cores(), _THREADS)
    same = "estimated, measured on this host with the same graph and weights"
    speed = f"{same}, times {ratio:.3g} as assumed for {target.processor}: {asked}"
    return {
        "size_mb": size,
        "first_token_s": figure(first / ratio, "s", speed, measured=False),
        "decode_tokens_per_s": figure(decode * ratio, "token/s", speed, measured=False),
        "peak_memory_mb": figure(found["peak_mb"], "MB", f"{same}: {memory}", measured=False),
        "token_agreement": agreement_figure(
            found["predicted"], exam, f"{same}; kernels of another processor may round otherwise: "
        ),
    }


def shown(rows: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """The passports of rows of a build table, for a table in Markdown; what is estimated is marked by ~."""
    found = []
    for row in rows:
        figures = row["measures"]["figures"]
        agreement = figures["token_agreement"]
        found.append(
            {
                "build": row["build"],
                "MB": _cell(figures["size_mb"], ".2f"),
                "smaller by": f"{row['measures'].get('smaller_by', 0):.1%}",
                "agreement": f"{_cell(agreement, '.3f')} [{agreement['lower']:.3f}, {agreement['upper']:.3f}]",
                "first token s": _cell(figures["first_token_s"], ".4f"),
                "token/s": _cell(figures["decode_tokens_per_s"], ",.0f"),
                "peak MB": _cell(figures["peak_memory_mb"], ",.0f"),
                "files": row["artifact"][:8],
            }
        )
    return found


def picture(rows: Sequence[Mapping[str, Any]]) -> bytes:
    """Size against agreement and speed of builds that were measured here (PNG)."""
    import io

    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(9, 3.4), layout="constrained")
    FigureCanvasAgg(figure)
    left, right = figure.subplots(1, 2)
    for row in rows:
        figures = row["measures"]["figures"]
        size, agreement = figures["size_mb"]["value"], figures["token_agreement"]
        name = row["level"] or row["method"]
        error = [[agreement["value"] - agreement["lower"]], [agreement["upper"] - agreement["value"]]]
        left.errorbar(size, agreement["value"], yerr=error, fmt="o", capsize=3)
        right.plot(size, figures["decode_tokens_per_s"]["value"], "o")
        for axes, height in ((left, agreement["value"]), (right, figures["decode_tokens_per_s"]["value"])):
            axes.annotate(name, (size, height), textcoords="offset points", xytext=(6, 4), fontsize=8)
    left.set(xlabel="size (MB)", ylabel="tokens as the original (share)")
    right.set(xlabel="size (MB)", ylabel="decoding (token/s)", ylim=(0, None))
    out = io.BytesIO()
    figure.savefig(out, format="png", dpi=90)
    return out.getvalue()


def figure(value: float, unit: str, method: str, *, measured: bool = True) -> dict[str, Any]:
    """A figure of a passport: a gate takes none that is only estimated."""
    return {"value": value, "unit": unit, "measured": measured, "estimated": not measured, "method": method}


def agreement_figure(predicted: Sequence[Sequence[int]], exam: Exam, note: str = "") -> dict[str, Any]:
    """Share of tokens at which a build, given what comes before, would say what the original would; rows are resampled. With a
    `note` it is an estimate.
    """
    same = [
        (float(mine == theirs), place)
        for place, (build, original) in enumerate(zip(predicted, exam.original, strict=True))
        for mine, theirs in zip(build, original, strict=True)
    ]
    found = cluster_bootstrap([value for value, _ in same], [place for _, place in same], seed=_SEED)
    method = (
        f"likeliest next token given the right ones before, {found.n} tokens of {found.clusters} held-out conversations, "
        f"95 % interval by {found.method}"
    )
    return {
        **figure(found.estimate, "share", note + method, measured=not note),
        "lower": found.low,
        "upper": found.high,
        "tokens": found.n,
        "rows": found.clusters,
    }


def host() -> str:
    """This machine, in words."""
    return f"{platform.machine()}, {_cores()} processors"


def _cell(figure: Mapping[str, Any], how: str) -> str:
    return f"{'' if figure['measured'] else '~'}{figure['value']:{how}}"


def _mean_length(prompts: Sequence[Sequence[int]]) -> float:
    return sum(map(len, prompts)) / max(1, len(prompts))


def _cores() -> int:
    return os.cpu_count() or 1
