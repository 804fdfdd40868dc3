"""Rehearsing one change: copy, change, run what may be touched, and say what was.

Belongs here: the order of these steps. What one is, is said in copies.py, changes.py and acting.py.
"""

import json
import subprocess
import sys
from collections.abc import Callable, Collection
from dataclasses import dataclass
from pathlib import Path

from dagster import AssetKey, AssetRecordsFilter, DagsterInstance, serialize_value

from lenovo_pipeline.commands.rehearsal.acting import Order, Outcome
from lenovo_pipeline.commands.rehearsal.changes import Change, change_file, change_package, change_record
from lenovo_pipeline.commands.rehearsal.copies import Copies, copied
from lenovo_pipeline.failures import PermanentFailure
from lenovo_pipeline.partitions import DEFAULT_MODEL
from lenovo_pipeline.resources.store import Store
from lenovo_pipeline.roster.blast import Beginning, beginning, downstream
from lenovo_pipeline.settings import Settings

Acting = Callable[[Copies, Order, Callable[[str], None]], Outcome]
"""Does what an order says in a process whose environment leads to the copies, and says each asset that is done."""

_LAST_LINES = 20


@dataclass(frozen=True)
class Rehearsed:
    """What the next run makes again after a change of `what` (a `kind` of thing), each sorted.

    `again`: seen to be made again; `long`: comes to work that takes long, and is made again; `follow`: made from one of
    these, and taken to follow; `unchanged`: looked, and took over what there is; `failed`: name -> why it would fail.
    """

    what: str
    kind: str
    again: tuple[str, ...]
    long: tuple[str, ...]
    follow: tuple[str, ...]
    unchanged: tuple[str, ...]
    failed: dict[str, str]

    @property
    def made(self) -> tuple[str, ...]:
        """All that is made again."""
        return tuple(sorted({*self.again, *self.long, *self.follow}))


def acted(copies: Copies, order: Order, say: Callable[[str], None]) -> Outcome:
    """What a process of its own says, started for this. Raises PermanentFailure if it says nothing."""
    place = copies.root / "order.json"
    place.write_text(json.dumps(order.__dict__), encoding="utf-8")
    command = [sys.executable, "-m", "lenovo_pipeline.commands.rehearsal.acting", str(place)]
    errors = place.with_suffix(".errors")
    with errors.open("wb") as told:
        process = subprocess.Popen(
            command, cwd=copies.checkout, env=copies.environment(), stdout=subprocess.PIPE, stderr=told, text=True
        )
        try:
            assert process.stdout is not None
            for number, name in enumerate((line for line in process.stdout if line.strip() in order.assets), start=1):
                say(f"  {number} of {len(order.assets)}: {name.strip()}")
        except BaseException:
            process.terminate()
            raise
        finally:
            process.wait()
    answer: Path = place.with_suffix(".said")
    if not answer.exists():
        last = "\n".join(errors.read_text(encoding="utf-8", errors="replace").strip().splitlines()[-_LAST_LINES:])
        raise PermanentFailure(
            f"after this change nothing can be run (exit {process.returncode}):\n{last}",
            remedy="Mend the change, or see make run.",
        )
    return Outcome(**json.loads(answer.read_text(encoding="utf-8")))


def rehearse(
    store: Store,
    settings: Settings,
    instance: DagsterInstance,
    what: str,
    change: Change,
    *,
    model: str = DEFAULT_MODEL,
    among: Collection[str] | None = None,
    whole: bool = False,
    say: Callable[[str], None] = lambda _: None,
    acting: Acting = acted,
) -> Rehearsed:
    """Try a change on copies of everything and run what may be touched by it; `among`: look at no other assets;
    `whole`: train and ask models, too, so that nothing is only taken to follow, which takes as long as the run itself.

    `instance` knows what the last runs made; nothing is written there.

    Raises PermanentFailure if `what` is unknown, cannot be changed like this, or the run in the copies breaks off.
    """
    graph, start = beginning(store, settings, what)
    names = downstream(graph, start.assets) - (start.assets if start.kind == "record" else set())
    if among is not None:
        names &= set(among)
    if not names:
        return Rehearsed(what, start.kind, (), (), (), (), {})
    say(f"Trying it on copies; {len(names)} assets may be touched.")
    with copied(store, settings, whole=whole) as copies:
        _change(copies, what, start, change)
        outcome = acting(copies, Order(sorted(names), model, _known(instance, graph)), say)
    seen = {*outcome.again, *outcome.stopped, *outcome.followed, *outcome.failed}
    return Rehearsed(
        what,
        start.kind,
        again=tuple(outcome.again),
        long=tuple(outcome.stopped),
        follow=tuple(outcome.followed),
        unchanged=tuple(sorted(names - seen)),
        failed=outcome.failed,
    )


def _change(copies: Copies, what: str, start: Beginning, change: Change) -> None:
    if start.kind == "record":
        (asset,) = start.assets
        change_record(copies, asset, what, change)
    elif start.kind == "package":
        change_package(copies, what, change)
    elif start.path is not None:
        change_file(copies, start.path, change)
    else:
        raise PermanentFailure(
            f"{what} is the name of an asset or a build, which are made, not changed",
            remedy="Name what it is made from: a record, a file, a package.",
        )


def _known(instance: DagsterInstance, names: Collection[str]) -> list[str]:
    """The event of the last materialization of each asset, of each partition where it has some, serialised."""
    known = []
    for name in sorted(names):
        key = AssetKey(name.split("/"))
        # Without partitions there is one place to look, which has no name.
        for partition in sorted(instance.get_materialized_partitions(key)) or [""]:
            chosen = AssetRecordsFilter(key, asset_partitions=[partition] if partition else None)
            known += [serialize_value(each.event_log_entry) for each in instance.fetch_materializations(chosen, limit=1).records]
    return known
