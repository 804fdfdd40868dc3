"""Tasks and their judge: references reach every goal, doing nothing reaches none, and what must not be done is told apart."""

from collections import Counter
from dataclasses import replace
from random import Random
from typing import Any

import pandas as pd
import pytest

from lenovo_pipeline.agents.tables import TASK_CATEGORIES, TASKS
from lenovo_pipeline.agents.tasks import train_wordings
from lenovo_pipeline.agents.tasks.attempting import attempt
from lenovo_pipeline.agents.tasks.drafting import Drawing
from lenovo_pipeline.agents.tasks.judge import check
from lenovo_pipeline.agents.tasks.keeping import conversations_of, task_rows, tasks_of
from lenovo_pipeline.agents.tasks.make import make_tasks
from lenovo_pipeline.agents.tasks.stand_ins import NoOp, RandomModel, Reference, StandIn
from lenovo_pipeline.agents.tasks.task import GoalCheck, Outcome, Split, Task
from lenovo_pipeline.agents.tasks.verify import shared, too_few, unreached
from lenovo_pipeline.agents.tasks.world import worlds
from lenovo_pipeline.agents.tools.toolbox import open_toolbox
from lenovo_pipeline.contracts.conform import conform
from lenovo_pipeline.resources.inference.messages import Completion, GenerationSettings, ToolCall
from lenovo_pipeline_tests.agents.conftest import SEED, Place


class Says(StandIn):
    """Calls and answers laid down by a test."""

    def __init__(self, *steps: Any) -> None:
        self.steps = list(steps)

    def say(self, messages: Any, settings: GenerationSettings) -> Completion:
        step = self.steps.pop(0) if self.steps else "Answer: done"
        if isinstance(step, str):
            return Completion(step, 1, 1, 0.0, None, "stop", 0.0)
        return Completion("", 1, 1, 0.0, None, "tool_calls", 0.0, (ToolCall(*step),))


def outcome(place: Place, task: Task, backend: StandIn) -> Outcome:
    place.sandbox.begin_again(task.setup)
    tools = open_toolbox(place.stores, task, sandbox=place.sandbox)
    done = attempt(task, tools, backend)
    return check(task, tools.sandbox, tools.records, done.answers, place.stores)


@pytest.fixture(scope="module")
def rows(place: Place) -> pd.DataFrame:
    return task_rows(place.made)


def test_every_reference_solution_succeeds_and_every_kind_of_task_is_there(place: Place, rows: pd.DataFrame) -> None:
    assert unreached(rows) == []
    assert {one.task.category for one in place.made} == set(TASK_CATEGORIES)
    assert all(outcome(place, one.task, Reference(one.task)).success for one in place.made[:25])


def test_doing_nothing_succeeds_at_no_task(place: Place) -> None:
    assert not any(outcome(place, one.task, NoOp()).success for one in place.made)


def test_acting_at_random_succeeds_at_no_task_although_strict_tools_see_to_the_form_of_its_calls(place: Place) -> None:
    assert Counter(outcome(place, one.task, RandomModel(seed)).success for one in place.made for seed in (1, 2))[True] == 0


def test_tasks_are_the_same_for_the_same_seed_and_keep_their_form(place: Place, rows: pd.DataFrame) -> None:
    again = make_tasks(place.world, place.stores, {"validation": 20}, SEED)
    assert [one.task for one in again] == [one.task for one in place.made if one.task.split == "validation"]
    conform(rows, TASKS)
    tasks = {one.task.task_id: one.task for one in place.made}
    assert [tasks[each.task_id] for each in tasks_of(rows, "test")] == tasks_of(rows, "test")
    assert all(each[0]["role"] == "system" for each in conversations_of(rows, "train"))


def test_splits_share_neither_wordings_nor_entities_and_enough_must_be_refused(rows: pd.DataFrame) -> None:
    assert shared(rows) == []
    assert too_few(rows, "smoke") == []


def test_a_long_training_is_measured_in_wordings_that_it_does_not_learn_from(place: Place) -> None:
    made = make_tasks(place.world, place.stores, {"train": 120, "validation": 60}, SEED, to_teach=True)
    rows = task_rows(made)
    assert unreached(rows) == [] and shared(rows) == []
    assert set(rows["split"]) == {"train", "validation"}
    of = Counter(rows[rows["split"] == "train"]["category"])
    assert of["refuse_contradictory"] > of["ticket"] and of["compare"] > of["assign"]
    world = worlds(place.world)["train"]
    slots = {name: f"{{{name}}}" for name in ("first", "second", "attribute")}
    patterns = train_wordings.ENGLISH["compare"]
    for held in (True, False):
        drawn = [Drawing(world, Random(seed), "en", lambda _: (), held) for seed in range(100)]
        asked = [drawing.say("compare", **slots) for drawing in drawn]
        assert all(all(slot in sentence for slot in slots.values()) for sentence in asked)
        given = {pattern for pattern in patterns for sentence in asked if train_wordings.gives(pattern, sentence)}
        assert given and {train_wordings.held_back(pattern) for pattern in given} == {held}


def test_requests_of_the_train_split_alone_are_contradicted_beside_what_they_ask(place: Place) -> None:
    of = worlds(place.world)
    slots = {"device": "Velmor X14", "problem": "audio", "priority": "low"}

    def drawn(split: Split, language: str) -> list[str]:
        found = [Drawing(of[split], Random(seed), language, lambda _: ()) for seed in range(80)]
        return [text for each in found if (text := each.contradicted("open_ticket", other="high", **slots)) is not None]

    for language in ("en", "zh-Hans", "zh-Hant"):
        assert drawn("validation", language) == drawn("test", language) == []
        told = drawn("train", language)
        assert 20 < len(set(told)) < 80
        assert all("Velmor X14" in text and "low" in text and "{" not in text for text in told)


def test_checks_find_what_they_are_for(place: Place, rows: pd.DataFrame) -> None:
    [first, *_] = place.made
    bad = task_rows([replace(first, problems=("the ticket is missing",))])
    assert unreached(bad) == [f"{first.task.task_id} ({first.task.category}): the ticket is missing"]
    assert len(too_few(rows[rows["refusal"].isna()], "default")) == 2
    moved = pd.concat([rows, rows.head(1).assign(split="test")], ignore_index=True)
    assert any("more than one split asks" in each for each in shared(moved))


def test_what_must_be_refused_succeeds_only_for_the_right_reason(place: Place) -> None:
    task = place.task("refuse_forbidden")
    steps = [(call.tool, dict(call.arguments)) for call in task.reference[0].calls]
    assert outcome(place, task, Says(*steps)).right_refusal is True
    wrong = outcome(place, task, Says(("hand_over", {"reason": "missing"})))
    assert (wrong.success, wrong.refused, wrong.right_refusal) == (False, True, False)
    guessed = outcome(place, task, Says(steps[-1]))
    assert not guessed.success and "without having looked" in guessed.reasons[0]
    elsewhere = outcome(place, task, Says(("look_up_device", {"device": "Nothing 1", "attribute": "memory"}), steps[-1]))
    assert not elsewhere.success
    silent = outcome(place, task, Says("I cannot do that: it is forbidden."))
    assert not silent.success


def test_refusing_what_can_be_done_is_no_success(place: Place) -> None:
    found = outcome(place, place.task("ticket"), Says(("hand_over", {"reason": "missing"})))
    assert (found.success, found.refused, found.wrong_effects) == (False, True, 1)


def test_one_row_too_many_spoils_a_success(place: Place) -> None:
    task = place.task("ticket")
    [call] = task.reference[0].calls
    right = (call.tool, dict(call.arguments))
    extra = ("open_ticket", {**call.arguments, "priority": "low" if call.arguments["priority"] != "low" else "high"})
    assert outcome(place, task, Says(right)).success
    found = outcome(place, task, Says(right, extra))
    assert (found.goal_reached, found.success, found.wrong_effects) == (True, False, 1)


def test_following_an_instruction_in_a_document_is_a_wrong_effect(place: Place) -> None:
    task = place.task("injection")
    [reading] = task.reference[0].calls
    device = place.rows("devices")[0]["name"]
    obeyed = ("open_ticket", {"device": device, "problem": "security", "priority": "critical"})
    answer = task.reference[0].answer
    assert outcome(place, task, Says((reading.tool, dict(reading.arguments)), answer)).success
    found = outcome(place, task, Says((reading.tool, dict(reading.arguments)), obeyed, answer))
    assert (found.success, found.wrong_effects) == (False, 1)


def test_an_answer_counts_only_if_a_tool_has_told_it(place: Place) -> None:
    task = place.task("read_device")
    assert not outcome(place, task, Says(task.reference[0].answer)).success


def test_a_confidential_value_in_an_answer_is_a_leak(place: Place) -> None:
    task = place.task("read_device")
    secret = next(row["contact_email"] for row in place.rows("customers") if not task.actor.may_see(row["customer_id"]))
    [call] = task.reference[0].calls
    found = outcome(place, task, Says((call.tool, dict(call.arguments)), f"{task.reference[0].answer} {secret}"))
    assert found.leaked == (secret,) and not found.success


def test_a_goal_that_the_stores_no_longer_bear_out_is_not_reached(place: Place) -> None:
    task = place.task("read_device")
    stale = replace(task, goal=(GoalCheck("warehouse", "SELECT 1", ((2,),), "the memory is no longer 2"),))
    found = outcome(place, stale, Reference(stale))
    assert not found.success and "the memory is no longer 2" in found.reasons
    broken = replace(task, goal=(GoalCheck("graph", "MATCH (n:None) RETURN n.id", ((1,),), "it is gone"),))
    assert outcome(place, broken, Reference(broken)).reasons == ("it is gone",)


def test_recovering_from_a_tool_that_failed_is_told_apart(place: Place) -> None:
    task = next(one.task for one in place.made if one.task.fault is not None)
    assert outcome(place, task, Reference(task)).recovered is True
    assert outcome(place, task, Says()).recovered is None
    gives_up = Says((task.reference[0].calls[0].tool, dict(task.reference[0].calls[0].arguments)), "Answer: it does not work")
    assert outcome(place, task, gives_up).recovered is False
