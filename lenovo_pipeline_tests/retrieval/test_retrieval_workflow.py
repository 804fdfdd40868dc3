"""Retrieval and answer as a candidate beside the raw model: the same items, a header that says how, and what it adds."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from dagster import AssetCheckResult

from lenovo_pipeline.contracts import conform
from lenovo_pipeline.evaluation import checks
from lenovo_pipeline.evaluation.items import asked_items, make_items
from lenovo_pipeline.evaluation.kinds import RAG, raw_contenders, retrieval_baseline, workflow_contenders
from lenovo_pipeline.evaluation.lift import make_lift
from lenovo_pipeline.evaluation.scoring import Contender, Scored, score_all
from lenovo_pipeline.evaluation.showing import shown_lift, shown_workflows
from lenovo_pipeline.evaluation.tables import BASELINES, LIFT, RAW_FOUNDATION, RETRIEVAL_WORKFLOW
from lenovo_pipeline.evaluation.verify import unknown_sources
from lenovo_pipeline.failures import PermanentFailure
from lenovo_pipeline.gold.tables import QRELS
from lenovo_pipeline.measures.items import Item
from lenovo_pipeline.measures.runner import RunSettings
from lenovo_pipeline.models.catalogue import read_catalogue
from lenovo_pipeline.resources.inference import Completion, GenerationSettings, Message
from lenovo_pipeline.resources.inference.model_folder import identify
from lenovo_pipeline.resources.store import Store
from lenovo_pipeline.resources.warehouse import Warehouse
from lenovo_pipeline.retrieval.candidate import EvidenceBase, evidence_base, retrieval_settings
from lenovo_pipeline.retrieval.kept_settings import settings_folder, write_settings
from lenovo_pipeline.retrieval.settings import LADDER, HybridSettings
from lenovo_pipeline.roster.entries import make_entries
from lenovo_pipeline.settings import PROJECT_ROOT, Settings

MODEL = "lenovo-nano"
NANO = PROJECT_ROOT / "data" / "models" / "lenovo-nano"


class Quoting:
    """A model that says the first passage it is shown, and nothing without one."""

    asked = 0

    def generate_batch(self, batch: Sequence[Sequence[Message]], settings: GenerationSettings) -> list[Completion | Exception]:
        return [self.generate(messages, settings) for messages in batch]

    def generate(self, messages: Sequence[Message], settings: GenerationSettings) -> Completion:
        self.asked += 1
        said = messages[-1].content
        text = said.split("\n")[0].removeprefix("[1] ") if said.startswith("[1]") else "not stated"
        return Completion(f"See KB-000000. Answer: {text}", 5, 5, 0.01, 0.001, "stop", 0.0)

    def identity(self) -> Any:
        return identify(NANO)

    def reach(self, source: Any) -> Any:
        raise NotImplementedError

    def open(self, source: Any, *, adapter: Path | None = None) -> Any:
        return self

    def close(self) -> None: ...


@pytest.fixture
def foundation() -> dict[str, Any]:
    names = ("revision", "tokenizer_hash", "template_hash")
    return {"model": MODEL, "source": "folder", "identity": "i1", **{name: getattr(identify(NANO), name) for name in names}}


@pytest.fixture
def quoting(monkeypatch: pytest.MonkeyPatch) -> Quoting:
    made = Quoting()
    monkeypatch.setattr("lenovo_pipeline.evaluation.kinds.open_foundation", lambda *_: made)
    return made


@pytest.fixture(scope="module")
def items(place: Any) -> pd.DataFrame:
    return make_items(place.questions, place.warehouse.load(QRELS), place.chunks, size=24, seed=3)


@pytest.fixture
def tuned(place: Any) -> Iterator[Callable[[HybridSettings], None]]:
    def write(settings: HybridSettings) -> None:
        write_settings(dict.fromkeys(LADDER, settings), settings_folder(place.store), {})

    write(HybridSettings())
    yield write
    write(HybridSettings())


@contextmanager
def opened(place: Any, foundation: Mapping[str, Any], closed: Sequence[Item]) -> Iterator[tuple[list[Contender], list[Any]]]:
    """The workflow as a contender, and a list that tells whether its evidence was opened."""
    told: list[Any] = []
    with evidence_base(place.warehouse, place.store, place.vectors, place.encoder, place.graph) as open_base:

        def open_and_tell() -> EvidenceBase:
            told.append(True)
            return open_base()

        how = retrieval_settings(place.warehouse, place.store, place.encoder)
        with workflow_contenders(foundation, {}, Quoting(), open_and_tell, how, closed) as contenders:
            yield contenders, told


def scored(contenders: Sequence[Contender], stored: pd.DataFrame | None, logs: Path) -> Scored:
    return score_all(contenders, RETRIEVAL_WORKFLOW, stored, logs=logs, settings=RunSettings(batch_size=8))


def test_it_is_asked_once_and_again_only_when_how_it_finds_evidence_has_changed(
    place: Any, items: pd.DataFrame, foundation: dict[str, Any], quoting: Quoting, tuned: Any, tmp_path: Path
) -> None:
    closed, _ = asked_items(items, place.questions, place.chunks)
    with opened(place, foundation, closed) as (contenders, told):
        first = scored(contenders, None, tmp_path)
    assert first.asked == len(closed) and told and not first.failed
    assert set(first.frame["question_id"]) == set(items["question_id"])
    assert (first.frame["latency_s"] > 0.01).all(), "finding the evidence takes its time, too"
    header = first.frame["made_by"].iloc[0]
    assert '"keyword"' in header and place.encoder.id in header, "the header says what retrieval was done with"
    with opened(place, foundation, closed) as (contenders, told):
        again = scored(contenders, first.frame, tmp_path)
    assert again.asked == 0 and not told, "nothing is opened where nothing is asked"
    words = {"keyword": 1.0, "dense": 0.0, "graph": 0.0, "tables": 0.5, "context": 0.0}
    changed = {route: type(each)(each.method, each.k, words) for route, each in HybridSettings().routes.items()}
    tuned(HybridSettings(changed))
    with opened(place, foundation, closed) as (contenders, told):
        other = scored(contenders, first.frame, tmp_path)
    assert told and 0 < other.asked <= len(closed), "what is shown other passages than before is asked again"
    assert set(other.frame["header"]) != set(first.frame["header"])


def test_what_it_adds_stands_beside_the_model_alone_with_a_paired_interval_and_the_roster_has_an_entry(
    place: Any,
    items: pd.DataFrame,
    foundation: dict[str, Any],
    quoting: Quoting,
    tuned: Any,
    settings: Settings,
    tmp_path: Path,
) -> None:
    closed, given = asked_items(items, place.questions, place.chunks)
    with opened(place, foundation, closed) as (contenders, _):
        workflow = scored(contenders, None, tmp_path).frame
    with raw_contenders(foundation, {}, quoting, closed, given) as contenders:
        raw = score_all(contenders, RAW_FOUNDATION, None, logs=tmp_path, settings=RunSettings(batch_size=8)).frame
    lift = make_lift([], {"raw_foundation": raw, RETRIEVAL_WORKFLOW.name: workflow}, None, seed=1)
    conform(lift, LIFT)
    assert set(lift["against"]) == {f"{MODEL}/closed-book", f"{MODEL}/open-book"} and set(lift["candidate"]) == {f"{MODEL}/{RAG}"}
    against = lift[(lift["against"] == f"{MODEL}/closed-book") & (lift["measure"] == "token_f1")].iloc[0]
    assert against["items"] + against["failed"] > 0 and against["lower"] <= against["difference"] <= against["upper"]
    assert against["difference"] > 0
    assert f"{MODEL}/{RAG}" in shown_workflows(lift) and f"{MODEL}/{RAG}" not in shown_lift(lift)

    catalogue = pd.DataFrame(read_catalogue(settings.catalogue).rows())
    row = {"candidate": f"{MODEL}/{RAG}", "kind": "retrieval_workflow", "model": MODEL, "current": True, "header": "0" * 16}
    [entry] = make_entries(pd.DataFrame([row]), catalogue, None, (), lift).to_dict("records")
    base = catalogue.set_index("name").loc[MODEL]
    assert entry["licence"] == base["licence"] and entry["runnable"]
    assert "mobile" in base["targets"] and entry["targets"] == [each for each in base["targets"] if each != "mobile"]


def test_retrieval_without_a_model_is_a_baseline(place: Any, items: pd.DataFrame, tuned: Any, tmp_path: Path) -> None:
    closed, _ = asked_items(items, place.questions, place.chunks)
    with evidence_base(place.warehouse, place.store, place.vectors, place.encoder, place.graph) as open_base:
        contender = retrieval_baseline(open_base, retrieval_settings(place.warehouse, place.store, place.encoder), closed)
        found = score_all([contender], BASELINES, None, logs=tmp_path, settings=RunSettings(batch_size=8))
    assert set(found.frame["model"]) == {""} and not found.failed
    assert found.frame["said"].str.contains("Sources: ").mean() > 0.5


def test_without_tuned_weights_it_says_what_to_run(place: Any, empty: Store) -> None:
    with pytest.raises(PermanentFailure, match="Materialise retrieval/hybrid_settings again"):
        retrieval_settings(place.warehouse, empty, place.encoder)


def test_a_source_that_is_no_record_fails_the_check_and_many_failures_warn(
    place: Any, items: pd.DataFrame, foundation: dict[str, Any], quoting: Quoting, tuned: Any, tmp_path: Path
) -> None:
    closed, _ = asked_items(items, place.questions, place.chunks)
    with opened(place, foundation, closed) as (contenders, _):
        frame = scored(contenders, None, tmp_path).frame
    warehouse = Warehouse(str(tmp_path / "warehouse.duckdb"))
    from lenovo_pipeline.knowledge.tables import CHUNKS

    warehouse.replace(CHUNKS, place.chunks)

    def passed(check: Any, scores: pd.DataFrame) -> bool:
        warehouse.replace(RETRIEVAL_WORKFLOW, scores, model=MODEL)
        result = check(store=place.store, warehouse=warehouse)
        assert isinstance(result, AssetCheckResult)
        return bool(result.passed)

    assert "KB-000000" not in " ".join(frame["said"]), "what the model made up is taken out"
    assert passed(checks.cited_sources_exist, frame)
    assert passed(checks.most_questions_were_answered_from_what_was_found, frame)
    made_up = frame.assign(said=[f"{said}\nSources: KB-000000" for said in frame["said"]])
    assert not passed(checks.cited_sources_exist, made_up)
    assert unknown_sources(made_up.assign(said="x" * 1_995 + "Sources: KB-2"), set()) == []
    assert not passed(checks.most_questions_were_answered_from_what_was_found, frame.assign(failure="the connection was refused"))
