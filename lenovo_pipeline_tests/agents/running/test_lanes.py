"""Questions of attempts that another process helps to answer: each has its answer once, whatever becomes of that process."""

import os
import pickle
import signal
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass
from pathlib import Path

import pytest

from lenovo_pipeline.agents.running.builds import Builds
from lenovo_pipeline.agents.running.bulk import run_tasks
from lenovo_pipeline.agents.running.gathering import Batch, Gathering, Lane, lanes_beside
from lenovo_pipeline.agents.tasks.stand_ins import StandIn
from lenovo_pipeline.agents.workflows.library import read_library
from lenovo_pipeline.failures import PermanentFailure
from lenovo_pipeline.models.catalogue import read_catalogue, require_row
from lenovo_pipeline.partitions import DEFAULT_MODEL
from lenovo_pipeline.resources.beside import Beside
from lenovo_pipeline.resources.inference import Inference
from lenovo_pipeline.resources.inference.errors import GenerationFailed
from lenovo_pipeline.resources.inference.messages import Completion, GenerationSettings, Message
from lenovo_pipeline.resources.store import Store
from lenovo_pipeline.settings import Settings
from lenovo_pipeline_tests.agents.conftest import Place

QUESTIONS = 24


@dataclass(frozen=True)
class Named(StandIn):
    """Says in which process it is, and what it was asked; the process of a `fatal` question ends unless it is this one."""

    at_home: int
    fatal: str = ""
    failing: str = ""

    def __call__(self) -> "Named":
        return self

    def say(self, messages: Sequence[Message], settings: GenerationSettings) -> Completion:
        asked = messages[-1].content
        if os.getpid() != self.at_home and self.fatal and self.fatal in asked:
            os.kill(os.getpid(), signal.SIGKILL)
        if self.failing and self.failing in asked:
            raise MemoryError(asked)
        time.sleep(0.02)
        return Completion(f"{os.getpid()} {asked}", 1, 1, 0.0, None, "stop", 0.0)


def does_not_open() -> Named:
    raise PermanentFailure("the model is damaged", remedy="Put it there again.")


@pytest.fixture
def beside() -> Iterator[Beside]:
    opened = Beside(2)
    yield opened
    opened.close()


def ask_all(gathered: Gathering, questions: int = QUESTIONS) -> dict[int, str]:
    """The answers to questions 0, 1, …, eight asked at a time, until the other process has answered some or all are asked."""
    answers: dict[int, str] = {}

    def work(first: int) -> None:
        with gathered.attempt():
            for number in range(first, questions, 8):
                try:
                    answers[number] = gathered.generate([Message("user", f"<{number}>")], GenerationSettings()).text
                except GenerationFailed as failed:
                    answers[number] = f"failed: {failed}"

    threads = [threading.Thread(target=work, args=[first]) for first in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return answers


def opened(lanes: Sequence[Lane]) -> Sequence[Lane]:
    """The lanes, ready: a process takes seconds to start."""
    for lane in lanes:
        lane.open()
    return lanes


def asked(answers: dict[int, str]) -> dict[int, str]:
    return {number: said.split()[-1] for number, said in answers.items()}


def test_both_processes_answer_and_each_question_has_its_own_answer(beside: Beside) -> None:
    model = Named(os.getpid())
    with Gathering(model, 8, opened(lanes_beside(beside, model))) as gathered:
        answers = ask_all(gathered)
    assert asked(answers) == {number: f"<{number}>" for number in range(QUESTIONS)}
    assert len({said.split()[0] for said in answers.values()}) == 2


class Slowly:
    """A lane in this process."""

    def open(self) -> None:
        pass

    def answer(self, batch: Batch) -> list[Completion | Exception]:
        return [Named(os.getpid()).say(messages, settings) for messages, settings in batch]


def test_a_lane_that_comes_too_late_for_a_question_waits_for_the_next_one() -> None:
    def at_work() -> int:
        return sum(thread.name == "gathering questions" for thread in threading.enumerate())

    before = at_work()
    with Gathering(Named(os.getpid()), 8, [Slowly(), Slowly()]) as gathered:
        with ExitStack() as under_way:
            for _ in range(8):
                under_way.enter_context(gathered.attempt())
            for number in range(10):
                # All lanes see it, wait for more that may be answered with it, and one takes it.
                gathered.generate([Message("user", f"<{number}>")], GenerationSettings())
        assert at_work() - before == 3
        assert asked(ask_all(gathered)) == {number: f"<{number}>" for number in range(QUESTIONS)}


def test_what_a_process_had_when_it_was_killed_is_answered_here(beside: Beside) -> None:
    model = Named(os.getpid(), fatal="<")
    with Gathering(model, 8, opened(lanes_beside(beside, model))) as gathered:
        answers = ask_all(gathered)
    assert answers == {number: f"{os.getpid()} <{number}>" for number in range(QUESTIONS)}


def test_a_batch_that_fails_over_there_fails_alone(beside: Beside) -> None:
    model = Named(os.getpid(), failing="<3>")
    with Gathering(model, 8, opened(lanes_beside(beside, model))) as gathered:
        answers = ask_all(gathered)
    failed = {number for number, said in answers.items() if said.startswith("failed")}
    assert 3 in failed and len(failed) <= 4 and all("MemoryError: <3>" in answers[number] for number in failed)


def test_a_lane_that_cannot_open_the_model_takes_no_questions(beside: Beside) -> None:
    model = Named(os.getpid())
    with Gathering(model, 8, lanes_beside(beside, does_not_open)) as gathered:
        assert asked(ask_all(gathered)) == {number: f"<{number}>" for number in range(QUESTIONS)}
        time.sleep(0.1)
        assert {said.split()[0] for said in ask_all(gathered).values()} == {str(os.getpid())}


def test_attempts_with_a_lane_are_all_judged(place: Place, beside: Beside) -> None:
    tasks = [one.task for one in place.made if one.task.split == "test"][:24]
    model = Named(os.getpid())
    workflow = read_library().workflow("device_support")
    lanes = opened(lanes_beside(beside, model))
    found = run_tasks(workflow, tasks, place.stores, model, about_model={}, at_once=8, lanes=lanes)
    assert [each.task for each in found] == tasks
    said = {call.text.split()[0] for each in found for call in each.attempt.model_calls}
    assert len(said) == 2


def test_only_a_small_model_in_a_folder_is_opened_a_second_time(tmp_path: Path) -> None:
    row = require_row(read_catalogue(Settings().catalogue).rows(), DEFAULT_MODEL)
    foundation = {"model": DEFAULT_MODEL, "source": "folder", "identity": "x", "parameters": 6_000_000}

    def builds(**changed: object) -> Builds:
        return Builds({**foundation, **changed}, row, None, Inference(Settings()), Store(tmp_path))

    opening = builds().opening("base")
    assert opening is not None
    with closing(pickle.loads(pickle.dumps(opening))()) as model:
        assert model.identity().parameters
    assert builds().opening("edge") is None
    assert builds(parameters=3_000_000_000).opening("base") is None
    assert builds(source="ollama").opening("base") is None
    assert builds(parameters=None).opening("base") is None
