"""Checkpoints that are safe to open, and sessions: breakpoints, steps, changes, forks, approval, another turn."""

import pickle
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from lenovo_pipeline.agents.running import sessions
from lenovo_pipeline.agents.running.checkpoints import FORMAT, CheckpointUnusable, JsonSerializer, checkpoint_file
from lenovo_pipeline.agents.running.models import LiveModel
from lenovo_pipeline.agents.running.replaying import replay
from lenovo_pipeline.agents.running.work import Running
from lenovo_pipeline.agents.tools.catalogue import SPECS
from lenovo_pipeline.agents.workflows.definition import Workflow
from lenovo_pipeline.failures import PermanentFailure
from lenovo_pipeline_tests.agents.running.conftest import LOOK_UP, ORDER, TICKET, TOLD, Saying, names, run, script, workflow_of

Opening = Callable[[Workflow], Any]
ASKED = ("What battery has the Velmor X14?", "Open a ticket for it.")
WORKFLOW = "support_triage"


@pytest.fixture
def session(tmp_path: Path) -> Path:
    path = tmp_path / "sessions" / "one.sqlite"
    sessions.begin(path, workflow_of(WORKFLOW), ASKED, task_id="T-1", model={"name": "script"})
    return path


def live(toolbox: Opening, *says: Saying) -> Running:
    workflow = workflow_of(WORKFLOW)
    return Running(workflow, toolbox(workflow), LiveModel(script(*says)), link=names)


def nodes_next(path: Path) -> list[str]:
    return [", ".join(each.next) for each in sessions.checkpoints(path)]


def test_a_session_stops_before_the_node_that_was_named_and_goes_on(session: Path, toolbox: Opening) -> None:
    stopped = sessions.go_on(session, live(toolbox, LOOK_UP), before=["use_tool"])
    assert (stopped.ending, stopped.reason) == ("waiting", "stopped before use_tool")
    assert sessions.state_at(session)["proposal"]["call"]["name"] == "look_up_device"
    done = sessions.go_on(session, live(toolbox, TOLD, TICKET, "It is opened."))
    assert done.ending == "answered"
    assert done.answers == (TOLD, "It is opened.")
    assert len(done.state["tickets"]) == 1
    assert done.task_id == "T-1"


def test_a_step_runs_one_node(session: Path, toolbox: Opening) -> None:
    for node in ("link", "decompose", "act"):
        assert sessions.go_on(session, live(toolbox), single=True).reason == f"stopped before {node}"
        assert nodes_next(session)[-1] == node
    assert [each.did for each in sessions.checkpoints(session) if each.did][:2] == [
        "understand: question",
        "link: velmor x14 (device)",
    ]


def test_a_changed_state_is_gone_on_from_as_a_fork_and_what_came_after_stays(session: Path, toolbox: Opening) -> None:
    sessions.go_on(session, live(toolbox, LOOK_UP, TOLD, TICKET, "It is opened."))
    before = sessions.checkpoints(session)
    place = next(each.number for each in before if each.next == ("verify",))
    sessions.change(session, {"proposal": {"call": None, "text": "It has 99 Wh.", "broken": None}}, place)
    forked = sessions.checkpoints(session)[-1]
    assert (forked.parent, forked.source, forked.next) == (place, "update", ("verify",))
    done = sessions.go_on(session, live(toolbox, "57 Wh.", "No ticket is needed."))
    assert done.answers == ("57 Wh.", "No ticket is needed.")
    assert done.state == {}, "the fork has a sandbox of its own, in which only what came before it was done"
    assert [each.checkpoint_id for each in sessions.checkpoints(session)][: len(before)] == [
        each.checkpoint_id for each in before
    ]
    with pytest.raises(PermanentFailure, match="trace cannot be set"):
        sessions.change(session, {"trace": []})
    with pytest.raises(PermanentFailure, match="has no checkpoint 999"):
        sessions.state_at(session, 999)


def test_an_approval_is_waited_for_across_processes(session: Path, toolbox: Opening) -> None:
    waits = sessions.go_on(session, live(toolbox, ORDER))
    assert (waits.ending, waits.reason, waits.state) == ("waiting", "a call waits for a person", {})
    assert sessions.checkpoints(session)[-1].waits
    with pytest.raises(PermanentFailure, match="Approve or decline it"):
        sessions.go_on(session, live(toolbox, ""))
    agreed = sessions.go_on(session, live(toolbox, "It is ordered.", "No ticket is needed."), agreed=True)
    assert len(agreed.state["orders"]) == 1
    assert agreed.granted == (True,)
    with pytest.raises(PermanentFailure, match="no call waits"):
        sessions.go_on(session, live(toolbox, ""), agreed=True)


def test_a_declined_call_ends_the_attempt(session: Path, toolbox: Opening) -> None:
    sessions.go_on(session, live(toolbox, ORDER))
    declined = sessions.go_on(session, live(toolbox, "It is ordered."), agreed=False)
    assert (declined.ending, declined.state) == ("declined", {})


def test_a_finished_conversation_takes_another_turn(session: Path, toolbox: Opening) -> None:
    sessions.go_on(session, live(toolbox, LOOK_UP, TOLD, "No ticket is needed."))
    with pytest.raises(PermanentFailure, match="the session is over"):
        sessions.go_on(session, live(toolbox, ""))
    running = live(toolbox, "57 Wh.")
    more = sessions.go_on(session, running, say="How many Wh?")
    assert more.turns[-1] == "How many Wh?"
    assert more.answers[-1] == "57 Wh."


def test_a_recording_opens_as_a_session_without_a_model(tmp_path: Path, toolbox: Opening) -> None:
    workflow = workflow_of(WORKFLOW)
    made = run(workflow, ASKED, toolbox(workflow), script(LOOK_UP, TOLD, TICKET, "It is opened."))
    path = tmp_path / "replayed.sqlite"
    sessions.begin(path, workflow, made.turns)
    assert replay(made, workflow, SPECS, checkpoints=path).identical
    found = sessions.checkpoints(path)
    assert found[-1].next == ()
    assert len(sessions.state_at(path)["trace"]) == len(made.steps)
    assert [call.tool for call in sessions.recorded_calls(path)] == ["look_up_device", "open_ticket"]


def test_a_smolagents_workflow_has_no_session(tmp_path: Path) -> None:
    with pytest.raises(PermanentFailure, match="keeps no checkpoints"):
        sessions.begin(tmp_path / "x.sqlite", workflow_of("device_support"), ASKED)


def test_a_session_is_not_begun_twice(session: Path) -> None:
    with pytest.raises(PermanentFailure, match="there is a session one already"):
        sessions.begin(session, workflow_of(WORKFLOW), ASKED)


def test_a_node_that_there_is_none_of_is_no_breakpoint(session: Path, toolbox: Opening) -> None:
    with pytest.raises(PermanentFailure, match="there is no node lunch"):
        sessions.go_on(session, live(toolbox, ""), before=["lunch"])


def change_bytes(path: Path) -> None:
    with sqlite3.connect(path) as connection:
        connection.execute("UPDATE checkpoints SET checkpoint = replace(CAST(checkpoint AS TEXT), 'battery', 'bakery')")


def change_one_character(path: Path) -> None:
    with sqlite3.connect(path) as connection:
        for row, blob in connection.execute("SELECT rowid, checkpoint FROM checkpoints").fetchall():
            connection.execute(
                "UPDATE checkpoints SET checkpoint = ? WHERE rowid = ?", [blob.replace(b"battery", b"batterz"), row]
            )


def pickled(path: Path) -> None:
    with sqlite3.connect(path) as connection:
        connection.execute("UPDATE checkpoints SET type = 'pickle', checkpoint = ?", [pickle.dumps({"v": 1})])


def other_version(path: Path) -> None:
    with sqlite3.connect(path) as connection:
        connection.execute("UPDATE lenovo_format SET langgraph = '0.1.0'")


def other_format(path: Path) -> None:
    with sqlite3.connect(path) as connection:
        connection.execute("UPDATE lenovo_format SET format = 'lenovo-checkpoints-0'")


def foreign(path: Path) -> None:
    path.unlink()
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE checkpoints (thread_id TEXT)")


def no_database(path: Path) -> None:
    path.write_bytes(b"this is no database at all" * 100)


def cut(path: Path) -> None:
    with sqlite3.connect(path) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    path.write_bytes(path.read_bytes()[:4096])


@pytest.mark.parametrize(
    ("damage", "reason"),
    [
        (change_bytes, "holds text where bytes"),
        (change_one_character, "checksum does not fit"),
        (pickled, "is written as 'pickle'"),
        (other_version, r"written with LangGraph 0\.1\.0"),
        (other_format, f"has format 'lenovo-checkpoints-0', expected '{FORMAT}'"),
        (foreign, "is no checkpoint file of this pipeline"),
        (no_database, "cannot be read"),
        (cut, "cannot be read|is damaged"),
    ],
)
def test_a_checkpoint_file_that_is_damaged_or_of_another_version_is_refused(
    damage: Callable[[Path], None], reason: str, session: Path, toolbox: Opening
) -> None:
    sessions.go_on(session, live(toolbox, LOOK_UP), before=["use_tool"])
    damage(session)
    with pytest.raises(CheckpointUnusable, match=reason) as refused:
        sessions.checkpoints(session)
    assert "python -m lenovo_pipeline.agents open" in str(refused.value)
    with pytest.raises(CheckpointUnusable, match=reason):
        sessions.go_on(session, live(toolbox, TOLD))


class Malice:
    def __reduce__(self) -> Any:
        return (pytest.fail, ("code of a checkpoint was run",))


def test_nothing_but_json_is_ever_read() -> None:
    serializer = JsonSerializer()
    for kind in ("pickle", "msgpack", "json", "null", "bytes"):
        with pytest.raises(CheckpointUnusable, match="it was not read"):
            serializer.loads_typed((kind, pickle.dumps(Malice())))
    with pytest.raises(TypeError, match="JSON values only"):
        serializer.dumps_typed({"model": Malice()})
    kind, content = serializer.dumps_typed({"text": "größer", "list": [1, None, True]})
    assert serializer.loads_typed((kind, content)) == {"text": "größer", "list": [1, None, True]}


def test_a_missing_file_is_said_to_be_missing(tmp_path: Path) -> None:
    with pytest.raises(CheckpointUnusable, match="there is no checkpoint file"):
        sessions.checkpoints(tmp_path / "none.sqlite")
    with checkpoint_file(tmp_path / "empty.sqlite") as saver:
        assert saver.get_tuple({"configurable": {"thread_id": "x"}}) is None
