"""What `blast-radius` says before a change, against what the next real run made again.

Run: python lenovo_pipeline_tests/benchmarks/bench_blast_radius.py [--store FOLDER] [--home FOLDER] [--mutations 200] [--first 0]
[--whole] [--log FILE]
`--store` (data/store) is that of a finished run of everything, of any profile that LENOVO_PROFILE names, and `--home` its
DAGSTER_HOME if what Dagster wrote does not lie in the store, where `make run` has it. Copies are what is changed, code included.

Each mutation changes one thing: a record (one value of one row of a table of the simulated world), a document (an upload that
is new, changed or gone), a prompt, the policy, an adapter (dropped, exchanged, or gone), the base model (its chat template), a
module of the code (a comment at its end), or a package (its version). Before it is made, blast-radius is asked, once with the
change told (--with, --set, --gone, --version: it is rehearsed on copies) and once with its name alone. Then assets are run.
`--log` appends what was said and made to a file, one line of JSON for each mutation, and counts all that it holds: of two lines
of a number the later, so that a slice can be run again. What is chosen follows from a mutation's number and from what those
before it in its slice left behind.

The run is a real one, of WATCHED: assets that take no or little training and few answers of models, since 200 runs of the whole
graph would take a day. The truth is what that run reports of each: made again where it took over nothing, or, of an asset
that looks at its inputs in every run, where its data version is another one. It is read from the events of the run, and knows
nothing of the graph. Tables of the simulated world are changed where they lie, and not watched: their assets would undo it.

Four answers are held against it: `told` (wanted: precision and recall 1.00) and its part that was seen, which leaves out what is
only taken to follow, since it is made from what trains or asks a model; and of the name alone `certain` (wanted: precision
1.00) and `looks again` (recall 1.00).
"""

import argparse
import contextlib
import json
import multiprocessing
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from lenovo_pipeline.commands.rehearsal.acting import Order, Outcome
    from lenovo_pipeline.commands.rehearsal.changes import Change
    from lenovo_pipeline.commands.rehearsal.copies import Copies

WATCHED = (
    "uploads/files", "uploads/rows", "uploads/rejects", "uploads/texts",
    "knowledge/upload_inventory", "knowledge/usage", "knowledge/process_performance", "knowledge/chat_analytics",
    "knowledge/journey_conversion", "knowledge/analytics", "knowledge/chunks", "knowledge/keyword_index",
    "gold/questions", "gold/qrels",
    "prompts/library", "prompts/evaluation_prompts", "prompts/adversarial", "prompts/counterfactuals",
    "models/catalogue", "models/availability", "models/foundation", "models/training_sets",
    "models/dropped_adapters", "models/adapter_registry", "models/adapter_champions", "models/fine_tuned",
    "embeddings/training_pairs", "evaluation/items", "evaluation/raw_foundation", "evaluation/custom_model",
    "evaluation/leaderboard", "evaluation/comparisons",
    "roster/policy", "roster/entries", "roster/cost", "roster/decisions", "roster/deployments",
)  # fmt: skip
RECORDS = (
    "support_articles", "documents", "technical_docs", "incidents", "processes", "customers", "journeys",
    "touchpoints", "chat_messages", "interactions", "firmware", "users",
)  # fmt: skip
MODULES = (
    "gold/attributes", "gold/surfaces", "knowledge/splitting", "knowledge/analytics", "measures/metrics/units",
    "models/tuning/lessons", "prompts/rendering", "roster/policy", "embeddings/pairs", "uploads/scan",
)  # fmt: skip
KINDS = ("record", "record", "record", "document", "document", "prompt", "adapter", "base", "code", "package", "policy")
"""One after the other: a record is what changes most often."""

PACKAGES = ("torch", "transformers", "peft", "scipy", "onnxruntime")
PRELOADED = (
    "dagster", "dagster_duckdb.io_manager", "dagster_mlflow", "mlflow.store.tracking.sqlalchemy_store", "matplotlib.figure",
    "matplotlib.backends.backend_agg", "scipy.optimize", "torch", "transformers", "peft",
)  # fmt: skip
MODEL = "lenovo-nano"
SAID = ("told", "told, seen", "certain", "looks again")


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
    """The copy of a store and of a checkout, in which things are changed and runs are made."""

    def __init__(self, place: Path, whole: bool) -> None:
        from lenovo_pipeline.resources.store import Store
        from lenovo_pipeline.resources.warehouse import Warehouse
        from lenovo_pipeline.settings import PROJECT_ROOT, get_settings

        if place not in PROJECT_ROOT.parents:
            raise SystemExit(f"error: {PROJECT_ROOT} is used, and not the copy in {place}")
        self.root = PROJECT_ROOT
        self.settings = get_settings()
        self.store = Store(self.settings.store)
        self.rng = random.Random(0)
        self.place = place
        self.whole = whole
        self._warehouse = Warehouse(str(self.store.warehouse))
        self._number = 0
        # Each run, on the copies or not, is a process of its own, which imports all of this project anew; what it needs of
        # others has been imported before.
        self._processes = multiprocessing.get_context("forkserver")
        self._processes.set_forkserver_preload(list(PRELOADED))

    def run(self) -> set[str]:
        """Run the watched assets in a process of its own, and publish; returns those that were made again."""
        said = self.place / "said.json"
        self._forked(act, said)
        return set(json.loads(said.read_text()))

    def rehearsed(self, what: str, change: "Change") -> tuple[set[str], set[str]]:
        """What blast-radius says of a change that it is told: made again, and of these what was seen, not taken to follow."""
        from dagster import DagsterInstance

        from lenovo_pipeline.commands.rehearsal.rehearse import rehearse

        with DagsterInstance.get() as instance:
            found = rehearse(
                self.store,
                self.settings,
                instance,
                what,
                change,
                model=MODEL,
                among=WATCHED,
                whole=self.whole,
                acting=self._acting,
            )
        return set(found.made), {*found.again, *found.long}

    def _acting(self, copies: "Copies", order: "Order", say: Callable[[str], None]) -> "Outcome":
        from lenovo_pipeline.commands.rehearsal.acting import Outcome

        place = copies.root / "order.json"
        place.write_text(json.dumps(order.__dict__))
        self._forked(act_in_copies, place, copies.checkout, copies.environment())
        return Outcome(**json.loads(place.with_suffix(".said").read_text()))

    def _forked(self, function: Callable[..., None], *given: object) -> None:
        process = self._processes.Process(target=function, args=given)
        process.start()
        process.join()
        if process.exitcode:
            raise SystemExit(f"error: the run ended with {process.exitcode}")

    def said(self, what: str) -> tuple[set[str], set[str]]:
        """What blast-radius says of a change that it is not told: made again whatever it is, looks again."""
        from lenovo_pipeline.roster.blast import blast_radius

        radius = blast_radius(self.store, self.settings, what)
        return set(radius.again) & set(WATCHED), set(radius.assets) & set(WATCHED)

    def mutate(self, number: int) -> tuple[str, "Change", Callable[[], object]]:
        """What is about to be changed, as blast-radius is asked for it, how, and what changes it."""
        self._number = number + 1
        self.rng.seed(number)
        chosen: tuple[str, Change, Callable[[], object]] = getattr(self, f"_{kind_of(number)}")()
        return chosen

    def _record(self) -> tuple[str, "Change", Callable[[], object]]:
        from lenovo_pipeline.build import TABLES
        from lenovo_pipeline.commands.rehearsal.changes import Change

        table = TABLES[f"enterprise.{self.rng.choice(RECORDS)}"]
        frame = self._warehouse.load(table).drop(columns=["content_hash"])
        row = self.rng.randrange(len(frame))
        what = str(frame.iloc[row][table.key[0]])
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
        is_number = table.column(name).type == "number"
        old = frame.iloc[row][name]
        value = (old or 0.0) + 0.5 if is_number else f"{old} Revised {self._number}."

        def change() -> None:
            values: list[Any] = frame[name].tolist()
            values[row] = value
            self._warehouse.replace(table, frame.assign(**{name: values}))

        return what, Change(values={name: json.dumps(value) if is_number else str(value)}), change

    def _document(self) -> tuple[str, "Change", Callable[[], object]]:
        from lenovo_pipeline.commands.rehearsal.changes import Change

        there = sorted(self.settings.uploads.glob("*.md")) + sorted(self.settings.uploads.glob("*.csv"))
        if len(there) > 3 and self.rng.random() < 0.6:
            path = self.rng.choice(there)
            if self.rng.random() < 0.3:
                return str(path), Change(gone=True), path.unlink
            return self._file(path, path.read_text() + f"\n{self._number},changed {self._number}\n")
        name = f"note-{self._number}.{self.rng.choice(['md', 'csv'])}"
        text = f"# Note {self._number}\n\nThe ThinkPad T14 was looked at {self._number} times.\n"
        rows = f"part,price\nA{self._number},{self._number}\n"
        return self._file(self.settings.uploads / name, text if name.endswith("md") else rows)

    def _prompt(self) -> tuple[str, "Change", Callable[[], object]]:
        import yaml

        from lenovo_pipeline.resources.yaml_files import load_yaml

        path = self.rng.choice(sorted(path for path in self.settings.prompts.rglob("*.yaml") if "external" not in path.parts))
        found = load_yaml(path.read_text())
        template = self.rng.choice(found["templates"])
        template["template"] = f"{template['template'].rstrip()} Revision {self._number}.\n"
        template["version"] = int(template["version"]) + 1
        return self._file(path, yaml.safe_dump(found, allow_unicode=True, sort_keys=False))

    def _policy(self) -> tuple[str, "Change", Callable[[], object]]:
        import yaml

        from lenovo_pipeline.resources.yaml_files import load_yaml

        found = load_yaml(self.settings.policy.read_text())
        use_case = found["use_cases"][self.rng.choice(sorted(found["use_cases"]))]
        floor = self.rng.choice([each for each in use_case["floors"] if "at_least" in each])
        floor["at_least"] = round(floor["at_least"] - 0.001, 4)
        return self._file(self.settings.policy, yaml.safe_dump(found, allow_unicode=True, sort_keys=False))

    def _adapter(self) -> tuple[str, "Change", Callable[[], object]]:
        import numpy as np
        from safetensors.numpy import save_file

        from lenovo_pipeline.commands.rehearsal.changes import Change
        from lenovo_pipeline.resources.inference.model_folder import tensor_shapes

        home = self.settings.adapters / MODEL
        there = sorted(home.iterdir()) if home.is_dir() else []
        if there and self.rng.random() < 0.3:
            path = self.rng.choice(there)
            return str(path), Change(gone=True), lambda: shutil.rmtree(path)
        exchanged = there and self.rng.random() < 0.4
        path = self.rng.choice(there) if exchanged else home / f"mine-{self._number}"
        new = self.place / f"adapter-{self._number}"
        new.mkdir()
        drawn = np.random.default_rng(self._number)
        tensors = {}
        for name, shape in tensor_shapes(self.root / "data" / "models" / MODEL).items():
            if name.endswith("q_proj.weight"):
                rows, columns = shape
                key = f"base_model.model.{name.removesuffix('.weight')}.lora_{{}}.weight"
                tensors[key.format("A")] = drawn.standard_normal((1, columns)).astype(np.float32)
                tensors[key.format("B")] = drawn.standard_normal((rows, 1)).astype(np.float32)
        save_file(tensors, new / "adapter_model.safetensors", metadata={"format": "pt"})
        config = {"peft_type": "LORA", "task_type": "CAUSAL_LM", "r": 1, "lora_alpha": 2, "target_modules": ["q_proj"]}
        (new / "adapter_config.json").write_text(json.dumps(config))

        def change() -> None:
            shutil.rmtree(path, ignore_errors=True)
            shutil.copytree(new, path)

        return str(path), Change(by=new), change

    def _base(self) -> tuple[str, "Change", Callable[[], object]]:
        path = self.root / "data" / "models" / MODEL / "chat_template.jinja"
        return self._file(path, path.read_text() + f"{{# {self._number} #}}")

    def _code(self) -> tuple[str, "Change", Callable[[], object]]:
        path = self.root / "lenovo_pipeline" / f"{self.rng.choice(MODULES)}.py"
        return self._file(path, path.read_text() + f"# {self._number}\n")

    def _package(self) -> tuple[str, "Change", Callable[[], object]]:
        import importlib.metadata

        from lenovo_pipeline.commands.rehearsal.changes import Change

        name = self.rng.choice(PACKAGES)
        version = f"{importlib.metadata.version(name).partition('.post')[0]}.post{self._number}"

        def change() -> None:
            for old in (self.place / "packages").glob(f"{name}-*"):
                shutil.rmtree(old)
            there = self.place / "packages" / f"{name}-{version}.dist-info"
            there.mkdir()
            (there / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")

        return name, Change(version=version), change

    def _file(self, path: Path, text: str) -> tuple[str, "Change", Callable[[], object]]:
        from lenovo_pipeline.commands.rehearsal.changes import Change

        new = self.place / f"new-{self._number}{path.suffix}"
        new.write_text(text, encoding="utf-8")
        return str(path), Change(by=new), lambda: shutil.copyfile(new, path)


def kind_of(number: int) -> str:
    return KINDS[number % len(KINDS)]


def act(said: Path) -> None:
    """A real run of the watched assets, in this process; writes the names of those that were made again, and publishes."""
    import logging

    from dagster import AssetSelection, DagsterInstance, Definitions, define_asset_job, in_process_executor

    from lenovo_pipeline.build import build_defs
    from lenovo_pipeline.resources.published import publish
    from lenovo_pipeline.resources.store import Store
    from lenovo_pipeline.resources.warehouse import Warehouse
    from lenovo_pipeline.settings import get_settings

    logging.disable(logging.CRITICAL)
    settings = get_settings()
    defs = build_defs(settings=settings)
    job = define_asset_job("watched", selection=AssetSelection.assets(*WATCHED).without_checks())
    # The job is made of the production definitions, without the jobs and sensors that they bring.
    small = Definitions(assets=defs.assets, resources=defs.resources, executor=in_process_executor, jobs=[job])
    with DagsterInstance.get() as instance, Path(os.devnull).open("w") as nowhere, contextlib.redirect_stdout(nowhere):
        result = small.resolve_job_def("watched").execute_in_process(instance=instance, partition_key=MODEL, raise_on_error=True)
    store = Store(settings.store)
    warehouse = Warehouse(str(store.warehouse))
    pure = set(warehouse.frame("SELECT DISTINCT subject FROM pipeline.recipes")["subject"])
    again = []
    for event in result.get_asset_materialization_events():
        made = event.materialization
        name = "/".join(made.asset_key.path)
        metadata = {key: value.value for key, value in made.metadata.items()}
        # What is pure says whether it took over its rows; everything else says whether it holds something else now.
        if (not metadata.get("reused", False)) if name in pure else metadata["changed"]:
            again.append(name)
    graph = (defs.resources or {})["graph"]
    publish(store, warehouse, made_by={"run": result.run_id}, graph=getattr(graph, "_value", graph))
    said.write_text(json.dumps(again))


def act_in_copies(order: Path, checkout: Path, environment: dict[str, str]) -> None:
    """Rehearse in this process, as the one does that blast-radius starts in the copies."""
    os.environ.clear()
    os.environ.update(environment)
    os.chdir(checkout)
    sys.path[:] = [*environment["PYTHONPATH"].split(os.pathsep), *sys.path]
    from lenovo_pipeline.commands.rehearsal.acting import main

    sys.argv = ["acting", str(order)]
    with Path(os.devnull).open("w") as nowhere, contextlib.redirect_stdout(nowhere):
        main()


def prepared(store: Path, home: Path | None, place: Path) -> dict[str, str]:
    """Copies of everything that is changed, the code included, and the environment that leads there."""
    import yaml

    from lenovo_pipeline.settings import PROJECT_ROOT

    checkout = place / "checkout"
    shutil.copytree(store, place / "store", symlinks=True)
    if home is not None:
        shutil.copytree(home, place / "home", symlinks=True)
    else:
        (place / "home").mkdir()
        written = {"telemetry": {"enabled": False}, "storage": {"sqlite": {"base_dir": str(place / "store" / "dagster")}}}
        (place / "home" / "dagster.yaml").write_text(yaml.safe_dump(written), encoding="utf-8")
    shutil.copytree(PROJECT_ROOT / "lenovo_pipeline", checkout / "lenovo_pipeline")
    shutil.copytree(PROJECT_ROOT / "data", checkout / "data", ignore=shutil.ignore_patterns("store", "backups"))
    for name in ("pyproject.toml", "constraints.txt"):
        shutil.copy(PROJECT_ROOT / name, checkout / name)
    for name in ("uploads", "adapters", "packages"):
        (place / name).mkdir()
    for number in range(4):
        (place / "uploads" / f"old-{number}.md").write_text(f"# Old {number}\n\nThe Yoga 7 has {number} ports.\n")
    return os.environ | {
        "PYTHONPATH": os.pathsep.join([str(place / "packages"), str(checkout)]),
        "LENOVO_STORE": str(place / "store"),
        "LENOVO_UPLOADS": str(place / "uploads"),
        "LENOVO_ADAPTERS": str(place / "adapters"),
        "DAGSTER_HOME": str(place / "home"),
        "DAGSTER_DISABLE_TELEMETRY": "1",
        "MLFLOW_DISABLE_TELEMETRY": "true",
        "HF_HUB_OFFLINE": "1",
    }


def main() -> int:
    """Print all figures; returns 1 if what was said of a change that was told is not what was made again."""
    from lenovo_pipeline.settings import get_settings

    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--store", type=Path, default=get_settings().store)
    parser.add_argument("--home", type=Path)
    parser.add_argument("--mutations", type=int, default=200)
    parser.add_argument("--first", type=int, default=0, help="number of the first mutation")
    parser.add_argument("--minutes", type=float, default=24 * 60, help="stop after the mutation in which these have passed")
    parser.add_argument("--whole", action="store_true", help="let the rehearsal train and ask models, too")
    parser.add_argument("--log", type=Path, help="append each mutation to this file, and count all that it holds")
    parser.add_argument("--inside", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.inside:
        numbers = range(options.first, options.first + options.mutations)
        return measure(Factory(options.inside, options.whole), numbers, options.minutes * 60, options.log)
    if not (options.store / "published").exists():
        print(f"skipped: {options.store} holds no finished run; run make run, or name such a store with --store")
        return 0
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        environment = prepared(options.store, options.home, place)
        log = options.log.resolve() if options.log else place / "log.jsonl"
        command = [sys.executable, __file__, "--inside", folder, *sys.argv[1:], "--log", str(log)]
        return subprocess.run(command, cwd=place / "checkout", env=environment, check=False).returncode


def measure(factory: Factory, numbers: range, seconds: float, log: Path) -> int:
    started = time.monotonic()
    factory.run()
    if left := factory.run():
        print(f"made again although nothing changed: {', '.join(sorted(left))}")
    for number in numbers:
        what, told, change = factory.mutate(number)
        began = time.monotonic()
        made, seen = factory.rehearsed(what, told)
        rehearsed = time.monotonic()
        again, looks = factory.said(what)
        change()
        true = factory.run()
        sets = dict(zip(("true", *SAID), (true, made, seen, again, looks), strict=True))
        took = {"rehearsed_s": round(rehearsed - began, 1), "seconds": round(time.monotonic() - began, 1)}
        line = {"number": number, "kind": kind_of(number), "what": what, "whole": factory.whole, **took}
        line |= {name: sorted(each) for name, each in sets.items()}
        with log.open("a", encoding="utf-8") as file:
            file.write(json.dumps(line) + "\n")
        notes = [f"missed {', '.join(sorted(true - made))}"] if true - made else []
        notes += [f"not made again {', '.join(sorted(made - true))}"] if made - true else []
        print(
            f"{number:4d} {kind_of(number):8s} {Path(what).name:32.32s} {len(true):2d} made again, {took['seconds']:5.1f} s; "
            f"{'; '.join(notes) or 'as said'}",
            flush=True,
        )
        if time.monotonic() - started > seconds:
            break
    return shown(log)


def shown(log: Path) -> int:
    """Print the counts over all that a log holds, as `main` returns it."""
    lines = {line["number"]: line for line in map(json.loads, log.read_text(encoding="utf-8").splitlines())}
    totals: dict[str, list[Score]] = {}
    for line in lines.values():
        for name in (line["kind"], "all"):
            for score, said in zip(totals.setdefault(name, [Score() for _ in SAID]), SAID, strict=True):
                score.add(set(line[said]), set(line["true"]))
    followed = sum(len(set(line["told"]) - set(line["told, seen"])) for line in lines.values())
    print(f"{len(WATCHED)} assets watched: {', '.join(WATCHED)}")
    print(
        f"{'':16s}" + "".join(f"{name:>24s}" for name in SAID) + f"\n{'':16s}" + f"{'precision':>12s}{'recall':>12s}" * len(SAID)
    )
    counts = Counter(line["kind"] for line in lines.values()) + Counter(all=len(lines))
    for name, scores in sorted(totals.items(), key=lambda each: (each[0] == "all", each[0])):
        figures = "".join(f"{score.precision:12.3f}{score.recall:12.3f}" for score in scores)
        print(f"{name:10s}{counts[name]:6d}{figures}")
    exact = totals["all"][0]
    print(
        f"{len(lines)} mutations ({sum(line['whole'] for line in lines.values())} rehearsed whole), {exact.hit + exact.only_true}"
        f" assets made again in all; of those said, {followed} were not run in the rehearsal: they are taken to follow from what"
        " trains or asks a model"
    )
    print(f"the change is told: precision {exact.precision:.3f} (1.00), recall {exact.recall:.3f} (1.00)")
    return 0 if exact.precision == exact.recall == 1.0 else 1


if __name__ == "__main__":
    sys.exit(main())
