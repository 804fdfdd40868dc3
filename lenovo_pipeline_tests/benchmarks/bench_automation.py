"""How soon what runs by itself sees a change: seconds from the change on disk to the alert, the asset event or the run.

Run: python lenovo_pipeline_tests/benchmarks/bench_automation.py [--store FOLDER]
`--store` (data/store) is that of a finished run. A copy of it and of the inputs is changed, in a scratch folder.

The real daemon (`dagster-daemon run`, as `make ui` starts it) watches with the project's definitions, sensors and intervals. No
entry of a first run keeps the rules of production, so the copied policy asks in production what it asks in testing, and
`dagster asset materialize` decides again; a second entry that keeps the rules is put there by `promote`. Then one thing after the
other happens: the monitor rolls the second one back; the policy, a prompt and an upload are changed; an adapter is dropped; and
the policy is changed once more while a run is at work. The time of a thing is when it was written: a transition's in the book, a
file's modification, a run's or an event's in Dagster's storage. What was seen is cancelled, so that each change but the last
meets a daemon that has nothing else to do.

Ends with 1 if anything is never seen, or later than its limit.
"""

import argparse
import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from dagster import DagsterInstance

    from lenovo_pipeline.resources.store import Store
    from lenovo_pipeline.settings import Settings

PRODUCTION_S = 60.0
UPLOAD_S = 30.0
_PATIENCE_S = 240.0
_START_S = 300.0
_POLL_S = 0.2
_MODEL = "lenovo-nano"
_INPUTS = ("uploads", "adapters", "prompts", "workflows", "policy")


@dataclass
class Timed:
    """What was waited for, from which moment, how long it took (None: it never came) and how long it may take."""

    what: str
    took: float | None
    limit: float | None

    @property
    def kept(self) -> bool:
        return self.took is not None and (self.limit is None or self.took <= self.limit)

    def __str__(self) -> str:
        took = "never" if self.took is None else f"{self.took:.0f} s"
        limit = "" if self.limit is None else f"{self.limit:.0f} s"
        return f"{self.what:<82}{took:>7}{limit:>7}{'' if self.kept else '  NOT met'}"


@dataclass
class Watched:
    """The copy, with the daemon and the monitor at work on it."""

    instance: "DagsterInstance"
    settings: "Settings"
    store: "Store"
    place: tuple[str, str]
    found: list[Timed] = field(default_factory=list)

    def wait(self, what: str, since: float, seen: Callable[[], float | None], limit: float | None) -> None:
        """Wait until `seen` says at what time the thing was recorded, and keep how long after `since` that was."""
        at = until(seen, _PATIENCE_S)
        self.found.append(Timed(what, None if at is None else at - since, limit))
        print(self.found[-1], flush=True)

    def run_of(self, job: str, after: float) -> Callable[[], float | None]:
        """When the first run of a job was requested after a time."""

        def seen() -> float | None:
            from dagster import RunsFilter

            records = self.instance.get_run_records(RunsFilter(job_name=job))
            times = [record.create_timestamp.timestamp() for record in records]
            return min((each for each in times if each >= after), default=None)

        return seen

    def alert_about(self, asset: str, after: float) -> Callable[[], float | None]:
        """When the first alert was written, after a time, that something made from an asset runs in production and is stale."""

        def seen() -> float | None:
            for path in sorted(self.store.alerts.glob("stale-*.json"), key=lambda path: path.stat().st_mtime):
                said = json.loads(path.read_text(encoding="utf-8"))
                if path.stat().st_mtime >= after and any(each.startswith(f"{asset} is ") for each in said["found"]):
                    return path.stat().st_mtime
            return None

        return seen

    def event_of(self, transition: int) -> Callable[[], float | None]:
        """When the transition of the book was recorded as an event of roster/deployments."""

        def seen() -> float | None:
            from dagster import AssetKey

            records = self.instance.fetch_observations(AssetKey(["roster", "deployments"]), limit=20).records
            for record in records:
                observed = record.asset_observation
                if observed and "transition" in observed.metadata and observed.metadata["transition"].value == transition:
                    return float(record.timestamp)
            return None

        return seen

    def rest(self) -> None:
        """Cancel all runs, and wait until none is left: what comes next meets an idle daemon."""

        def idle() -> float | None:
            from dagster import DagsterRunStatus, RunsFilter

            # One that is not queued yet, or about to start, cannot be cancelled: it will be in a moment.
            cancelled = [DagsterRunStatus.QUEUED, DagsterRunStatus.STARTED]
            waited_for = [DagsterRunStatus.NOT_STARTED, DagsterRunStatus.STARTING, DagsterRunStatus.CANCELING]
            records = self.instance.get_run_records(RunsFilter(statuses=[*cancelled, *waited_for]))
            for record in records:
                if record.dagster_run.status in cancelled:
                    with contextlib.suppress(Exception):  # it may have ended since
                        self.instance.run_coordinator.cancel_run(record.dagster_run.run_id)
            return None if records else time.time()

        if until(idle, _PATIENCE_S) is None:
            raise SystemExit("NOT met: runs could not be cancelled")


def until(seen: Callable[[], float | None], patience: float) -> float | None:
    """What `seen` says, asked again until it says something or the patience is over."""
    end = time.monotonic() + patience
    while time.monotonic() < end:
        if (at := seen()) is not None:
            return at
        time.sleep(_POLL_S)
    return None


def prepared(store: Path, place: Path) -> dict[str, str]:
    """Copies of everything that is changed, and the environment that leads there."""
    from lenovo_pipeline.settings import PROJECT_ROOT, get_settings

    shutil.copytree(store, place / "store", symlinks=True)
    for name in ("alerts", "monitoring.db"):
        shutil.rmtree(place / "store" / name, ignore_errors=True)
        (place / "store" / name).unlink(missing_ok=True)
    environment = dict(os.environ)
    for name in _INPUTS:
        source: Path = getattr(get_settings(), name)
        (shutil.copytree if source.is_dir() else shutil.copy)(source, place / source.name)
        environment[f"LENOVO_{name.upper()}"] = str(place / source.name)
    (place / "home").mkdir()
    written = (PROJECT_ROOT / "dagster.yaml").read_text(encoding="utf-8")
    (place / "home" / "dagster.yaml").write_text(written.replace("data/store", str(place / "store")), encoding="utf-8")
    return environment | {
        "LENOVO_STORE": str(place / "store"),
        "DAGSTER_HOME": str(place / "home"),
        "PYTHONPATH": str(PROJECT_ROOT),
        "DAGSTER_DISABLE_TELEMETRY": "1",
        "MLFLOW_DISABLE_TELEMETRY": "true",
        "HF_HUB_OFFLINE": "1",
    }


@contextlib.contextmanager
def at_work(command: list[str], environment: dict[str, str], said: Path) -> Iterator[subprocess.Popen[bytes]]:
    """A process with all that it starts; at the end all of it is stopped, however that comes."""
    from lenovo_pipeline.settings import PROJECT_ROOT

    with said.open("ab") as out:
        process = subprocess.Popen(command, env=environment, cwd=PROJECT_ROOT, stdout=out, stderr=out, start_new_session=True)
    try:
        yield process
    finally:
        process.send_signal(signal.SIGINT)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(30)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def main() -> int:
    """Print all times; returns 1 if one is not kept."""
    from lenovo_pipeline.settings import get_settings

    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--store", type=Path, default=get_settings().store)
    options = parser.parse_args()
    if not (options.store / "published").exists():
        print(f"skipped: {options.store} holds no finished run; run make run, or name such a store with --store")
        return 0
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        place = Path(folder)
        environment = prepared(options.store, place)
        os.environ.update(environment)
        get_settings.cache_clear()
        try:
            return watched(place, environment)
        except KeyboardInterrupt:
            print("stopped", file=sys.stderr)
            return 130


def watched(folder: Path, environment: dict[str, str]) -> int:
    """Start the daemon and the monitor, let everything happen, and say what was seen."""
    from dagster import DagsterInstance

    from lenovo_pipeline.resources.store import Store
    from lenovo_pipeline.settings import PROJECT_ROOT, get_settings

    settings = get_settings()
    store = Store(settings.store)
    use_case = two_run(settings, store)
    daemon = [program("dagster-daemon"), "run", "-w", str(PROJECT_ROOT / "workspace.yaml")]
    monitor = [sys.executable, "-m", "lenovo_pipeline.roster.monitoring", "run"]
    with (
        DagsterInstance.get() as instance,
        at_work(daemon, environment, folder / "daemon.said") as process,
        at_work(monitor, environment, folder / "monitor.said"),
    ):
        watch = Watched(instance, settings, store, ("production", use_case))
        if not until(lambda: ticked(instance) if process.poll() is None else 0.0, _START_S):
            raise SystemExit(f"NOT met: the sensors do not tick: {(folder / 'daemon.said').read_text()[-2_000:]}")
        watch.rest()
        print(f"{'from, to':<82}{'took':>7}{'limit':>7}", flush=True)
        for happens in (rollback, policy, prompt, upload, adapter, policy_while_a_run_works):
            happens(watch)
            watch.rest()
    kept = all(each.kept for each in watch.found)
    print("met" if kept else "NOT met")
    return 0 if kept else 1


def program(name: str) -> str:
    """A command of the environment that this runs in."""
    return str(Path(sys.executable).with_name(name))


def ticked(instance: "DagsterInstance") -> float | None:
    """When every sensor of the project has looked once; None until then."""
    from lenovo_pipeline.build import build_defs

    wanted = {each.name for each in build_defs().sensors or ()}
    looked = {
        state.instigator_name for state in instance.all_instigator_state()
        if getattr(state.instigator_data, "last_tick_timestamp", None)
    }  # fmt: skip
    return time.time() if wanted <= looked else None


def two_run(settings: "Settings", store: "Store") -> str:
    """Let two entries run in production one after the other, for the use case that is returned."""
    from lenovo_pipeline.resources.snapshot import open_snapshot
    from lenovo_pipeline.roster.deploying.book import Book

    query = "SELECT use_case, entry FROM roster.decisions WHERE environment = 'testing' AND verdict = 'promoted'"
    with open_snapshot(store) as connection:
        promoted = connection.execute(query).fetchall()
        if not promoted:
            raise SystemExit("skipped: nothing keeps the rules of testing, so that nothing can run")
        use_case = promoted[0][0]
        ask_as_in_testing(settings.policy, use_case)
        query = "SELECT DISTINCT entry FROM roster.decisions WHERE environment = 'testing' AND use_case = ? ORDER BY entry"
        others = [entry for (entry,) in connection.execute(query, [use_case]).fetchall()]
    select = ["asset", "materialize", "-m", "lenovo_pipeline.definitions", "--select", "roster/policy*"]
    subprocess.run([program("dagster"), *select], check=True, capture_output=True)
    first = Book(store.deployments).active("production", use_case)
    if first is None:
        raise SystemExit("NOT met: what keeps the rules does not run")
    for entry in others:
        command = [sys.executable, "-m", "lenovo_pipeline.roster", "promote", use_case, entry, "--anyway"]
        if entry != first.entry and subprocess.run(command, capture_output=True, check=False).returncode == 0:
            print(f"{first.entry}, then {entry} for {use_case}", flush=True)
            return str(use_case)
    raise SystemExit("skipped: only one entry keeps the rules of testing, so that nothing can be rolled back")


def ask_as_in_testing(policy: Path, use_case: str) -> None:
    """Let every environment ask what testing asks."""
    import yaml

    read = yaml.safe_load(policy.read_text(encoding="utf-8"))
    asked = read["use_cases"][use_case]
    asked.update(asked["testing"], staging=asked["testing"])
    policy.write_text(yaml.safe_dump(read, allow_unicode=True, sort_keys=False), encoding="utf-8")


def rollback(watch: Watched) -> None:
    """The newer entry fails, as the monitor sees by what is logged."""
    import numpy as np

    from lenovo_pipeline.roster.deploying.book import Book
    from lenovo_pipeline.roster.monitoring.log import MonitorLog
    from lenovo_pipeline.roster.monitoring.requests import SKETCH_WIDTH, Place
    from lenovo_pipeline.roster.monitoring.simulator import Outcome, Traffic, simulate

    book = Book(watch.store.deployments)
    running = book.active(*watch.place)
    assert running is not None
    sketch = tuple(np.ones(SKETCH_WIDTH) / SKETCH_WIDTH**0.5)
    failed = Outcome(50, "en", sketch, 0, 100, 0, 0.2, "TimeoutError", None)
    traffic = simulate(Place(*watch.place), running.entry, [failed], Traffic(seconds=20), clock="bench")
    MonitorLog(watch.store.monitoring).append(traffic)
    logged = time.time()

    def rolled_back() -> float | None:
        steps = [step for step in book.history(*watch.place) if step.kind == "rolled_back"]
        return datetime.fromisoformat(steps[-1].at).timestamp() if steps else None

    watch.wait("failing answers in the log, rollback in the book", logged, rolled_back, None)
    at = rolled_back()
    if at is not None:
        step = book.history(*watch.place)[-1]
        watch.wait("rollback in the book, asset event of roster/deployments", at, watch.event_of(step.sequence), PRODUCTION_S)
        watch.wait("rollback in the book, run that brings the tables in line", at, watch.run_of("follow_deployments", at), None)


def policy(watch: Watched, when: str = "") -> None:
    """A remark more in the policy."""
    before = time.time()
    with watch.settings.policy.open("a", encoding="utf-8") as file:
        file.write("\n# one more remark\n")
    if not when:
        watch.wait("policy edited, run requested", before, watch.run_of("read_inputs", before), None)
    watch.wait(f"policy edited, alert: stale champion{when}", before, watch.alert_about("roster/policy", before), PRODUCTION_S)


def prompt(watch: Watched) -> None:
    """Another text of a template."""
    path = next(path for path in sorted(watch.settings.prompts.glob("*/*.yaml")) if path.parent.name != "external")
    text = path.read_text(encoding="utf-8").replace("\n    template: |\n", "\n    template: |\n      Read with care.\n", 1)
    before = time.time()
    path.write_text(text, encoding="utf-8")
    watch.wait("prompt edited, run requested", before, watch.run_of("read_inputs", before), None)


def upload(watch: Watched) -> None:
    """A new text."""
    before = time.time()
    (watch.settings.uploads / "visit.md").write_text("# A visit\n\nThe ThinkPad T14 Gen 5 was looked at.\n", encoding="utf-8")
    watch.wait("upload dropped, run requested", before, watch.run_of("refresh_uploads", before), UPLOAD_S)
    watch.wait("upload dropped, alert: stale champion", before, watch.alert_about("uploads/files", before), PRODUCTION_S)


def adapter(watch: Watched) -> None:
    """An adapter that fits its base; it is taken for copied whole once nothing has changed for 20 s."""
    import numpy as np
    from safetensors.numpy import save_file

    from lenovo_pipeline.resources.inference.model_folder import tensor_shapes
    from lenovo_pipeline.settings import PROJECT_ROOT

    drawn, tensors = np.random.default_rng(7), {}
    for name, (rows, columns) in (
        (name, shape) for name, shape in tensor_shapes(PROJECT_ROOT / "data" / "models" / _MODEL).items() if "q_proj" in name
    ):
        key = f"base_model.model.{name.removesuffix('.weight')}.lora_{{}}.weight"
        tensors[key.format("A")] = drawn.standard_normal((1, columns)).astype(np.float32)
        tensors[key.format("B")] = drawn.standard_normal((rows, 1)).astype(np.float32)
    folder = watch.settings.adapters / _MODEL / "mine"
    folder.mkdir(parents=True)
    config = {"peft_type": "LORA", "task_type": "CAUSAL_LM", "r": 1, "lora_alpha": 2, "target_modules": ["q_proj"]}
    (folder / "adapter_config.json").write_text(json.dumps(config), encoding="utf-8")
    before = time.time()
    save_file(tensors, folder / "adapter_model.safetensors", metadata={"format": "pt"})
    watch.wait("adapter copied, run requested", before, watch.run_of("take_adapters", before), None)


def policy_while_a_run_works(watch: Watched) -> None:
    """The policy again, while the run for another upload holds the store."""
    before = time.time()
    (watch.settings.uploads / "more.md").write_text("# Another visit\n\nThe Yoga 7 has three ports.\n", encoding="utf-8")
    until(watch.run_of("refresh_uploads", before), _PATIENCE_S)
    policy(watch, " (while a run works)")


if __name__ == "__main__":
    sys.exit(main())
