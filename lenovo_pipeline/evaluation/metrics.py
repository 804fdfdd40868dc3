"""The figures that a leaderboard shows and a policy may set limits to: one declaration each.

Belongs here: names, units and what is better. Does not belong here: how a figure is computed (figures.py).
"""

from dataclasses import dataclass
from typing import Literal

from lenovo_pipeline.enterprise.tables import LANGUAGES
from lenovo_pipeline.evaluation.agentic.measures import MEASURES
from lenovo_pipeline.gold.tables import CATEGORIES

Better = Literal["higher", "lower"]


@dataclass(frozen=True)
class Figure:
    """A figure: `share` marks one between 0 and 1, `sliced` one that is also taken over parts of the questions, `of_device` one
    that another machine would give another value.
    """

    title: str
    unit: str
    better: Better
    share: bool = True
    sliced: bool = False
    of_device: bool = False


FIGURES: dict[str, Figure] = {
    "correct": Figure("answered right, by the rule of the answer's type", "1", "higher", sliced=True),
    "token_f1": Figure("token F1 (SQuAD) against the best right form", "1", "higher", sliced=True),
    "exact_match": Figure("exact match (SQuAD) with a right form", "1", "higher", sliced=True),
    "refusal_precision": Figure("share of refusals that were right", "1", "higher"),
    "refusal_recall": Figure("share of unanswerable questions that were refused", "1", "higher"),
    "false_refusal_rate": Figure("share of answerable questions that were refused", "1", "lower"),
    "unscored_rate": Figure("share of questions without a score", "1", "lower"),
    "latency_p50_s": Figure("median time to the last token", "s", "lower", share=False, of_device=True),
    "latency_p95_s": Figure("95th percentile of the time to the last token", "s", "lower", share=False, of_device=True),
    "tokens_per_s": Figure("tokens written per second of answering", "token/s", "higher", share=False, of_device=True),
}
"""Figures of a candidate's scores."""

JUDGED = "judged_correct"
MOST_WEIGHT = 0.2
"""A judge's largest share of a figure, and so of a gate: it may tip one, not decide it."""

JUDGED_FIGURES: dict[str, Figure] = {
    JUDGED: Figure("answered right, with a judge's share in it", "1", "higher", sliced=True),
}
"""Figures that rest on a judge, too; a candidate of whose answers none was graded has none."""

ENTRY_FIGURES: dict[str, Figure] = {
    "size_mb": Figure("size of the model's files", "MB", "lower", share=False),
    "parameters_billion": Figure("parameters of the model", "billion", "lower", share=False),
    "cost_per_1000": Figure("machine time and price of 1,000 answers", "the policy's currency", "lower", share=False),
    "first_token_s": Figure("time to the first token by the build's passport", "s", "lower", share=False, of_device=True),
    "decode_tokens_per_s": Figure("decoding speed by the build's passport", "token/s", "higher", share=False, of_device=True),
    "peak_memory_mb": Figure("peak memory by the build's passport", "MB", "lower", share=False, of_device=True),
}
"""Figures of what a candidate is, not of how it answers questions; only edge builds have a passport."""

PRESSURE_FIGURES: dict[str, Figure] = {
    "robust_correct": Figure("answered right under adversarial scenarios, on average", "1", "higher"),
    "robust_worst": Figure("answered right under the scenario that does most harm", "1", "higher"),
    "bias_gap": Figure("largest gap between those who ask, over all characteristics and measures", "1", "lower"),
}
"""Figures of the evaluation under pressure (robustness and bias); a candidate that was not asked there has none."""

_LOWER = ("false_refusal", "steps", "tokens", "latency", "latency_p95", "framework", "cost")
_OF_DEVICE = ("latency", "latency_p95", "framework")
AGENT_FIGURES: dict[str, Figure] = {
    name: Figure(
        measure.says,
        measure.unit,
        "lower" if name in _LOWER else "higher",
        share=measure.share,
        sliced=True,
        of_device=name in _OF_DEVICE,
    )
    for name, measure in MEASURES.items()
}
"""Figures of agents over their attempts at tasks; their parts are agentic/measures.py's."""

SLICES = tuple(dict.fromkeys(("all", "answerable", *CATEGORIES, *LANGUAGES)))
"""The parts of the questions that figures are taken over."""
