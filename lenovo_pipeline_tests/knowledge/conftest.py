"""What the tests of knowledge share: one encoder, built once, and small records."""

from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from lenovo_pipeline.resources.encoders import OnnxEncoder, bundled_encoder

Articles = Callable[..., pd.DataFrame]


@pytest.fixture(scope="session")
def encoder(tmp_path_factory: pytest.TempPathFactory) -> OnnxEncoder:
    return OnnxEncoder(bundled_encoder(), tmp_path_factory.mktemp("artifacts"))


@pytest.fixture(scope="session")
def scifact() -> Path:
    folder = Path(__file__).resolve().parents[3] / "shared" / "reference" / "retrieval" / "scifact"
    if not folder.is_dir():
        pytest.skip("the SciFact reference is not on this machine")
    return folder


@pytest.fixture
def articles() -> Articles:
    def make(count: int) -> pd.DataFrame:
        return pd.DataFrame(
            {
                "article_id": [f"KB-{i}" for i in range(count)],
                "title": [f"Battery of model {i} drains" for i in range(count)],
                "text": [
                    f"# Battery of model {i} drains\n\nUnit {i} loses charge overnight.\n\n"
                    f"## Steps\n1. Update firmware to 1.{i}.\n2. Restart unit {i}."
                    for i in range(count)
                ],
                "language": ["en"] * count,
                "anchor": ["series:ThinkPad X1"] * count,
            }
        )

    return make
