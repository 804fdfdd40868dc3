"""One small world and its evaluation prompts, shared by the tests of prompts; templates to break."""

from collections.abc import Callable
from typing import Any

import pandas as pd
import pytest

from lenovo_pipeline.enterprise.world import build_world
from lenovo_pipeline.prompts.evaluation.make import make_evaluation_prompts

SEED, SCALE = 11, 0.1

Values = Callable[..., dict[str, Any]]


@pytest.fixture(scope="session")
def frames() -> dict[str, pd.DataFrame]:
    return build_world(SEED, SCALE)


@pytest.fixture(scope="session")
def prompts(frames: dict[str, pd.DataFrame]) -> pd.DataFrame:
    return make_evaluation_prompts(frames, SEED, SCALE)


@pytest.fixture
def values() -> Values:
    """A right template as YAML gives it, with changes."""

    def make(**changes: Any) -> dict[str, Any]:
        right: dict[str, Any] = {
            "id": "explain-code",
            "purpose": "Explain an error code to a user.",
            "task_type": "explain",
            "language": "en",
            "version": 1,
            "variables": {
                "code": {"type": "text", "description": "The code", "example": "BAT-1"},
                "day": {"type": "date", "description": "The day", "example": "2026-03-05"},
            },
            "template": "Explain the code {{code}} as it was seen on {{day}}.",
        }
        return {**right, **changes}

    return make
