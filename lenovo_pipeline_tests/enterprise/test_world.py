import os
import re
import subprocess
import sys
from collections.abc import Iterable
from datetime import date, datetime
from typing import Any

import pandas as pd
import pytest

from lenovo_pipeline.contracts import Column, Table, conform
from lenovo_pipeline.enterprise.tables import TABLES
from lenovo_pipeline.enterprise.world import build_world, canonical_sha256

SCALE = 0.1
_PRINT_HASH = """
from lenovo_pipeline.enterprise.world import build_world, canonical_sha256
print(canonical_sha256(build_world(11, 0.1)))
"""


def test_the_same_seed_gives_the_same_world_in_every_process() -> None:
    hashes = set()
    for hash_seed in ("0", "4242"):
        done = subprocess.run(
            [sys.executable, "-c", _PRINT_HASH],
            env={**os.environ, "PYTHONHASHSEED": hash_seed},
            check=True,
            capture_output=True,
            text=True,
        )
        hashes.add(done.stdout.strip())
    assert hashes == {canonical_sha256(build_world(11, SCALE))}


def test_another_seed_gives_another_world() -> None:
    one, other = build_world(11, SCALE), build_world(12, SCALE)
    assert canonical_sha256(one) != canonical_sha256(other)
    fixed = ("components", "departments")
    for table in TABLES:
        same = canonical_sha256({table.name: one[table.name]}) == canonical_sha256({table.name: other[table.name]})
        assert same == (table.name in fixed), table.name


def test_products_and_departments_are_the_same_for_every_seed() -> None:
    one, other = build_world(11, SCALE, only=["users"]), build_world(12, SCALE, only=["users"])
    for column in ("name", "series", "cpu", "memory_gb"):
        assert one["devices"][column].tolist() == other["devices"][column].tolist()
    assert one["departments"].equals(other["departments"])
    assert one["users"]["name"].tolist() != other["users"]["name"].tolist()


def test_only_makes_what_is_wanted_and_what_it_is_made_from() -> None:
    assert list(build_world(11, SCALE, only=["firmware"])) == ["devices", "firmware"]
    with pytest.raises(KeyError, match="no_such_table"):
        build_world(11, SCALE, only=["no_such_table"])


def test_the_hash_of_a_world_does_not_depend_on_the_order_of_its_rows(world: dict[str, pd.DataFrame]) -> None:
    shuffled = {**world, "users": world["users"].sample(frac=1, random_state=1)}
    assert not shuffled["users"].equals(world["users"])
    assert canonical_sha256(shuffled) == canonical_sha256(world)
    renamed = {**world, "users": world["users"].assign(role="Pilot")}
    assert canonical_sha256(renamed) != canonical_sha256(world)


def test_a_world_of_scale_1_has_the_promised_rows(world: dict[str, pd.DataFrame]) -> None:
    assert list(world) == [table.name for table in TABLES]
    for table in TABLES:
        assert len(world[table.name]) >= table.min_rows, table.name
    exact = {"devices": 130, "departments": 14, "users": 200, "processes": 100, "customers": 60, "journeys": 100}
    assert {name: len(world[name]) for name in exact} == exact


@pytest.mark.parametrize("scale", [0.1, 2.0])
def test_every_table_fits_its_contract_at_every_scale(scale: float) -> None:
    made = build_world(5, scale)
    for table in TABLES:
        conformed = conform(made[table.name], table)
        assert len(conformed) > 0
        assert _out_of_contract(conformed, table) == []


def _out_of_contract(frame: pd.DataFrame, table: Table) -> list[str]:
    """Values beyond the range, pattern, choices or uniqueness that the contract declares."""
    found = [f"{table.name}: key is not unique"] if frame.duplicated(list(table.key)).any() else []
    for column in table.columns:
        values = [
            v for v in frame[column.name].tolist() if v is not None and not (isinstance(v, float) and v != v) and v is not pd.NaT
        ]
        if column.unique and len(set(values)) < len(values):
            found.append(f"{table.name}.{column.name} is not unique")
        flat = [element for value in values for element in value] if column.is_list else values
        found += [f"{table.name}.{column.name} = {value!r}" for value in _misfits(flat, column)]
    return found


def _misfits(values: Iterable[Any], column: Column) -> Iterable[Any]:
    for value in values:
        bound: Any = value.to_pydatetime() if isinstance(value, pd.Timestamp) else value
        low: Any = column.minimum
        high: Any = column.maximum
        if isinstance(bound, datetime | date | int | float) and (
            (low is not None and bound < low) or (high is not None and bound > high)
        ):
            yield value
        if column.choices and value not in column.choices:
            yield value
        if column.pattern and not re.fullmatch(column.pattern, value):
            yield value


def test_a_larger_world_has_distinct_devices_and_proportional_rows() -> None:
    small, large = build_world(5, 1.0, only=["customers"]), build_world(5, 12.0, only=["customers"])
    assert len(large["devices"]) == 12 * len(small["devices"])
    assert len(large["users"]) == 12 * len(small["users"])
    assert large["devices"]["name"].is_unique
    assert set(small["devices"]["series"]) == set(large["devices"]["series"])
