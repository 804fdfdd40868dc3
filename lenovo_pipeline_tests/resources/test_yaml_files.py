"""The YAML that comes with the project says the same where libyaml is missing."""

from pathlib import Path

import pytest
import yaml

from lenovo_pipeline.settings import PROJECT_ROOT

FILES = sorted(path for path in (PROJECT_ROOT / "data").rglob("*.yaml") if "store" not in path.parts)


@pytest.mark.skipif(not hasattr(yaml, "CSafeLoader"), reason="libyaml is missing: there is nothing to compare with")
@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(PROJECT_ROOT)))
def test_both_loaders_read_the_same(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    # libyaml takes a question mark within braces that the other loader takes for a key.
    assert yaml.load(text, Loader=yaml.SafeLoader) == yaml.load(text, Loader=yaml.CSafeLoader)
