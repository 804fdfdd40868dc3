"""The command line: attempts from the published snapshot, replays, sessions, and clear errors."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb
import pytest

from lenovo_pipeline.agents.__main__ import main
from lenovo_pipeline.agents.running.attempt import Attempt
from lenovo_pipeline.agents.running.keeping import write_attempts
from lenovo_pipeline.agents.running.roster import for_review, published_entries
from lenovo_pipeline.agents.tasks.task import Task
from lenovo_pipeline.agents.tools.factory import open_factory
from lenovo_pipeline.agents.tools.interface import Actor, Limits
from lenovo_pipeline.agents.workflows.library import FOLDER
from lenovo_pipeline.commands.forgetting.scrub import remove_leftovers
from lenovo_pipeline.failures import PermanentFailure
from lenovo_pipeline.resources.store import Store
from lenovo_pipeline.settings import Settings
from lenovo_pipeline_tests.agents.running.conftest import LOOK_UP, TICKET, TOLD, run, script, workflow_of

ASKED = ("What battery has the Velmor X14?", "Open a ticket.")
TASK = Task("TSK-1", "turns", "test", "en", Actor("agent"), ASKED, "multi", True, "c", "2026-01-05", ())
_TABLES = """
CREATE SCHEMA agents; CREATE SCHEMA roster; CREATE SCHEMA evaluation;
CREATE TABLE agents.tasks (task_id VARCHAR, task JSON);
CREATE TABLE agents.attempts (model VARCHAR, workflow VARCHAR, task_id VARCHAR, attempt_id VARCHAR, category VARCHAR,
  ending VARCHAR, success BOOLEAN, shortfall VARCHAR, steps BIGINT, tokens_in BIGINT, tokens_out BIGINT, seconds DOUBLE,
  path VARCHAR);
CREATE TABLE roster.decisions (decision_id VARCHAR, previous VARCHAR, environment VARCHAR, use_case VARCHAR, entry VARCHAR,
  verdict VARCHAR, reason VARCHAR);
CREATE TABLE evaluation.leaderboard (candidate VARCHAR, metric VARCHAR, slice VARCHAR, value DOUBLE);
INSERT INTO roster.decisions VALUES ('D1', NULL, 'production', 'desk', 'nano/a', 'rejected', 'old'),
  ('D2', 'D1', 'production', 'desk', 'nano/a', 'held', 'too slow'), ('D3', NULL, 'production', 'desk', 'nano/b', 'promoted',
  'all rules kept'), ('D4', NULL, 'production', 'edge', 'nano/b', 'held', 'large'), ('D5', NULL, 'testing', 'desk', 'nano/a',
  'promoted', 'all rules kept');
INSERT INTO evaluation.leaderboard VALUES ('nano/a', 'correct', 'all', 0.41), ('nano/b', 'correct', 'all', 0.52),
  ('nano/b', 'correct', 'hops', 0.1);
"""


@pytest.fixture
def published(
    settings: Settings, toolbox: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> tuple[Store, dict[str, Attempt]]:
    """A snapshot with two attempts, one of each framework."""
    store = Store(settings.store)
    made = {
        title: run(
            workflow_of(title), ASKED, toolbox(workflow_of(title)), script(LOOK_UP, TOLD, TICKET, "Done."), task_id="TSK-1"
        )
        for title in ("support_triage", "device_support")
    }
    write_attempts(store.artifacts / "agent_attempts" / "kept", list(made.values()), {})
    place = store.root / "published-1"
    place.mkdir(parents=True)
    with duckdb.connect(str(place / "warehouse.duckdb")) as connection:
        connection.execute(_TABLES)
        connection.execute("INSERT INTO agents.tasks VALUES ('TSK-1', ?)", [json.dumps(TASK.as_dict())])
        for title, each in made.items():
            connection.execute(
                "INSERT INTO agents.attempts VALUES ('nano', ?, 'TSK-1', ?, 'turns', ?, true, NULL, ?, 1, 1, 0.1, ?)",
                [title, each.attempt_id, each.ending, len(each.steps), "artifacts/agent_attempts/kept"],
            )
    (place / "manifest.json").write_text("{}", encoding="utf-8")
    store.published.symlink_to(place.name)
    monkeypatch.setattr("lenovo_pipeline.agents.__main__.get_settings", lambda: settings)
    return store, made


def said(capsys: pytest.CaptureFixture[str], *arguments: str, code: int = 0) -> str:
    assert main(list(arguments)) == code
    told = capsys.readouterr()
    return told.out + told.err


def test_attempts_are_listed_shown_compared_and_replayed(
    published: tuple[Store, dict[str, Attempt]], capsys: pytest.CaptureFixture[str]
) -> None:
    _, made = published
    triage, support = (made[title].attempt_id for title in ("support_triage", "device_support"))
    assert triage in said(capsys, "list")
    assert support not in said(capsys, "list", "--workflow", "support_triage")
    assert said(capsys, "list", "--failed") == "There is no attempt that fits.\n"
    shown = said(capsys, "show", triage[:8])
    assert "look_up_device" in shown and "decided  4 steps by the model" in shown and "tickets" in shown
    assert json.loads(said(capsys, "step-state", triage, "4"))["node"] == "use_tool"
    assert "places are the same" in said(capsys, "compare", triage, support)
    assert said(capsys, "replay", triage).startswith(f"ok  {triage}")
    assert said(capsys, "replay", "--all") == "2 of 2 replays are identical: final state and trace.\n"


def test_an_attempt_is_opened_as_a_session_and_its_state_is_looked_at_and_changed(
    published: tuple[Store, dict[str, Attempt]], capsys: pytest.CaptureFixture[str]
) -> None:
    _, made = published
    opened = said(capsys, "open", made["support_triage"].attempt_id, "--name", "one")
    assert "identical" in opened and "verify" in opened
    assert "one" in said(capsys, "sessions")
    assert "use_tool" in said(capsys, "checkpoints", "one")
    assert json.loads(said(capsys, "state", "one", "3", "--field", "intent")) == {"intent": "question"}
    assert "Changed intent" in said(capsys, "set", "one", "3", 'intent="order:open_ticket"')
    assert json.loads(said(capsys, "state", "one", "--field", "intent")) == {"intent": "order:open_ticket"}
    assert "changed by hand" in said(capsys, "checkpoints", "one")


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        (("show", "ffff"), "there is no attempt ffff"),
        (("replay",), "name one attempt, or --all"),
        (("state", "nothing"), "there is no checkpoint file"),
        (("state", "../../etc"), "is no name of a session"),
        (("start", "support_triage"), "Give --task ID, or --say TEXT"),
        (("start", "nothing", "--say", "?"), "there is no workflow 'nothing'"),
        (("start", "support_triage", "--task", "TSK-9"), "there is no task TSK-9"),
        (("set", "one", "x", "a=1"), "'x' is no number"),
        (("set", "one", "1", "a"), "is no change"),
        (("set", "one", "1", "a={"), "is no JSON"),
        (("roster", "support_triage"), "does not work on the roster"),
        (("diagram", "nothing"), "there is no workflow 'nothing'"),
    ],
)
def test_what_cannot_be_done_is_said_with_a_remedy(
    arguments: tuple[str, ...], error: str, published: tuple[Store, dict[str, Attempt]], capsys: pytest.CaptureFixture[str]
) -> None:
    told = said(capsys, *arguments, code=2)
    assert told.startswith("error: ") and error in told


def test_before_anything_is_published_the_remedy_is_a_run(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("lenovo_pipeline.agents.__main__.get_settings", lambda: settings)
    assert "Run: make run" in said(capsys, "list", code=2)


def test_workflows_are_listed_exported_and_imported(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "workflows"
    folder.mkdir()
    shutil.copy(FOLDER / "factory_desk.yaml", folder)
    other = settings.model_copy(update={"workflows": folder})
    monkeypatch.setattr("lenovo_pipeline.agents.__main__.get_settings", lambda: other)
    assert "factory_desk.mobile" in said(capsys, "workflows")
    assert said(capsys, "diagram", "factory_desk").startswith("flowchart TD")
    said(capsys, "export", "factory_desk", str(tmp_path / "desk.json"))
    (folder / "factory_desk.yaml").unlink()
    said(capsys, "import", str(tmp_path / "desk.json"))
    assert "factory_desk" in said(capsys, "workflows")
    (folder / "bad.yaml").write_text("name: [", encoding="utf-8")
    assert "rejected bad.yaml" in said(capsys, "workflows", code=2)


def test_the_published_roster_is_read_once_for_each_entry(published: tuple[Store, dict[str, Attempt]]) -> None:
    entries = published_entries(published[0])
    assert [(each["entry"], each["verdict"], each["reason"]) for each in entries] == [
        ("nano/b", "promoted", "all rules kept"),
        ("nano/a", "held", "too slow"),
    ]
    assert for_review(entries)[1]["figures"] == ["reason: too slow", "correct: 0.41"]
    toolbox = open_factory(entries, Limits())
    try:
        assert toolbox.call("list_entries", {"verdict": "held"}).text == "1 entries. nano/a: held"
        assert "too slow" in toolbox.call("explain_entry", {"entry": "nano/a"}).text
        assert toolbox.call("best_entry", {"figure": "correct"}).value == {"entry": "nano/b", "value": 0.52}
        assert toolbox.call("best_entry", {"figure": "beauty"}).error_kind == "not_found"
        assert toolbox.call("explain_entry", {"entry": "nano"}).text == "missing: 2 entries are named like nano"
        assert toolbox.call("open_ticket", {}).error_kind == "unknown_tool"
    finally:
        toolbox.close()
    with pytest.raises(PermanentFailure, match="nothing has been published"):
        published_entries(Store(published[0].root / "elsewhere"))


def test_sessions_go_when_a_person_is_erased(settings: Settings) -> None:
    store = Store(settings.store)
    folder = store.root / "agent_sessions"
    folder.mkdir(parents=True)
    (folder / "one.sqlite").write_bytes(b"a name")
    assert remove_leftovers(store) == ["agent session one.sqlite"]
    assert list(folder.iterdir()) == []
