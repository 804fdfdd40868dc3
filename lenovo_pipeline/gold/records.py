"""The records that questions rest on, from all tables that carry a text, in one frame."""

from collections.abc import Mapping

import pandas as pd

from lenovo_pipeline.gold.tables import EVIDENCE_TABLES
from lenovo_pipeline.gold.world import ID_COLUMNS


def evidence_records(frames: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """Columns record_id, record_type, anchor, template, language, text and name (None where a record has none)."""
    columns = ["record_id", "record_type", "anchor", "template", "language", "text", "name"]
    parts = [
        frames[table].rename(columns={ID_COLUMNS[table]: "record_id"}).assign(record_type=table).reindex(columns=columns)
        for table in EVIDENCE_TABLES
    ]
    records = pd.concat([part for part in parts if len(part)], ignore_index=True)
    return records.assign(name=records["name"].astype(object).where(records["name"].notna(), None))
