"""Rules about records: devices, firmware, people, incidents, processes and journeys."""

import pandas as pd

from lenovo_pipeline.enterprise.rules import Rule, World, in_circles, lookup, pairs, times, times_of, together, when
from lenovo_pipeline.enterprise.seeding import INTERACTIONS_START, WORLD_END
from lenovo_pipeline.enterprise.tables import JOURNEY_STAGES

_END = pd.Timestamp(WORLD_END)


def _devices(world: World) -> pd.DataFrame:
    devices = world["devices"]
    ids, released = devices["device_id"], times(devices["release_date"])
    successor = lookup(world, "devices", "device_id", "successor_id")
    predecessor = lookup(world, "devices", "device_id", "predecessor_id")
    day = lookup(world, "devices", "device_id", "release_date")
    before, after = devices["predecessor_id"].tolist(), devices["successor_id"].tolist()
    one_way = [
        (isinstance(b, str) and successor.get(b) != i) or (isinstance(a, str) and predecessor.get(a) != i)
        for i, b, a in zip(ids.tolist(), before, after, strict=True)
    ]
    return together(
        [
            when("devices", ids, times(devices["end_of_support"]) <= released, "support ends before the release"),
            when("devices", ids, released > _END, "released in the future"),
            when("devices", ids, one_way, "predecessor and successor do not name each other"),
            when("devices", ids, times_of(devices["predecessor_id"], day) >= released, "released before its predecessor"),
        ]
    )


def _firmware(world: World) -> pd.DataFrame:
    firmware = world["firmware"]
    ids, released = firmware["firmware_id"], times(firmware["released_on"])
    device_released = times_of(firmware["device_id"], lookup(world, "devices", "device_id", "release_date"))
    previous_released = times_of(firmware["previous_id"], lookup(world, "firmware", "firmware_id", "released_on"))
    owner = lookup(world, "firmware", "firmware_id", "device_id")
    strange = [
        isinstance(p, str) and owner.get(p) != d
        for p, d in zip(firmware["previous_id"].tolist(), firmware["device_id"].tolist(), strict=True)
    ]
    return together(
        [
            when("firmware", ids, released < device_released, "released before its device"),
            when("firmware", ids, released > _END, "released in the future"),
            when("firmware", ids, previous_released >= released, "released before the firmware that it replaces"),
            when("firmware", ids, strange, "replaces firmware of another device"),
        ]
    )


def _users(world: World) -> pd.DataFrame:
    users = world["users"]
    ids, hired = users["user_id"], times(users["hired_on"])
    assigned = pairs(users, "user_id", "device_ids")
    released = times_of(assigned["device_ids"], lookup(world, "devices", "device_id", "release_date"))
    managers = {u: [m] for u, m in lookup(world, "users", "user_id", "manager_id").items() if isinstance(m, str)}
    return together(
        [
            when("users", ids, hired > _END, "hired in the future"),
            when("users", ids, ids.isin(in_circles(managers)), "is above himself"),
            when("users", assigned["user_id"], released > _END, "is assigned a device that is not released"),
        ]
    )


def _incidents(world: World) -> pd.DataFrame:
    incidents = world["incidents"]
    ids = incidents["incident_id"]
    started, detected = times(incidents["started_at"]), times(incidents["detected_at"])
    resolved = times(incidents["resolved_at"])
    released = lookup(world, "firmware", "firmware_id", "released_on")
    owner = lookup(world, "firmware", "firmware_id", "device_id")
    device_released = lookup(world, "devices", "device_id", "release_date")
    support_ends = times_of(incidents["device_id"], lookup(world, "devices", "device_id", "end_of_support"))
    fixed_by = times_of(incidents["fixed_firmware_id"], released)
    devices = incidents["device_id"].tolist()
    strange = [
        owner.get(f, d) != d or (isinstance(g, str) and owner.get(g, d) != d)
        for d, f, g in zip(devices, incidents["firmware_id"].tolist(), incidents["fixed_firmware_id"].tolist(), strict=True)
    ]
    checks = (
        (started > detected, "noticed before it began"),
        (resolved < detected, "fixed before it was noticed"),
        (started > _END, "began in the future"),
        (detected > _END, "noticed in the future"),
        (resolved > _END, "fixed in the future"),
        (started < times_of(incidents["device_id"], device_released), "broke before the device was released"),
        (started < times_of(incidents["firmware_id"], released), "broke under firmware that was not released"),
        (started >= support_ends + pd.Timedelta(days=1), "began after the end of support"),
        (fixed_by <= started, "fixed by firmware that was released before it began"),
        (fixed_by > resolved, "fixed before the firmware that fixed it was released"),
        (incidents["fixed_firmware_id"].notna() & resolved.isna(), "open although firmware fixed it"),
        (strange, "names firmware of another device"),
    )
    return together([when("incidents", ids, wrong, problem) for wrong, problem in checks])


def _interactions(world: World) -> pd.DataFrame:
    interactions = world["interactions"]
    ids, started = interactions["interaction_id"], times(interactions["started_at"])
    device, incident = interactions["device_id"], interactions["incident_id"]
    began = times_of(incident, lookup(world, "incidents", "incident_id", "started_at"))
    fixed = times_of(incident, lookup(world, "incidents", "incident_id", "resolved_at"))
    broken = lookup(world, "incidents", "incident_id", "device_id")
    carried = {u: frozenset(own) for u, own in lookup(world, "users", "user_id", "device_ids").items()}
    elsewhere = [isinstance(i, str) and broken.get(i) != d for i, d in zip(incident.tolist(), device.tolist(), strict=True)]
    foreign = [d not in carried.get(u, ()) for u, d in zip(interactions["user_id"].tolist(), device.tolist(), strict=True)]
    released = times_of(device, lookup(world, "devices", "device_id", "release_date"))
    hired = times_of(interactions["user_id"], lookup(world, "users", "user_id", "hired_on"))
    outside = (started < pd.Timestamp(INTERACTIONS_START)) | (started >= _END)
    checks = (
        (outside, "lies outside the 30 days"),
        (started < released, "used before the device was released"),
        (started < hired, "done before the user was hired"),
        (started < began, "caused by an incident that had not begun"),
        (started >= fixed, "caused by an incident that was fixed"),
        (elsewhere, "caused by an incident of another device"),
        (foreign, "done on a device that the user does not have"),
    )
    return together([when("interactions", ids, wrong, problem) for wrong, problem in checks])


def _processes(world: World) -> pd.DataFrame:
    processes = world["processes"]
    ids = processes["process_id"]
    upstream = {p: list(own) for p, own in lookup(world, "processes", "process_id", "upstream_ids").items()}
    downstream = lookup(world, "processes", "process_id", "downstream_ids")
    forward = {(u, p) for p, own in upstream.items() for u in own}
    backward = {(p, d) for p, own in downstream.items() for d in own}
    unmatched = {p for pair in forward ^ backward for p in pair}
    established = times(processes["established_on"])
    hired = times_of(processes["owner_id"], lookup(world, "users", "user_id", "hired_on"))
    return together(
        [
            when("processes", ids, ids.isin(unmatched), "upstream and downstream do not name each other"),
            when("processes", ids, ids.isin(in_circles(upstream)), "waits, in the end, for itself"),
            when("processes", ids, established > _END, "established in the future"),
            when("processes", ids, hired > established, "established before its owner was hired"),
        ]
    )


def _process_metrics(world: World) -> pd.DataFrame:
    metrics = world["process_metrics"]
    ids, month = metrics["process_id"], times(metrics["month"])
    established = times_of(ids, lookup(world, "processes", "process_id", "established_on"))
    return together(
        [
            when("process_metrics", ids, month < established.dt.to_period("M").dt.to_timestamp(), "measured before it existed"),
            when("process_metrics", ids, month + pd.offsets.MonthBegin(1) > _END, "measured in a month that is not over"),
            when("process_metrics", ids, metrics["breached"] > metrics["completed"], "more cases late than completed"),
            when("process_metrics", ids, metrics["mean_hours"] > metrics["p95_hours"], "mean above the 95th percentile"),
        ]
    )


def _journeys(world: World) -> pd.DataFrame:
    journeys = world["journeys"]
    ids, started, ended = journeys["journey_id"], times(journeys["started_at"]), times(journeys["ended_at"])
    since = times_of(journeys["customer_id"], lookup(world, "customers", "customer_id", "customer_since"))
    released = lookup(world, "devices", "device_id", "release_date")
    support = lookup(world, "devices", "device_id", "end_of_support")
    quoted = pairs(journeys, "journey_id", "quoted_device_ids")
    lists = zip(journeys["quoted_device_ids"].tolist(), journeys["bought_device_ids"].tolist(), strict=True)
    unquoted = [not set(bought) <= set(quoted_ids) for quoted_ids, bought in lists]
    won = journeys["outcome"].eq("won")
    bought_any = journeys["bought_device_ids"].map(len).astype(int).gt(0)
    paid = journeys["units"].astype(int).gt(0) & journeys["value_usd"].astype(float).gt(0)
    nothing_paid = journeys["units"].astype(int).eq(0) & journeys["value_usd"].astype(float).eq(0)
    stage = journeys["stage"].map(JOURNEY_STAGES.index)
    checks = (
        (ended < started, "ends before it begins"),
        (started > _END, "begins in the future"),
        (ended > _END, "ends in the future"),
        (started < since, "begins before the customer's first contract"),
        (unquoted, "devices bought that were not quoted"),
        (won & ~(bought_any & paid), "won without devices, units or value"),
        (~won & ~(~bought_any & nothing_paid), "not won, yet something was bought"),
        (won & (stage < JOURNEY_STAGES.index("purchase")), "won before the stage of purchase"),
        (journeys["outcome"].eq("open") != ended.isna(), "open and ended contradict each other"),
    )
    journey, begun = quoted["journey_id"], times(quoted["started_at"])
    early = times_of(quoted["quoted_device_ids"], released) > begun
    late = times_of(quoted["quoted_device_ids"], support) < begun
    return together(
        [when("journeys", ids, wrong, problem) for wrong, problem in checks]
        + [
            when("journeys", journey, early, "quotes a device before its release"),
            when("journeys", journey, late, "quotes a device out of support"),
        ]
    )


def _touchpoints(world: World) -> pd.DataFrame:
    touchpoints = world["touchpoints"]
    ids, journey, happened = touchpoints["touchpoint_id"], touchpoints["journey_id"], times(touchpoints["happened_at"])
    started = times_of(journey, lookup(world, "journeys", "journey_id", "started_at"))
    ended = times_of(journey, lookup(world, "journeys", "journey_id", "ended_at"))
    reached = {j: JOURNEY_STAGES.index(s) for j, s in lookup(world, "journeys", "journey_id", "stage").items()}
    stage = touchpoints["stage"].map(JOURNEY_STAGES.index).astype(int)
    beyond = [s > reached.get(j, s) for s, j in zip(stage.tolist(), journey.tolist(), strict=True)]
    in_time = pd.DataFrame({"journey": journey, "happened": happened, "stage": stage}).sort_values(
        ["journey", "happened"], kind="stable"
    )
    backwards = in_time.groupby("journey")["stage"].diff().lt(0).reindex(touchpoints.index)
    checks = (
        (happened < started, "happened before its journey began"),
        (happened > ended, "happened after its journey ended"),
        (happened > _END, "happens in the future"),
        (beyond, "beyond the stage that its journey reached"),
        (backwards, "goes back to an earlier stage"),
        (happened < times_of(touchpoints["device_id"], lookup(world, "devices", "device_id", "release_date")),
         "talks about a device before its release"),
        (happened < times_of(touchpoints["user_id"], lookup(world, "users", "user_id", "hired_on")),
         "in charge before being hired"),
    )  # fmt: skip
    return together([when("touchpoints", ids, wrong, problem) for wrong, problem in checks])


RECORD_RULES = (
    Rule("devices_follow_each_other_in_time", "devices", ("devices",), _devices),
    Rule("firmware_follows_its_device", "firmware", ("firmware", "devices"), _firmware),
    Rule("users_have_managers_and_released_devices", "users", ("users", "devices"), _users),
    Rule("incidents_break_before_they_are_fixed", "incidents", ("incidents", "devices", "firmware"), _incidents),
    Rule(
        "interactions_fit_their_users_and_incidents",
        "interactions",
        ("interactions", "incidents", "users", "devices"),
        _interactions,
    ),
    Rule("processes_wait_for_each_other_without_a_circle", "processes", ("processes", "users"), _processes),
    Rule("process_metrics_fit_their_process", "process_metrics", ("process_metrics", "processes"), _process_metrics),
    Rule("journeys_sell_what_is_released", "journeys", ("journeys", "customers", "devices"), _journeys),
    Rule("touchpoints_lie_within_their_journey", "touchpoints", ("touchpoints", "journeys", "devices", "users"), _touchpoints),
)
