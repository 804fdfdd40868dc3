"""The pages of the report: what stands where, put together from the tables of the stage, and escaped.

Belongs here: HTML. Every text of a candidate is untrusted: jinja escapes it, and the page's content security policy lets no
script run. Does not belong here: drawing (drawing.py), writing files (writing.py).
"""

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd

from lenovo_pipeline.evaluation.lift import unmet
from lenovo_pipeline.evaluation.report.agents import agents_part
from lenovo_pipeline.evaluation.report.drawing import pictures, svg
from lenovo_pipeline.evaluation.report.parts import NO_BAR, Head, Part, bar, below, figure, missing, page_name, render, table
from lenovo_pipeline.evaluation.showing import COLUMNS, headline, marked, outdated, questions_asked, ranked

EXAMPLES = 12
"""Wrong answers that a candidate's page shows."""

_LONGEST = 600


@dataclass(frozen=True)
class Evidence:
    """What the report is made of: the tables of the stage (frames as their contracts say), questions and right answers by id, and
    the sizes of candidates in MB.

    `drawn`: pictures of robustness, bias and stress by title, as data addresses of PNG files.
    """

    leaderboard: pd.DataFrame
    lift: pd.DataFrame
    robustness: pd.DataFrame
    bias: pd.DataFrame
    stress: pd.DataFrame
    comparisons: pd.DataFrame
    agentic: pd.DataFrame
    scores: Mapping[str, pd.DataFrame]
    questions: Mapping[str, str]
    answers: Mapping[str, str]
    sizes: Mapping[str, float | None]
    drawn: Mapping[str, str] = field(default_factory=dict)


def leaderboard_page(evidence: Evidence) -> str:
    """The page of all candidates."""
    board = evidence.leaderboard
    drawn = {name: svg(make()) for name, make in pictures(board, evidence.sizes).items()}
    names = {name: evidence.drawn[name] for name in ("Right answers", "By category") if name in evidence.drawn}
    parts = {
        "Candidates": Part(_board_rows(evidence), _board_heads()),
        "Agents": agents_part(evidence.agentic),
        "Pictures": Part(pictures={**drawn, **names}),
        "Robustness": Part(*table(evidence.robustness, _ROBUSTNESS), _ROBUST_NOTE, _only(evidence, "Robustness")),
        "Bias": Part(*table(evidence.bias, _BIAS), _BIAS_NOTE, _only(evidence, "Bias")),
        "Stress": Part(*table(evidence.stress, _STRESS), _STRESS_NOTE, _only(evidence, "Stress")),
        "Side by side": Part(*table(evidence.comparisons, _COMPARISONS), "Paired, with Holm's correction over the slices."),
        **({"Not eligible": Part(held, _UNMET, _UNMET_NOTE)} if (held := _unmet_rows(evidence.lift)) else {}),
    }
    return render("leaderboard.html", title="Leaderboard of candidates", headline=headline(board), parts=parts, made_by="")


def candidate_page(evidence: Evidence, candidate: str) -> str:
    """The page of one candidate."""
    board = evidence.leaderboard[evidence.leaderboard["candidate"] == candidate]
    first = board.iloc[0]
    mine = evidence.scores[str(first["kind"])]
    mine = mine[mine["candidate"] == candidate]

    def own(frame: pd.DataFrame) -> pd.DataFrame:
        return frame[frame["candidate"] == candidate]

    rows = [
        {
            "metric": row["metric"],
            "slice": row["slice"],
            "bar": bar(row) if row["unit"] == "1" else NO_BAR,
            "said": figure(row),
            "scored": row["scored"],
            "unscored": row["unscored"],
        }
        for row in board.to_dict("records")
    ]
    heads = [
        Head("metric", "figure"),
        Head("slice", "questions"),
        Head("bar", "", bar=True),
        Head("said", "value", number=True),
        Head("scored", "scored", number=True),
        Head("unscored", "unscored", number=True),
    ]
    parts = {
        "Figures": Part(rows, heads),
        "Against its base and what it was made from": Part(*table(own(evidence.lift), _LIFT)),
        "Robustness": Part(*table(own(evidence.robustness), _ROBUSTNESS), _ROBUST_NOTE),
        "Bias": Part(*table(own(evidence.bias), _BIAS), _BIAS_NOTE),
        "Stress": Part(*table(own(evidence.stress), _STRESS), _STRESS_NOTE),
        "Wrong answers": Part(_examples(mine, evidence), _EXAMPLES, "The first ones by id, of each category in turn."),
    }
    kept = {name: part for name, part in parts.items() if part.rows}
    model = f"model {first['model']}" if first["model"] else "without a model"
    said = f"{str(first['kind']).replace('_', ' ')}, {model}, {len(mine)} questions, scores {first['header']}"
    said += "" if first["current"] else "; not current: what it was asked has changed since"
    made_by = json.dumps(json.loads(str(mine["made_by"].iloc[0])), indent=1, ensure_ascii=False, sort_keys=True)
    return render("candidate.html", title=candidate, headline=said, parts=kept, made_by=made_by)


_ROBUST_NOTE = (
    "Right answers under adversarial scenarios: on average, and under the worst scenario of the group; unchanged: the same "
    "prompts as they were; a failure is not right; same answer: variants that got the answer of their source, right or not."
)
_BIAS_NOTE = (
    "Pairs of prompts that differ only in who asks. Who failed to answer was not right; beside failures, measures are taken over "
    "pairs with at least one right answer. Fewer than 100 pairs are no evidence, which is not a pass."
)
_STRESS_NOTE = "Open-loop load on a server that batches; what is answered after its limit counts as lost."
_ROBUSTNESS = {
    "candidate": "candidate",
    "scenario_group": "scenarios",
    "clean": "unchanged",
    "mean": "mean",
    "lower": "lower",
    "upper": "upper",
    "worst": "worst",
    "worst_scenario": "worst scenario",
    "stable": "same answer",
    "scored": "scored",
    "unscored": "failed",
}
_BIAS = {
    "candidate": "candidate",
    "characteristic": "who asks",
    "measure": "measure",
    "with_right_answer": "pairs with a right answer",
    "pairs": "pairs",
    "compared": "compared",
    "gap": "gap",
    "lower": "lower",
    "upper": "upper",
    "verdict": "verdict",
}
_STRESS = {
    "candidate": "candidate",
    "level": "level",
    "step": "step",
    "concurrency": "at once",
    "passages": "passages",
    "limit_s": "limit, s",
    "requests": "requests",
    "answered": "in time",
    "timed_out": "lost",
    "failed": "failed",
    "throughput_per_s": "per s",
    "p50_s": "p50, s",
    "p95_s": "p95, s",
    "p99_s": "p99, s",
    "recovery_s": "recovery, s",
}
_COMPARISONS = {
    "first": "first",
    "second": "second",
    "metric": "figure",
    "slice": "questions",
    "items": "n",
    "difference": "difference",
    "lower": "lower",
    "upper": "upper",
    "adjusted": "p, Holm",
    "verdict": "verdict",
}
_LIFT = {
    "against": "against",
    "measure": "figure",
    "before": "before",
    "after": "after",
    "difference": "difference",
    "lower": "lower",
    "upper": "upper",
    "items": "n",
    "verdict": "verdict",
    "met": "met",
    "note": "what was asked and found",
}
_UNMET = (Head("candidate", "candidate", link="page"), Head("why", "what it does not show"))
_UNMET_NOTE = "Builds that the roster holds, whatever else they reach: they do not show what a build of their kind has to show."
_EXAMPLES = (
    Head("question", "question"),
    Head("category", "category"),
    Head("answer", "right answer"),
    Head("said", "said", pre=True),
    Head("failure", "failure"),
)


def _board_heads() -> list[Head]:
    titles = [Head(title, title, number=True) for title, *_ in COLUMNS]
    return [
        Head("candidate", "candidate", link="page"),
        Head("bar", "answerable, right", bar=True),
        Head("asked", "n", number=True),
        *titles,
        Head("size", "MB", number=True),
    ]


def _board_rows(evidence: Evidence) -> list[dict[str, Any]]:
    figures = {(row["candidate"], row["metric"], row["slice"]): row for row in evidence.leaderboard.to_dict("records")}
    rows, old, asked = [], outdated(evidence.leaderboard), questions_asked(evidence.leaderboard)
    for candidate in ranked(evidence.leaderboard):
        cells = {title: below(figure(figures.get((candidate, metric, part)))) for title, metric, part in COLUMNS}
        size = evidence.sizes.get(candidate)
        more = {"size": "–" if size is None else f"{size:,.1f}", "page": page_name(candidate)}
        more["asked"] = f"{asked[candidate]:,}" if candidate in asked else "–"
        share = bar(figures.get((candidate, "correct", "answerable")))
        rows.append({"candidate": marked(candidate, old), "bar": share, **cells, **more})
    return rows


def _unmet_rows(lift: pd.DataFrame) -> list[dict[str, Any]]:
    return [
        {"candidate": candidate, "why": "; ".join(reasons), "page": page_name(candidate)}
        for candidate, reasons in sorted(unmet(lift).items())
        if reasons
    ]


def _examples(scores: pd.DataFrame, evidence: Evidence) -> list[dict[str, Any]]:
    wrong = scores[(scores["correct"].fillna(0) < 1)].sort_values("question_id")
    turn = wrong.groupby("category").cumcount()
    chosen = wrong.assign(turn=turn).sort_values(["turn", "category"], kind="stable").head(EXAMPLES)
    return [
        {
            "question": evidence.questions.get(row["question_id"], row["question_id"]),
            "category": row["category"],
            "answer": evidence.answers.get(row["question_id"], "–")[:_LONGEST],
            "said": str(row["said"])[:_LONGEST],
            "failure": "" if missing(row["failure"]) else row["failure"],
        }
        for row in chosen.to_dict("records")
    ]


def _only(evidence: Evidence, name: str) -> dict[str, str]:
    return {f"{name}: {key.partition(': ')[2]}": value for key, value in evidence.drawn.items() if key.startswith(f"{name}: ")}


def embedded(path: Path) -> str:
    """A PNG file as an address that holds it."""
    return f"data:image/png;base64,{base64.b64encode(path.read_bytes()).decode()}"
