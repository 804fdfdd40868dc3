"""Builds for ONNX Runtime GenAI: the export that all of them start from, and each level for each target.

Belongs here: folders with a model, its runtime configuration and a manifest. Does not belong here: what the levels and targets
are (levels.py), passports (passport.py).
"""

import hashlib
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from lenovo_pipeline.models.builds import Artifact, kept
from lenovo_pipeline.models.compression.export import build_edge
from lenovo_pipeline.models.compression.graphs import (
    GRAPH,
    WEIGHTS,
    Bits,
    change_config,
    copy_companions,
    read_graph,
    with_computed_positions,
    with_few_bits,
    write_graph,
)
from lenovo_pipeline.models.compression.levels import Level, Target
from lenovo_pipeline.provenance import file_hash
from lenovo_pipeline.resources.store import Store


def exported(store: Store, source: Path, identity: str, versions: Mapping[str, str]) -> Artifact:
    """The build of a transformers folder in single precision; `identity` names its weights, `versions` code and packages."""

    def make(folder: Path) -> dict[str, Any]:
        build_edge(source, folder / "build", "fp32")
        for path in sorted((folder / "build").iterdir()):
            path.rename(folder / path.name)
        (folder / "build").rmdir()
        return {}

    return kept(store, "edge", {"kind": "single precision", "source": identity, "versions": dict(versions)}, make)


def with_bits(
    store: Store, single: Artifact, bits: Bits, versions: Mapping[str, str], config: Mapping[str, Mapping[str, Any]] | None = None
) -> Artifact:
    """A build in single precision with weights of a few bits, and these changes of its runtime configuration."""
    made_by = {
        "kind": "few bits",
        "source": single.content,
        "bits": asdict(bits),
        "config": dict(config or {}),
        "versions": dict(versions),
    }

    def make(folder: Path) -> dict[str, Any]:
        graph = read_graph(single.folder)
        computed = with_computed_positions(graph)
        with_few_bits(graph, bits)
        copy_companions(single.folder, folder)
        write_graph(graph, folder)
        change_config(folder, config or {})
        return {"computed_positions": computed}

    return kept(store, "edge", made_by, make)


def for_target(store: Store, single: Artifact, level: Level, target: Target, versions: Mapping[str, str]) -> Artifact:
    """A level for a target; targets with the same files share one folder."""
    return with_bits(store, single, target.bits(level), versions, target.config)


def model_hash(folder: Path) -> str:
    """Hash (32 hex digits) of graph and weights alone: builds that differ in it compute otherwise, the others are only run
    otherwise.
    """
    return hashlib.sha256(f"{file_hash(folder / GRAPH)}{file_hash(folder / WEIGHTS)}".encode()).hexdigest()[:32]
