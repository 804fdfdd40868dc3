"""The facts of a record as the phrase banks name them, rendered for one language.

Belongs here: which slot shows which column. Which voice uses it is chosen in records.py and its neighbours.
"""

from collections.abc import Mapping
from typing import Any, TypeAlias

from lenovo_pipeline.enterprise.anchors import series_anchor
from lenovo_pipeline.enterprise.texts.rendering import day, missing, moment, quantity, rating, sentence, share

Record: TypeAlias = dict[str, Any]
Slots: TypeAlias = dict[str, str | list[str] | None]

_FAMILY_WORDS = {"Mobile": "phone", "Laptop": "laptop", "Server": "server"}


def _amount(value: Any, unit: str, language: str) -> str | None:
    return None if missing(value) else quantity(value, unit, language)


def device_slots(device: Record, names: Mapping[str, Record], language: str) -> Slots:
    """The slots of a device; `names` holds all devices by id, for predecessor and successor."""

    def name(device_id: Any) -> str | None:
        return None if missing(device_id) else str(names[device_id]["name"])

    battery = _amount(device["battery_mah"], "mAh", language) or _amount(device["battery_wh"], "Wh", language)
    return {
        "name": device["name"],
        "device": device["name"],
        "brand": device["brand"],
        "series": device["series"],
        "family_word": _FAMILY_WORDS[device["family"]],
        "generation": str(int(device["generation"])),
        "machine_type": device["machine_type"],
        "cpu": device["cpu"],
        "cores": quantity(device["cpu_cores"], "cores", language),
        "memory": quantity(device["memory_gb"], "GB"),
        "storage": quantity(device["storage_gb"], "GB"),
        "display": _amount(device["display_inch"], "inch", language),
        "resolution": None if missing(device["display_resolution"]) else device["display_resolution"],
        "refresh": _amount(device["refresh_rate_hz"], "Hz", language),
        "battery": battery,
        "charger": quantity(device["power_supply_w"], "W"),
        "rack": _amount(device["rack_units"], "U", language),
        "weight": quantity(device["weight_kg"], "kg"),
        "ports": list(device["ports"]),
        "os": device["operating_system"],
        "price": quantity(device["price_usd"], "USD"),
        "release": day(device["release_date"]),
        "warranty": quantity(device["warranty_months"], "month", language),
        "end_of_support": day(device["end_of_support"]),
        "predecessor": name(device["predecessor_id"]),
        "successor": name(device["successor_id"]),
    }


def incident_slots(
    incident: Record,
    devices: Mapping[str, Record],
    components: Mapping[str, Record],
    firmware: Mapping[str, Record],
    language: str,
) -> Slots:
    """The slots of an incident, its device included; the three mappings hold the records by id."""
    fixed = incident["fixed_firmware_id"]
    return {
        **device_slots(devices[incident["device_id"]], devices, language),
        "incident_id": incident["incident_id"],
        "component": components[incident["component_id"]]["name"],
        "firmware": firmware[incident["firmware_id"]]["version"],
        "fixed_firmware": None if missing(fixed) else firmware[fixed]["version"],
        "category": incident["category"],
        "error_code": incident["error_code"],
        "symptom": sentence(incident["symptom"]),
        "cause": sentence(incident["cause"]),
        "fix": sentence(incident["fix"]),
        "severity": incident["severity"],
        "affected": quantity(incident["affected_users"], "user", language),
        "started": moment(incident["started_at"]),
        "detected": moment(incident["detected_at"]),
        "resolved": None if missing(incident["resolved_at"]) else moment(incident["resolved_at"]),
    }


def process_slots(
    process: Record,
    processes: Mapping[str, Record],
    departments: Mapping[str, Record],
    users: Mapping[str, Record],
    language: str,
) -> Slots:
    """The slots of a process; the three mappings hold the records by id."""
    return {
        "name": process["name"],
        "family": process["process_family"],
        "department": departments[process["department_id"]]["name"],
        "owner": users[process["owner_id"]]["name"],
        "steps": list(process["steps"]),
        "sla": quantity(process["sla_hours"], "h", language),
        "target": share(process["target_rate"]),
        # Names of processes may hold commas, so that a comma could not separate them.
        "upstream": "; ".join(processes[i]["name"] for i in process["upstream_ids"]),
        "downstream": "; ".join(processes[i]["name"] for i in process["downstream_ids"]),
        "established": day(process["established_on"]),
    }


def customer_slots(customer: Record, users: Mapping[str, Record]) -> Slots:
    """The slots of a customer; `users` by id."""
    return {
        "customer_id": customer["customer_id"],
        "name": customer["name"],
        "type": customer["customer_type"].replace("_", " "),
        "industry": customer["industry"],
        "country": customer["country"],
        "city": customer["city"],
        "contact": customer["contact_name"],
        "contact_email": customer["contact_email"],
        "manager": users[customer["account_manager_id"]]["name"],
        "since": day(customer["customer_since"]),
    }


def journey_slots(journey: Record, customers: Mapping[str, Record], devices: Mapping[str, Record], language: str) -> Slots:
    """The slots of a journey; the mappings hold the records by id. Orders without units have no order slots."""
    bought = [devices[i]["name"] for i in journey["bought_device_ids"]]
    ended = None if missing(journey["ended_at"]) else day(journey["ended_at"])
    rated = not missing(journey["satisfaction"])
    return {
        "journey_id": journey["journey_id"],
        "customer": customers[journey["customer_id"]]["name"],
        "stage": journey["stage"],
        "quoted": [devices[i]["name"] for i in journey["quoted_device_ids"]],
        "bought": bought,
        "units": quantity(journey["units"], "unit", language) if bought else None,
        "value": quantity(journey["value_usd"], "USD") if bought else None,
        "satisfaction": rating(journey["satisfaction"]) if rated else None,
        "started": day(journey["started_at"]),
        "ended_any": ended,
        "ended": ended if rated else None,
        "ended_unrated": None if rated else ended,
    }


def device_anchor(device: Record) -> str:
    """The anchor of whatever is about a device: its series."""
    return series_anchor(device["series"])
