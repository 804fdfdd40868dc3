"""MLflow: a parent run for each Dagster run, a child run for each asset in its stage's experiment.

Belongs here: how a run is opened, written and closed. Does not belong here: what an asset measures.
dagster-mlflow opens the parent run. Its handle logs into whichever run is active in the process, which would put every
asset's metrics into the first experiment, so the children are written through MlflowClient by their own run ids.
"""

import logging
import os
import time
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from math import isfinite
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dagster import BetaWarning, InitResourceContext

if TYPE_CHECKING:
    from mlflow import MlflowClient

PARENT_EXPERIMENT = "runs"
_SET_BY_MLFLOW = ("MLFLOW_TRACKING_URI", "MLFLOW_EXPERIMENT_ID", "MLFLOW_RUN_ID")
_PARAMETER_LENGTH = 6000
_MOST_AT_ONCE = 1000
"""Metrics that MLflow takes in one call."""


def quiet_mlflow() -> None:
    """No telemetry, no messages of database migrations; to be called before mlflow is first imported."""
    os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
    os.environ.setdefault("MLFLOW_ENABLE_ASYNC_LOGGING", "false")
    for name in ("alembic", "mlflow.store.db.utils", "mlflow.tracking.fluent"):
        logging.getLogger(name).setLevel(logging.WARNING)


def tracking_uri(database: Path) -> str:
    """MLFLOW_TRACKING_URI if it is set, otherwise the embedded SQLite database."""
    return os.environ.get("MLFLOW_TRACKING_URI") or f"sqlite:///{database}"


@dataclass(frozen=True)
class TrackedRun:
    """A closed child run: its id, and where to look at it (a link if MLflow is a server, otherwise a place to search)."""

    run_id: str
    experiment_id: str
    link: str


@dataclass
class Tracking:
    """MLflow for one Dagster run; opened at the first use, since importing mlflow takes seconds."""

    database: Path
    artifacts: Path
    context: InitResourceContext | None = None
    _client: "MlflowClient | None" = field(default=None, repr=False)
    _parent: str | None = field(default=None, repr=False)
    _experiments: dict[str, str] = field(default_factory=dict, repr=False)
    _failed: bool = field(default=False, repr=False)

    def __post_init__(self) -> None:
        self.uri = tracking_uri(self.database)

    def record(
        self,
        stage: str,
        name: str,
        *,
        metrics: Mapping[str, float] | None = None,
        curves: Mapping[str, Sequence[tuple[int, float]]] | None = None,
        parameters: Mapping[str, object] | None = None,
        tags: Mapping[str, str] | None = None,
        seconds: float = 0.0,
        failed: bool = False,
    ) -> TrackedRun:
        """Write one asset's child run, in the experiment of its stage, under the run's parent; closed when this returns.

        `curves` are metrics over steps: (step, value). What is not finite is left out: MLflow's SQLite cannot hold it, and a
        missing value is not zero.
        """
        client = self._open()
        from mlflow.entities import Metric, Param

        experiment = self._experiment(stage)
        end = int(time.time() * 1000)
        start = end - int(seconds * 1000)
        run_tags = {"mlflow.parentRunId": self._parent or "", "asset": f"{stage}/{name}", **(tags or {})}
        if self.context is not None and self.context.run_id:
            run_tags["dagster_run_id"] = self.context.run_id
        run = client.create_run(experiment, start_time=start, tags=run_tags, run_name=f"{stage}/{name}")
        points = [(key, 0, float(value)) for key, value in {"seconds": seconds, **(metrics or {})}.items()]
        points += [(key, step, float(value)) for key, curve in (curves or {}).items() for step, value in curve]
        logged = [Metric(key, value, end, step) for key, step, value in points if isfinite(value)]
        for first in range(0, len(logged), _MOST_AT_ONCE):
            client.log_batch(run.info.run_id, metrics=logged[first : first + _MOST_AT_ONCE])
        client.log_batch(
            run.info.run_id,
            params=[Param(key, str(value)[:_PARAMETER_LENGTH]) for key, value in (parameters or {}).items()],
        )
        client.set_terminated(run.info.run_id, status="FAILED" if failed else "FINISHED", end_time=end)
        self._failed = self._failed or failed
        return TrackedRun(run.info.run_id, experiment, self._link(experiment, run.info.run_id))

    def client(self) -> "MlflowClient":
        """The client of this run's MLflow, for what is no run: registered prompts and models."""
        return self._open()

    def experiment(self, name: str) -> str:
        """The id of an experiment, made if there is none: for traces, which belong to no run."""
        self._open()
        return self._experiment(name)

    def close(self, *, failed: bool = False) -> None:
        """End the parent run, if one was opened."""
        if self._parent is not None:
            import mlflow

            with _environment_kept():
                mlflow.end_run(status="FAILED" if failed or self._failed else "FINISHED")
            self._parent = None
        self._client = None

    def _link(self, experiment: str, run_id: str) -> str:
        base = self.uri if self.uri.startswith("http") else "http://127.0.0.1:5000"
        return f"{base.rstrip('/')}/#/experiments/{experiment}/runs/{run_id}"

    def _open(self) -> "MlflowClient":
        if self._client is None:
            quiet_mlflow()
            import mlflow

            self.database.parent.mkdir(parents=True, exist_ok=True)
            with _environment_kept():
                mlflow.set_tracking_uri(self.uri)
                self._client = mlflow.MlflowClient(self.uri)
                self._experiment(PARENT_EXPERIMENT)
                if self.context is not None and self.context.dagster_run is not None:
                    config = {"experiment_name": PARENT_EXPERIMENT, "mlflow_tracking_uri": self.uri, "env": {}, "extra_tags": {}}
                    with warnings.catch_warnings():
                        # Its being in beta is Dagster's news, not the user's.
                        warnings.simplefilter("ignore", BetaWarning)
                        from dagster_mlflow.resources import MlFlow

                        MlFlow(self.context.replace_config(config))  # type: ignore[no-untyped-call]
                    active = mlflow.active_run()
                    self._parent = active.info.run_id if active is not None else None
        return self._client

    def _experiment(self, name: str) -> str:
        if name not in self._experiments:
            assert self._client is not None
            known = self._client.get_experiment_by_name(name)
            if known is not None:
                self._experiments[name] = known.experiment_id
            else:
                # A server decides itself where artifacts lie; the embedded database keeps them beside itself.
                place = None if self.uri.startswith("http") else (self.artifacts / name).as_uri()
                self._experiments[name] = self._client.create_experiment(name, artifact_location=place)
        return self._experiments[name]


@contextmanager
def _environment_kept() -> Iterator[None]:
    """Undo at once what mlflow writes into the environment: the next Tracking of this process would take it for the user's."""
    before = {name: os.environ.get(name) for name in _SET_BY_MLFLOW}
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


@contextmanager
def tracked(database: Path, artifacts: Path, context: InitResourceContext) -> Iterator[Tracking]:
    """Tracking for the length of a run; its parent run ends as the run does."""
    tracking = Tracking(database, artifacts, context)
    failed: Any = True
    try:
        yield tracking
        failed = False
    finally:
        tracking.close(failed=failed)
