import pandas as pd
import pytest

from lenovo_pipeline.enterprise.customers import make_customers
from lenovo_pipeline.enterprise.departments import STAFFED, make_departments
from lenovo_pipeline.enterprise.devices import make_devices
from lenovo_pipeline.enterprise.journeys import make_journeys, stages_until
from lenovo_pipeline.enterprise.names import address, person_names
from lenovo_pipeline.enterprise.process_families import FAMILIES
from lenovo_pipeline.enterprise.processes import make_processes
from lenovo_pipeline.enterprise.seeding import generator
from lenovo_pipeline.enterprise.tables import CUSTOMER_TYPES, LOCALES
from lenovo_pipeline.enterprise.users import make_users


def test_users_work_in_ten_departments_and_have_distinct_names(world: dict[str, pd.DataFrame]) -> None:
    users = world["users"]
    assert set(users["department_id"]) == set(STAFFED)
    assert users["name"].is_unique
    assert users["device_ids"].map(len).between(1, 4).all()


def test_names_are_written_as_in_their_locale(world: dict[str, pd.DataFrame]) -> None:
    users = world["users"]
    han = users["name"].str.contains(r"[\u4e00-\u9fff]")
    assert (han == users["locale"].isin(["zh-CN", "zh-TW", "ja-JP"])).all()
    assert users["email"].map(str.isascii).all()


@pytest.mark.parametrize("locale", LOCALES)
def test_every_locale_has_names_enough_for_a_small_world_without_repeating_one(locale: str) -> None:
    names = person_names(generator(1, locale), locale, 300)
    assert len(set(names)) == 300
    assert address(names[0][1], 7, "x.example").endswith(".7@x.example")


def test_addresses_lose_accents_and_keep_letters() -> None:
    assert address("José Groß-Øre", 5, "a.example") == "jose.gross.re.5@a.example"


def test_managers_lead_teams_of_their_own_department(world: dict[str, pd.DataFrame]) -> None:
    users = world["users"].set_index("user_id")
    managed = users[users["manager_id"].notna()]
    above = users.loc[managed["manager_id"]]
    assert (above["department_id"].to_numpy() == managed["department_id"].to_numpy()).all()
    assert above["seniority"].isin(["manager", "director"]).all()
    assert users["manager_id"].isna().sum() == len(STAFFED)
    assert managed.groupby("manager_id").size().max() <= 20


@pytest.mark.parametrize("scale", [0.1, 1.0, 20.0])
def test_processes_cover_all_departments_and_families_at_every_scale(scale: float) -> None:
    departments = make_departments()
    users = make_users(departments, make_devices(9, scale), 9, scale)
    processes = make_processes(departments, users, 9, scale)
    assert len(processes) == max(len(FAMILIES), round(100 * scale))
    assert set(processes["department_id"]) == set(departments["department_id"])
    assert set(processes["process_family"]) == {family.name for family in FAMILIES}
    assert processes["name"].is_unique
    assert processes["steps"].map(len).ge(5).all()


def test_some_processes_miss_their_target_and_some_keep_it(world: dict[str, pd.DataFrame]) -> None:
    totals = world["process_metrics"].groupby("process_id")[["completed", "breached"]].sum()
    kept = 1 - totals["breached"] / totals["completed"]
    target = world["processes"].set_index("process_id")["target_rate"]
    assert 0.2 < (kept >= target.reindex(kept.index)).mean() < 0.9


def test_the_95th_percentile_agrees_with_the_share_of_late_cases(world: dict[str, pd.DataFrame]) -> None:
    metrics = world["process_metrics"].merge(world["processes"][["process_id", "sla_hours"]], on="process_id")
    late = metrics["breached"] / metrics["completed"] > 0.05
    assert (late == (metrics["p95_hours"] > metrics["sla_hours"])).all()
    assert (metrics["mean_hours"] < metrics["sla_hours"]).all()


def test_customers_are_of_all_types_and_served_by_sales(world: dict[str, pd.DataFrame]) -> None:
    customers = world["customers"]
    assert set(customers["customer_type"]) == set(CUSTOMER_TYPES)
    sales = world["users"].loc[world["users"]["department_id"] == "DPT-SAL", "user_id"]
    assert customers["account_manager_id"].isin(sales).all()
    assert make_customers(world["users"], 1, 60.0)["name"].is_unique


def test_order_values_follow_from_prices_and_units(world: dict[str, pd.DataFrame]) -> None:
    prices = world["devices"].set_index("device_id")["price_usd"]
    won = world["journeys"][world["journeys"]["outcome"] == "won"]
    assert len(won) > 20
    for bought, units, value in zip(won["bought_device_ids"], won["units"], won["value_usd"], strict=True):
        own = [prices[device] for device in bought]
        assert 0.8 * min(own) * units <= value <= max(own) * units


def test_small_businesses_order_less_than_resellers() -> None:
    departments, devices = make_departments(), make_devices(9, 5.0)
    customers = make_customers(make_users(departments, devices, 9, 5.0), 9, 5.0)
    journeys = make_journeys(customers, devices, 9, 5.0).merge(customers[["customer_id", "customer_type"]], on="customer_id")
    units = journeys[journeys["outcome"] == "won"].groupby("customer_type")["units"].median()
    assert units["small_business"] * 10 < units["reseller"]


def test_every_stage_that_a_journey_reached_has_a_contact_and_orders_are_signed(world: dict[str, pd.DataFrame]) -> None:
    contacts = world["touchpoints"].groupby("journey_id")
    for journey, stage, outcome in zip(*(world["journeys"][c] for c in ("journey_id", "stage", "outcome")), strict=True):
        own = contacts.get_group(journey)
        assert tuple(own["stage"].unique()) == stages_until(stage)
        assert own["note"].str.contains("signed the order").sum() == (outcome == "won")
        assert own["note"].str.contains("decided against").sum() == (outcome == "lost")
