"""The plainest loop there is between a model and the tools, without a framework: what the reference solution, the adapter's
validation and tests run in. Workflows are something else, and live beside this folder.

Belongs here: the loop over turns, calls and answers. Does not belong here: models, tools, judging.
"""

from collections.abc import Generator, Sequence
from dataclasses import dataclass, field

from lenovo_pipeline.agents.tasks.task import Task
from lenovo_pipeline.agents.tools.interface import Toolbox
from lenovo_pipeline.agents.tools.prompt import SYSTEM_PROMPT
from lenovo_pipeline.resources.inference.backend import Backend
from lenovo_pipeline.resources.inference.messages import Completion, GenerationSettings, Message

MAX_ANSWER_TOKENS = 96


@dataclass
class Plain:
    """What a plain attempt came to: the answer to each turn, all messages, tokens, and why it ended."""

    answers: list[str] = field(default_factory=list)
    messages: list[Message] = field(default_factory=list)
    tokens_in: int = 0
    tokens_out: int = 0
    seconds: float = 0.0
    ended: str = "answered"


def attempt(task: Task, toolbox: Toolbox, backend: Backend) -> Plain:
    """Let a model work on a task until it has answered every turn, or its budget is over. Never raises for what a model does."""
    [done] = attempt_all([(task, toolbox)], backend)
    return done


def attempt_all(tasks: Sequence[tuple[Task, Toolbox]], backend: Backend) -> list[Plain]:
    """Attempts at several tasks at once, each with a toolbox of its own: their next answers are generated together."""
    done = [Plain(messages=[Message("system", SYSTEM_PROMPT)]) for _ in tasks]
    running = {place: _conversation(task, toolbox, done[place]) for place, (task, toolbox) in enumerate(tasks)}
    asked = {place: settings for place, each in running.items() if (settings := next(each, None)) is not None}
    while asked:
        places = list(asked)
        # Generated together is what is offered the same tools.
        alike: dict[tuple[str, ...], list[int]] = {}
        for place in places:
            alike.setdefault(tuple(tool.name for tool in asked[place].tools), []).append(place)
        settings_of, asked = asked, {}
        for some in alike.values():
            settings = settings_of[some[0]]
            answers = backend.generate_batch([done[place].messages for place in some], settings)
            for place, answer in zip(some, answers, strict=True):
                try:
                    asked[place] = running[place].send(answer)
                except StopIteration:
                    continue
    return done


def _conversation(task: Task, toolbox: Toolbox, done: Plain) -> Generator[GenerationSettings, Completion | Exception, None]:
    """One attempt: yields how the next answer to `done.messages` is to be generated, and is sent that answer."""
    settings = GenerationSettings(
        max_tokens=MAX_ANSWER_TOKENS, tools=tuple(spec.tool() for spec in toolbox.specs), strict_tools=True
    )
    for turn in task.turns:
        done.messages.append(Message("user", turn))
        answered = False
        while not answered:
            over = toolbox.budget.over()
            if over is not None:
                done.ended = f"the budget of {over} is used up"
                return
            said = yield settings
            if isinstance(said, Exception):
                done.ended = f"the model failed: {said}"
                return
            answered = _took(said, toolbox, done)


def _took(said: Completion, toolbox: Toolbox, done: Plain) -> bool:
    """Do what the model asks for; whether it has answered the turn."""
    toolbox.budget.use(tokens=(said.tokens_in or 0) + (said.tokens_out or 0), seconds=said.latency_s)
    done.tokens_in += said.tokens_in or 0
    done.tokens_out += said.tokens_out or 0
    done.seconds += said.latency_s
    if not said.tool_calls:
        done.messages.append(Message("assistant", said.text))
        done.answers.append(said.text)
        return True
    call = said.tool_calls[0]
    result = toolbox.call(call.name, call.arguments)
    done.messages += [
        Message("assistant", "", tool_calls=(call,)),
        Message("tool", result.text, tool_call_id=call.id),
    ]
    return False


def as_chat(messages: Sequence[Message]) -> list[dict[str, object]]:
    """Messages as chat templates and training sets take them."""
    told: list[dict[str, object]] = []
    for message in messages:
        one: dict[str, object] = {"role": message.role, "content": message.content}
        if message.tool_calls:
            one["tool_calls"] = [
                {"type": "function", "function": {"name": call.name, "arguments": call.arguments}} for call in message.tool_calls
            ]
        told.append(one)
    return told
