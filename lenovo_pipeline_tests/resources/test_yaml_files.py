"""The YAML that comes with the project says the same where libyaml is missing; what is wrong with a file is one short error."""

import time
from pathlib import Path

import pytest
import yaml

from lenovo_pipeline.resources.yaml_files import load_yaml
from lenovo_pipeline.settings import PROJECT_ROOT

FILES = sorted(path for path in (PROJECT_ROOT / "data").rglob("*.yaml") if "store" not in path.parts)


@pytest.mark.skipif(not hasattr(yaml, "CSafeLoader"), reason="libyaml is missing: there is nothing to compare with")
@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(PROJECT_ROOT)))
def test_both_loaders_read_the_same(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    # libyaml takes a question mark within braces that the other loader takes for a key.
    assert yaml.load(text, Loader=yaml.SafeLoader) == yaml.load(text, Loader=yaml.CSafeLoader)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("day: 2020-13-41", "'2020-13-41' cannot be read as timestamp"),
        (f"number: {'1' * 5000}", "cannot be read as int"),
        ("number: !!int ''", "'' cannot be read as int"),
        ("number: !!float many", "'many' cannot be read as float"),
        ("held: !!bool perhaps", "'perhaps' cannot be read as bool"),
        ("day: !!timestamp soon", "'soon' cannot be read as timestamp"),
        ("names: !!set [a]", "expected a mapping node"),
        ("names: !!map a", "expected a mapping node"),
    ],
)
def test_a_value_that_is_none_of_its_type_is_an_error_with_its_place(text: str, said: str) -> None:
    with pytest.raises(yaml.YAMLError, match=said) as refused:
        load_yaml(f"first: 1\n{text}")
    assert "line 2" in str(refused.value)
    assert len(str(refused.value)) < 300


@pytest.mark.parametrize(
    ("keys", "said"),
    [
        (["x"] * 20_000, "the key x stands twice"),
        ([f"x{number}" for number in range(20_000)] * 2, "the key x0, x1, x10, x100, x1000 and 19995 more keys stand twice"),
        (["1", "1"], "the key 1 stands twice"),
    ],
)
def test_keys_that_stand_twice_are_found_at_once_and_named_in_short(keys: list[str], said: str) -> None:
    started = time.monotonic()
    with pytest.raises(yaml.YAMLError, match=said) as refused:
        load_yaml("".join(f"{key}: 1\n" for key in keys))
    assert time.monotonic() - started < 5
    assert len(str(refused.value)) < 200
