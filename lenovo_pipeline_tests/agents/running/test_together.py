"""Roles that work beside each other, attempts that run at once, and traces of them."""

import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from lenovo_pipeline.agents.running.gathering import Gathering
from lenovo_pipeline.agents.running.replaying import replay
from lenovo_pipeline.agents.running.tracing import forget_traces, trace_attempts
from lenovo_pipeline.agents.tools.catalogue import SPECS
from lenovo_pipeline.agents.workflows.definition import Workflow
from lenovo_pipeline.resources.inference.errors import GenerationFailed
from lenovo_pipeline.resources.inference.messages import Completion, GenerationSettings, Message
from lenovo_pipeline.resources.tracking import Tracking
from lenovo_pipeline_tests.agents.running.conftest import LOOK_UP, TOLD, lost, run, script, workflow_of

Opening = Callable[[Workflow], Any]
ENTRIES = tuple(
    {"entry": f"model-{name}", "verdict": verdict, "figures": [f"correct: 0.{number}", f"latency: {number} s"]}
    for name, verdict, number in (("a", "held", 41), ("b", "held", 52), ("c", "rejected", 63), ("d", "promoted", 74))
)
PATTERNS = ("roster_review_sequential", "roster_review_parallel", "roster_review_hierarchical")


class Reviewer:
    """Says the first figure of whatever it is shown, slower the earlier the entry; counts who is asked at the same time."""

    def __init__(self, wrong: str = "") -> None:
        self.at_once = self.most = 0
        self.wrong = wrong
        self.lock = threading.Lock()

    def generate(self, messages: Sequence[Message], settings: GenerationSettings) -> Completion:
        with self.lock:
            self.at_once += 1
            self.most = max(self.most, self.at_once)
        asked = messages[-1].content
        time.sleep(0.05 if "model-a" in asked else 0.02)
        with self.lock:
            self.at_once -= 1
        said = "agree"
        if asked.startswith("# "):
            said = f"It has {asked.split('correct: ')[1].split()[0]} correct."
            if self.wrong and self.wrong in asked and "stand in no figure" not in asked:
                said = "It has 9999 correct."
        return Completion(said, 30, 5, 0.0, None, "stop", 0.0)


def review(title: str, model: Any, toolbox: Opening, entries: Sequence[Any] = ENTRIES, **budgets: Any) -> Any:
    workflow = workflow_of(title, **budgets)
    return run(workflow, ("Review the roster.",), toolbox(workflow), model, entries=entries)


@pytest.mark.parametrize("title", PATTERNS)
def test_roles_review_every_entry_and_a_replay_repeats_them(title: str, toolbox: Opening) -> None:
    model = Reviewer()
    made = review(title, model, toolbox)
    assert made.ending == "answered", made.reason
    assert {each["entry"] for each in made.reviews} == {each["entry"] for each in ENTRIES}
    assert all(each["entry"] in made.final_text for each in ENTRIES)
    assert (model.most > 1) == (title != "roster_review_sequential")
    again = replay(made, workflow_of(title), SPECS)
    assert again.identical, again.differences


def test_parallel_branches_join_in_the_same_order_whoever_is_first(toolbox: Opening) -> None:
    made = [review("roster_review_parallel", Reviewer(), toolbox) for _ in range(3)]
    assert len({each.attempt_id for each in made}) == 1
    assert [each["entry"] for each in made[0].reviews] == [each["entry"] for each in ENTRIES]


def test_a_review_that_the_figures_do_not_bear_out_is_said_to(toolbox: Opening) -> None:
    made = review("roster_review_parallel", Reviewer(wrong="model-b"), toolbox)
    [line] = [line for line in made.final_text.splitlines() if line.startswith("model-b")]
    assert line.endswith("[does not stand in the figures: 9999]")
    revised = review("roster_review_hierarchical", Reviewer(wrong="model-b"), toolbox)
    [of_b] = [each for each in revised.reviews if each["entry"] == "model-b"]
    assert of_b["revised"] and not of_b["unsupported"]


@pytest.mark.parametrize("title", PATTERNS)
def test_a_review_without_entries_a_model_or_a_budget_ends_with_a_reason(title: str, toolbox: Opening) -> None:
    assert review(title, Reviewer(), toolbox, entries=()).ending == "handed_over"
    gone = review(title, script(lost()), toolbox)
    assert gone.ending == "model_failed" and "closed the connection" in gone.reason
    short = review(title, Reviewer(), toolbox, tokens=100)
    assert short.ending == "over_budget"


class Batches:
    """A backend that answers batches, and keeps how large they were."""

    def __init__(self) -> None:
        self.sizes: list[int] = []

    def generate_batch(self, batch: Sequence[Sequence[Message]], settings: GenerationSettings) -> list[Completion | Exception]:
        self.sizes.append(len(batch))
        return [
            GenerationFailed("one of them")
            if messages[0].content == "3"
            else Completion(messages[0].content, 1, 1, 0.0, None, "stop", 0.0)
            for messages in batch
        ]


def test_questions_that_wait_together_are_answered_together_each_with_its_own() -> None:
    backend = Batches()
    answers: dict[int, str] = {}
    with Gathering(backend, 4) as gathered:  # type: ignore[arg-type]
        ready = threading.Barrier(8)

        def ask(number: int) -> None:
            with gathered.attempt():
                ready.wait()
                try:
                    answers[number] = gathered.generate([Message("user", str(number))], GenerationSettings()).text
                except GenerationFailed as failed:
                    answers[number] = str(failed)

        threads = [threading.Thread(target=ask, args=(number,)) for number in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert {number: said for number, said in answers.items() if number != 3} == {n: str(n) for n in range(8) if n != 3}
    assert answers[3].startswith("one of them")
    assert max(backend.sizes) > 1 and max(backend.sizes) <= 4
    with pytest.raises(GenerationFailed, match="was closed"):
        gathered.generate([], GenerationSettings())


def test_a_backend_without_mixed_batches_is_asked_with_tools_whatever_time_is_left_to_each() -> None:
    tools = tuple(spec.tool() for spec in SPECS)
    backend = Batches()
    with Gathering(backend, 4) as gathered:  # type: ignore[arg-type]
        answers: dict[int, str] = {}
        ready = threading.Barrier(4)

        def ask(number: int) -> None:
            with gathered.attempt():
                ready.wait()
                settings = GenerationSettings(tools=tools if number else (), timeout_s=10.0 + number)
                answers[number] = gathered.generate([Message("user", f"{number}!")], settings).text

        threads = [threading.Thread(target=ask, args=(number,)) for number in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert answers == {number: f"{number}!" for number in range(4)}


def test_a_backend_that_breaks_fails_the_questions_of_its_batch_and_no_other() -> None:
    class Broken:
        def generate_batch(self, *_: Any) -> Any:
            raise MemoryError("too much")

    with Gathering(Broken(), 2) as gathered:  # type: ignore[arg-type]
        for _ in range(2):
            with pytest.raises(GenerationFailed, match="too much"):
                gathered.generate([Message("user", "?")], GenerationSettings())


def test_mlflow_holds_one_span_for_each_node_and_each_call(toolbox: Opening, tmp_path: Path) -> None:
    workflow = workflow_of("support_triage")
    made = run(workflow, ("What battery?",), toolbox(workflow), script(LOOK_UP, TOLD))
    tracking = Tracking(tmp_path / "mlflow.db", tmp_path / "mlflow")
    try:
        client = tracking.client()
        experiment = client.create_experiment("agents")
        assert trace_attempts(client, experiment, [(made, {"model": "nano"})]) == 1
        assert trace_attempts(client, experiment, [(made, {"model": "nano"})]) == 0, "an attempt has one trace"
        [trace] = client.search_traces(locations=[experiment])
        assert trace.info.tags["attempt"] == made.attempt_id
        spans = {span.span_id: span for span in trace.data.spans}
        names = [span.name for span in spans.values()]
        assert len(names) == 1 + len(made.steps) + len(made.model_calls) + len(made.tool_calls)
        look_up = next(span for span in spans.values() if span.name == "look_up_device")
        assert look_up.span_type == "TOOL"
        assert spans[look_up.parent_id].name == "use_tool"
        assert spans[look_up.parent_id].attributes["decided_by"] == "code"
        assert forget_traces(client, experiment, {made.attempt_id}, "nano") == 0
        assert forget_traces(client, experiment, set(), "another") == 0
        assert forget_traces(client, experiment, set(), "nano") == 1
    finally:
        tracking.close()
