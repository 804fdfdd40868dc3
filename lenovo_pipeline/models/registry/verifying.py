"""What is wrong with registered adapters, combinations and merged models: one sentence for each thing found.

Belongs here: what the checks look for. Does not belong here: making and registering.
"""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from lenovo_pipeline.contracts import Table
from lenovo_pipeline.models.registry.champions import champions_of
from lenovo_pipeline.models.registry.copies import copy_problems
from lenovo_pipeline.models.registry.finding import DROPPED
from lenovo_pipeline.models.registry.register import current_adapters, registered
from lenovo_pipeline.models.tables import FOUNDATION
from lenovo_pipeline.resources.inference.adapter_folder import folder_problems
from lenovo_pipeline.resources.store import Store
from lenovo_pipeline.resources.warehouse import Warehouse

LEAST_AGREEMENT = 0.995
"""Share of equal tokens: rounding may turn a token where two are nearly as likely, and nothing else may."""

LARGEST_BYTES = 50 * 2**20

Row = Mapping[Any, Any]


def unregistered(store: Store, warehouse: Warehouse, sources: Sequence[Table]) -> list[str]:
    """The adapters that are made now and are not in the registry, with what their files show."""
    known = {(row["model"], row["build"], row["artifact"]) for row in registered(warehouse)}
    return [
        f"{row['build']} is not registered: {'; '.join(folder_problems(store.root / row['path'], None)[1]) or 'see its refusal'}"
        for row in current_adapters(warehouse, sources)
        if (row["model"], row["build"], row["artifact"]) not in known
    ]


def damaged(store: Store, warehouse: Warehouse) -> list[str]:
    """The registered versions whose copies are gone or changed."""
    return [
        f"{row['build']} version {row['version']}: {problem}"
        for row in registered(warehouse)
        for problem in copy_problems(store, row)
    ]


def dropped_again(warehouse: Warehouse, dropped: Table) -> list[str]:
    """The adapters that were dropped and are copies of one that is registered under a name of its own."""
    known = [row for row in registered(warehouse) if row["method"] != DROPPED]
    return [
        f"{row['build']} has the same content as {same['build']}, version {same['version']}; while that is current, both are"
        " evaluated under its name"
        for row in current_adapters(warehouse, [dropped])
        for same in [each for each in known if (each["model"], each["artifact"]) == (row["model"], row["artifact"])][:1]
    ]


def too_large(warehouse: Warehouse) -> list[str]:
    """The registered adapters of more than 50 MiB."""
    return [
        f"{row['build']} version {row['version']} takes {row['size_bytes'] / 2**20:.1f} MiB"
        for row in registered(warehouse)
        if (row["size_bytes"] or 0) > LARGEST_BYTES
    ]


def unfitting(warehouse: Warehouse) -> list[str]:
    """The champions that were made for another base than their model has now."""
    bases = {row["model"]: row["revision"] for row in warehouse.load(FOUNDATION).to_dict("records")}
    revisions = {row["artifact"]: row["base_revision"] for row in registered(warehouse)}
    return [
        f"{row['build']}, champion of {row['model']} for {row['domain']}, is for revision {revisions.get(row['champion'])}, "
        f"the base is {bases[row['model']]}"
        for row in champions_of(warehouse)
        if row["model"] in bases and revisions.get(row["champion"]) != bases[row["model"]]
    ]


def worse_than_the_base(rows: Sequence[Row]) -> list[str]:
    """The combinations (rows of models.composed_adapters) with a higher loss than their base on the same rows."""
    found = []
    for row in rows:
        base = measures_of(row)["losses"]["base"]
        if not row["validation_loss"] <= base:
            found.append(f"{row['build']}: {row['validation_loss']:.4f} nat/token, the base alone has {base:.4f}")
    return found


def disagreeing(rows: Sequence[Row]) -> list[str]:
    """The merged models (rows of models.merged) that do not answer as base and adapter do."""
    found = []
    for row in rows:
        agreed = measures_of(row)["token_agreement"]
        if not agreed >= LEAST_AGREEMENT:
            found.append(
                f"{row['build']}: {agreed:.2%} of the tokens are those of base and adapter, {LEAST_AGREEMENT:.1%} expected"
            )
    return found


def measures_of(row: Row) -> dict[str, Any]:
    """The measures of a build, as made or as stored."""
    measures = row["measures"]
    return dict(json.loads(measures) if isinstance(measures, str) else measures)
