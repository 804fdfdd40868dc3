"""What the checks of `embeddings` look for, over plain frames. Does not belong here: Dagster."""

import json
from collections.abc import Mapping
from typing import Any

import pandas as pd

from lenovo_pipeline.embeddings.tables import SELECTION
from lenovo_pipeline.knowledge.chunks import indexed_texts
from lenovo_pipeline.models.tuning.leakage import find_leaks

LEAST_PUBLIC = -0.01
"""The most that a chosen encoder may lose on the public set, as a difference of nDCG@10."""

_UNKNOWN = "what it costs on other texts is not known: SciFact is not on this machine (LENOVO_REFERENCE)"


def leaks(pairs: pd.DataFrame, chunks: pd.DataFrame, questions: pd.DataFrame, records: pd.DataFrame) -> list[str]:
    """Whatever of the test split stands in the pairs: questions, near copies, answers, phrasings, templates, entities.

    `chunks` has chunk_id, record_id, context and text; `records` record_id, anchor and template (gold.records). The search
    is that of the training sets of language models (models/tuning/leakage.py).
    """
    texts = dict(zip(chunks["chunk_id"], indexed_texts(chunks), strict=True))
    owners = dict(zip(chunks["chunk_id"], chunks["record_id"], strict=True))
    examples = []
    for row in pairs.to_dict("records"):
        shown = [row["positive_id"], *row["negative_ids"]]
        said = [row["question"], *(texts.get(chunk, "") for chunk in shown)]
        examples.append(
            {
                "example_id": row["pair_id"],
                "question_id": row["question_id"],
                "split": "train",
                "messages": json.dumps([{"content": text} for text in said]),
                "record_ids": list(dict.fromkeys(owners.get(chunk, chunk) for chunk in shown)),
            }
        )
    columns = ["example_id", "question_id", "split", "messages", "record_ids"]
    return find_leaks(pd.DataFrame(examples, columns=columns), questions, records)


def false_negatives(pairs: pd.DataFrame, chunks: pd.DataFrame, qrels: pd.DataFrame) -> list[str]:
    """Negatives of records that are relevant to the question, and positives that are not; one sentence each."""
    owners = dict(zip(chunks["chunk_id"], chunks["record_id"], strict=True))
    relevant: dict[str, set[str]] = {}
    for question, target in zip(qrels["question_id"], qrels["target_id"], strict=True):
        relevant.setdefault(question, set()).add(target)
    found = []
    for row in pairs.to_dict("records"):
        own = relevant.get(row["question_id"], set())
        wrong = [chunk for chunk in row["negative_ids"] if chunk in own or owners.get(chunk) in own]
        found += [f"{row['pair_id']}: {chunk} counts as wrong, but is relevant to {row['question_id']}" for chunk in wrong]
        if row["positive_id"] not in own:
            found.append(f"{row['pair_id']}: {row['positive_id']} counts as right, but is not relevant to {row['question_id']}")
    return found


def unearned(selection: pd.DataFrame) -> list[str]:
    """Choices that the figures beside them do not bear out; one sentence each (rows of SELECTION)."""
    found = []
    for row in selection[selection["verdict"] == "chosen"].to_dict("records"):
        name = f"{row['domain']} for {row['kind']}"
        found += [f"{name} was chosen, but {problem}" for problem in shortfalls(row)]
    several = selection.loc[selection["verdict"] == "chosen", "kind"]
    found += [f"several encoders were chosen for {kind}" for kind in sorted(set(several[several.duplicated()]))]
    assert set(selection.columns) >= set(SELECTION.column_names)
    return found


def shortfalls(figures: Mapping[Any, Any]) -> list[str]:
    """What of a row of SELECTION does not suffice for being chosen, in words; what was not measured does not."""

    def of(name: str) -> float:
        value = figures.get(name)
        return float("nan") if value is None else float(str(value))

    if not of("validation_tuned") > of("validation_base"):
        return [f"on validation it reaches {of('validation_tuned'):.3f}, the base {of('validation_base'):.3f}"]
    if not of("test_lower") > 0:
        difference = of("test_tuned") - of("test_base")
        if difference != difference:
            unmeasured = "it was not measured on the test split"
            return [f"{_UNKNOWN}; so {unmeasured}" if of("public_base") != of("public_base") else unmeasured]
        if of("test_lower") != of("test_lower"):
            return [f"on the test split the difference is {difference:+.3f}, without an interval: one entity is asked about"]
        interval = f"{of('test_lower'):+.3f} to {of('test_upper'):+.3f}"
        return [f"on the test split the difference is {difference:+.3f}, its 95 % interval ({interval}) is not above zero"]
    problems = []
    if not of("overall_tuned") >= of("overall_base"):
        problems.append(
            f"dense search over all kinds reaches {of('overall_tuned'):.3f} with it, {of('overall_base'):.3f} without"
        )
    lost = of("public_tuned") - of("public_base")
    if lost != lost:
        problems.append(_UNKNOWN)
    elif lost < LEAST_PUBLIC:
        problems.append(f"on SciFact it reaches {of('public_tuned'):.3f}, the base {of('public_base'):.3f}")
    return problems
