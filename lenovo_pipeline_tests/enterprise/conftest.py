"""One world for all tests of this stage: building it takes about a second."""

import pandas as pd
import pytest

from lenovo_pipeline.contracts import HASH_COLUMN, conform
from lenovo_pipeline.enterprise.tables import TABLES
from lenovo_pipeline.enterprise.world import build_world

SEED = 4711


@pytest.fixture(scope="session")
def world() -> dict[str, pd.DataFrame]:
    """The world of scale 1; tests leave it as it is and change copies."""
    made = build_world(SEED, 1.0)
    return {table.name: conform(made[table.name], table).drop(columns=HASH_COLUMN) for table in TABLES}
