"""The registry's own copies of adapters, by content: what is wrong with one.

Belongs here: holding a row against its files. Does not belong here: making the copies (register.py).
"""

from collections.abc import Mapping
from typing import Any

from lenovo_pipeline.failures import PermanentFailure
from lenovo_pipeline.models.builds import content_hash
from lenovo_pipeline.provenance import inspect_manifest
from lenovo_pipeline.resources.store import Store

KIND = "adapter_registry"
OF_THE_BASE = {"base_revision": "revision", "tokenizer_hash": "tokenizer_hash", "template_hash": "template_hash"}
"""Columns of a row that say which base an adapter is for, with what a model's identity calls them."""


def copy_problems(store: Store, row: Mapping[str, Any]) -> list[str]:
    """What is wrong with the registry's own copy of an adapter (a row of models.adapter_registry)."""
    folder = store.root / row["path"]
    if not folder.is_dir():
        return [f"{row['path']} is not there"]
    try:
        _, problems = inspect_manifest(folder, remedy="")
    except PermanentFailure as error:
        return [str(error).rstrip(". ")]
    found = content_hash(folder)
    return problems if found == row["artifact"] else [*problems, f"its content is {found}, expected {row['artifact']}"]
