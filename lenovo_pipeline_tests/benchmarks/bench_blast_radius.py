"""What `blast-radius` says before a change, against what the next real run made again.

Run: python lenovo_pipeline_tests/benchmarks/bench_blast_radius.py [--store FOLDER] [--home FOLDER] [--mutations 200] [--first 0]
`--store` (data/store) is that of a finished run of everything, of any profile that LENOVO_PROFILE names, and `--home` its
DAGSTER_HOME if what Dagster wrote does not lie in the store, where `make run` has it. Copies are what is changed.

Each mutation changes one thing: a record (one value of one row of a table of the simulated world), a document (an upload that
is new, changed or gone), a prompt, the policy, an adapter (dropped, exchanged, or gone), the base model (its chat template), a
module of the code (a comment at its end), or a package (its version). Then blast-radius is asked, and then assets are run.

The run is a real one, of those assets of the graph that take no training and no answers of models (WATCHED): 200 runs of the
whole graph would take a day. The truth is what that run reports of each: made again where it took over nothing, or, of an asset
that looks at its inputs in every run, where its data version is another one. It is read from the events of the run, and knows
nothing of the graph. Tables of the simulated world are changed where they lie, and not watched: their assets would undo it.

Two figures are held against it: `made again` (certain, wanted: precision 1.00) and `looks again` (what may follow; recall 1.00).
"""

import argparse
import json
import os
import random
import shutil
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

WATCHED = (
    "uploads/files", "uploads/rows", "uploads/rejects", "uploads/texts",
    "knowledge/upload_inventory", "knowledge/usage", "knowledge/process_performance", "knowledge/chat_analytics",
    "knowledge/journey_conversion", "knowledge/analytics", "knowledge/chunks", "knowledge/keyword_index",
    "gold/questions", "gold/qrels",
    "prompts/library", "prompts/evaluation_prompts", "prompts/adversarial", "prompts/counterfactuals",
    "models/catalogue", "models/availability", "models/foundation", "models/training_sets",
    "models/dropped_adapters", "models/adapter_registry", "models/adapter_champions",
    "embeddings/training_pairs", "evaluation/items",
    "roster/policy", "roster/entries", "roster/cost", "roster/decisions", "roster/deployments",
)  # fmt: skip
RECORDS = (
    "support_articles", "documents", "technical_docs", "incidents", "processes", "process_metrics", "customers", "journeys",
    "touchpoints", "chat_messages", "interactions", "firmware", "users",
)  # fmt: skip
MODULES = (
    "gold/attributes", "gold/surfaces", "knowledge/splitting", "knowledge/analytics", "measures/metrics/units",
    "models/tuning/lessons", "prompts/rendering", "roster/policy", "embeddings/pairs", "uploads/scan",
)  # fmt: skip
KINDS = ("record", "record", "record", "document", "document", "prompt", "adapter", "base", "code", "package", "policy")
"""One after the other: a record is what changes most often."""

MODEL = "lenovo-nano"


@dataclass
class Score:
    """Counts over mutations: what was said and true, what was said only, what was true only."""

    hit: int = 0
    only_said: int = 0
    only_true: int = 0

    def add(self, said: set[str], true: set[str]) -> None:
        self.hit += len(said & true)
        self.only_said += len(said - true)
        self.only_true += len(true - said)

    @property
    def precision(self) -> float:
        return self.hit / (self.hit + self.only_said) if self.hit + self.only_said else 1.0

    @property
    def recall(self) -> float:
        return self.hit / (self.hit + self.only_true) if self.hit + self.only_true else 1.0


class Factory:
    """The copy of a store, in which things are changed and runs are made."""

    def __init__(self, place: Path, seed: int) -> None:
        from dagster import AssetSelection, DagsterInstance, define_asset_job

        from lenovo_pipeline.build import build_defs
        from lenovo_pipeline.resources.store import Store
        from lenovo_pipeline.resources.warehouse import Warehouse
        from lenovo_pipeline.settings import get_settings

        self.settings = get_settings()
        self.store = Store(self.settings.store)
        self.warehouse = Warehouse(str(self.store.warehouse))
        self.rng = random.Random(seed)
        self.place = place
        self._instance = DagsterInstance.get()
        self._define: Callable[[], Any] = lambda: build_defs(settings=self.settings)
        self._selected = AssetSelection.assets(*WATCHED).without_checks()
        self._job: Callable[[str], Any] = lambda name: define_asset_job(name, selection=self._selected)
        self._number = 0

    def run(self) -> set[str]:
        """Run the watched assets; returns those that were made again."""
        from dagster import Definitions, in_process_executor

        defs = self._define()
        # The job is made of the production definitions, without the jobs and sensors that they bring.
        small = Definitions(
            assets=defs.assets, resources=defs.resources, executor=in_process_executor, jobs=[self._job("watched")]
        )
        result = small.resolve_job_def("watched").execute_in_process(
            instance=self._instance, partition_key=MODEL, raise_on_error=True
        )
        again = set()
        for event in result.get_asset_materialization_events():
            made = event.materialization
            metadata = {name: value.value for name, value in made.metadata.items()}
            # What is pure says whether it took over its rows; everything else says whether it holds something else now.
            pure = "reused" in metadata or made.asset_key.to_user_string() in self.pure
            if (not metadata.get("reused", False)) if pure else metadata["changed"]:
                again.add("/".join(made.asset_key.path))
        return again

    @property
    def pure(self) -> set[str]:
        rows = self.warehouse.frame("SELECT DISTINCT subject FROM pipeline.recipes")
        return set(rows["subject"])

    def publish(self) -> None:
        """What blast-radius answers from."""
        from lenovo_pipeline.resources.published import publish

        graph = self._define().resources["graph"]
        publish(self.store, self.warehouse, made_by={"number": self._number}, graph=getattr(graph, "_value", graph))

    def said(self, what: str) -> tuple[set[str], set[str]]:
        """What blast-radius says of a change: made again, looks again."""
        from lenovo_pipeline.roster.blast import blast_radius

        radius = blast_radius(self.store, self.settings, what)
        return set(radius.again) & set(WATCHED), set(radius.assets) & set(WATCHED)

    def mutate(self, kind: str) -> tuple[str, Callable[[], None]]:
        """What is about to be changed, as blast-radius is asked for it, and what changes it."""
        self._number += 1
        chosen: tuple[str, Callable[[], None]] = getattr(self, f"_{kind}")()
        return chosen

    def _record(self) -> tuple[str, Callable[[], None]]:
        from lenovo_pipeline.build import TABLES

        table = TABLES[f"enterprise.{self.rng.choice(RECORDS)}"]
        frame = self.warehouse.load(table).drop(columns=["content_hash"])
        row = self.rng.randrange(len(frame))
        taken = {*table.key, *(column.name for column, _, _ in table.references())}
        free = [
            column.name
            for column in table.columns
            if column.name not in taken
            and column.type == "text"
            and not column.choices
            and not column.pattern
            and not column.personal
        ] or [column.name for column in table.columns if column.type == "number"]
        name = self.rng.choice(free)
        what = str(frame.iloc[row][table.key[0]])

        def change() -> None:
            values: list[Any] = frame[name].tolist()
            is_number = table.column(name).type == "number"
            values[row] = (values[row] or 0.0) + 0.5 if is_number else f"{values[row]} Revised {self._number}."
            self.warehouse.replace(table, frame.assign(**{name: values}))

        return what, change

    def _document(self) -> tuple[str, Callable[[], None]]:
        there = sorted(self.settings.uploads.glob("*.md")) + sorted(self.settings.uploads.glob("*.csv"))
        if len(there) > 3 and self.rng.random() < 0.6:
            path = self.rng.choice(there)
            if self.rng.random() < 0.3:
                return str(path), path.unlink
            return str(path), partial(_write, path, path.read_text() + f"\n{self._number},changed {self._number}\n")
        name = f"note-{self._number}.{self.rng.choice(['md', 'csv'])}"
        path = self.settings.uploads / name
        text = f"# Note {self._number}\n\nThe ThinkPad T14 was looked at {self._number} times.\n"
        rows = f"part,price\nA{self._number},{self._number}\n"
        return str(path), partial(_write, path, text if name.endswith("md") else rows)

    def _prompt(self) -> tuple[str, Callable[[], None]]:
        path = self.rng.choice(sorted(path for path in self.settings.prompts.rglob("*.yaml") if "external" not in path.parts))

        def change() -> None:
            import yaml

            found = yaml.safe_load(path.read_text())
            template = self.rng.choice(found["templates"])
            template["template"] = f"{template['template'].rstrip()} Revision {self._number}.\n"
            template["version"] = int(template["version"]) + 1
            path.write_text(yaml.safe_dump(found, allow_unicode=True, sort_keys=False))

        return str(path), change

    def _policy(self) -> tuple[str, Callable[[], None]]:
        path = self.settings.policy

        def change() -> None:
            import yaml

            found = yaml.safe_load(path.read_text())
            use_case = found["use_cases"][self.rng.choice(sorted(found["use_cases"]))]
            floor = self.rng.choice([each for each in use_case["floors"] if "at_least" in each])
            floor["at_least"] = round(floor["at_least"] - 0.001, 4)
            path.write_text(yaml.safe_dump(found, allow_unicode=True, sort_keys=False))

        return str(path), change

    def _adapter(self) -> tuple[str, Callable[[], None]]:
        import numpy as np
        from safetensors.numpy import save_file

        there = sorted((self.settings.adapters / MODEL).iterdir()) if (self.settings.adapters / MODEL).is_dir() else []
        if there and self.rng.random() < 0.3:
            path = self.rng.choice(there)
            return str(path), lambda: shutil.rmtree(path)
        known = {path.name for path in there}
        path = (
            self.settings.adapters
            / MODEL
            / (self.rng.choice(sorted(known)) if known and self.rng.random() < 0.4 else f"mine-{self._number}")
        )

        def change() -> None:
            from lenovo_pipeline.resources.inference.model_folder import tensor_shapes

            path.mkdir(parents=True, exist_ok=True)
            drawn = np.random.default_rng(self._number)
            tensors = {}
            for name, shape in tensor_shapes(self.place / "model").items():
                if name.endswith("q_proj.weight"):
                    rows, columns = shape
                    key = f"base_model.model.{name.removesuffix('.weight')}.lora_{{}}.weight"
                    tensors[key.format("A")] = drawn.standard_normal((1, columns)).astype(np.float32)
                    tensors[key.format("B")] = drawn.standard_normal((rows, 1)).astype(np.float32)
            save_file(tensors, path / "adapter_model.safetensors", metadata={"format": "pt"})
            config = {"peft_type": "LORA", "task_type": "CAUSAL_LM", "r": 1, "lora_alpha": 2, "target_modules": ["q_proj"]}
            (path / "adapter_config.json").write_text(json.dumps(config))

        return str(path), change

    def _base(self) -> tuple[str, Callable[[], None]]:
        path = self.place / "model" / "chat_template.jinja"
        return MODEL, partial(_write, path, path.read_text() + f"{{# {self._number} #}}")

    def _code(self) -> tuple[str, Callable[[], None]]:
        from lenovo_pipeline.resources import code_version

        name = self.rng.choice(MODULES)
        module = f"lenovo_pipeline.{name.replace('/', '.')}"

        def change() -> None:
            # As if the file held a line more: it is one file of one checkout, which others use.
            read = code_version._source

            def longer(asked: str) -> str:
                return read(asked) + (f"# {number}\n" if asked == module else "")

            number = self._number
            code_version._source = longer  # type: ignore[assignment]
            code_version._module_imports.cache_clear()
            code_version._closure.cache_clear()

        return f"lenovo_pipeline/{name}.py", change

    def _package(self) -> tuple[str, Callable[[], None]]:
        from lenovo_pipeline.resources import recipes

        def change() -> None:
            text = f"{recipes._packages()} torch-0.{self._number}"
            recipes._packages = lambda: text  # type: ignore[assignment]

        return "torch", change


def _write(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8")


def prepared(store: Path, home: Path | None, place: Path) -> None:
    """Copies of everything that is changed, and an environment that points at them."""
    import yaml

    from lenovo_pipeline.settings import PROJECT_ROOT

    data = PROJECT_ROOT / "data"
    shutil.copytree(store, place / "store", symlinks=True)
    if home is not None:
        shutil.copytree(home, place / "home", symlinks=True)
    else:
        (place / "home").mkdir()
        written = {"telemetry": {"enabled": False}, "storage": {"sqlite": {"base_dir": str(place / "store" / "dagster")}}}
        (place / "home" / "dagster.yaml").write_text(yaml.safe_dump(written), encoding="utf-8")
    shutil.copytree(data / "prompts", place / "prompts")
    shutil.copy(data / "policy" / "roster.yaml", place / "roster.yaml")
    shutil.copytree(data / "models" / MODEL, place / "model")
    catalogue = yaml.safe_load((data / "catalogue" / "models.yaml").read_text(encoding="utf-8"))
    catalogue["partitions"][0]["identifiers"]["folder"] = str(place / "model")
    (place / "models.yaml").write_text(yaml.safe_dump(catalogue, allow_unicode=True), encoding="utf-8")
    for name in ("uploads", "adapters"):
        (place / name).mkdir()
    for number in range(4):
        (place / "uploads" / f"old-{number}.md").write_text(f"# Old {number}\n\nThe Yoga 7 has {number} ports.\n")
    os.environ |= {
        "LENOVO_STORE": str(place / "store"),
        "LENOVO_PROMPTS": str(place / "prompts"),
        "LENOVO_POLICY": str(place / "roster.yaml"),
        "LENOVO_CATALOGUE": str(place / "models.yaml"),
        "LENOVO_UPLOADS": str(place / "uploads"),
        "LENOVO_ADAPTERS": str(place / "adapters"),
        "DAGSTER_HOME": str(place / "home"),
        "DAGSTER_DISABLE_TELEMETRY": "1",
        "MLFLOW_DISABLE_TELEMETRY": "true",
        "HF_HUB_OFFLINE": "1",
    }


def main() -> int:
    """Print both figures; returns 1 if something was made again that blast-radius did not name, or is not certain to be."""
    from lenovo_pipeline.settings import get_settings

    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--store", type=Path, default=get_settings().store)
    parser.add_argument("--home", type=Path)
    parser.add_argument("--mutations", type=int, default=200)
    parser.add_argument("--first", type=int, default=0, help="number of the first mutation, which seeds the choices")
    options = parser.parse_args()
    if not (options.store / "published").exists():
        print(f"skipped: {options.store} holds no finished run; run make run, or name such a store with --store")
        return 0
    get_settings.cache_clear()
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        prepared(options.store, options.home, place)
        return measure(Factory(place, options.first), options.first, options.mutations)


def measure(factory: Factory, first: int, mutations: int) -> int:
    import logging

    logging.disable(logging.CRITICAL)
    factory.run()
    if left := factory.run():
        print(f"made again although nothing changed: {', '.join(sorted(left))}")
    certain, possible = Score(), Score()
    kinds: dict[str, tuple[Score, Score]] = {}
    for number in range(first, first + mutations):
        kind = KINDS[number % len(KINDS)]
        factory.publish()
        what, change = factory.mutate(kind)
        again, looks = factory.said(what)
        change()
        true = factory.run()
        for score, said in zip((certain, possible), (again, looks), strict=True):
            score.add(said, true)
        for score, said in zip(kinds.setdefault(kind, (Score(), Score())), (again, looks), strict=True):
            score.add(said, true)
        missed, idle = sorted(true - looks), sorted(again - true)
        notes = [f"missed {', '.join(missed)}"] if missed else []
        notes += [f"not made again {', '.join(idle)}"] if idle else []
        print(
            f"{number + 1:4d} {kind:8s} {Path(what).name:32.32s} {len(true):2d} made again; {'; '.join(notes) or 'as said'}",
            flush=True,
        )
    print(f"{len(WATCHED)} assets watched: {', '.join(WATCHED)}")
    print(f"{'':10s}{'made again':>24s}{'looks again':>24s}\n{'':10s}" + f"{'precision':>12s}{'recall':>12s}" * 2)
    for name, scores in (*sorted(kinds.items()), ("all", (certain, possible))):
        print(f"{name:10s}" + "".join(f"{score.precision:12.3f}{score.recall:12.3f}" for score in scores))
    print(f"{mutations} mutations; recall of what looks again {possible.recall:.2f} (1.00)")
    print(f"precision of what is made again {certain.precision:.2f} (1.00)")
    return 0 if possible.recall == 1.0 and certain.precision == 1.0 else 1


if __name__ == "__main__":
    sys.exit(main())
