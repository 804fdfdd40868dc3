"""One small world and its questions, shared by the tests of gold."""

import pandas as pd
import pytest

from lenovo_pipeline.enterprise.world import build_world
from lenovo_pipeline.gold.make import make_questions
from lenovo_pipeline.gold.records import evidence_records

SEED, SCALE = 11, 0.3


@pytest.fixture(scope="session")
def frames() -> dict[str, pd.DataFrame]:
    return build_world(SEED, SCALE)


@pytest.fixture(scope="session")
def questions(frames: dict[str, pd.DataFrame]) -> pd.DataFrame:
    return make_questions(frames, SEED, SCALE)


@pytest.fixture(scope="session")
def records(frames: dict[str, pd.DataFrame]) -> pd.DataFrame:
    return evidence_records(frames)


@pytest.fixture(scope="session")
def texts(records: pd.DataFrame) -> dict[str, str]:
    return dict(zip(records["record_id"], records["text"], strict=True))
