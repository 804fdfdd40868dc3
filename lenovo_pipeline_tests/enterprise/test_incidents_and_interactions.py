import types

import pandas as pd

from lenovo_pipeline.enterprise.components import COMPONENTS
from lenovo_pipeline.enterprise.faults import FAULTS
from lenovo_pipeline.enterprise.interactions import UTC_OFFSETS, make_interactions
from lenovo_pipeline.enterprise.seeding import INTERACTIONS_START

TROUBLE = ["restart", "report_error"]


def _local(world: dict[str, pd.DataFrame], interactions: pd.DataFrame) -> "pd.Series[pd.Timestamp]":
    locale = world["users"].set_index("user_id")["locale"]
    hours = interactions["user_id"].map(locale).map(UTC_OFFSETS)
    return pd.to_datetime(interactions["started_at"]) + pd.to_timedelta(hours, unit="h")


def test_every_component_can_fail_and_only_in_devices_that_have_it(world: dict[str, pd.DataFrame]) -> None:
    assert set(FAULTS) == {component for component, *_ in COMPONENTS}
    incidents = world["incidents"].merge(world["devices"][["device_id", "family"]], on="device_id")
    families = {component: owners for component, _, _, owners in COMPONENTS}
    categories = {component: category for component, _, category, _ in COMPONENTS}
    assert all(f in families[c] for f, c in zip(incidents["family"], incidents["component_id"], strict=True))
    assert (incidents["component_id"].map(categories) == incidents["category"]).all()
    assert incidents["category"].nunique() == 12


def test_a_fix_by_firmware_names_its_version_and_that_release_changed_the_component(world: dict[str, pd.DataFrame]) -> None:
    incidents = world["incidents"][world["incidents"]["fixed_firmware_id"].notna()]
    firmware = world["firmware"].set_index("firmware_id")
    part = world["components"].set_index("component_id")["name"]
    assert len(incidents) > 80
    for fix, by, component in zip(*(incidents[c] for c in ("fix", "fixed_firmware_id", "component_id")), strict=True):
        assert f"firmware {firmware.loc[by, 'version']}," in fix
        assert str(part[component]) in str(firmware.loc[by, "change_summary"])


def test_error_codes_lead_to_one_incident_and_some_incidents_are_open(world: dict[str, pd.DataFrame]) -> None:
    incidents = world["incidents"]
    assert incidents["error_code"].is_unique
    assert incidents["resolved_at"].isna().sum() >= 3
    assert not incidents["symptom"].str.contains("{", regex=False).any()


def test_work_is_done_in_the_working_hours_of_the_locale(world: dict[str, pd.DataFrame]) -> None:
    interactions = world["interactions"]
    hour = _local(world, interactions).dt.hour
    assert hour.between(7, 21).all()
    assert hour.between(8, 18).mean() > 0.9
    for locale in ("zh-CN", "de-DE", "en-US"):
        people = world["users"].loc[world["users"]["locale"] == locale, "user_id"]
        assert hour[interactions["user_id"].isin(people)].median() in range(10, 16)


def test_weekends_are_quiet(world: dict[str, pd.DataFrame]) -> None:
    days = _local(world, world["interactions"]).dt.normalize().value_counts()
    weekend = days.index.to_series().dt.dayofweek.to_numpy() >= 5
    assert days[weekend].max() < 0.2 * days[~weekend].min()


def test_incidents_show_as_spikes_of_restarts_and_error_reports_on_their_device(world: dict[str, pd.DataFrame]) -> None:
    interactions = world["interactions"]
    trouble = interactions[interactions["action"].isin(TROUBLE)]
    day = pd.to_datetime(trouble["started_at"]).dt.normalize()
    incidents = world["incidents"]
    recent = incidents[incidents["started_at"] >= INTERACTIONS_START].set_index("incident_id")
    caused = interactions[interactions["incident_id"].notna()]
    assert set(caused["action"]) == set(TROUBLE)
    visible = 0
    for incident, own in caused.groupby("incident_id"):
        on_device = trouble["device_id"] == recent.loc[str(incident), "device_id"]
        peak = pd.to_datetime(own["started_at"]).dt.normalize().mode()[0]
        others = day[on_device & (day != peak)].value_counts()
        usual = max(1.0, float(others.median()) if len(others) else 1.0)
        visible += int((on_device & (day == peak)).sum() > 10 * usual)
    assert visible >= 8
    assert visible >= 0.5 * caused["incident_id"].nunique()


def test_no_more_people_report_an_incident_than_it_affected(world: dict[str, pd.DataFrame]) -> None:
    caused = world["interactions"][world["interactions"]["incident_id"].notna()]
    reporting = caused.groupby("incident_id")["user_id"].nunique()
    affected = world["incidents"].set_index("incident_id")["affected_users"]
    assert (reporting <= affected.reindex(reporting.index)).all()


def test_sessions_belong_to_one_user_and_device(world: dict[str, pd.DataFrame]) -> None:
    sessions = world["interactions"].groupby("session_id")
    assert sessions["user_id"].nunique().max() == 1
    assert sessions["device_id"].nunique().max() == 1
    assert 2 < sessions.size().median() < 7


def test_interactions_come_in_chunks_that_do_not_depend_on_each_other(world: dict[str, pd.DataFrame]) -> None:
    users = world["users"]
    crowd = pd.concat([users] * 4, ignore_index=True)
    crowd["user_id"] = [f"USR-{50_000 + i}" for i in range(len(crowd))]
    chunks = make_interactions(crowd, world["devices"], world["incidents"], 1, 4.0)
    assert isinstance(chunks, types.GeneratorType)
    sizes = [len(chunk) for chunk in chunks]
    assert len(sizes) == 2 and max(sizes) < 150_000
    first = next(iter(make_interactions(crowd, world["devices"], world["incidents"], 1, 4.0)))
    assert len(first) == sizes[0]
