"""1 % of the documents edited: how many model calls re-evaluation by item saves, and whether its scores are those of a full run.

Works on the published snapshot (`make run` first) with the bundled model, open book; calls are counted at `inference`.
"""

import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pandas as pd

from lenovo_pipeline.evaluation.items import asked_items
from lenovo_pipeline.evaluation.keeping import BATCH_SIZE, TIMEOUT_S
from lenovo_pipeline.evaluation.kinds import base_name, raw_contenders
from lenovo_pipeline.evaluation.scoring import Contender, Scored, score_all
from lenovo_pipeline.evaluation.snapshots import snapshot_warehouse
from lenovo_pipeline.evaluation.tables import ITEMS, RAW_FOUNDATION
from lenovo_pipeline.gold.tables import QUESTIONS
from lenovo_pipeline.knowledge.tables import CHUNKS
from lenovo_pipeline.measures.runner import RunSettings
from lenovo_pipeline.models.catalogue import require_row
from lenovo_pipeline.models.tables import CATALOGUE, FOUNDATION
from lenovo_pipeline.partitions import DEFAULT_MODEL
from lenovo_pipeline.resources.inference import Inference
from lenovo_pipeline.resources.store import Store
from lenovo_pipeline.settings import get_settings

SHARE, SEED = 0.01, 7


class Counting:
    """Opens models whose calls it counts."""

    def __init__(self, inference: Inference) -> None:
        self._inference, self.calls = inference, 0

    def reach(self, source: Any) -> Any:
        return self._inference.reach(source)

    def open(self, source: Any) -> Any:
        backend, counting = self._inference.open(source), self

        class Counted:
            def __getattr__(self, name: str) -> Any:
                return getattr(backend, name)

            def generate(self, messages: Any, settings: Any) -> Any:
                counting.calls += 1
                return backend.generate(messages, settings)

            def generate_batch(self, batch: Sequence[Any], settings: Any) -> Any:
                counting.calls += len(batch)
                return backend.generate_batch(batch, settings)

        return Counted()


def edited(chunks: pd.DataFrame) -> pd.DataFrame:
    """The chunks with a sentence added to those of 1 % of the records."""
    records = chunks["record_id"].drop_duplicates().sample(frac=SHARE, random_state=SEED)
    touched = chunks["record_id"].isin(records)
    return chunks.assign(text=chunks["text"].where(~touched, chunks["text"] + " Revised."))


def main() -> None:
    settings = get_settings()
    with snapshot_warehouse(Store(settings.store)) as warehouse, tempfile.TemporaryDirectory() as folder:
        items, questions, chunks = (warehouse.load(table) for table in (ITEMS, QUESTIONS, CHUNKS))
        foundation = {str(k): v for k, v in warehouse.load(FOUNDATION, model=DEFAULT_MODEL).to_dict("records")[0].items()}
        row = require_row(warehouse.load(CATALOGUE).to_dict("records"), DEFAULT_MODEL)

        def scored(texts: pd.DataFrame, stored: pd.DataFrame | None, logs: str) -> tuple[Scored, int]:
            with contender(asked_items(items, questions, texts)) as (one, counting):
                run = RunSettings(batch_size=BATCH_SIZE, timeout_s=TIMEOUT_S, seed=settings.seed)
                found = score_all([one], RAW_FOUNDATION, stored, logs=Path(folder) / logs, settings=run)
                return found, counting.calls

        @contextmanager
        def contender(asked: Any) -> Iterator[tuple[Contender, Counting]]:
            counting = Counting(Inference(settings))
            with raw_contenders(foundation, row, counting, *asked) as contenders:
                yield next(each for each in contenders if each.candidate.name == base_name(DEFAULT_MODEL)), counting

        before, _ = scored(chunks, None, "before")
        merged, calls = scored(edited(chunks), before.frame, "merged")
        full, all_calls = scored(edited(chunks), None, "full")
    same_columns = [name for name in full.frame.columns if name not in ("latency_s", "first_token_s")]
    same = (full.frame[same_columns].astype(str) == merged.frame[same_columns].astype(str)).all(axis=1)
    print(f"{len(items)} questions, {SHARE:.0%} of {chunks['record_id'].nunique()} records edited")
    print(f"model calls: {calls} instead of {all_calls}, {1 - calls / all_calls:.1%} saved (at least 80 %)")
    print(f"the same rows as a full run, times aside: {same.mean():.2%} (100 %)")


if __name__ == "__main__":
    main()
