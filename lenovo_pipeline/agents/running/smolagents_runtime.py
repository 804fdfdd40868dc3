"""Workflows as smolagents ToolCallingAgents: a compact prompt, our tools and models, and the same trace as any other workflow.

Belongs here: the agent, its model and its tools, and how a run is told as an attempt. Does not belong here: prompts, budgets.

smolagents' own prompt has thousands of characters before any tool; small models are shown the workflow's system message and one
line for each tool instead, in the form of conversation that the agent adapter is trained on (tools/interface.py). No code is
ever executed: the agent calls tools, and its final answer is what the model says in plain text.
"""

import time
from collections.abc import Mapping
from functools import cache
from typing import Any

from lenovo_pipeline.agents.running.attempt import Attempt, Ending, Step
from lenovo_pipeline.agents.running.models import Proposal, proposal_of
from lenovo_pipeline.agents.running.state import FAILED
from lenovo_pipeline.agents.running.work import SAME_CALLS, Running, Work, ending_of
from lenovo_pipeline.agents.workflows.definition import DecidedBy

_MOST_STEPS = 10_000
"""smolagents would ask the model once more, without tools, at its last step: budgets end an attempt long before."""

_FINAL = "final_answer"


class Ended(Exception):
    """The attempt is over before it has an answer."""


class AgentRun:
    """One attempt at turns of a conversation: what the agent's model and tools write down, and how it ended."""

    def __init__(self, running: Running) -> None:
        self.running = running
        self.work = Work(running)
        self.steps: list[Step] = []
        self.messages: list[dict[str, Any]] = []
        self.granted: list[bool] = []
        self.answers: list[str] = []
        self.ending: tuple[Ending, str] | None = None
        self.turn = 0
        self.broken = 0
        self.answered: list[dict[str, Any]] = []

    def begin(self, turn: int, request: str) -> None:
        """Begin a turn."""
        self.turn, self.broken, self.answered = turn, 0, []
        self.messages.append({"role": "user", "content": request, "turn": turn})

    def shown(self) -> list[dict[str, Any]]:
        """The conversation as the model is shown it."""
        first = self.turn - self.running.workflow.model.context_turns + 1
        kept = [
            {name: value for name, value in each.items() if name != "turn"} for each in self.messages if each["turn"] >= first
        ]
        return [{"role": "system", "content": self.running.prompt("system")}, *kept]

    def decide(self) -> Proposal:
        """Ask the model for the next step. Raises Ended, with `ending` set, when there is none."""
        over = self.work.over()
        if over:
            self._end(*over, does="act")
        asked, began = len(self.work.said), time.monotonic()
        node = next(node for node in self.running.workflow.nodes if node.does == "act")
        said = self.work.ask(self.shown(), self.running.specs, retries=node.retries)
        failed = ending_of(said)
        if failed:
            self.step("act", "model", failed[1], asked, len(self.work.calls), began)
            self._end(*failed)
        proposal = proposal_of(said)
        if proposal.call is not None:
            call = {"name": proposal.call["name"], "arguments": proposal.call["arguments"]}
            if self.answered.count(call) >= SAME_CALLS - 1:
                reason = f"the model called {call['name']} {SAME_CALLS} times with the same arguments"
                self.step("act", "model", reason, asked, len(self.work.calls), began)
                self._end("looped", reason)
            self.step("act", "model", f"calls {call['name']}", asked, len(self.work.calls), began)
        elif proposal.broken is not None:
            self.step("act", "model", "writes an unreadable call", asked, len(self.work.calls), began)
            self.broken += 1
            if self.broken > self.running.workflow.recoveries:
                self._end("unreadable", f"the model's tool call cannot be read ({proposal.broken})")
            told = self.running.prompt("unreadable")
            self.messages += [
                {"role": "assistant", "content": proposal.text, "turn": self.turn},
                {"role": "user", "content": told, "turn": self.turn},
            ]
        else:
            self.step("act", "model", "answers", asked, len(self.work.calls), began)
        return proposal

    def use(self, name: str, arguments: Mapping[str, Any]) -> str:
        """Carry out a call; what the model is shown of its result. Raises Ended when it must not be made."""
        over = self.work.over()
        if over:
            self._end(*over, does="use_tool")
        call = {"name": name, "arguments": dict(arguments)}
        if name in self.running.workflow.approval:
            self._require_agreement(call)
        called, began = len(self.work.calls), time.monotonic()
        result = self.work.use(call)
        if not result.text.startswith(FAILED):
            self.answered.append(call)
        call_id = f"call_{sum(len(each.get('calls', ())) for each in self.messages)}"
        self.messages += [
            {"role": "assistant", "content": "", "calls": [{**call, "id": call_id}], "turn": self.turn},
            {"role": "tool", "content": result.text, "call_id": call_id, "turn": self.turn},
        ]
        did = f"{name}: {'done' if result.ok else result.error_kind or 'failed'}"
        self.step("use_tool", "code", did, len(self.work.said), called, began)
        return result.text

    def answer(self, text: str) -> None:
        """The turn has its answer."""
        began = time.monotonic()
        self.answers.append(text)
        self.messages.append({"role": "assistant", "content": text, "turn": self.turn})
        self.step("answer", "code", "gives the answer", len(self.work.said), len(self.work.calls), began)

    def step(self, does: str, by: DecidedBy, did: str, asked: int, called: int, began: float) -> None:
        """Note a step that used the model's calls from `asked` on, and the tools' from `called` on."""
        node = next((node.id for node in self.running.workflow.nodes if node.does == does), does)
        said, calls = self.work.said[asked:], self.work.calls[called:]
        self.steps.append(
            Step(
                len(self.steps),
                self.turn,
                node,
                does,
                by,
                did,
                tuple(range(asked, len(self.work.said))),
                tuple(range(called, len(self.work.calls))),
                sum(call.tokens_in or 0 for call in said),
                sum(call.tokens_out or 0 for call in said),
                time.monotonic() - began,
                sum(call.seconds for call in said),
                sum(call.seconds for call in calls),
            )
        )

    def _require_agreement(self, call: Mapping[str, Any]) -> None:
        approver = self.running.approver
        if approver is None:
            self._end("waiting", f"{call['name']} waits for a person; smolagents cannot be interrupted: grant it and run again")
        agreed = bool(approver and approver(call))
        self.granted.append(agreed)
        if not agreed:
            self._end("declined", f"a person did not agree to {call['name']}", does="use_tool")

    def _end(self, ending: Ending, reason: str, *, does: str | None = None) -> None:
        if does:
            self.step(does, "code", reason, len(self.work.said), len(self.work.calls), time.monotonic())
        self.ending = (ending, reason)
        raise Ended(reason)


def run_turns(running: Running, turns: tuple[str, ...]) -> tuple[AgentRun, float]:
    """Run turn after turn until one has no answer; what was written down, and the seconds that all took.

    Whatever goes wrong inside the framework ends the attempt as `failed`, with what came before.
    """
    run = AgentRun(running)
    began = time.monotonic()
    try:
        agent = _agent(run)
        for number, request in enumerate(turns):
            run.begin(number, request)
            agent.run(request, reset=number == 0)
    except Exception as error:
        if run.ending is None:
            run.ending = ("failed", f"{type(error).__name__}: {str(error)[:300]}")
        run.answers.append("")
    return run, time.monotonic() - began


def attempt_of(run: AgentRun, turns: tuple[str, ...], **about: Any) -> Attempt:
    """A run as an attempt. `about`: task_id, model, seconds, approvals."""
    workflow = run.running.workflow
    ending, reason = run.ending or ("answered", "every turn has an answer")
    seconds = about.pop("seconds", 0.0)
    return Attempt(
        workflow=workflow.title,
        workflow_content=workflow.content,
        framework=workflow.framework,
        profile=workflow.profile,
        turns=turns,
        ending=ending,
        reason=reason,
        answers=tuple(run.answers),
        steps=tuple(run.steps),
        model_calls=tuple(run.work.said),
        tool_calls=tuple(run.work.calls),
        state=run.running.toolbox.state(),
        messages=tuple(run.messages),
        granted=tuple(run.granted),
        seconds=seconds,
        framework_seconds=max(0.0, seconds - run.work.model_seconds - run.work.tool_seconds),
        **about,
    )


def _agent(run: AgentRun) -> Any:
    from smolagents.monitoring import AgentLogger, LogLevel

    kinds = _kinds()
    tools = [kinds["tool"](spec.name, spec.description, _inputs(spec), run) for spec in run.running.specs]
    return kinds["agent"](
        tools=tools,
        model=kinds["model"](run),
        prompt_templates=_templates(run.running.prompt("system")),
        max_steps=_MOST_STEPS,
        logger=AgentLogger(level=LogLevel.OFF),
    )


def _inputs(spec: Any) -> dict[str, dict[str, Any]]:
    return {
        each.name: {
            "type": each.type,
            "description": each.description,
            **({} if each.required else {"nullable": True}),
        }
        for each in spec.parameters
    }


def _templates(system: str) -> dict[str, Any]:
    from copy import deepcopy

    from smolagents.agents import EMPTY_PROMPT_TEMPLATES

    # Braces of the wording are no placeholders of Jinja.
    return {**deepcopy(dict(EMPTY_PROMPT_TEMPLATES)), "system_prompt": f"{{% raw %}}{system}{{% endraw %}}"}


@cache
def _kinds() -> dict[str, Any]:
    """Our classes over smolagents', made once the library is wanted."""
    from smolagents import ChatMessage, MessageRole, Model, Tool, ToolCallingAgent
    from smolagents.models import ChatMessageToolCall, ChatMessageToolCallFunction, TokenUsage

    class BackendModel(Model):  # type: ignore[misc,unused-ignore]
        """A model behind `inference`; what it says in plain text is the final answer."""

        def __init__(self, run: AgentRun) -> None:
            super().__init__(model_id="inference")
            self.attempt = run

        def generate(self, messages: Any, **_: Any) -> Any:
            proposal = self.attempt.decide()
            said = self.attempt.work.said[-1]
            usage = TokenUsage(said.tokens_in or 0, said.tokens_out or 0)
            if proposal.broken is not None:
                return ChatMessage(MessageRole.ASSISTANT, proposal.text, None, None, usage)
            name, arguments = (
                (_FINAL, {"answer": proposal.text})
                if proposal.call is None
                else (proposal.call["name"], proposal.call["arguments"])
            )
            call = ChatMessageToolCall(
                ChatMessageToolCallFunction(arguments, name), f"call_{len(self.attempt.steps)}", "function"
            )
            return ChatMessage(MessageRole.ASSISTANT, proposal.text, [call], None, usage)

        def parse_tool_calls(self, message: Any) -> Any:
            raise ValueError("the call cannot be read")

    class RecordedTool(Tool):  # type: ignore[misc,unused-ignore]
        """A tool of the toolbox."""

        skip_forward_signature_validation = True
        output_type = "string"

        def __init__(self, name: str, description: str, inputs: dict[str, Any], run: AgentRun) -> None:
            self.name, self.description, self.inputs = name, description, inputs
            super().__init__()
            self.attempt = run

        def forward(self, **arguments: Any) -> str:
            return self.attempt.use(self.name, arguments)

    class CompactAgent(ToolCallingAgent):  # type: ignore[misc,unused-ignore]
        """A ToolCallingAgent that shows its model our conversation, and whose calls all go to the toolbox.

        smolagents would refuse invented tools and wrong arguments itself, in words of its own; the toolbox does, and records it.
        """

        def write_memory_to_messages(self, summary_mode: bool = False) -> list[Any]:
            return [ChatMessage(MessageRole.USER, self.task)]

        def execute_tool_call(self, tool_name: str, arguments: Any) -> Any:
            run: AgentRun = self.model.attempt
            if tool_name == _FINAL:
                # A large model may call it by itself, with whatever arguments.
                text = str(arguments.get("answer", arguments) if isinstance(arguments, dict) else arguments)
                run.answer(text)
                return text
            return run.use(tool_name, arguments)

    return {"model": BackendModel, "tool": RecordedTool, "agent": CompactAgent}
