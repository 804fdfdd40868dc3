"""The assets of stage `enterprise`: each table of the world, made from the tables that it refers to.

Thin by rule: the simulation stands in the modules beside this file, the sentences in texts/.
"""

from collections.abc import Iterable

import pandas as pd
from dagster import ResourceParam

from lenovo_pipeline.enterprise import tables
from lenovo_pipeline.enterprise.components import make_components
from lenovo_pipeline.enterprise.customers import make_customers
from lenovo_pipeline.enterprise.departments import make_departments
from lenovo_pipeline.enterprise.devices import make_devices
from lenovo_pipeline.enterprise.firmware import make_firmware
from lenovo_pipeline.enterprise.incidents import make_incidents
from lenovo_pipeline.enterprise.interactions import make_interactions
from lenovo_pipeline.enterprise.journeys import make_journeys
from lenovo_pipeline.enterprise.process_metrics import make_process_metrics
from lenovo_pipeline.enterprise.processes import make_processes
from lenovo_pipeline.enterprise.texts.articles import make_support_articles
from lenovo_pipeline.enterprise.texts.chats import make_chat_messages
from lenovo_pipeline.enterprise.texts.documents import make_documents
from lenovo_pipeline.enterprise.texts.records import (
    with_customer_texts,
    with_device_texts,
    with_incident_texts,
    with_journey_texts,
    with_process_texts,
)
from lenovo_pipeline.enterprise.texts.technical import make_technical_docs
from lenovo_pipeline.enterprise.touchpoints import make_touchpoints
from lenovo_pipeline.enterprise.users import make_users
from lenovo_pipeline.privacy import erased_ids, load_tombstones, without
from lenovo_pipeline.resources.assets import table_asset
from lenovo_pipeline.resources.store import Store
from lenovo_pipeline.settings import Settings


@table_asset(tables.COMPONENTS, pure=True)
def components() -> pd.DataFrame:
    return make_components()


@table_asset(tables.DEVICES, pure=True)
def devices(settings: ResourceParam[Settings]) -> pd.DataFrame:
    return with_device_texts(make_devices(settings.seed, settings.effective_scale), settings.seed)


@table_asset(tables.FIRMWARE, devices=tables.DEVICES, pure=True)
def firmware(devices: pd.DataFrame, settings: ResourceParam[Settings]) -> pd.DataFrame:
    return make_firmware(devices, settings.seed)


@table_asset(tables.DEPARTMENTS, pure=True)
def departments() -> pd.DataFrame:
    return make_departments()


@table_asset(tables.USERS, departments=tables.DEPARTMENTS, devices=tables.DEVICES)
def users(
    departments: pd.DataFrame, devices: pd.DataFrame, settings: ResourceParam[Settings], store: ResourceParam[Store]
) -> pd.DataFrame:
    made = make_users(departments, devices, settings.seed, settings.effective_scale)
    return load_tombstones(store.root).pseudonymise(made, identity="user_id", name="name", address="email")


@table_asset(tables.INCIDENTS, devices=tables.DEVICES, firmware=tables.FIRMWARE, components=tables.COMPONENTS, pure=True)
def incidents(
    devices: pd.DataFrame, firmware: pd.DataFrame, components: pd.DataFrame, settings: ResourceParam[Settings]
) -> pd.DataFrame:
    made = make_incidents(devices, firmware, components, settings.seed, settings.effective_scale)
    return with_incident_texts(made, devices, components, firmware, settings.seed)


@table_asset(tables.INTERACTIONS, users=tables.USERS, devices=tables.DEVICES, incidents=tables.INCIDENTS, pure=True)
def interactions(
    users: pd.DataFrame, devices: pd.DataFrame, incidents: pd.DataFrame, settings: ResourceParam[Settings]
) -> Iterable[pd.DataFrame]:
    erased = erased_ids(users, identity="user_id", address="email")
    made = make_interactions(users, devices, incidents, settings.seed, settings.effective_scale)
    return (without(part, "user_id", erased) for part in made)


@table_asset(tables.PROCESSES, departments=tables.DEPARTMENTS, users=tables.USERS, pure=True)
def processes(departments: pd.DataFrame, users: pd.DataFrame, settings: ResourceParam[Settings]) -> pd.DataFrame:
    made = make_processes(departments, users, settings.seed, settings.effective_scale)
    return with_process_texts(made, departments, users, settings.seed)


@table_asset(tables.PROCESS_METRICS, processes=tables.PROCESSES, pure=True)
def process_metrics(processes: pd.DataFrame, settings: ResourceParam[Settings]) -> pd.DataFrame:
    return make_process_metrics(processes, settings.seed)


@table_asset(tables.CUSTOMERS, users=tables.USERS)
def customers(users: pd.DataFrame, settings: ResourceParam[Settings], store: ResourceParam[Store]) -> pd.DataFrame:
    made = make_customers(users, settings.seed, settings.effective_scale)
    known = load_tombstones(store.root).pseudonymise(made, identity="customer_id", name="contact_name", address="contact_email")
    return with_customer_texts(known, users, settings.seed)


@table_asset(tables.JOURNEYS, customers=tables.CUSTOMERS, devices=tables.DEVICES, pure=True)
def journeys(customers: pd.DataFrame, devices: pd.DataFrame, settings: ResourceParam[Settings]) -> pd.DataFrame:
    made = make_journeys(customers, devices, settings.seed, settings.effective_scale)
    return with_journey_texts(made, customers, devices, settings.seed)


@table_asset(
    tables.TOUCHPOINTS,
    journeys=tables.JOURNEYS,
    customers=tables.CUSTOMERS,
    users=tables.USERS,
    devices=tables.DEVICES,
    pure=True,
)
def touchpoints(
    journeys: pd.DataFrame,
    customers: pd.DataFrame,
    users: pd.DataFrame,
    devices: pd.DataFrame,
    settings: ResourceParam[Settings],
) -> pd.DataFrame:
    return make_touchpoints(journeys, customers, users, devices, settings.seed)


@table_asset(
    tables.DOCUMENTS,
    departments=tables.DEPARTMENTS,
    users=tables.USERS,
    devices=tables.DEVICES,
    customers=tables.CUSTOMERS,
    processes=tables.PROCESSES,
    pure=True,
)
def documents(
    departments: pd.DataFrame,
    users: pd.DataFrame,
    devices: pd.DataFrame,
    customers: pd.DataFrame,
    processes: pd.DataFrame,
    settings: ResourceParam[Settings],
) -> pd.DataFrame:
    return make_documents(departments, users, devices, customers, processes, settings.seed, settings.effective_scale)


@table_asset(
    tables.SUPPORT_ARTICLES,
    incidents=tables.INCIDENTS,
    devices=tables.DEVICES,
    firmware=tables.FIRMWARE,
    components=tables.COMPONENTS,
    users=tables.USERS,
    pure=True,
)
def support_articles(
    incidents: pd.DataFrame,
    devices: pd.DataFrame,
    firmware: pd.DataFrame,
    components: pd.DataFrame,
    users: pd.DataFrame,
    settings: ResourceParam[Settings],
) -> pd.DataFrame:
    return make_support_articles(incidents, devices, firmware, components, users, settings.seed, settings.effective_scale)


@table_asset(tables.TECHNICAL_DOCS, devices=tables.DEVICES, firmware=tables.FIRMWARE, users=tables.USERS, pure=True)
def technical_docs(
    devices: pd.DataFrame, firmware: pd.DataFrame, users: pd.DataFrame, settings: ResourceParam[Settings]
) -> pd.DataFrame:
    return make_technical_docs(devices, firmware, users, settings.seed, settings.effective_scale)


@table_asset(
    tables.CHAT_MESSAGES,
    incidents=tables.INCIDENTS,
    support_articles=tables.SUPPORT_ARTICLES,
    users=tables.USERS,
    devices=tables.DEVICES,
    pure=True,
)
def chat_messages(
    incidents: pd.DataFrame,
    support_articles: pd.DataFrame,
    users: pd.DataFrame,
    devices: pd.DataFrame,
    settings: ResourceParam[Settings],
) -> pd.DataFrame:
    made = make_chat_messages(incidents, support_articles, users, devices, settings.seed, settings.effective_scale)
    return without(made, "user_id", erased_ids(users, identity="user_id", address="email"))
