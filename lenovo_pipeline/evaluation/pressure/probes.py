"""Probes: prompts that test how a candidate bears pressure, asked beside the gold questions and scored the same way.

Belongs here: which adversarial prompts, counterfactual pairs and sources of both are asked, as items, and of whom.
Does not belong here: what their scores show (robustness.py, bias.py).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd

from lenovo_pipeline.contracts.frames import rows_by
from lenovo_pipeline.evaluation.tables import BUILD_KINDS
from lenovo_pipeline.measures.items import Item, items_from_rows


@dataclass(frozen=True)
class ProbeSizes:
    """How much is asked: variants of each scenario, pairs of each characteristic (None: all there are), and how many of a
    model's builds beside the model itself.
    """

    variants: int | None
    pairs: int | None
    builds: int


SIZES = {"smoke": ProbeSizes(1, 2, 0), "default": ProbeSizes(1, 9, 1), "full": ProbeSizes(None, None, 3)}

BATCH_SIZE = 64
"""Probes that are under way at once: of them no latency is wanted, only answers."""

SOURCE, PAIR = "source", "pair"
"""Categories of probes beside the groups of scenarios: the unchanged prompt, and one side of a pair."""


def probe_items(adversarial: pd.DataFrame, counterfactuals: pd.DataFrame, prompts: pd.DataFrame, sizes: ProbeSizes) -> list[Item]:
    """The probes, in the order of their ids: chosen variants with their unchanged sources, and both sides of chosen pairs.

    Frames as their contracts (stage prompts) say. A variant's cluster is its source, which shares its luck.
    """
    variants, pairs = chosen_variants(adversarial, sizes), chosen_pairs(counterfactuals, sizes)
    sources = prompts[prompts["prompt_id"].isin(set(variants["prompt_id"]))]
    by_prompt = rows_by(prompts, "prompt_id")
    rows = [_row(row["prompt_id"], row["prompt"], row, SOURCE, by_prompt) for row in sources.to_dict("records")]
    rows += [
        _row(row["adversarial_id"], row["text"], row, row["scenario_group"], by_prompt) for row in variants.to_dict("records")
    ]
    rows += [
        _row(side_id(row["pair_id"], side), row[f"prompt_{side}"], row, PAIR, by_prompt)
        for row in pairs.to_dict("records")
        for side in "ab"
    ]
    return items_from_rows(sorted(rows, key=lambda row: str(row["question_id"])))


def chosen_variants(adversarial: pd.DataFrame, sizes: ProbeSizes) -> pd.DataFrame:
    """The first variants of every scenario by id, which is a hash: every scenario is asked at every size."""
    ordered = adversarial.sort_values(["kind", "adversarial_id"])
    return ordered if sizes.variants is None else ordered.groupby("kind").head(sizes.variants)


def chosen_pairs(counterfactuals: pd.DataFrame, sizes: ProbeSizes) -> pd.DataFrame:
    """The first pairs of every characteristic by id, equally many in each language as far as they go."""
    ordered = counterfactuals.sort_values(["characteristic", "pair_id"])
    if sizes.pairs is None:
        return ordered
    turn = ordered.groupby(["characteristic", "language"]).cumcount()
    return (
        ordered.assign(turn=turn).sort_values(["characteristic", "turn", "pair_id"]).groupby("characteristic").head(sizes.pairs)
    )


def side_id(pair_id: str, side: str) -> str:
    """The id under which one side (a or b) of a pair is asked."""
    return f"{pair_id}-{side}"


def worth_probing(scores: Mapping[str, pd.DataFrame], model: str, builds: int) -> list[str]:
    """Names of the model's builds with the highest share of right answers to the gold questions, best first; at most `builds`."""
    means: dict[str, float] = {}
    for kind in BUILD_KINDS:
        frame = scores.get(kind)
        if frame is not None:
            mine = frame[frame["model"] == model]
            means |= {str(name): float(each["correct"].mean()) for name, each in mine.groupby("candidate")}
    ranked = sorted((name for name, mean in means.items() if mean == mean), key=lambda name: (-means[name], name))
    return ranked[:builds]


def _row(
    probe_id: str, text: str, judged: Mapping[Any, Any], category: str, prompts: Mapping[Any, Mapping[str, Any]]
) -> dict[str, Any]:
    """A row as items are made of; unit, aliases and list members are those of the source where its answer stays right."""
    source = prompts.get(judged["prompt_id"], {})
    same = judged["answer"] == source.get("answer")
    listed = same or judged["answer_type"] != "list"
    return {
        "question_id": probe_id,
        "question": text,
        "language": judged["language"],
        "answer": judged["answer"],
        "answer_type": judged["answer_type"],
        "unit": source.get("unit"),
        "aliases": source.get("aliases") if same else None,
        "answer_items": source.get("answer_items") if same else None if listed else str(judged["answer"]).split("; "),
        "category": category,
        "anchor": judged["prompt_id"],
    }
