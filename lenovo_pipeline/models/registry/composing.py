"""Adapters made of several: a weighted combination, and a stack that applies all of them at once.

Belongs here: choosing weights, combining through peft, and comparing with the single adapters on the same rows. Does not belong
here: training adapters (tuning/).

LoRA adds s B A to a matrix (arXiv:2106.09685), so that adapters over one base can be added up. `stacked`: every adapter at an
equal share, their matrices side by side (peft's `cat`), exact, with the sum of their ranks; at full strength, what all have
learned would be added once for each (measured: worse than the base alone). `weighted`: weights that are chosen
on one half of the validation rows, and then the nearest adapter of the rank of a single one (peft's `svd`). All are compared on
the other half.
"""

import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lenovo_pipeline.failures import PermanentFailure
from lenovo_pipeline.measures.header import package_versions
from lenovo_pipeline.models.builds import Build, kept
from lenovo_pipeline.models.compression.base import Base, open_model, open_tokenizer
from lenovo_pipeline.models.tuning.domains import ALL
from lenovo_pipeline.models.tuning.lessons import lesson_of
from lenovo_pipeline.models.tuning.recipes import RECIPES, Data
from lenovo_pipeline.resources.code_version import code_version
from lenovo_pipeline.resources.inference.adapters import require_base
from lenovo_pipeline.resources.inference.model_folder import identify
from lenovo_pipeline.resources.store import Store

if TYPE_CHECKING:
    from lenovo_pipeline.models.tuning.rows import Row

BASE = "base"
ROWS = {"smoke": 8, "default": 16, "full": 400}
"""Validation rows by profile: one half to choose weights on, the other one to compare on."""

ROUNDS = {"smoke": 1, "default": 1, "full": 3}
_STEPS = (0.0, 0.5, 2.0)
_PACKAGES = ("torch", "transformers", "peft")
_NAME = "default"
"""The name that peft writes an adapter by without a folder of its own."""

Weights = Mapping[str, float]


def best_weights(names: Sequence[str], loss_of: Callable[[Weights], float], rounds: int) -> tuple[dict[str, float], float]:
    """Weights with a low loss, found by coordinate search: equal shares of 1 or more first, then one adapter after the other at
    none, half and double its weight. Never worse than equal shares; ties keep what was found first.
    """
    best: dict[str, float] = dict.fromkeys(names, 1 / len(names))
    lowest = loss_of(best)

    def tried(weights: dict[str, float]) -> None:
        nonlocal best, lowest
        loss = loss_of(weights)
        if loss < lowest:
            best, lowest = weights, loss

    tried(dict.fromkeys(names, 2 / len(names)))
    for _ in range(rounds):
        before = lowest
        for name in names:
            for step in _STEPS:
                tried({**best, name: best[name] * step})
        if lowest == before:
            break
    return best, lowest


@dataclass(frozen=True)
class Composing:
    """A base, its single adapters (rows of models.adapters) and rows of models.training_sets to measure on."""

    base: Base
    adapters: Sequence[Mapping[str, Any]]
    examples: Sequence[Mapping[Any, Any]]
    store: Store
    profile: str
    seed: int
    say: Callable[[str], None]

    def composed(self) -> list[Build]:
        """The weighted combination and the stack. Raises ModelUnavailable for an adapter that does not fit the base, listing
        everything, and PermanentFailure for fewer than two adapters or none to measure on.
        """
        if len(self.adapters) < 2:
            raise PermanentFailure(
                f"{len(self.adapters)} adapters of {self.base.name} cannot be combined, two are the least",
                remedy="Materialise models/adapters of this partition, then run again.",
            )
        return [self._build("weighted"), self._build("stacked")]

    def _build(self, method: str) -> Build:
        foundation = self.base.foundation
        made_by = {
            "kind": method,
            "sources": {row["build"]: row["artifact"] for row in self.adapters},
            "base": foundation["identity"],
            "base_revision": foundation["revision"],
            "base_tokenizer_hash": foundation["tokenizer_hash"],
            "base_template_hash": foundation["template_hash"],
            "training_set": self.adapters[0]["training_set"],
            "rows": ROWS[self.profile],
            "rounds": ROUNDS[self.profile],
            "seed": self.seed,
            "versions": {"code": code_version(_reached), **package_versions(_PACKAGES)},
        }

        def make(folder: Path) -> Mapping[str, Any]:
            return self._made(method, folder)

        artifact = kept(self.store, "adapters", made_by, make)
        if artifact.reused:
            self.say(f"{method}: re-used {artifact.path}")
        report = artifact.made_by["report"]
        return self.base.build(
            f"{method}/{ALL}",
            method,
            "adapter",
            artifact,
            training_set=self.adapters[0]["training_set"],
            parameters=foundation["parameters"],
            trainable_parameters=report["trainable_parameters"],
            validation_loss=report["validation_loss"],
            measures={name: report[name] for name in ("weights", "rank", "compared_on_rows", "losses")},
        )

    def _made(self, method: str, folder: Path) -> dict[str, Any]:
        from lenovo_pipeline.models.tuning.adapters import save_adapter

        model, names = self._opened, list(self._names)
        chosen_on, compared_on = self._rows
        if method == "weighted":
            weights, lowest = best_weights(names, lambda found: self._combined_loss(found, chosen_on), ROUNDS[self.profile])
            self.say(f"weighted: {_told(weights)} at {lowest:.4f} nat/token")
            rank = max(int(model.peft_config[name].r) for name in names)
            model.add_weighted_adapter(
                names, [weights[name] for name in names], _NAME, "svd", svd_rank=rank, svd_full_matrices=False
            )
        else:
            weights = dict.fromkeys(names, 1 / len(names))
            model.add_weighted_adapter(names, list(weights.values()), _NAME, "cat")
        try:
            loss = self._loss(_NAME, compared_on)
            rank = int(model.peft_config[_NAME].r)
            size = sum(each.numel() for name, each in model.named_parameters() if f".{_NAME}." in name)
            save_adapter(model, folder, self.base.name)
        finally:
            model.delete_adapter(_NAME)
        for single in [path for path in folder.iterdir() if path.is_dir()]:
            # peft writes all adapters of a model, each other one into a folder of its own.
            shutil.rmtree(single)
        return {
            "weights": {self._names[name]: round(weight, 6) for name, weight in weights.items()},
            "rank": rank,
            "compared_on_rows": len(compared_on),
            "losses": self._single_losses,
            "validation_loss": loss,
            "trainable_parameters": size,
        }

    def _combined_loss(self, weights: Weights, rows: "Sequence[Row]") -> float:
        """That of the adapters at these weights, which compute beside each other: no combination is made for it."""
        model = self._opened
        model.base_model.set_adapter(list(weights))
        with weighted(model, weights):
            return self._measured(rows)

    def _loss(self, name: str, rows: "Sequence[Row]") -> float:
        """Mean cross-entropy (nat/token) of what is said in the rows, with that adapter, or the base alone."""
        model = self._opened
        if name != BASE:
            model.set_adapter(name)
        with model.disable_adapter() if name == BASE else nullcontext():
            return self._measured(rows)

    def _measured(self, rows: "Sequence[Row]") -> float:
        from lenovo_pipeline.models.tuning.trainer import validation_loss

        plan = replace(RECIPES[self.profile]["lora"].plan, mixed_precision=False)
        return round(validation_loss(self._opened, rows, plan), 6)

    @cached_property
    def _single_losses(self) -> dict[str, float]:
        """Losses of the base and of each single adapter, by the build's name, on the rows to compare on."""
        compared_on = self._rows[1]
        singles = {build: self._loss(name, compared_on) for name, build in self._names.items()}
        return {BASE: self._loss(BASE, compared_on), **singles}

    @cached_property
    def _names(self) -> dict[str, str]:
        """What peft calls each adapter (it takes no dots), with the name of its build."""
        return {f"single_{number}": str(row["build"]) for number, row in enumerate(self.adapters)}

    @cached_property
    def _rows(self) -> "tuple[list[Row], list[Row]]":
        """Rows to choose on, rows to compare on. Raises PermanentFailure if there are too few."""
        data = Data(own=1, others=0, rehearsals=0, validation=ROWS[self.profile])
        _, found = lesson_of(open_tokenizer(self.base.folder), self.examples, ALL, data, self.seed)
        if len(found) < 2:
            raise PermanentFailure(
                f"{len(found)} validation rows do not suffice to choose weights and to compare",
                remedy="Materialise models/training_sets and see its counts by split, then run again.",
            )
        return found[::2], found[1::2]

    @cached_property
    def _opened(self) -> Any:
        """The base with all single adapters. Raises ModelUnavailable for one that does not fit."""
        from peft import PeftModel

        identity = identify(self.base.folder)
        folders = [self.store.root / row["path"] for row in self.adapters]
        for folder in folders:
            require_base(folder, identity)
        model: Any = None
        for name, folder in zip(self._names, folders, strict=True):
            if model is None:
                model = PeftModel.from_pretrained(open_model(self.base.folder), str(folder), adapter_name=name)
            else:
                model.load_adapter(str(folder), adapter_name=name)
        return model


@contextmanager
def weighted(model: Any, weights: Weights) -> Iterator[None]:
    """Every adapter's part in each layer times its weight, for the length of the block."""
    layers = [layer for layer in model.modules() if hasattr(layer, "lora_A")]
    before = [dict(layer.scaling) for layer in layers]
    try:
        for layer in layers:
            there = weights.keys() & layer.scaling.keys()
            layer.scaling.update({name: layer.scaling[name] * weights[name] for name in there})
        yield
    finally:
        for layer, scaling in zip(layers, before, strict=True):
            layer.scaling.update(scaling)


def _told(weights: Weights) -> str:
    return ", ".join(f"{weight:g}" for weight in weights.values())


def _reached() -> None:
    """The code that decides what is made: code_version follows these imports."""
    from lenovo_pipeline.models.tuning import adapters, lessons, trainer  # noqa: F401
