"""Which adapter of a domain is used: the one with the lowest validation loss, or the one that a person went back to.

Belongs here: the choice, and going back. Does not belong here: whether an adapter is eligible for anything (roster).
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from lenovo_pipeline.contracts import digest
from lenovo_pipeline.failures import PermanentFailure
from lenovo_pipeline.models.registry.copies import copy_problems
from lenovo_pipeline.models.registry.finding import one_of
from lenovo_pipeline.models.tables import ADAPTER_CHAMPIONS, ADAPTER_REGISTRY
from lenovo_pipeline.resources.ledger import Ledger
from lenovo_pipeline.resources.store import Store
from lenovo_pipeline.resources.warehouse import Warehouse

Row = Mapping[str, Any]


def registered_model(model: str, domain: str) -> str:
    """The registered model of MLflow that holds the adapters of a domain; it takes no slash."""
    return f"{model}.{domain}"


def champions_of(warehouse: Warehouse, model: str | None = None) -> list[dict[str, Any]]:
    """All rows of models.adapter_champions, or those of one model."""
    return [row for row in Ledger(warehouse, ADAPTER_CHAMPIONS).rows() if model in (None, row["model"])]


def data_version(rows: Sequence[Row]) -> str:
    """SHA-256 of which adapters are used, and which before."""
    return digest([f"{row['model']} {row['domain']} {row['champion']} {row['previous']} {row['chosen_by']}" for row in rows])


def chosen(current: Sequence[Row], before: Sequence[Row], held: Sequence[str], now: datetime) -> list[dict[str, Any]]:
    """The champions that follow from the registered adapters of one model that are made now (`current`).

    `before`: the model's rows of models.adapter_champions; `held`: the contents that no choice replaces. Otherwise the lowest
    validation loss wins, and an adapter without one comes last.
    """
    found = []
    for domain in sorted({row["domain"] for row in current}):
        champion = next((row for row in before if row["domain"] == domain), None)
        if champion is not None and champion["champion"] in held:
            continue
        rivals = [row for row in current if row["domain"] == domain]
        best = min(rivals, key=_order)
        if champion is None or champion["champion"] != best["artifact"]:
            found.append(_row(best, champion, "validation_loss", _reason(best, rivals), now))
    return found


def choose(warehouse: Warehouse, model: str, base_revision: str | None, current: Sequence[Row], now: datetime) -> list[str]:
    """Bring the champions of a model in line with its adapters; returns one sentence for each change.

    One that a person restored stays for as long as it fits the base.
    """
    ledger = Ledger(warehouse, ADAPTER_CHAMPIONS)
    before = [row for row in ledger.rows() if row["model"] == model]
    fitting = {row["artifact"] for row in Ledger(warehouse, ADAPTER_REGISTRY).rows() if row["base_revision"] == base_revision}
    held = [row["champion"] for row in before if row["chosen_by"] == "restored" and row["champion"] in fitting]
    changed = chosen(current, before, held, now)
    ledger.put(changed)
    return [f"{row['build']} is the champion for {row['domain']}: {row['reason']}" for row in changed]


def restore(store: Store, warehouse: Warehouse, wanted: str, now: datetime) -> dict[str, Any]:
    """Make a registered adapter (its artifact, or the beginning of it) the champion of its domain, until it is released.

    Returns its row of models.adapter_champions. Raises PermanentFailure for an adapter that is unknown, or whose files are
    damaged.
    """
    row = one_of(Ledger(warehouse, ADAPTER_REGISTRY).rows(), wanted)
    problems = copy_problems(store, row)
    if problems:
        raise PermanentFailure(
            f"the adapter {row['artifact']} cannot be restored: {'; '.join(problems)}",
            remedy="Restore data/store from a backup (make restore), or restore another version.",
        )
    ledger = Ledger(warehouse, ADAPTER_CHAMPIONS)
    before = next((each for each in ledger.rows() if _place(each) == _place(row)), None)
    champion = _row(row, before, "restored", f"version {row['version']} of {row['build']} was restored", now)
    ledger.put([champion])
    return champion


def release(warehouse: Warehouse, model: str, domain: str) -> None:
    """Let the validation loss choose again. Raises PermanentFailure if no champion of that domain was restored."""
    ledger = Ledger(warehouse, ADAPTER_CHAMPIONS)
    held = [row for row in ledger.rows() if _place(row) == (model, domain) and row["chosen_by"] == "restored"]
    if not held:
        raise PermanentFailure(
            f"no adapter of {model} for {domain} was restored", remedy="See: python -m lenovo_pipeline.models.registry list"
        )
    ledger.put([{**held[0], "chosen_by": "validation_loss", "reason": f"{held[0]['reason']}, and released"}])


def _place(row: Row) -> tuple[str, str]:
    return row["model"], row["domain"]


def _order(row: Row) -> tuple[bool, float, str]:
    loss = row["validation_loss"]
    unknown = loss is None or loss != loss
    return unknown, 0.0 if unknown else loss, row["build"]


def _reason(best: Row, rivals: Sequence[Row]) -> str:
    if _order(best)[0]:
        return f"none of {len(rivals)} has a validation loss; the first by name"
    return f"lowest validation loss of {len(rivals)}, {best['validation_loss']:.4f} nat/token"


def _row(adapter: Row, before: Row | None, chosen_by: str, reason: str, now: datetime) -> dict[str, Any]:
    same = before is not None and before["champion"] == adapter["artifact"]
    return {
        "model": adapter["model"],
        "domain": adapter["domain"],
        "champion": adapter["artifact"],
        "build": adapter["build"],
        "previous": None if before is None else before["previous"] if same else before["champion"],
        "chosen_by": chosen_by,
        "reason": reason,
        "since": before["since"] if before is not None and same else now,
        "registered_model": registered_model(adapter["model"], adapter["domain"]),
    }
