"""The whole world in memory: every table, made from the tables that it refers to.

Belongs here: the order of making, for tests, benchmarks and whoever wants a world without a store. The assets make the
same tables one by one.
"""

import hashlib
from collections.abc import Callable, Iterable, Mapping

import pandas as pd

from lenovo_pipeline.contracts import canonical_lines
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
from lenovo_pipeline.enterprise.tables import TABLES
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

_Get = Callable[[str], pd.DataFrame]

_MAKERS: dict[str, Callable[[_Get, int, float], pd.DataFrame]] = {
    "components": lambda get, seed, scale: make_components(),
    "devices": lambda get, seed, scale: with_device_texts(make_devices(seed, scale), seed),
    "firmware": lambda get, seed, scale: make_firmware(get("devices"), seed),
    "departments": lambda get, seed, scale: make_departments(),
    "users": lambda get, seed, scale: make_users(get("departments"), get("devices"), seed, scale),
    "incidents": lambda get, seed, scale: with_incident_texts(
        make_incidents(get("devices"), get("firmware"), get("components"), seed, scale),
        get("devices"),
        get("components"),
        get("firmware"),
        seed,
    ),
    "interactions": lambda get, seed, scale: pd.concat(
        make_interactions(get("users"), get("devices"), get("incidents"), seed, scale), ignore_index=True
    ),
    "processes": lambda get, seed, scale: with_process_texts(
        make_processes(get("departments"), get("users"), seed, scale), get("departments"), get("users"), seed
    ),
    "process_metrics": lambda get, seed, scale: make_process_metrics(get("processes"), seed),
    "customers": lambda get, seed, scale: with_customer_texts(make_customers(get("users"), seed, scale), get("users"), seed),
    "journeys": lambda get, seed, scale: with_journey_texts(
        make_journeys(get("customers"), get("devices"), seed, scale), get("customers"), get("devices"), seed
    ),
    "touchpoints": lambda get, seed, scale: make_touchpoints(
        get("journeys"), get("customers"), get("users"), get("devices"), seed
    ),
    "documents": lambda get, seed, scale: make_documents(
        get("departments"), get("users"), get("devices"), get("customers"), get("processes"), seed, scale
    ),
    "support_articles": lambda get, seed, scale: make_support_articles(
        get("incidents"), get("devices"), get("firmware"), get("components"), get("users"), seed, scale
    ),
    "technical_docs": lambda get, seed, scale: make_technical_docs(get("devices"), get("firmware"), get("users"), seed, scale),
    "chat_messages": lambda get, seed, scale: make_chat_messages(
        get("incidents"), get("support_articles"), get("users"), get("devices"), seed, scale
    ),
}


def build_world(seed: int, scale: float, only: Iterable[str] | None = None) -> dict[str, pd.DataFrame]:
    """Frames by table name, in the order of `TABLES`.

    Rows stand in the order of the table's key. `only` names the tables that are wanted (default: all 16); those that
    they are made from are made and returned too.
    Raises KeyError for a table that this stage does not have.
    """
    made: dict[str, pd.DataFrame] = {}
    keys = {table.name: table.key for table in TABLES}

    def get(name: str) -> pd.DataFrame:
        if name not in made:
            # As the warehouse hands a table to the assets that are made from it: who refers to rows by place sees the same.
            made[name] = _MAKERS[name](get, seed, scale).sort_values(list(keys[name]), ignore_index=True)
        return made[name]

    for name in _MAKERS if only is None else only:
        get(name)
    return {table.name: made[table.name] for table in TABLES if table.name in made}


def canonical_sha256(world: Mapping[str, pd.DataFrame]) -> str:
    """SHA-256 (hex) of the canonical export of every table in `world`, in the order of `TABLES`."""
    digest = hashlib.sha256()
    for table in TABLES:
        if table.name in world:
            digest.update(table.qualified_name.encode())
            for line in canonical_lines(world[table.name], table):
                digest.update(b"\n" + line)
    return digest.hexdigest()
