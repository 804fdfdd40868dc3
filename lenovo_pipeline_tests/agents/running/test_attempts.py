"""Attempts in both frameworks: each ends in an outcome with a reason, inside its budget, whatever the model does."""

import json
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from lenovo_pipeline.agents.running.attempt import ENDINGS, Attempt
from lenovo_pipeline.agents.running.debugging import at_step, compare, decided, fork
from lenovo_pipeline.agents.running.keeping import FILE, read_attempt, read_attempts, write_attempts
from lenovo_pipeline.agents.running.models import LiveModel
from lenovo_pipeline.agents.running.replaying import replay
from lenovo_pipeline.agents.tasks.task import Fault, FaultKind
from lenovo_pipeline.agents.tools.catalogue import SPECS
from lenovo_pipeline.failures import PermanentFailure
from lenovo_pipeline.resources.inference.messages import Completion
from lenovo_pipeline_tests.agents.running.conftest import (
    BOTH,
    LOOK_UP,
    ORDER,
    TICKET,
    TOLD,
    Saying,
    lost,
    names,
    run,
    script,
    workflow_of,
)

ASKED = ("What battery has the Velmor X14?",)
Opening = Callable[..., Any]


def attempt(title: str, toolbox: Opening, *says: Saying, **budgets: Any) -> Attempt:
    workflow = workflow_of(title, **budgets)
    return run(workflow, ASKED, toolbox(workflow), script(*says))


@pytest.mark.parametrize("title", BOTH)
def test_a_question_is_answered_with_a_tool_and_every_step_says_who_decided(title: str, toolbox: Opening) -> None:
    made = attempt(title, toolbox, LOOK_UP, TOLD)
    assert (made.ending, made.answers) == ("answered", (TOLD,))
    assert [call.tool for call in made.tool_calls] == ["look_up_device"]
    by = {step.does: step.decided_by for step in made.steps}
    assert by["act"] == "model"
    assert by["use_tool"] == by["answer"] == "code"
    assert decided([made])["model"] == 2
    assert sorted(number for step in made.steps for number in step.model_calls) == [0, 1]
    assert sorted(number for step in made.steps for number in step.tool_calls) == [0]
    assert (made.tokens_in, made.tokens_out) == (200, 40)
    assert [step.index for step in made.steps] == list(range(len(made.steps)))


@pytest.mark.parametrize("title", BOTH)
def test_what_a_call_writes_is_the_state_that_is_left(title: str, toolbox: Opening) -> None:
    made = attempt(title, toolbox, TICKET, "It is opened.")
    assert [row["device_id"] for row in made.state["tickets"]] == ["DEV-1"]
    assert made.tool_calls[0].effects[0].table == "tickets"


@pytest.mark.parametrize("title", BOTH)
def test_a_conversation_remembers_its_earlier_turns(title: str, toolbox: Opening) -> None:
    workflow = workflow_of(title)
    model = script(LOOK_UP, TOLD, "57 Wh, as I said.")
    made = run(workflow, ("What battery has it?", "How many Wh?"), toolbox(workflow), model)
    assert made.answers == (TOLD, "57 Wh, as I said.")
    assert [(message.role, message.content) for message in model.shown[-1]][1:] == [
        ("user", "What battery has it?"),
        ("assistant", ""),
        ("tool", TOLD),
        ("assistant", TOLD),
        ("user", "How many Wh?"),
    ]
    short = replace(workflow, model=replace(workflow.model, context_turns=1))
    model = script(LOOK_UP, TOLD, "57 Wh.")
    run(short, ("What battery has it?", "How many Wh?"), toolbox(short), model)
    assert [message.content for message in model.shown[-1]][1:] == ["How many Wh?"]


def flood() -> Completion:
    return Completion("battery " * 50_000, 100, 64, 0.0, None, "length", 0.0)


def hangs() -> Completion:
    time.sleep(30)
    raise AssertionError("it is left behind")


FAULTS: list[tuple[str, tuple[Saying, ...], str, str]] = [
    ("loops", (LOOK_UP,), "looped", "3 times with the same arguments"),
    ("broken JSON", ('<tool_call>{"name": "look_up_device", "arguments": {"dev',), "unreadable", "cannot be read"),
    ("no object", ('<tool_call>{"name": 7, "arguments": []}</tool_call>',), "unreadable", "cannot be read"),
    ("disappears", (LOOK_UP, lost()), "model_failed", "closed the connection"),
    ("breaks", (RuntimeError("out of memory"),), "model_failed", "out of memory"),
    ("times out", (hangs,), "model_timeout", "did not answer within"),
]


@pytest.mark.parametrize("title", BOTH)
@pytest.mark.parametrize(("fault", "says", "ending", "reason"), FAULTS, ids=[fault[0] for fault in FAULTS])
def test_a_model_that_goes_wrong_ends_in_an_outcome_with_a_reason(
    title: str, fault: str, says: tuple[Saying, ...], ending: str, reason: str, toolbox: Opening, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("lenovo_pipeline.agents.running.models._GRACE_S", 0.05)
    workflow = workflow_of(title, seconds=20.0)
    workflow = replace(workflow, model=replace(workflow.model, timeout_s=0.1))
    made = run(workflow, ASKED, toolbox(workflow), script(*says))
    assert made.ending == ending
    assert reason in made.reason
    assert made.ending in ENDINGS
    assert made.final_text == ""
    assert made.state == {}
    again = replay(made, workflow, SPECS)
    assert again.identical, again.differences


@pytest.mark.parametrize("title", BOTH)
def test_a_model_that_floods_is_cut_and_its_answer_stays_bounded(title: str, toolbox: Opening) -> None:
    made = attempt(title, toolbox, flood)
    assert made.model_calls[0].finish_reason == "flood"
    assert len(made.final_text) <= 20_000


@pytest.mark.parametrize("title", BOTH)
@pytest.mark.parametrize(("kind", "told"), [("fails", "failed:"), ("hangs", "failed:"), ("floods", "cut: the result was longer")])
def test_a_tool_that_goes_wrong_is_told_to_the_model_which_goes_on(
    title: str, kind: FaultKind, told: str, toolbox: Opening
) -> None:
    workflow = workflow_of(title, tool_seconds=0.2)
    model = script(LOOK_UP, LOOK_UP, TOLD)
    made = run(workflow, ASKED, toolbox(workflow, fault=Fault("look_up_device", 0, kind)), model)
    assert (made.ending, made.answers) == ("answered", (TOLD,))
    first, second = made.tool_calls
    assert told in first.result_text and len(first.result_text) < 2 * workflow.budgets.result_characters
    assert second.ok and second.result_text == TOLD
    assert any(told in message.content for message in model.shown[1])
    again = replay(made, workflow, SPECS)
    assert again.identical, again.differences


@pytest.mark.parametrize("title", BOTH)
def test_an_order_in_a_document_that_a_model_obeys_stays_in_the_sandbox_and_is_recorded(title: str, toolbox: Opening) -> None:
    workflow = workflow_of(title)
    made = run(workflow, ("Read FILE-1.",), toolbox(workflow), script(LOOK_UP, TICKET, "Done."), approver=lambda call: False)
    assert [row["device_id"] for row in made.state["tickets"]] == ["DEV-1"]
    assert [effect.table for call in made.tool_calls for effect in call.effects] == ["tickets"]
    ordered = run(workflow, ("Read FILE-1.",), toolbox(workflow), script(LOOK_UP, ORDER, "Done."), approver=lambda call: False)
    assert (ordered.ending, ordered.state) == ("declined", {})


@pytest.mark.parametrize("title", BOTH)
def test_an_invented_tool_is_refused_in_words_and_recorded(title: str, toolbox: Opening) -> None:
    written = '<tool_call>{"name": "launch_rocket", "arguments": {"to": "moon"}}</tool_call>'
    made = attempt(title, toolbox, written, ("fire_everyone", {}), TOLD.replace("57", "some"))
    assert [(call.tool, call.error_kind) for call in made.tool_calls] == [
        ("launch_rocket", "unknown_tool"),
        ("fire_everyone", "unknown_tool"),
    ]
    assert made.ending == "answered"
    assert made.state == {}


@pytest.mark.parametrize("title", BOTH)
@pytest.mark.parametrize(("limit", "value"), [("steps", 2), ("tokens", 300), ("seconds", 0.05)])
def test_no_step_is_begun_once_the_budget_is_used_up(title: str, limit: str, value: float, toolbox: Opening) -> None:
    calls = iter(range(100))

    def another() -> Completion:
        time.sleep(0.03)
        said = json.dumps({"name": "look_up_device", "arguments": {"device": f"D{next(calls)}", "attribute": "battery"}})
        return Completion(f"<tool_call>{said}</tool_call>", 100, 20, 0.0, None, "stop", 0.0)

    made = attempt(title, toolbox, another, **({"tool_seconds": 0.05} if limit == "seconds" else {}), **{limit: value})
    assert made.ending == "over_budget"
    assert f"of {value:g} {limit} is used up" in made.reason
    assert len(made.tool_calls) <= 3


@pytest.mark.parametrize("title", BOTH)
def test_a_model_that_fails_once_is_asked_again(title: str, toolbox: Opening) -> None:
    made = attempt(title, toolbox, lost(), LOOK_UP, TOLD)
    assert made.ending == "answered"
    assert [call.error is None for call in made.model_calls] == [False, True, True]


def test_an_unreadable_call_is_told_to_the_model_which_may_recover(toolbox: Opening) -> None:
    for title in BOTH:
        made = attempt(title, toolbox, "<tool_call>{oops", LOOK_UP, TOLD)
        assert made.ending == "answered"
        assert made.answers == (TOLD,)


def test_an_answer_that_stands_nowhere_is_asked_for_once_more_then_left_to_a_person(toolbox: Opening) -> None:
    made = attempt("support_triage", toolbox, LOOK_UP, "It has 99 Wh.", TOLD)
    assert made.answers == (TOLD,)
    assert [step.did for step in made.steps if step.does == "verify"] == [
        "does not stand anywhere: 99",
        "stands in what was read",
    ]
    made = attempt("support_triage", toolbox, LOOK_UP, "See KBA-9999, 99 Wh.")
    assert made.ending == "handed_over"
    assert "KBA-9999, 99" in made.reason
    assert made.state == {}, "whether a person is called is the model's to decide, by its tool"


@pytest.mark.parametrize("title", BOTH)
def test_a_call_that_needs_approval_is_not_made_without(title: str, toolbox: Opening) -> None:
    workflow = workflow_of(title)
    declined = run(workflow, ASKED, toolbox(workflow), script(ORDER, "Ordered."), approver=lambda call: False)
    assert (declined.ending, declined.state, declined.granted) == ("declined", {}, (False,))
    waiting = run(workflow, ASKED, toolbox(workflow), script(ORDER, "Ordered."), approver=None)
    assert (waiting.ending, waiting.state) == ("waiting", {})
    granted = run(workflow, ASKED, toolbox(workflow), script(ORDER, "Ordered."))
    assert granted.granted == (True,)
    assert granted.approvals == "granted by the setting of the run"
    for each in (declined, waiting, granted):
        again = replay(each, workflow, SPECS)
        assert again.identical, again.differences


def test_two_attempts_at_the_same_time_do_not_see_each_other(toolbox: Opening) -> None:
    workflow = workflow_of("support_triage")
    boxes = [toolbox(workflow) for _ in range(4)]
    made: list[Attempt] = []
    gate = threading.Barrier(4)

    def work(place: int) -> None:
        gate.wait()
        says = (TICKET, "It is opened.") if place % 2 else (LOOK_UP, TOLD)
        made.append(run(workflow, ASKED, boxes[place], script(*says)))

    threads = [threading.Thread(target=work, args=(place,)) for place in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(len(each.state.get("tickets", ())) for each in made) == [0, 0, 1, 1]
    assert len({each.attempt_id for each in made}) == 2


def test_a_framework_that_breaks_ends_the_attempt_with_what_came_before(
    toolbox: Opening, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: Any) -> Any:
        raise ZeroDivisionError("a fault of ours")

    for title, place in (
        ("support_triage", "lenovo_pipeline.agents.running.langgraph_runtime.DOERS"),
        ("device_support", "lenovo_pipeline.agents.running.smolagents_runtime.AgentRun.answer"),
    ):
        with monkeypatch.context() as patched:
            if title == "support_triage":
                patched.setitem(
                    __import__("lenovo_pipeline.agents.running.langgraph_runtime", fromlist=["DOERS"]).DOERS, "verify", broken
                )
            else:
                patched.setattr(place, broken)
            made = attempt(title, toolbox, LOOK_UP, TOLD)
        assert made.ending == "failed"
        assert "a fault of ours" in made.reason
        assert len(made.tool_calls) == 1


@pytest.mark.parametrize("title", BOTH)
def test_a_replay_needs_no_model_and_finds_what_was_changed(title: str, toolbox: Opening) -> None:
    workflow = workflow_of(title)
    made = run(workflow, (*ASKED, "Open a ticket."), toolbox(workflow), script(LOOK_UP, TOLD, TICKET, "It is opened."))
    assert len(made.state["tickets"]) == 1
    again = replay(made, workflow, SPECS)
    assert again.identical, again.differences
    assert again.attempt.attempt_id == made.attempt_id
    [first, *rest] = made.model_calls
    other = replace(made, model_calls=(replace(first, calls=({"name": "read_article", "arguments": {"article": "A"}},)), *rest))
    changed = replay(other, workflow, SPECS)
    assert not changed.same_trace
    assert any("call 0 is read_article" in line for line in changed.differences)
    lost_write = replace(made, tool_calls=tuple(replace(call, effects=()) for call in made.tool_calls))
    assert not replay(lost_write, workflow, SPECS).same_state
    with pytest.raises(PermanentFailure, match="the recording is of"):
        replay(made, workflow_of(title, steps=9), SPECS)


def test_recordings_come_back_as_they_were_and_a_changed_one_is_refused(toolbox: Opening, tmp_path: Path) -> None:
    made = [attempt(title, toolbox, LOOK_UP, TOLD) for title in BOTH]
    folder = tmp_path / "kept"
    write_attempts(folder, made, {"seed": 1})
    assert list(read_attempts(folder)) == made
    assert read_attempt(folder, made[1].attempt_id) == made[1]
    with pytest.raises(PermanentFailure, match="holds no attempt beef"):
        read_attempt(folder, "beef")
    text = (folder / FILE).read_text(encoding="utf-8")
    (folder / FILE).write_text(text.replace("57 Wh", "58 Wh"), encoding="utf-8")
    with pytest.raises(PermanentFailure, match=r"attempts\.jsonl was changed"):
        list(read_attempts(folder))
    with pytest.raises(PermanentFailure, match="line 1 was changed"):
        read_attempt(folder, made[0].attempt_id)


@pytest.mark.parametrize("title", BOTH)
def test_an_attempt_is_looked_at_compared_and_forked_at_a_decision(title: str, toolbox: Opening) -> None:
    workflow = workflow_of(title)
    made = run(workflow, ASKED, toolbox(workflow), script(LOOK_UP, TOLD))
    used = next(step.index for step in made.steps if step.does == "use_tool")
    assert at_step(made, used)["tools"][0]["result"] == TOLD
    with pytest.raises(PermanentFailure, match="has no step 99"):
        at_step(made, 99)
    call = {"name": TICKET[0], "arguments": TICKET[1]}
    forked = fork(made, workflow, 0, toolbox(workflow), LiveModel(script("It is opened.")), instead=call, link=names)
    assert len(forked.state["tickets"]) == 1
    assert forked.model["forked_from"] == made.attempt_id
    asked_anew = fork(made, workflow, 1, toolbox(workflow), LiveModel(script("57 Wh.")), link=names)
    assert asked_anew.answers == ("57 Wh.",)
    assert [call.tool for call in asked_anew.tool_calls] == ["look_up_device"]
    pairs = compare(made, forked)
    assert not pairs[-1].same
    assert all(pair.same for pair in compare(made, made))
    with pytest.raises(PermanentFailure, match="the model was asked 2 times"):
        fork(made, workflow, 7, toolbox(workflow), LiveModel(script("")))


def test_an_unsupported_answer_to_a_question_that_names_nothing_is_looked_up_in_parallel_branches(toolbox: Opening) -> None:
    workflow = workflow_of("support_triage")
    model = script("It lasts 99 hours.", TOLD)
    asked = "How long does the battery last when it is cold? And who repairs it?"
    made = run(workflow, (asked,), toolbox(workflow), model, link=lambda text: [])
    assert [call.tool for call in made.tool_calls] == ["search_knowledge", "search_knowledge"]
    assert [step.decided_by for step in made.steps if step.does == "retrieve"] == ["code", "code"]
    assert [message.role for message in model.shown[0]] == ["system", "user"]
    assert [message.role for message in model.shown[1]][-4:] == ["assistant", "tool", "assistant", "tool"]
    assert made.answers == (TOLD,)
    again = replay(made, workflow, SPECS)
    assert again.identical, again.differences
