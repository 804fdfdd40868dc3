"""What one split of the evaluation prompts gives away to another one; one sentence for each leak.

Every prompt shows only records of the split of its anchor, so that nothing which a test asks about is seen in training.
"""

from collections.abc import Mapping
from typing import Any

import pandas as pd

from lenovo_pipeline.enterprise.anchors import process_anchor, series_anchor, split_of
from lenovo_pipeline.gold.leakage import is_sentence
from lenovo_pipeline.gold.surfaces import words


def find_leaks(prompts: pd.DataFrame, anchors: Mapping[str, str]) -> list[str]:
    """`prompts`: contract EVALUATION_PROMPTS; `anchors`: anchor of every record that a prompt may show (record_anchors)."""
    found: list[str] = []
    splits = {anchor: split_of(anchor) for anchor in {*prompts["anchor"], *anchors.values()}}
    asked: dict[str, str] = {}
    sentences: dict[str, str] = {}
    rows: list[dict[str, Any]] = prompts[["prompt_id", "split", "anchor", "record_ids", "context", "question", "answer"]].to_dict(
        "records"
    )  # type: ignore[assignment]
    for row in rows:
        own = row["split"]
        if splits[row["anchor"]] != own:
            found.append(f"{row['prompt_id']}: {row['anchor']} belongs to {splits[row['anchor']]}, not to {own}")
        for record_id in row["record_ids"]:
            if record_id not in anchors:
                found.append(f"{row['prompt_id']}: {record_id} is no record")
            elif splits[anchors[record_id]] != own:
                found.append(f"{row['prompt_id']}: {record_id} belongs to {splits[anchors[record_id]]}, not to {own}")
        task = " ".join(words(f"{row['context']} {row['question']}"))
        if asked.setdefault(task, own) != own:
            found.append(f"{row['prompt_id']}: the same task stands in {asked[task]} and {own}")
        if is_sentence(row["answer"]) and row["answer"] not in _SHARED and sentences.setdefault(row["answer"], own) != own:
            found.append(f"{row['prompt_id']}: its answer, a sentence, is one of {sentences[row['answer']]} too")
    return found


ANCHORED: dict[str, tuple[str, ...]] = {
    "devices": ("device_id", "series"),
    "incidents": ("incident_id", "device_id"),
    "firmware": ("firmware_id", "device_id"),
    "processes": ("process_id", "process_family"),
    "documents": ("document_id", "anchor"),
    "technical_docs": ("technical_doc_id", "anchor"),
    "journeys": ("journey_id", "anchor"),
}
"""The columns that record_anchors reads, by enterprise table."""


def record_anchors(frames: Mapping[str, pd.DataFrame]) -> dict[str, str]:
    """Anchors of the records that prompts show: devices, firmware, incidents, journeys, processes and what they are about."""
    devices = frames["devices"]
    anchors = {i: series_anchor(series) for i, series in zip(devices["device_id"], devices["series"], strict=True)}
    for name, column in (("incidents", "incident_id"), ("firmware", "firmware_id")):
        frame = frames[name]
        anchors |= {i: anchors[device] for i, device in zip(frame[column], frame["device_id"], strict=True)}
    processes = frames["processes"]
    anchors |= {i: process_anchor(family) for i, family in zip(processes["process_id"], processes["process_family"], strict=True)}
    for name, column in (("documents", "document_id"), ("technical_docs", "technical_doc_id"), ("journeys", "journey_id")):
        anchors |= dict(zip(frames[name][column], frames[name]["anchor"], strict=True))
    return anchors


_SHARED = frozenset({"The records do not say."})
