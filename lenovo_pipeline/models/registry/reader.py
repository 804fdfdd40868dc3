"""What the snapshot says of the adapters, for people: which there are, which is used, and everything about one.

Belongs here: reading data/store/published and putting it in words. Neither pandas nor Dagster is imported, so that the
command answers at once. Nothing is written here.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lenovo_pipeline.failures import PermanentFailure
from lenovo_pipeline.resources.snapshot import open_snapshot
from lenovo_pipeline.resources.store import Store

if TYPE_CHECKING:
    import duckdb

_ADAPTERS = """
SELECT r.*, c.champion IS NOT NULL AS is_champion, p.previous IS NOT NULL AS is_previous, c.chosen_by, c.reason,
  f.revision IS NOT DISTINCT FROM r.base_revision AS fits_base, f.identifier AS base_identifier
FROM models.adapter_registry r
LEFT JOIN models.adapter_champions c ON c.model = r.model AND c.domain = r.domain AND c.champion = r.artifact
LEFT JOIN models.adapter_champions p ON p.model = r.model AND p.domain = r.domain AND p.previous = r.artifact
LEFT JOIN models.foundation f ON f.model = r.model
ORDER BY r.model, r.domain, r.build, r.version
"""
_NEEDED = ("adapter_registry", "adapter_champions", "foundation")
_SHORT = 12
_COLUMNS = ("adapter", "build", "version", "domain", "loss", "size", "base", "")


def adapters(
    store: Store,
    *,
    model: str | None = None,
    domain: str | None = None,
    base: str | None = None,
    method: str | None = None,
    text: str | None = None,
) -> list[dict[str, Any]]:
    """The registered adapters, as rows of models.adapter_registry with what is used of them.

    `base` is the beginning of a base's revision, or the name of a model; `text` is sought in the name, the domain, the licence,
    the training set, the modules and what made it. Raises PermanentFailure if nothing was published.
    """
    with _opened(store) as connection:
        result = connection.execute(_ADAPTERS)
        names = [column[0] for column in result.description or ()]
        rows = [dict(zip(names, row, strict=True)) for row in result.fetchall()]
    return [
        row
        for row in rows
        if model in (None, row["model"])
        and domain in (None, row["domain"])
        and method in (None, row["method"])
        and (base is None or row["model"] == base or str(row["base_revision"]).startswith(base))
        and (text is None or text.lower() in _searched(row))
    ]


def table(rows: Sequence[Mapping[str, Any]]) -> str:
    """The adapters as lines of a table; the last column says which one is used."""
    if not rows:
        return "No adapter is registered that fits."
    cells = [_COLUMNS, *(_cells(row) for row in rows)]
    widths = [max(len(row[place]) for row in cells) for place in range(len(_COLUMNS))]
    return "\n".join("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in cells)


def shown(row: Mapping[str, Any], versions: Sequence[Mapping[str, Any]]) -> str:
    """Everything about one adapter, and the versions of its build."""
    facts = {
        "content": row["artifact"],
        "weights": f"SHA-256 {row['weights_sha256']}",
        "files": f"{row['path']} ({_size(row['size_bytes'])})",
        "made by": f"{row['method']} for {row['domain']}, rank {row['rank']}, on {', '.join(row['targets'])}",
        "base": f"{row['model']}, revision {row['base_revision']}{'' if row['fits_base'] else ' (not the present one)'}",
        "tokenizer": f"{row['tokenizer_hash']}, chat template {row['template_hash']}",
        "training set": row["training_set"] or "none",
        "loss": f"{_loss(row)} nat/token on the validation split",
        "parameters": f"{row['trainable_parameters'] or 0:,} trained",
        "licence": row["licence"],
        "registered": f"{row['registered_at']:%Y-%m-%d %H:%M}",
        "MLflow run": row["mlflow_run_id"] or "none",
    }
    if row["is_champion"]:
        facts["used"] = f"champion ({row['chosen_by']}): {row['reason']}"
    lines = [f"{row['build']}, version {row['version']}", *(f"  {name:<13} {value}" for name, value in facts.items())]
    measures = json.loads(row["measures"])
    lines += [f"  {name:<13} {value}" for name, value in sorted(measures.items()) if not isinstance(value, dict | list)]
    lines += ["", "Versions:", *(f"  {line}" for line in table(versions).splitlines())]
    return "\n".join(lines)


def verified(store: Store, rows: Sequence[Mapping[str, Any]], root: Path) -> dict[str, list[str]]:
    """For each adapter everything that keeps it from being used over the base that is there now, by `build artifact`."""
    from lenovo_pipeline.models.registry.loading import adapter_problems
    from lenovo_pipeline.resources.inference.model_folder import identify

    bases = {row["base_identifier"]: root / row["base_identifier"] for row in rows if row["base_identifier"]}
    identities = {name: identify(folder) if folder.is_dir() else None for name, folder in bases.items()}
    return {
        f"{row['build']} {row['artifact']}": adapter_problems(store, row, identities.get(row["base_identifier"])) for row in rows
    }


@contextmanager
def _opened(store: Store) -> Iterator["duckdb.DuckDBPyConnection"]:
    import duckdb

    try:
        with open_snapshot(store) as connection:
            ((found,),) = connection.execute(
                "SELECT count(*) FROM duckdb_tables() WHERE schema_name = 'models' AND list_contains(?, table_name)",
                [list(_NEEDED)],
            ).fetchall()
            if found < len(_NEEDED):
                raise PermanentFailure(f"the snapshot in {store.root} holds no adapters yet", remedy="Run: make run")
            yield connection
    except duckdb.Error as error:
        said = str(error).splitlines()[0]
        raise PermanentFailure(f"the snapshot in {store.root} cannot be read ({said})", remedy="Run: make run") from error


def _searched(row: Mapping[str, Any]) -> str:
    names = ("build", "artifact", "domain", "method", "licence", "training_set", "targets", "made_by")
    return " ".join(str(row[name]) for name in names).lower()


def _cells(row: Mapping[str, Any]) -> tuple[str, ...]:
    used = "champion" if row["is_champion"] else "previous" if row["is_previous"] else ""
    marks = [used, *(["restored"] if row["chosen_by"] == "restored" else []), *([] if row["fits_base"] else ["another base"])]
    return (
        row["artifact"][:_SHORT],
        row["build"],
        str(row["version"]),
        row["domain"],
        _loss(row),
        _size(row["size_bytes"]),
        str(row["base_revision"])[:_SHORT],
        ", ".join(filter(None, marks)),
    )


def _loss(row: Mapping[str, Any]) -> str:
    return "unknown" if row["validation_loss"] is None else f"{row['validation_loss']:.4f}"


def _size(size_bytes: int | None) -> str:
    return "unknown" if size_bytes is None else f"{size_bytes / 2**20:.2f} MiB"
