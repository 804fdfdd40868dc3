"""Alerts that sensors raise: one file for each thing that happened, so that an alert that is raised twice is one record."""

import json
import re
from datetime import UTC, datetime
from typing import Any

from lenovo_pipeline.provenance import short_hash
from lenovo_pipeline.resources.store import Store, write_text_aside

_STRANGE = re.compile(r"[^A-Za-z0-9._-]+")
_NAME_LENGTH = 150


def raise_alert(store: Store, name: str, kind: str, **what: Any) -> None:
    """Write data/store/alerts/<name>.json: its kind, when it was raised, and what there is to say.

    A name may hold what somebody called a folder: what is no letter, digit, dot or dash is left out of the file's name.
    """
    store.alerts.mkdir(parents=True, exist_ok=True)
    alert = {"kind": kind, "raised_at": datetime.now(UTC).isoformat(timespec="seconds"), **what}
    write_text_aside(store.alerts / f"{_file_name(name)}.json", json.dumps(alert, indent=1))


def _file_name(name: str) -> str:
    plain = _STRANGE.sub("-", name)[:_NAME_LENGTH]
    return plain if plain == name else f"{plain}-{short_hash(name)}"
