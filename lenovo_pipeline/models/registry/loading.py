"""Opening a registered adapter: what its row says, what its files hold and what the base is must be one.

Belongs here: the refusal, with everything that does not fit. Does not belong here: reading weights (resources/inference).
"""

from collections.abc import Mapping
from typing import Any

from lenovo_pipeline.models.registry.copies import OF_THE_BASE, copy_problems
from lenovo_pipeline.resources.inference.adapter_folder import folder_problems
from lenovo_pipeline.resources.inference.errors import ModelUnavailable
from lenovo_pipeline.resources.inference.local import LocalBackend
from lenovo_pipeline.resources.inference.messages import ModelIdentity
from lenovo_pipeline.resources.store import Store


def adapter_problems(store: Store, row: Mapping[str, Any], base: ModelIdentity | None) -> list[str]:
    """Everything that keeps a registered adapter from being used over `base`; without a base, over any."""
    problems = copy_problems(store, row)
    if base is not None:
        problems += [
            f"it is registered for {name} {row[name]!r}, the base has {getattr(base, attribute)!r}"
            for name, attribute in OF_THE_BASE.items()
            if row[name] != getattr(base, attribute)
        ]
    _, of_files = folder_problems(store.root / row["path"], base)
    return list(dict.fromkeys([*problems, *of_files]))


def with_registered(backend: LocalBackend, store: Store, row: Mapping[str, Any]) -> LocalBackend:
    """The backend with a registered adapter (a row of models.adapter_registry).

    Raises ModelUnavailable listing every mismatch between row, files and base, and what to do.
    """
    problems = adapter_problems(store, row, backend.identity())
    if problems:
        raise ModelUnavailable(
            f"The adapter {row['build']} ({row['artifact']}) cannot be used: {'; '.join(problems)}",
            remedy="Use an adapter of this base (python -m lenovo_pipeline.models.registry list), or materialise "
            "models/adapter_registry, which copies damaged files again.",
        )
    return backend.with_adapter(store.root / row["path"])
