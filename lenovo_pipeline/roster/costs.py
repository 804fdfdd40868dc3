"""What each candidate costs, from what was measured of it: tokens and time of its answers, its making, its size, and money.

Belongs here: adding up what other tables hold (contract COST), and saying for each figure that is missing why. Nothing is
estimated. Does not belong here: limits on costs (policy), pictures (cost_plots.py).

Machine time: answers of one group are asked together, and each one's time runs from that moment, so the machine was busy for
the longest of them. Where some rows were taken over from an earlier run the groups are not quite those that were asked.
"""

import json
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd

from lenovo_pipeline.agents.running.tables import ATTEMPTS
from lenovo_pipeline.evaluation.agentic.tables import AGENTIC_WORKFLOW
from lenovo_pipeline.evaluation.builds import Built, passport, stored_builds
from lenovo_pipeline.evaluation.keeping import all_scores, stored_rows
from lenovo_pipeline.evaluation.tables import BUILD_KINDS
from lenovo_pipeline.measures.header import Header
from lenovo_pipeline.models.tables import FOUNDATION
from lenovo_pipeline.resources.warehouse import Warehouse
from lenovo_pipeline.roster.policy import Costs
from lenovo_pipeline.roster.tables import AGENTIC, COST
from lenovo_pipeline.settings import PROJECT_ROOT

_THOUSAND, _HOUR_S, _MILLION, _MB = 1_000, 3_600, 1_000_000, 1e6
_ON_SERVERS = ("openai", "github")
"""Sources whose models run on somebody else's machines."""

_RECORD = "training_record.json"
"""Beside the weights of a base model that this project trained: what its training took."""

_NO_METER = "energy: no meter was read"

Row = Mapping[Any, Any]


@dataclass
class _Cost:
    """A row of roster.cost while it is put together; `missing`: why a figure is not known, by name."""

    values: dict[str, Any]
    missing: dict[str, str] = field(default_factory=dict)

    def put(self, name: str, value: float | None, otherwise: str) -> None:
        known = value is not None and not math.isnan(value)
        self.values[name] = value if known else None
        if not known:
            self.missing[name] = otherwise

    def row(self) -> dict[str, Any]:
        unknown = [f"{name}: {why}" for name, why in self.missing.items()]
        return {**self.values, "unknown": [*unknown, _NO_METER]}


@dataclass(frozen=True)
class Sources:
    """The tables that costs are made of: score tables of the questions by kind, evaluation.agentic_workflow and agents.attempts
    (None: never made), the builds, and the rows of models.foundation and models.catalogue by model. `root`: of the project, for
    its own models.
    """

    scores: Mapping[str, pd.DataFrame]
    agentic: pd.DataFrame | None
    attempts: pd.DataFrame | None
    builds: Sequence[Built]
    foundation: Mapping[str, Row]
    catalogue: Mapping[str, Row]
    root: Path


def make_costs(found: Sources, costs: Costs) -> pd.DataFrame:
    """One row for each candidate that was evaluated (contract COST)."""
    measured = [*_answering(found.scores), *_acting(found.agentic, found.attempts)]
    rows = [_cost_of(one, found, costs).row() for one in sorted(measured, key=lambda one: one.entry)]
    return pd.DataFrame(rows, columns=list(COST.column_names))


def stored_sources(warehouse: Warehouse, catalogue: pd.DataFrame) -> Sources:
    """What the warehouse holds of all this; `catalogue`: rows of models.catalogue."""
    foundation = stored_rows(warehouse, FOUNDATION)
    return Sources(
        scores=all_scores(warehouse),
        agentic=stored_rows(warehouse, AGENTIC_WORKFLOW),
        attempts=stored_rows(warehouse, ATTEMPTS),
        builds=stored_builds(warehouse),
        foundation={} if foundation is None else _by(foundation, "model"),
        catalogue=_by(catalogue, "name"),
        root=PROJECT_ROOT,
    )


@dataclass(frozen=True)
class _Measured:
    """What was measured of one candidate; None where it was not. `builds`: those that it is, or that answer in it."""

    entry: str
    kind: str
    model: str
    header: str
    answers: int
    tokens_in: float | None
    tokens_out: float | None
    answer_s: float | None
    machine_s: float | None
    asked_together: int | None
    builds: tuple[str, ...]


def _answering(scores: Mapping[str, pd.DataFrame]) -> Iterator[_Measured]:
    for kind, frame in scores.items():
        for (model, candidate), mine in frame.groupby(["model", "candidate"], sort=True):
            answered = mine[mine["latency_s"].notna()].sort_values("question_id")
            together = Header.from_json(str(mine["made_by"].iloc[-1])).batch_size
            times = [float(each) for each in answered["latency_s"]]
            yield _Measured(
                entry=str(candidate),
                kind=str(kind),
                model=str(model),
                header=str(mine["header"].iloc[-1]),
                answers=len(answered),
                tokens_in=_mean(answered["tokens_in"]),
                tokens_out=_mean(answered["tokens_out"]),
                answer_s=sum(times) / len(times) if times else None,
                machine_s=busy(times, together if model else 1) / len(times) if times else None,
                asked_together=together,
                builds=(str(candidate),) if kind in BUILD_KINDS else (),
            )


def busy(times: Sequence[float], together: int) -> float:
    """Seconds that a machine is busy with answers that each took `times` [n] from the moment when their group was asked."""
    return sum(max(times[start : start + together]) for start in range(0, len(times), together))


def _acting(agentic: pd.DataFrame | None, attempts: pd.DataFrame | None) -> Iterator[_Measured]:
    if agentic is None or attempts is None:
        return
    for row in agentic[agentic["kind"] == "model"].drop_duplicates(["model", "candidate"]).to_dict("records"):
        mine = attempts[(attempts["model"] == row["model"]) & (attempts["workflow"] == row["workflow"])]
        seconds = _mean(mine["seconds"])
        yield _Measured(
            entry=str(row["candidate"]),
            kind=AGENTIC,
            model=str(row["model"]),
            header=str(row["header"]),
            answers=len(mine),
            tokens_in=_mean(mine["tokens_in"]),
            tokens_out=_mean(mine["tokens_out"]),
            answer_s=seconds,
            machine_s=seconds,
            asked_together=None,
            builds=tuple(sorted(map(str, mine["build"].unique()))),
        )


def _cost_of(one: _Measured, found: Sources, costs: Costs) -> _Cost:
    same = {"entry": one.entry, "kind": one.kind, "model": one.model, "answers": one.answers, "header": one.header}
    made = _Cost({**same, "asked_together": one.asked_together, "currency": costs.currency})
    made.put("tokens_in", one.tokens_in, "not every answer came with a count")
    made.put("tokens_out", one.tokens_out, "not every answer came with a count")
    made.put("answer_s", one.answer_s, "nothing was answered")
    made.put("machine_s", one.machine_s, "nothing was answered")
    builds = [built for built in found.builds if built.name in one.builds and built.model == one.model]
    base = found.foundation.get(one.model)
    made.put("build_s", *_building(builds, found, one.model))
    made.put("size_mb", size_mb(builds, base, one.model), "the source of the model does not tell")
    made.put("peak_memory_mb", _peak_memory(builds), "it has no passport that was measured")
    _in_money(made, one, found, costs)
    return made


def size_mb(builds: Sequence[Built], base: Row | None, model: str) -> float | None:
    """Size of the files that answer, in MB: of an adapter with its base (`base`: its row of models.foundation); None: unknown."""
    own = None if base is None or _nothing(base["size_bytes"]) else float(base["size_bytes"]) / _MB
    if not model:
        return 0.0
    sizes = [float(built.row["size_bytes"]) / _MB for built in builds if not _nothing(built.row["size_bytes"])]
    if not builds or any(built.row["format"] == "adapter" for built in builds):
        return None if own is None else own + sum(sizes)
    return sum(sizes) if len(sizes) == len(builds) else None


def _building(builds: Sequence[Built], found: Sources, model: str) -> tuple[float | None, str]:
    """Seconds of training of these builds and of all that they were made from, as far as it was done here; and why that is not
    known.
    """
    if not model:
        return 0.0, ""
    total, untimed = _pretraining(found, model), []
    if total is None and not builds:
        return None, f"nothing tells what the training of {model} took"
    for step in _with_ancestors(builds, found.builds):
        took = training_s(step.row)
        # Putting together and translating is no training; training that nobody timed is not taken for nothing.
        if took is None and step.row["training_set"] and step.row["method"] not in _NOT_TRAINED:
            untimed.append(step.name)
        total = (total or 0.0) + (took or 0.0)
    return (None if untimed else total), f"nobody timed {', '.join(untimed)}"


def _with_ancestors(builds: Sequence[Built], every: Sequence[Built]) -> list[Built]:
    """These builds and all that their files were made from: each names the files of those before it."""
    found: dict[str, Built] = {}
    waiting = list(builds)
    while waiting:
        step = waiting.pop()
        if step.name not in found:
            found[step.name] = step
            told = f"{step.row['base']} {step.row['made_by']}"
            waiting += [other for other in every if other.model == step.model and str(other.row["artifact"]) in told]
    return list(found.values())


_NOT_TRAINED = ("weighted", "stacked", "merged", "int8_dynamic", "int8_static", "int4", "quantised_adapter", "edge", "magnitude")
"""Methods that make a build without training, or need none."""


def training_s(build: Row) -> float | None:
    """Seconds of training that a row of a build table tells; None where it tells none."""
    measures = build["measures"]
    training = measures.get("training") if isinstance(measures.get("training"), Mapping) else {}
    took = measures.get("training_s", training.get("seconds"))
    return None if took is None else float(took)


def _pretraining(found: Sources, model: str) -> float | None:
    """Seconds of pretraining, where a record of it lies beside the weights."""
    folder = (found.catalogue.get(model) or {}).get("folder_id")
    if not isinstance(folder, str):
        return None
    try:
        hours = json.loads((found.root / folder / _RECORD).read_text(encoding="utf-8"))["hours"]
        return float(hours) * _HOUR_S
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _peak_memory(builds: Sequence[Built]) -> float | None:
    measured = [
        float(figure["value"])
        for built in builds
        for row in built.rows
        if (figure := passport(row).get("peak_memory_mb")) is not None and figure.get("measured") is True
    ]
    return max(measured, default=None)


def _in_money(made: _Cost, one: _Measured, found: Sources, costs: Costs) -> None:
    """Machine time at the policy's rate where the machine is one's own, the catalogue's price where it states one."""
    elsewhere = (found.foundation.get(one.model) or {}).get("source") in _ON_SERVERS
    machine = None if elsewhere or one.machine_s is None else one.machine_s * _THOUSAND / _HOUR_S * costs.machine_hour
    why = "it runs on somebody else's machines" if elsewhere else "its time was not measured"
    made.put("machine_per_1000", machine, why)
    price, why = _priced(one, found, costs)
    made.put("price_per_1000", price, why)
    known = price if elsewhere else machine if price is None else None if machine is None else machine + price
    made.put("per_1000", known, made.missing.get("price_per_1000" if elsewhere else "machine_per_1000", ""))


def _priced(one: _Measured, found: Sources, costs: Costs) -> tuple[float | None, str]:
    stated = (found.catalogue.get(one.model) or {}).get("price")
    stated = json.loads(stated) if isinstance(stated, str) else stated
    if not isinstance(stated, Mapping):
        return None, "the catalogue states no price"
    if stated["currency"] != costs.currency:
        return None, f"the catalogue states it in {stated['currency']}, the policy counts in {costs.currency}"
    if one.tokens_in is None or one.tokens_out is None:
        return None, "tokens that are read and written were not counted apart"
    used = one.tokens_in * stated["input_per_million"] + one.tokens_out * stated["output_per_million"]
    return used * _THOUSAND / _MILLION, ""


def _mean(values: "pd.Series[Any]") -> float | None:
    known = [float(value) for value in values if not _nothing(value)]
    return sum(known) / len(known) if known and len(known) == len(values) else None


def _nothing(value: Any) -> bool:
    return value is None or value != value


def _by(frame: pd.DataFrame, column: str) -> dict[str, Row]:
    return {str(row[column]): row for row in frame.to_dict("records")}
