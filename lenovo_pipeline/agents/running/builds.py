"""Which build of a partition's model a workflow asks: the base, the base with the agent adapter, or an edge build of both.

Belongs here: opening builds, and making the edge build, since an adapter cannot be used over one: it is merged first.
Does not belong here: training the adapter (agents/adapter), levels and targets (models/compression).
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from lenovo_pipeline.agents.running.run import about
from lenovo_pipeline.failures import PermanentFailure, SkippedPartition
from lenovo_pipeline.models.availability import Route
from lenovo_pipeline.models.builds import kept
from lenovo_pipeline.models.foundation import is_small, route_of
from lenovo_pipeline.partitions import DEFAULT_MODEL
from lenovo_pipeline.resources.code_version import code_version
from lenovo_pipeline.resources.inference import Inference, ModelSource
from lenovo_pipeline.resources.inference.backend import Backend
from lenovo_pipeline.resources.store import Store
from lenovo_pipeline.settings import PROJECT_ROOT

_LEVEL = "light"
_TARGET = "edge-x86_64"


@dataclass
class Builds:
    """The builds of one partition; `foundation` and `catalogue_row` are its rows, `adapter` its row of agents.agent_adapter."""

    foundation: Mapping[str, Any]
    catalogue_row: Mapping[str, Any]
    adapter: Mapping[str, Any] | None
    inference: Inference
    store: Store
    say: Callable[[str], None] = lambda line: None
    _opened: dict[str, Backend] = field(default_factory=dict)

    def identity(self, build: str) -> dict[str, Any]:
        """What decides the answers of a build, without opening it."""
        artifact = self.adapter["artifact"] if self.adapter is not None and build != "base" else None
        told = {"model": self.foundation["model"], "identity": self.foundation["identity"], "adapter": artifact}
        return {**told, "build": build, **({"level": _LEVEL} if build == "edge" else {})}

    def open(self, build: str) -> Backend:
        """The backend of a build; opened once. Raises SkippedPartition where the model has no weights here to build from."""
        if build not in self._opened:
            self._opened[build] = self._open(build)
        return self._opened[build]

    def opening(self, build: str) -> Callable[[], Backend] | None:
        """How another process may open a build, as a value that can be pickled; None where a second copy of it would cost much,
        or it is not opened from a folder as it is.
        """
        return self._opening(build) if build != "edge" and is_small(self.foundation) else None

    def about(self, build: str) -> dict[str, Any]:
        """What an attempt says of its model."""
        return about(self.open(build).identity(), **self.identity(build))

    def close(self) -> None:
        """Give the memory back."""
        for backend in self._opened.values():
            backend.close()
        self._opened.clear()

    def _open(self, build: str) -> Backend:
        if build == "edge":
            route = self._route()
            if route.model.kind != "folder":
                raise SkippedPartition(
                    f"{self.foundation['model']} is reached by {route.source}, and an edge build needs its weights here."
                )
            return self.inference.open(ModelSource("edge", str(self._edge(Path(route.model.identifier)))))
        return self._opening(build)()

    def _opening(self, build: str) -> Callable[[], Backend]:
        adapter = self.store.root / self.adapter["path"] if self.adapter is not None and build == "agent" else None
        return partial(self.inference.open, self._route().model, adapter=adapter)

    def _route(self) -> Route:
        return route_of(self.catalogue_row, self.inference, PROJECT_ROOT, bundled=DEFAULT_MODEL)

    def _edge(self, base: Path) -> Path:
        """The folder of the edge build, made now or before."""
        from lenovo_pipeline.models.compression.edge import exported, for_target
        from lenovo_pipeline.models.compression.levels import LEVEL_PLANS, TARGET_PLANS
        from lenovo_pipeline.models.registry.merging import merge

        level = next(each for each in LEVEL_PLANS if each.name == _LEVEL)
        target = next(each for each in TARGET_PLANS if each.name == _TARGET)
        versions = {"code": code_version(exported)}
        source, identity = base, str(self.foundation["identity"])
        if self.adapter is not None:
            adapter = self.store.root / self.adapter["path"]
            made_by = {"kind": "merged for agents", "source": self.adapter["artifact"], "base": identity, "versions": versions}

            def make(folder: Path) -> Mapping[str, Any]:
                self.say("merging the agent adapter for the edge build")
                merge(base, adapter, folder)
                return {}

            merged = kept(self.store, "merged", made_by, make)
            source, identity = merged.folder, merged.content
        single = exported(self.store, source, identity, versions)
        return for_target(self.store, single, level, target, versions).folder


@contextmanager
def opened_builds(*args: Any, **more: Any) -> Iterator[Builds]:
    """Builds for the length of the block; see the class."""
    builds = Builds(*args, **more)
    try:
        yield builds
    finally:
        builds.close()


def adapter_row(rows: Any, model: str) -> Mapping[str, Any] | None:
    """The agent adapter of a partition in the rows of agents.agent_adapter; None: none. Raises PermanentFailure for two."""
    found = [row for row in rows.to_dict("records") if row["model"] == model]
    if len(found) > 1:
        raise PermanentFailure(f"{model} has {len(found)} agent adapters", remedy="Materialise agents/agent_adapter again.")
    return found[0] if found else None
