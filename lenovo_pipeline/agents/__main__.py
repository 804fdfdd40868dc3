"""`python -m lenovo_pipeline.agents …`: workflows, attempts, replays and sessions.

Belongs here: parsing arguments; what each command does is in running/commands.py. Looking reads the published snapshot,
recordings and session files alone; `start`, `step`, `continue`, `say`, `approve`, `decline` and `fork` ask the model and the
tools, under the store's lock.
"""

import argparse
import sys
from collections.abc import Callable
from typing import Any

from lenovo_pipeline.agents.running import commands
from lenovo_pipeline.command_line import exit_with
from lenovo_pipeline.failures import PipelineError
from lenovo_pipeline.partitions import DEFAULT_MODEL
from lenovo_pipeline.resources.store import Store
from lenovo_pipeline.settings import get_settings

_EPILOG = """\
an attempt, from its recording            a session, live
  list --workflow support_triage            start support_triage --task TSK-… --break act
  show 3f2a                                 checkpoints NAME; state NAME 4
  step-state 3f2a 5                         step NAME; continue NAME --break verify
  compare 3f2a 91bc                         set NAME 4 'proposal={"call": null, "text": "57 Wh", "broken": null}'
  replay 3f2a; replay --all                 approve NAME; decline NAME
  open 3f2a (makes a session of it)         say NAME "And the T14?"
  fork 3f2a 0 --instead '{"name": "look_up_device", "arguments": {…}}'
"""


def main(arguments: list[str] | None = None) -> int:
    """Print the answer; returns 0, 1 if a replay differs, 2 if something cannot be done."""
    options = _parser().parse_args(arguments)
    settings = get_settings()
    try:
        return int(options.run(options, settings, Store(settings.store)) or 0)
    except PipelineError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("interrupted: the last checkpoint is kept", file=sys.stderr)
        return 130


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m lenovo_pipeline.agents",
        description="Workflows of agents: what there is, what they did, and step by step.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    places = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")

    def add(name: str, run: Callable[..., Any], what: str, *arguments: str) -> argparse.ArgumentParser:
        one = places.add_parser(name, help=what, description=what)
        for argument in arguments:
            one.add_argument(argument, help=_ARGUMENTS[argument])
        one.set_defaults(run=run)
        return one

    add("workflows", commands.workflows, "the definitions, and what is wrong with those that are rejected")
    add("diagram", commands.diagram, "a workflow's graph in Mermaid's language", "workflow")
    add("export", commands.export, "write a workflow with its prompts as one file", "workflow", "file")
    add("import", commands.import_, "add an exported workflow to the definitions", "file")
    listed = add("list", commands.list_, "recorded attempts")
    for name in ("workflow", "task", "category", "ending", "model"):
        listed.add_argument(f"--{name}", help=f"only those of this {name}")
    listed.add_argument("--failed", action="store_true", help="only those without success")
    add("show", commands.show, "one attempt with its whole trace", "attempt")
    add("step-state", commands.step_state, "what held once a step of an attempt was done", "attempt", "step")
    add("compare", commands.compare, "two attempts step by step", "attempt", "other")
    replayed = add("replay", commands.replay, "run attempts again from their recordings, without a model")
    replayed.add_argument("attempt", nargs="?", help=_ARGUMENTS["attempt"])
    replayed.add_argument("--all", action="store_true", help="every recorded attempt")
    forked = add(
        "fork", commands.fork, "go on live from one of the model's answers, or with another one instead", "attempt", "decision"
    )
    forked.add_argument("--instead", help="a text, or a call as JSON (name, arguments); default: ask the model again")
    reviewed = add("roster", commands.roster, "review the published roster, or ask the factory desk about it", "workflow")
    reviewed.add_argument("--say", default="Review the roster.", help="what is asked (default: %(default)s)")
    reviewed.add_argument("--model", default=DEFAULT_MODEL, help="model partition (default: %(default)s)")
    opened = add("open", commands.open_, "make a session of an attempt, by replaying it", "attempt")
    opened.add_argument("--name", help="name of the session; default: the attempt's id")
    add("sessions", commands.sessions, "the sessions that there are")
    started = add("start", commands.start, "begin a session: a task, or words of your own", "workflow")
    started.add_argument("--task", help="id of a task")
    started.add_argument("--say", action="append", help="what the user says, turn by turn; may be given several times")
    started.add_argument("--as", dest="customers", action="append", default=[], help="customer whom the user may see")
    started.add_argument("--name", help="name of the session")
    started.add_argument("--model", default=DEFAULT_MODEL, help="model partition (default: %(default)s)")
    add("checkpoints", commands.checkpoints, "the checkpoints of a session", "session")
    state = add("state", commands.state, "the state at a checkpoint", "session")
    state.add_argument("number", nargs="?", type=int, help="number of the checkpoint; default: the last one")
    state.add_argument("--field", help="one field alone")
    add("step", commands.step, "run one node of a session", "session")
    on = add("continue", commands.continue_, "run a session to its end, or to a breakpoint", "session")
    for each in (started, on):
        each.add_argument("--break", dest="before", action="append", default=[], metavar="NODE", help="stop before this node")
    changed = add(
        "set", commands.set_, "change the state at a checkpoint: the session goes on from there as a fork", "session", "number"
    )
    changed.add_argument("changes", nargs="+", metavar="FIELD=JSON", help="for example parts='[\"battery\"]'")
    add("approve", commands.approve, "agree to the call that waits, and go on", "session")
    add("decline", commands.decline, "do not agree to the call that waits", "session")
    add("say", commands.say_, "another turn of the user in a session that is over", "session", "text")
    return parser


_ARGUMENTS = {
    "workflow": "its title, for example support_triage or support_triage.mobile",
    "file": "the exported file",
    "attempt": "the beginning of an attempt's id, as `list` shows it",
    "other": "another attempt",
    "step": "number of the step",
    "decision": "number of the model's answer, from 0",
    "session": "name of a session, as `sessions` shows it",
    "number": "number of the checkpoint",
    "text": "what the user says",
}


if __name__ == "__main__":
    exit_with(main)
