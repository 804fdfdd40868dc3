"""Asking from the command line, and the stages of a question: told in words, refused with the remedy, recorded when watched."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from lenovo_pipeline.failures import TransientFailure
from lenovo_pipeline.resources.store import Store
from lenovo_pipeline.retrieval import __main__ as command
from lenovo_pipeline.retrieval import asking
from lenovo_pipeline.retrieval.dense import DenseRetriever
from lenovo_pipeline.retrieval.library import Library
from lenovo_pipeline.retrieval.settings import HybridSettings
from lenovo_pipeline.retrieval.stages import stage, watched
from lenovo_pipeline.retrieval.traces import EXPERIMENT, replace_traces
from lenovo_pipeline.settings import Settings


def test_nothing_made_yet_and_a_store_in_use_are_said_with_the_remedy(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(command, "get_settings", lambda: settings)
    assert command.main(["ask", "How heavy is it?"]) == 2
    assert "nothing has been made" in capsys.readouterr().err and not settings.store.exists()
    settings.store.mkdir(parents=True)
    Store(settings.store).warehouse.touch()

    def taken(*_: Any, **__: Any) -> Any:
        raise TransientFailure("the store is still in use by run 7", remedy="Wait for that run to end.")

    monkeypatch.setattr(Store, "held", taken)
    assert command.main(["ask", "How heavy is it?"]) == 2
    assert "in use by run 7" in capsys.readouterr().err


def test_evidence_is_told_with_source_score_and_reason_and_no_escape_sequence(library: Library) -> None:
    device = library.register.devices[min(library.register.devices)]
    question = f"How heavy is the {device.name}?"
    found = library.hybrid(HybridSettings()).retrieve(question, 3)
    said = "\n".join(asking.shown(found, library, question))
    for each in found.evidence:
        assert each.record_id in said and each.source in said and f"{each.score:.4f}" in said
    assert "why: " in said and "“" in said
    assert "no words" in "\n".join(asking.shown(library.keyword.retrieve("?!"), library, "?!"))
    assert "\x1b" not in asking._plain("a\x1b[2Jb\u202ec") and "\u202e" not in asking._plain("a\u202ec")


def test_every_stage_of_a_watched_question_is_recorded_and_otherwise_none_is(library: Library) -> None:
    device = library.register.devices[min(library.register.devices)]
    hybrid = library.hybrid(HybridSettings())
    with watched("ask", question="q") as root:
        found = hybrid.retrieve(f"Which incidents hit the {device.name}?", 3)
    # Rows and relations are looked up beside words and meaning.
    assert {each.name for each in root.within} == {"reading", "tables", "graph", "keyword", "dense", "fusion"}
    assert len(root.within) == 6 and root.within[0].name == "reading" and root.within[-1].name == "fusion"
    assert min(library.register.devices) in root.within[0].said["devices"]
    assert root.within[-1].said["best"][0]["record"] == found.record_ids[0]
    assert all(root.began <= each.began <= each.ended <= root.ended for each in root.within)
    json.dumps([each.said for each in root.within])
    with stage("alone") as own:
        pass
    assert own.ended == 0 and not own.recorded and len(root.within) == 6 and all(each.recorded for each in root.within)


def test_a_stage_that_fails_is_told_as_failed() -> None:
    with pytest.raises(ValueError, match="broken"), watched("ask") as root, stage("keyword"):
        raise ValueError("the index is broken")
    assert root.within[0].failed == "ValueError: the index is broken" and root.failed


def test_traces_can_be_read_back_from_mlflow_and_take_the_place_of_earlier_ones(
    empty_tracking_database: Path, tmp_path: Path
) -> None:
    from lenovo_pipeline.resources.tracking import Tracking

    tracking = Tracking(Path(shutil.copy(empty_tracking_database, tmp_path / "mlflow.db")), tmp_path / "mlflow")
    try:
        client, experiment = tracking.client(), tracking.experiment(EXPERIMENT)
        for _ in range(2):
            with watched("hybrid", question="Wie schwer?") as root, stage("keyword", question="Wie schwer?") as told:
                told.said = {"records": 2}
            assert replace_traces(client, experiment, [root], "scores") == 1
        [trace] = client.search_traces(locations=[experiment])
        spans = {span.name: span for span in trace.data.spans}
        assert spans["keyword"].parent_id == spans["hybrid"].span_id
        assert spans["keyword"].outputs == {"records": 2} and spans["hybrid"].inputs == {"question": "Wie schwer?"}
    finally:
        tracking.close()


def test_the_search_in_memory_finds_what_chroma_finds(library: Library) -> None:
    dense = library.dense
    asked = DenseRetriever(dense.vectors, dense.encoders, dense.register, dense.record_of, exact_up_to=0)
    same = 0
    questions = [f"How heavy is the {device.name}?" for _, device in sorted(library.register.devices.items())[:20]]
    for question in questions:
        exact, near = dense.retrieve(question, 10), asked.retrieve(question, 10)
        best = [each.score for each in exact.evidence]
        assert best == pytest.approx([each.score for each in near.evidence], abs=2e-2)
        same += len(set(exact.record_ids) & set(near.record_ids))
    assert same >= 0.99 * 10 * len(questions)
