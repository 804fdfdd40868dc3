"""Texts for records whose facts stand in columns: devices, incidents, processes, customers and journeys.

Each function takes the frame without `language`, `template`, `anchor` and `text` and returns it with them.
Does not belong here: tables that are made as texts from the start (documents, articles, technical docs, chats).
"""

from collections.abc import Callable, Mapping, Sequence

import pandas as pd

from lenovo_pipeline.contracts.frames import rows_by
from lenovo_pipeline.enterprise.anchors import customer_anchor, process_anchor, split_of
from lenovo_pipeline.enterprise.texts.values import (
    Slots,
    customer_slots,
    device_anchor,
    device_slots,
    incident_slots,
    journey_slots,
    process_slots,
)
from lenovo_pipeline.enterprise.texts.voices import families, languages, stream, voice


def with_device_texts(devices: pd.DataFrame, seed: int) -> pd.DataFrame:
    """Devices (n rows) with their texts; every specification that a device has is stated."""
    by_id = rows_by(devices, "device_id")
    records = list(by_id.values())
    anchors = [device_anchor(record) for record in records]
    return _with_texts(devices, "device", list(by_id), anchors, None, seed, lambda i, lang: device_slots(records[i], by_id, lang))


def with_incident_texts(
    incidents: pd.DataFrame, devices: pd.DataFrame, components: pd.DataFrame, firmware: pd.DataFrame, seed: int
) -> pd.DataFrame:
    """Incidents (n rows) with their texts; symptom, cause and fix appear verbatim, in Chinese texts as English records."""
    by_device, by_component = rows_by(devices, "device_id"), rows_by(components, "component_id")
    by_firmware = rows_by(firmware, "firmware_id")
    by_id = rows_by(incidents, "incident_id")
    keys, records = list(by_id), list(by_id.values())
    anchors = [device_anchor(by_device[record["device_id"]]) for record in records]

    def slots(i: int, language: str) -> Slots:
        values = incident_slots(records[i], by_device, by_component, by_firmware, language)
        phrases = families("phrase", language, split_of(anchors[i]))[0]
        state = "resolved" if values["resolved"] else "unresolved"
        values["state_text"] = phrases.say(state, values, stream(seed, "incident_state", keys[i]))
        return values

    return _with_texts(incidents, "incident", keys, anchors, None, seed, slots)


def with_process_texts(processes: pd.DataFrame, departments: pd.DataFrame, users: pd.DataFrame, seed: int) -> pd.DataFrame:
    """Processes (n rows) with their texts."""
    by_id, by_department = rows_by(processes, "process_id"), rows_by(departments, "department_id")
    by_user = rows_by(users, "user_id")
    records = list(by_id.values())
    anchors = [process_anchor(record["process_family"]) for record in records]
    locales = [by_user[record["owner_id"]]["locale"] for record in records]

    def slots(i: int, language: str) -> Slots:
        return process_slots(records[i], by_id, by_department, by_user, language)

    return _with_texts(processes, "process", list(by_id), anchors, locales, seed, slots)


def with_customer_texts(customers: pd.DataFrame, users: pd.DataFrame, seed: int) -> pd.DataFrame:
    """Customers (n rows) with their texts; Chinese ones first for customers with a Chinese locale."""
    by_id, by_user = rows_by(customers, "customer_id"), rows_by(users, "user_id")
    records = list(by_id.values())
    anchors = [customer_anchor(key) for key in by_id]
    locales = [record["locale"] for record in records]
    return _with_texts(
        customers, "customer", list(by_id), anchors, locales, seed, lambda i, language: customer_slots(records[i], by_user)
    )


def with_journey_texts(journeys: pd.DataFrame, customers: pd.DataFrame, devices: pd.DataFrame, seed: int) -> pd.DataFrame:
    """Journeys (n rows) with their texts; what was bought, for how much, is stated where something was bought."""
    by_customer, by_device = rows_by(customers, "customer_id"), rows_by(devices, "device_id")
    by_id = rows_by(journeys, "journey_id")
    keys, records = list(by_id), list(by_id.values())
    anchors = [customer_anchor(record["customer_id"]) for record in records]
    locales = [by_customer[record["customer_id"]]["locale"] for record in records]

    def slots(i: int, language: str) -> Slots:
        values = journey_slots(records[i], by_customer, by_device, language)
        phrases = families("phrase", language, split_of(anchors[i]))[0]
        values["outcome_text"] = phrases.say(records[i]["outcome"], values, stream(seed, "journey_outcome", keys[i]))
        return values

    return _with_texts(journeys, "journey", keys, anchors, locales, seed, slots)


def _with_texts(
    frame: pd.DataFrame,
    kind: str,
    keys: Sequence[str],
    anchors: Sequence[str],
    locales: Sequence[str | None] | None,
    seed: int,
    slots: Callable[[int, str], Mapping[str, str | list[str] | None]],
) -> pd.DataFrame:
    spoken = languages(kind, anchors, locales or [None] * len(anchors), seed)
    templates, texts = [], []
    for i, (key, anchor, language) in enumerate(zip(keys, anchors, spoken, strict=True)):
        random = stream(seed, kind, key)
        family = voice(kind, language, anchor, random)
        templates.append(family.name)
        texts.append(family.write(slots(i, language), random))
    return frame.assign(language=spoken, template=templates, anchor=list(anchors), text=texts)
