"""What the command line of agents does: one function for each command, which prints its answer.

Belongs here: from arguments to functions over recordings and sessions. Does not belong here: parsing arguments
(agents/__main__.py), and how recordings and checkpoints are put in words (reader.py).
"""

import argparse
import json
import sys
from pathlib import Path
from typing import Any

from lenovo_pipeline.failures import PermanentFailure, PipelineError
from lenovo_pipeline.resources.store import Store
from lenovo_pipeline.settings import Settings


def _library(settings: Settings) -> Any:
    from lenovo_pipeline.agents.workflows.library import read_library

    return read_library(folder=settings.workflows)


def workflows(options: argparse.Namespace, settings: Settings, store: Store) -> int:
    library = _library(settings)
    for title, each in library.workflows.items():
        print(f"{title:<34} {each.framework:<10} {each.content[:12]}  {each.description}")
    for file, problems in library.rejected.items():
        for problem in problems:
            print(f"rejected {file}: {problem}", file=sys.stderr)
    return 2 if library.rejected else 0


def diagram(options: argparse.Namespace, settings: Settings, store: Store) -> None:
    from lenovo_pipeline.agents.workflows.diagram import mermaid

    print(mermaid(_library(settings).workflow(options.workflow)))


def export(options: argparse.Namespace, settings: Settings, store: Store) -> None:
    from lenovo_pipeline.agents.workflows.library import export

    export(_library(settings).workflow(options.workflow), Path(options.file))
    print(f"{options.workflow} is exported to {options.file}.")


def import_(options: argparse.Namespace, settings: Settings, store: Store) -> None:
    from lenovo_pipeline.agents.workflows.library import import_workflow

    print(f"It is {import_workflow(Path(options.file), folder=settings.workflows)} now.")


def list_(options: argparse.Namespace, settings: Settings, store: Store) -> None:
    from lenovo_pipeline.agents.running import reader

    filters = {"workflow": options.workflow, "task_id": options.task, "category": options.category}
    filters |= {"ending": options.ending, "model": options.model, "success": False if options.failed else None}
    print(reader.table(reader.rows(store, **filters)))


def show(options: argparse.Namespace, settings: Settings, store: Store) -> None:
    from lenovo_pipeline.agents.running import reader

    print(reader.shown(*reader.find(store, options.attempt)))


def step_state(options: argparse.Namespace, settings: Settings, store: Store) -> None:
    from lenovo_pipeline.agents.running import reader
    from lenovo_pipeline.agents.running.debugging import at_step

    attempt, _ = reader.find(store, options.attempt)
    print(json.dumps(at_step(attempt, _number(options.step)), indent=1, ensure_ascii=False))


def compare(options: argparse.Namespace, settings: Settings, store: Store) -> None:
    from lenovo_pipeline.agents.running import reader
    from lenovo_pipeline.agents.running.debugging import compare

    first, second = (reader.find(store, each)[0] for each in (options.attempt, options.other))
    names = [f"{mark} {each.attempt_id} {each.workflow}" for mark, each in (("<", first), (">", second))]
    print(reader.compared(compare(first, second), *names))


def replay(options: argparse.Namespace, settings: Settings, store: Store) -> int:
    from lenovo_pipeline.agents.running import reader
    from lenovo_pipeline.agents.running.replaying import replay
    from lenovo_pipeline.agents.tools.catalogue import SPECS

    if bool(options.attempt) == options.all:
        raise PermanentFailure("name one attempt, or --all", remedy="`list` shows them.")
    ids = [row["attempt_id"] for row in reader.rows(store)] if options.all else [options.attempt]
    library, differ = _library(settings), 0
    for attempt_id in ids:
        recorded, _ = reader.find(store, attempt_id)
        again = replay(recorded, library.workflow(recorded.workflow), SPECS)
        differ += not again.identical
        if not options.all or not again.identical:
            print(f"{'ok' if again.identical else 'NO'}  {recorded.attempt_id}  {recorded.workflow} at {recorded.task_id}")
            for line in again.differences:
                print(f"      {line}")
    print(f"{len(ids) - differ} of {len(ids)} replays are identical: final state and trace.")
    return 1 if differ else 0


def fork(options: argparse.Namespace, settings: Settings, store: Store) -> None:
    from lenovo_pipeline.agents.running import reader
    from lenovo_pipeline.agents.running.debugging import compare, fork
    from lenovo_pipeline.agents.running.live import live
    from lenovo_pipeline.agents.tasks.task import Task

    recorded, row = reader.find(store, options.attempt)
    workflow = _library(settings).workflow(recorded.workflow)
    instead = options.instead
    if instead is not None and instead.lstrip().startswith("{"):
        instead = _json(instead)
    task = Task.from_dict(reader.task_of(store, recorded.task_id))
    with live(settings, workflow, task, row["model"]) as now:
        forked = fork(recorded, workflow, _number(options.decision), now.toolbox, now.model, instead=instead, link=now.link)
    print(reader.shown(forked, {}))
    print(reader.compared(compare(recorded, forked), f"< {recorded.attempt_id}", f"> {forked.attempt_id} (the fork)"))


def open_(options: argparse.Namespace, settings: Settings, store: Store) -> None:
    from lenovo_pipeline.agents.running import reader, sessions
    from lenovo_pipeline.agents.running.replaying import replay
    from lenovo_pipeline.agents.tools.catalogue import SPECS

    recorded, row = reader.find(store, options.attempt)
    workflow = _library(settings).workflow(recorded.workflow)
    name = options.name or recorded.attempt_id
    task = reader.task_of(store, recorded.task_id)
    sessions.begin(
        _place(store, name),
        workflow,
        recorded.turns,
        task_id=recorded.task_id,
        task=task,
        partition=row["model"],
        setup=recorded.setup,
        model=recorded.model,
    )
    again = replay(recorded, workflow, SPECS, checkpoints=_place(store, name))
    print(f"The session {name} holds the attempt ({'identical' if again.identical else 'it differs: ' + again.differences[0]}).")
    print(reader.listed(sessions.checkpoints(_place(store, name))))


def roster(options: argparse.Namespace, settings: Settings, store: Store) -> None:
    from lenovo_pipeline.agents.running import reader
    from lenovo_pipeline.agents.running.live import on_roster

    print(reader.shown(on_roster(settings, _library(settings).workflow(options.workflow), options.say, options.model), {}))


def sessions(options: argparse.Namespace, settings: Settings, store: Store) -> None:
    from lenovo_pipeline.agents.running import sessions

    found = sorted(_folder(store).glob("*.sqlite"))
    for path in found:
        try:
            noted = sessions.note(path)
            print(f"{path.stem:<24} {noted['workflow'].title:<24} {noted.get('task_id') or noted['turns'][0]}")
        except PipelineError as error:
            print(f"{path.stem:<24} {error}")
    if not found:
        print("There is no session: begin one with `start`, or `open` an attempt.")


def start(options: argparse.Namespace, settings: Settings, store: Store) -> None:
    from lenovo_pipeline.agents.running import reader, sessions
    from lenovo_pipeline.agents.running.asking import free_task

    if bool(options.task) == bool(options.say):
        raise PermanentFailure("a session is begun with a task or with words", remedy="Give --task ID, or --say TEXT.")
    workflow = _library(settings).workflow(options.workflow)
    task = reader.task_of(store, options.task) if options.task else free_task(options.say, options.customers).as_dict()
    name = options.name or _free_name(store, workflow.name)
    sessions.begin(
        _place(store, name),
        workflow,
        task["turns"],
        task_id=task["task_id"],
        task=task,
        partition=options.model,
        setup=task["setup"],
        model={},
    )
    print(f"The session is {name}.")
    _go_on(settings, store, name, before=options.before)


def checkpoints(options: argparse.Namespace, settings: Settings, store: Store) -> None:
    from lenovo_pipeline.agents.running import reader, sessions

    print(reader.listed(sessions.checkpoints(_place(store, options.session))))


def state(options: argparse.Namespace, settings: Settings, store: Store) -> None:
    from lenovo_pipeline.agents.running import sessions

    found = sessions.state_at(_place(store, options.session), options.number)
    if options.field is not None:
        if options.field not in found:
            raise PermanentFailure(f"the state has no field {options.field}", remedy=f"It has {', '.join(found)}.")
        found = {options.field: found[options.field]}
    print(json.dumps(found, indent=1, ensure_ascii=False))


def set_(options: argparse.Namespace, settings: Settings, store: Store) -> None:
    from lenovo_pipeline.agents.running import sessions

    changes = {}
    for change in options.changes:
        name, equals, value = change.partition("=")
        if not equals:
            raise PermanentFailure(f"{change!r} is no change", remedy="Write FIELD=JSON.")
        changes[name] = _json(value)
    sessions.change(_place(store, options.session), changes, _number(options.number))
    print(f"Changed {', '.join(changes)}; `continue {options.session}` goes on from there.")


def step(options: argparse.Namespace, settings: Settings, store: Store) -> None:
    _go_on(settings, store, options.session, single=True)


def continue_(options: argparse.Namespace, settings: Settings, store: Store) -> None:
    _go_on(settings, store, options.session, before=options.before)


def approve(options: argparse.Namespace, settings: Settings, store: Store) -> None:
    _go_on(settings, store, options.session, agreed=True)


def decline(options: argparse.Namespace, settings: Settings, store: Store) -> None:
    _go_on(settings, store, options.session, agreed=False)


def say_(options: argparse.Namespace, settings: Settings, store: Store) -> None:
    _go_on(settings, store, options.session, say=options.text)


def _go_on(settings: Settings, store: Store, name: str, **how: Any) -> None:
    from lenovo_pipeline.agents.running import reader, sessions
    from lenovo_pipeline.agents.running.live import live
    from lenovo_pipeline.agents.tasks.task import Task

    path = _place(store, name)
    noted = sessions.note(path)
    with live(settings, noted["workflow"], Task.from_dict(noted["task"]), noted["partition"]) as now:
        print(reader.shown(sessions.go_on(path, now.running(noted["workflow"]), **how), {}))


def _folder(store: Store) -> Path:
    return store.root / "agent_sessions"


def _place(store: Store, name: str) -> Path:
    if not name.replace("-", "").replace("_", "").isalnum():
        raise PermanentFailure(f"{name!r} is no name of a session", remedy="Use letters, digits, - and _.")
    return _folder(store) / f"{name}.sqlite"


def _free_name(store: Store, workflow: str) -> str:
    number = 1
    while _place(store, f"{workflow}-{number}").exists():
        number += 1
    return f"{workflow}-{number}"


def _number(said: str) -> int:
    if not said.isdecimal():
        raise PermanentFailure(f"{said!r} is no number", remedy="Give a whole number from 0.")
    return int(said)


def _json(said: str) -> Any:
    try:
        return json.loads(said)
    except ValueError as error:
        raise PermanentFailure(f"{said!r} is no JSON ({error})", remedy="Put texts in double quotes.") from error
