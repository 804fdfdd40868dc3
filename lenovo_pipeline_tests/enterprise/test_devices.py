from collections import Counter
from itertools import pairwise

import pandas as pd
import pytest

from lenovo_pipeline.enterprise.anchors import SPLITS, process_anchor, series_anchor, split_of
from lenovo_pipeline.enterprise.components import components_of, make_components
from lenovo_pipeline.enterprise.devices import fleet_weights, make_devices
from lenovo_pipeline.enterprise.firmware import make_firmware
from lenovo_pipeline.enterprise.process_families import FAMILIES

SCALES = [0.1, 0.5, 1.0, 4.0, 100.0]


@pytest.mark.parametrize("scale", SCALES)
def test_specifications_fit_the_family(scale: float) -> None:
    devices = make_devices(3, scale)
    limits: dict[str, dict[str, tuple[float, float]]] = {
        "Mobile": {"memory_gb": (4, 16), "storage_gb": (64, 1024), "weight_kg": (0.15, 0.25), "price_usd": (150, 1700)},
        "Laptop": {"memory_gb": (8, 64), "storage_gb": (256, 4096), "weight_kg": (1.0, 3.5), "price_usd": (500, 4000)},
        "Server": {"memory_gb": (8, 2048), "storage_gb": (480, 65536), "weight_kg": (3, 60), "price_usd": (1000, 60000)},
    }
    for family, ranges in limits.items():
        own = devices[devices["family"] == family]
        assert len(own) > 0
        for column, (low, high) in ranges.items():
            assert own[column].between(low, high).all(), (family, column)
    phones, servers = devices["family"] == "Mobile", devices["family"] == "Server"
    assert (devices["battery_mah"].notna() == phones).all()
    assert (devices["battery_wh"].notna() == (devices["family"] == "Laptop")).all()
    assert (devices["display_inch"].isna() == servers).all()
    assert devices.loc[~servers, "rack_units"].isna().all()
    assert devices["operating_system"].str.startswith("Android").equals(phones)


def test_a_series_gets_better_and_never_smaller_from_generation_to_generation() -> None:
    devices = make_devices(3, 1.0)
    for _, series in devices.sort_values("generation").groupby("series"):
        for column in ("memory_gb", "storage_gb", "release_date"):
            assert all(a <= b for a, b in pairwise(series[column].tolist())), (series["name"].iloc[0], column)
        ids = series["device_id"].tolist()
        assert series["predecessor_id"].tolist() == [None, *ids[:-1]]
        assert series["successor_id"].tolist() == [*ids[1:], None]


def test_bigger_server_classes_cost_more() -> None:
    devices = make_devices(3, 1.0)
    price = dict(zip(devices["name"].tolist(), devices["price_usd"].tolist(), strict=True))
    ladder = ["ThinkSystem ST250 V3", "ThinkSystem SR630 V3", "ThinkSystem SR650 V3", "ThinkSystem SR860 V3"]
    prices = [price[name] for name in ladder]
    assert prices == sorted(prices)
    assert all(a * 1.2 < b for a, b in pairwise(prices))
    own = devices[devices["family"] == "Server"].sort_values(["series", "generation"])
    assert own.groupby("series")["price_usd"].apply(lambda p: p.is_monotonic_increasing).all()


def test_memory_and_storage_of_a_configuration_are_never_cheaper_than_the_base() -> None:
    devices = make_devices(3, 100.0)
    base = devices.iloc[:130].set_index(["series", "generation"])["storage_gb"]
    larger = devices.iloc[130:]
    ratio = larger["storage_gb"].to_numpy() / base.loc[list(zip(larger["series"], larger["generation"], strict=True))].to_numpy()
    assert Counter(ratio.tolist()).keys() == {1.0, 2.0}


@pytest.mark.parametrize("scale", SCALES)
def test_every_scale_has_all_families_and_generations_that_follow_each_other(scale: float) -> None:
    devices = make_devices(3, scale)
    assert len(devices) == max(24, round(130 * scale))
    assert devices["name"].is_unique and devices["device_id"].is_unique and devices["machine_type"].is_unique
    assert set(devices["family"]) == {"Mobile", "Laptop", "Server"}
    assert devices["predecessor_id"].notna().sum() >= 12


def test_every_split_has_series_of_every_family_and_processes() -> None:
    devices = make_devices(3, 1.0)
    groups = devices.drop_duplicates("series")
    shares = Counter((family, split_of(series_anchor(s))) for family, s in zip(groups["family"], groups["series"], strict=True))
    assert {(family, split) for family in ("Mobile", "Laptop", "Server") for split in SPLITS} == set(shares)
    tested = devices["series"].map(lambda s: split_of(series_anchor(s)) == "test")
    assert devices[tested].groupby("family").size().min() >= 10
    assert {split_of(process_anchor(family.name)) for family in FAMILIES} == set(SPLITS)


def test_components_belong_to_families_that_have_them() -> None:
    assert "CMP-RAID" in components_of("Server") and "CMP-RAID" not in components_of("Mobile")
    assert "CMP-MODEM" in components_of("Mobile") and "CMP-MODEM" not in components_of("Server")
    components = make_components()
    assert components["category"].nunique() == 12


def test_firmware_comes_in_rising_versions_for_every_device() -> None:
    devices = make_devices(3, 1.0)
    firmware = make_firmware(devices, 3)
    counts = firmware.groupby("device_id").size()
    assert set(counts.index) == set(devices["device_id"]) and counts.between(4, 9).all()
    for _, own in firmware.groupby("device_id", sort=False):
        assert own["released_on"].is_monotonic_increasing and own["released_on"].is_unique
        assert own["version"].is_unique
        assert own["previous_id"].tolist() == [None, *own["firmware_id"].tolist()[:-1]]


def test_the_fleet_is_a_few_models_that_most_people_carry() -> None:
    devices = make_devices(3, 1.0)
    weights = pd.Series(fleet_weights(devices, 3, 1.0))
    standard = weights[weights > 1]
    assert len(standard) == 24
    assert standard.sum() > 0.85 * weights.sum()
    assert not devices.loc[standard.index, "family"].eq("Server").any()
