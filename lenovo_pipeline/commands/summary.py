"""What a run did, in words: progress lines while it runs, and the summary at its end."""

from dataclasses import dataclass, field
from itertools import accumulate
from pathlib import Path
from typing import Any

from dagster import AssetCheckEvaluation, AssetKey, DagsterEvent, DagsterEventType
from dagster._core.definitions.assets.graph.base_asset_graph import BaseAssetGraph
from dagster_shared.error import SerializableErrorInfo

from lenovo_pipeline.resources.assets import SKIPPED
from lenovo_pipeline.resources.checks import MORE

_UNITS = ("B", "KB", "MB", "GB")
_REASON_LENGTH = 400
_UI = "http://127.0.0.1:3000"
_NO_REASON = "no reason recorded"


@dataclass
class Materialized:
    """One asset's figures as its metadata states them; rows and bytes are None for an asset that has none."""

    rows: int | None
    bytes: int | None
    seconds: float
    changed: bool


@dataclass
class RunSummary:
    """Collects the events of one run; `interrupted` is set by whoever runs it."""

    run_id: str
    graph: BaseAssetGraph[Any]
    assets: dict[str, Materialized] = field(default_factory=dict)
    failures: dict[str, str] = field(default_factory=dict)
    unavailable: dict[str, str] = field(default_factory=dict)
    """Partitioned assets that skipped their partition, with the reason that they gave."""
    failed_checks: dict[str, str] = field(default_factory=dict)
    warned_checks: dict[str, str] = field(default_factory=dict)
    headlines: dict[str, str] = field(default_factory=dict)
    """What an asset says of itself for the end of a run: the metadata `headline`."""
    checks: int = 0
    run_failure: str | None = None
    interrupted: bool = False

    @property
    def planned(self) -> list[str]:
        return [_name(key) for key in self.graph.toposorted_asset_keys if key in self.graph.materializable_asset_keys]

    @property
    def succeeded(self) -> bool:
        return not (self.failures or self.failed_checks or self.run_failure or self.interrupted)

    def add(self, event: DagsterEvent) -> str | None:
        """Take in one event; returns the line to show for it, if there is one."""
        kind = event.event_type
        if kind == DagsterEventType.ASSET_MATERIALIZATION:
            return self._materialized(event)
        if kind == DagsterEventType.ASSET_OBSERVATION:
            return self._observed(event)
        if kind == DagsterEventType.ASSET_CHECK_EVALUATION:
            return self._checked(event)
        if kind == DagsterEventType.STEP_FAILURE and _was_interrupted(event.step_failure_data.error):
            self.interrupted = True
            return f"  stopped {_step_name(event)}"
        if kind == DagsterEventType.STEP_FAILURE:
            reason = _reason(event)
            self.failures[_step_name(event)] = reason
            return f"  FAILED {_step_name(event)}: {reason}"
        if kind == DagsterEventType.STEP_UP_FOR_RETRY:
            return f"  {_step_name(event)} is tried again"
        if kind == DagsterEventType.RUN_FAILURE:
            self.interrupted = self.interrupted or _was_interrupted(event.job_failure_data.error)
            if not (self.interrupted or self.failures):
                self.run_failure = _message(event.job_failure_data.error) or event.message or _NO_REASON
        return None

    def _materialized(self, event: DagsterEvent) -> str:
        materialization = event.step_materialization_data.materialization
        found: dict[str, Any] = {name: value.value for name, value in materialization.metadata.items()}
        name = _name(materialization.asset_key)
        figures = Materialized(
            rows=_whole(found.get("dagster/row_count")),
            bytes=_whole(found.get("bytes")),
            seconds=float(found.get("seconds") or 0),
            changed=bool(found.get("changed", True)),
        )
        self.assets[name] = figures
        if "headline" in found:
            self.headlines[name] = str(found["headline"])
        parts = [f"{figures.rows:,} rows" if figures.rows is not None else "", size(figures.bytes) if figures.bytes else ""]
        parts += ["unchanged" if not figures.changed else "", f"{figures.seconds:.1f} s"]
        return f"[{len(self.assets):>3}/{len(self.planned)}] {name:<32} {', '.join(part for part in parts if part)}"

    def _observed(self, event: DagsterEvent) -> str | None:
        observation = event.asset_observation_data.asset_observation
        reason = observation.metadata.get(SKIPPED)
        if reason is None:
            return None
        name = _name(observation.asset_key)
        self.unavailable[name] = str(reason.value)
        return f"  skipped {name}: {reason.value}"

    def _checked(self, event: DagsterEvent) -> str | None:
        evaluation = event.asset_check_evaluation_data
        self.checks += 1
        if evaluation.passed:
            return None
        name = f"{_name(evaluation.asset_key)}: {evaluation.check_name}"
        reason = _found(evaluation)
        failed = evaluation.severity.value == "ERROR"
        (self.failed_checks if failed else self.warned_checks)[name] = reason
        return f"  {'CHECK FAILED' if failed else 'check warns'} {name}\n{_indented(reason)}"

    def skipped(self) -> dict[str, str]:
        """The planned assets that were not made, each with its reason: its own, or the nearest upstream that failed."""
        reasons: dict[str, str] = {}
        for name in self.planned:
            if name in self.assets or name in self.failures:
                continue
            if name in self.unavailable:
                reasons[name] = self.unavailable[name]
                continue
            parents = [_name(key) for key in sorted(self.graph.get(AssetKey(name.split("/"))).parent_keys)]
            failed = [parent for parent in parents if parent in self.failures]
            checked = [parent for parent in parents if any(check.startswith(f"{parent}: ") for check in self.failed_checks)]
            waiting = [parent for parent in parents if parent in reasons]
            if failed:
                reasons[name] = f"{failed[0]} failed"
            elif checked:
                reasons[name] = f"a blocking check of {checked[0]} failed"
            elif waiting:
                reasons[name] = f"{waiting[0]} was skipped"
            else:
                reasons[name] = "the run was stopped" if self.interrupted else "the run ended before it"
        return reasons

    def text(self, store: Path, wall_s: float) -> str:
        """The summary for a person, with what to open next."""
        rows = sum(figures.rows or 0 for figures in self.assets.values())
        total = sum(figures.bytes or 0 for figures in self.assets.values())
        unchanged = sum(not figures.changed for figures in self.assets.values())
        verdict = "stopped" if self.interrupted else "succeeded" if self.succeeded else "FAILED"
        lines = [
            "",
            f"Run {verdict}: {len(self.assets)} of {len(self.planned)} assets ({unchanged} unchanged), {rows:,} rows, "
            f"{size(total)}, {wall_s:.0f} s",
            f"Checks: {self.checks} evaluated, {len(self.failed_checks)} failed, {len(self.warned_checks)} warned",
        ]
        lines += [f"  failed check  {name}\n{_indented(reason)}" for name, reason in self.failed_checks.items()]
        lines += [f"  warned check  {name}\n{_indented(reason)}" for name, reason in self.warned_checks.items()]
        lines += [f"  failed asset  {name}: {reason}" for name, reason in self.failures.items()]
        if self.run_failure:
            lines.append(f"  the run failed: {self.run_failure}")
        skipped = self.skipped()
        lines.append(f"Skipped assets: {len(skipped) or 'none'}")
        lines += [f"  {name}: {reason}" for name, reason in skipped.items()]
        lines += ["", *self.headlines.values()] if self.headlines else []
        if self.interrupted:
            lines += ["", "Nothing is half-written. To go on: make run"]
        elif not self.succeeded:
            lines += ["", f"The whole story: make ui, then {_UI}/runs/{self.run_id}"]
        else:
            lines += [
                "",
                "What to open next:",
                "  make ui      assets, lineage, checks and runs    http://127.0.0.1:3000",
                "  make mlflow  metrics of every run and asset      http://127.0.0.1:5000",
                "  make graph   the graph server alone, to query    bolt://127.0.0.1:7687",
                f"  {store}/published holds the snapshot: warehouse.duckdb and manifest.json",
                *(
                    [
                        f"  {store}/artifacts/leaderboard holds the leaderboard as pictures",
                        "  .venv/bin/python -m lenovo_pipeline.roster status    what runs, and why the rest does not",
                    ]
                    if "evaluation/leaderboard" in self.assets
                    else []
                ),
            ]
        return "\n".join(lines)


def size(count: int) -> str:
    """A number of bytes for people: 1.5 MB."""
    amount = float(count)
    for unit in _UNITS:
        if amount < 1000 or unit == _UNITS[-1]:
            return f"{amount:.0f} {unit}" if unit == "B" else f"{amount:.1f} {unit}"
        amount /= 1000
    raise AssertionError("unreachable")


def _name(key: AssetKey) -> str:
    return "/".join(key.path)


def _step_name(event: DagsterEvent) -> str:
    return (event.step_key or "?").replace("__", "/", 1)


def _whole(value: object) -> int | None:
    return int(value) if isinstance(value, int | float) else None


def _indented(text: str) -> str:
    return "\n".join(f"      {line}" for line in text.splitlines())


def _reason(event: DagsterEvent) -> str:
    data = event.step_failure_data
    if data.user_failure_data is not None and data.user_failure_data.description:
        return data.user_failure_data.description
    return _message(data.error) or _NO_REASON


def _found(evaluation: AssetCheckEvaluation) -> str:
    """What a check found: as many whole lines as fit, how many there are beside them, and where they stand."""
    place = "/".join([_UI, "assets", *evaluation.asset_key.path])
    where = f"make ui, then {place}?view=checks&checkDetail={evaluation.check_name}"
    found = evaluation.metadata.get("found")
    if found is None:
        return f"see its metadata: {where}"
    lines = [line for line in str(found.value).splitlines() if not line.startswith(MORE)]
    shown = [line for line, end in zip(lines, accumulate(map(len, lines)), strict=True) if end <= _REASON_LENGTH] or lines[:1]
    violations = evaluation.metadata.get("violations")
    more = (_whole(violations.value if violations else None) or len(lines)) - len(shown)
    return "\n".join([*shown, f"{MORE} and {more:,} more: {where}"] if more > 0 else shown)


def _message(error: SerializableErrorInfo | None) -> str | None:
    """What the first error that is not Dagster's own wrapping says: it is closer to the user than what caused it."""
    said = None
    while error is not None:
        said = " ".join(error.message.split())
        if not (error.cls_name or "").startswith("Dagster"):
            break
        error = error.cause
    return said


def _was_interrupted(error: SerializableErrorInfo | None) -> bool:
    while error is not None:
        if error.cls_name in ("DagsterExecutionInterruptedError", "KeyboardInterrupt"):
            return True
        error = error.cause
    return False
