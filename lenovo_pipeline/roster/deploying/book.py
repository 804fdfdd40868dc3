"""The book of deployments: one SQLite file in which a run, a person and the monitor change what runs where.

Belongs here: every change, and what shows that the book was altered. Does not belong here: its file (file.py) and head (head.py),
and who decides on a change (record.py, monitoring).

DuckDB has one writing process, and a run holds it for minutes; what is in production must be changeable within seconds, by
several processes. So this file is the truth, with one transaction a change; `roster/deployments` copies it into the warehouse.
A place (environment, use case) is a primary key, so that the database itself refuses a second entry in it.
"""

import json
import uuid
from collections.abc import Callable, Sequence
from dataclasses import asdict, astuple
from datetime import UTC, datetime, timedelta
from pathlib import Path

from lenovo_pipeline.failures import PermanentFailure
from lenovo_pipeline.resources.store import write_text_aside
from lenovo_pipeline.roster.deploying.file import (
    ACCEPT,
    BookFile,
    add,
    begin_again,
    head_is_kept,
    is_there,
    keep_head,
    made,
    put_running,
    running_of,
    sealed_with,
    steps_of,
)
from lenovo_pipeline.roster.deploying.head import HeadFile, broken_head, end_of
from lenovo_pipeline.roster.deploying.transitions import (
    LEAST_SHARE,
    MOST_SHARE,
    Bar,
    Challenger,
    DecidedOn,
    Kind,
    Pending,
    Place,
    Running,
    Transition,
    barred,
    bars,
    broken_chain,
    last_good,
    places,
)
from lenovo_pipeline.roster.log.chain import Head

_LOOK = "See what runs, and what waits: python -m lenovo_pipeline.roster status"


class Book:
    """What runs where, and every change of it. `path` is the file; it is made with the first change.

    Every change is one transaction: it is there whole or not at all, whatever kills the process. A change whose
    `request_id` was made already changes nothing and returns what was made then. All changes raise PermanentFailure where
    they cannot be, among which is a book that is not as it was written, and TransientFailure where the file stays locked.
    """

    def __init__(self, path: Path, clock: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self.path = path
        self._file = BookFile(path)
        self._head = HeadFile(path)
        self._clock = clock

    def running(self) -> list[Running]:
        """All that runs, by environment and use case."""
        with self._file.reading() as connection:
            return running_of(connection) if connection else []

    def active(self, environment: str, use_case: str) -> Running | None:
        """What runs in a place; None if nothing does."""
        found = [each for each in self.running() if (each.environment, each.use_case) == (environment, use_case)]
        return found[0] if found else None

    def history(self, environment: str | None = None, use_case: str | None = None) -> list[Transition]:
        """All changes in their order, or those of an environment, of a use case, of a place."""
        with self._file.reading() as connection:
            steps = steps_of(connection) if connection else []
        return [step for step in steps if environment in (None, step.environment) and use_case in (None, step.use_case)]

    def challengers(self) -> list[Challenger]:
        """The challengers of all places."""
        return [place.challenger for _, place in sorted(places(self.history()).items()) if place.challenger is not None]

    def challenger(self, environment: str, use_case: str) -> Challenger | None:
        """The challenger of a place; None if there is none."""
        return self._place(environment, use_case).challenger

    def pending(self) -> list[Pending]:
        """The promotions that wait for a person."""
        return [place.pending for _, place in sorted(places(self.history()).items()) if place.pending is not None]

    def barred(self, environment: str, use_case: str) -> set[str]:
        """Decisions that put nothing in this place by themselves any more: see `transitions.barred`."""
        return barred(self.history(environment, use_case))

    def bars(self) -> dict[tuple[str, str, str], Bar]:
        """By environment, use case and entry what speaks against it there; see `transitions.bars`."""
        steps = self.history()
        return {
            (*place, entry): bar
            for place in places(steps)
            for entry, bar in bars(step for step in steps if (step.environment, step.use_case) == place).items()
        }

    def decided_on(self) -> list[DecidedOn]:
        """All that the last run decided on; nothing if no run has said so yet."""
        with self._file.reading() as connection:
            there = connection is not None and is_there(connection, "decided_on")
            rows = connection.execute("SELECT * FROM decided_on ORDER BY 1, 2, 3").fetchall() if connection and there else []
        return [DecidedOn(*row) for row in rows]

    def put_decided_on(self, decided_on: Sequence[DecidedOn]) -> None:
        """Say what is decided on now, instead of what was before."""
        with self._file.writing() as connection:
            connection.execute("DELETE FROM decided_on")
            connection.executemany("INSERT INTO decided_on VALUES (?, ?, ?, ?, ?, ?)", [astuple(each) for each in decided_on])

    def promote(
        self,
        environment: str,
        use_case: str,
        entry: str,
        decision_id: str,
        *,
        actor: str,
        reason: str,
        model: str = "",
        request_id: str | None = None,
        seen_version: int | None = None,
    ) -> Transition:
        """Put an entry in a place, instead of what runs there. `seen_version`: the version that ran when this was decided
        (0: nothing); if another one runs by now, nothing changes and PermanentFailure says so. If the entry runs already, its
        decision is brought up to date.
        """

        def change(steps: Sequence[Transition], place: Place) -> Transition:
            now = place.running
            if seen_version is not None and (now.version if now else 0) != seen_version:
                raise PermanentFailure(
                    f"{entry} is not promoted for {use_case} ({environment}): {now.entry if now else 'nothing'} runs there now, "
                    "which is not what ran when this was decided",
                    remedy="Look again (python -m lenovo_pipeline.roster status), then decide again.",
                )
            kind: Kind = "confirmed" if now is not None and now.entry == entry else "promoted"
            return self._step(place, environment, use_case, kind, entry, model, decision_id, actor, reason)

        return self._change(environment, use_case, request_id, change)

    def rollback(
        self,
        environment: str,
        use_case: str,
        *,
        reason: str,
        actor: str,
        request_id: str | None = None,
        only: str | None = None,
        settled: timedelta = timedelta(0),
    ) -> Transition:
        """Put the last good entry in the place of what runs there; where there is none, nothing runs afterwards.

        The decision that put it there is barred from doing so again. `only`: roll back only if this entry runs. `settled`: how
        long the last rollback there must be ago where `only` does not say which entry is meant, lest two who see the same
        harm take out the bad entry and then the good one. Raises PermanentFailure if nothing, or another entry, runs there.

        A head that is lost stops no rollback: what does harm has to leave, and what comes back was good by all that is known.
        It stays lost, and stops all else, until a person has looked into it.
        """

        def change(steps: Sequence[Transition], place: Place) -> Transition:
            now = place.running
            if now is None or (only is not None and now.entry != only):
                meant = f" of {only}" if only else ""
                raise PermanentFailure(
                    f"there is nothing to roll back{meant} for {use_case} ({environment}): "
                    f"{now.entry if now else 'nothing'} runs there",
                    remedy=_LOOK,
                )
            last = [step for step in steps if step.kind == "rolled_back"][-1:]
            if only is None and last and last[0].at == now.since and self._clock() - datetime.fromisoformat(now.since) < settled:
                raise PermanentFailure(
                    f"{last[0].replaced} was rolled back from for {use_case} ({environment}) by {last[0].actor} at "
                    f"{last[0].at[:16].replace('T', ' ')} ({last[0].reason}), and {now.entry} runs there since",
                    remedy=f"If {now.entry} is bad, too, say so: rollback {use_case} --entry {now.entry}",
                )
            good = last_good(steps, now)
            entry, model, decision = (good.entry, good.model, good.decision_id) if good else ("", "", "")
            return self._step(place, environment, use_case, "rolled_back", entry, model, decision, actor, reason)

        return self._change(environment, use_case, request_id, change, despite_lost_head=True)

    def retire(self, environment: str, use_case: str, *, reason: str, actor: str, request_id: str | None = None) -> Transition:
        """Take what runs out of a place. Raises PermanentFailure if nothing runs there."""

        def change(steps: Sequence[Transition], place: Place) -> Transition:
            if place.running is None:
                raise PermanentFailure(f"nothing runs for {use_case} ({environment})", remedy="Nothing is to be done.")
            return self._step(place, environment, use_case, "retired", "", "", "", actor, reason)

        return self._change(environment, use_case, request_id, change)

    def request_approval(
        self, environment: str, use_case: str, entry: str, decision_id: str, *, actor: str, reason: str, model: str = ""
    ) -> Transition:
        """Let a promotion wait for a person; it takes the place of one that waits. Nothing changes if this decision waits
        already, or a person refused it.
        """

        def change(steps: Sequence[Transition], place: Place) -> Transition:
            asked = [step for step in steps if step.decision_id == decision_id and step.kind in ("approval_requested", "refused")]
            waits = place.pending is not None and place.pending.decision_id == decision_id
            if asked and (waits or asked[-1].kind == "refused"):
                return asked[-1]
            return self._step(place, environment, use_case, "approval_requested", entry, model, decision_id, actor, reason)

        return self._change(environment, use_case, None, change)

    def withdraw(self, environment: str, use_case: str, *, actor: str, reason: str) -> Transition:
        """Let nothing wait for a person in a place; it may be asked for again. Raises PermanentFailure if nothing waits."""

        def change(steps: Sequence[Transition], place: Place) -> Transition:
            was = _waiting(place, environment, use_case)
            return self._step(place, environment, use_case, "withdrawn", was.entry, was.model, was.decision_id, actor, reason)

        return self._change(environment, use_case, None, change)

    def approve(
        self, environment: str, use_case: str, *, actor: str, reason: str, refuse: bool = False, only: str | None = None
    ) -> Transition:
        """Do what waits in a place, or refuse it. `only`: the decision that is meant. Raises PermanentFailure if nothing, or
        another decision, waits.
        """

        def change(steps: Sequence[Transition], place: Place) -> Transition:
            asked = _waiting(place, environment, use_case)
            if only is not None and asked.decision_id != only:
                raise PermanentFailure(
                    f"{asked.entry} waits for {use_case} ({environment}) by {asked.decision_id} now, not by {only}", remedy=_LOOK
                )
            kind: Kind = "refused" if refuse else "approved"
            return self._step(place, environment, use_case, kind, asked.entry, asked.model, asked.decision_id, actor, reason)

        return self._change(environment, use_case, None, change)

    def set_challenger(
        self,
        environment: str,
        use_case: str,
        entry: str,
        decision_id: str,
        *,
        share: float,
        actor: str,
        reason: str,
        model: str = "",
        request_id: str | None = None,
    ) -> Transition:
        """Give an entry a share (LEAST_SHARE to MOST_SHARE) of the requests of a place where another one runs."""

        def change(steps: Sequence[Transition], place: Place) -> Transition:
            problems = []
            if not LEAST_SHARE <= share <= MOST_SHARE:
                problems.append(f"a share of {share:g} is not from {LEAST_SHARE:g} to {MOST_SHARE:g}")
            if place.running is None:
                problems.append("nothing runs there that it could be compared with")
            elif place.running.entry == entry:
                problems.append("it runs there already")
            if problems:
                raise PermanentFailure(
                    f"{entry} is no challenger for {use_case} ({environment}): {'; '.join(problems)}",
                    remedy=_LOOK,
                )
            return self._step(place, environment, use_case, "challenger_set", entry, model, decision_id, actor, reason, share)

        return self._change(environment, use_case, request_id, change)

    def remove_challenger(
        self,
        environment: str,
        use_case: str,
        *,
        actor: str,
        reason: str,
        request_id: str | None = None,
        harmful: bool = False,
    ) -> Transition:
        """Send all requests to what runs again. Raises PermanentFailure if there is no challenger.

        `harmful`: because it did harm, which bars its decision from putting it in place.
        """

        def change(steps: Sequence[Transition], place: Place) -> Transition:
            was = place.challenger
            if was is None:
                raise PermanentFailure(f"there is no challenger for {use_case} ({environment})", remedy="Nothing is to be done.")
            kind: Kind = "challenger_aborted" if harmful else "challenger_removed"
            return self._step(place, environment, use_case, kind, was.entry, was.model, was.decision_id, actor, reason)

        return self._change(environment, use_case, request_id, change)

    def verify(self) -> list[str]:
        """One sentence for each transition that was altered or removed, for a head that is lost, and for each place where
        something else runs than the transitions lead to.
        """
        found = self._all()
        # The first change ever may have come between head and book.
        head, head_is_kept = found[2:]
        return _problems(*(self._all() if head is None and head_is_kept else found))

    def require_whole(self) -> None:
        """Raises PermanentFailure naming everything that `verify` finds."""
        _refuse(self.verify())

    def accept(self, *, actor: str, reason: str) -> str:
        """Let the book go on as its transitions say: what they lead to runs, and the last one is its head. If they are broken
        themselves they are kept in a file beside the book, and it begins again with nothing. Returns what was done; the book
        keeps who said so, and why.
        """
        problems = self.verify()
        if not problems:
            return "The book of deployments is as it was written: nothing is to be accepted."
        with self._file.writing() as connection:
            steps = steps_of(connection)
            broken = broken_chain(steps)
            said = f"The book goes on after its {len(steps)} transitions."
            if broken:
                aside = self.path.with_name(f"transitions-{self._clock():%Y%m%dT%H%M%S}.json")
                write_text_aside(aside, json.dumps([asdict(step) for step in steps], indent=1, ensure_ascii=False))
                begin_again(connection)
                said = (
                    f"The book begins again with nothing, so that it no longer knows what was rolled back from or refused; its "
                    f"{len(steps)} transitions lie in {aside}."
                )
            put_running(connection, [place.running for place in places([] if broken else steps).values() if place.running])
            kept = [self._clock().isoformat(timespec="seconds"), actor, reason, "; ".join(problems)]
            connection.execute("INSERT INTO accepted VALUES (?, ?, ?, ?)", kept)
            keep_head(connection)
            # Before the end of the transaction: killed here, the head is still one that this book holds, or held.
            self._head.put(end_of([] if broken else steps))
        return f"{said} What was accepted: {'; '.join(problems)}."

    def _all(self) -> tuple[list[Transition], list[Running], Head | None, bool]:
        """Transitions, what runs, the head, and whether a head is kept at all, which it was not always. The head comes first:
        the book may only be further.
        """
        head = self._head.read()
        with self._file.reading() as connection:
            if connection is None:
                return [], [], head, False
            return steps_of(connection), running_of(connection), head, head_is_kept(connection)

    def _place(self, environment: str, use_case: str) -> Place:
        return places(self.history(environment, use_case)).get((environment, use_case), Place())

    def _change(
        self,
        environment: str,
        use_case: str,
        request_id: str | None,
        change: Callable[[Sequence[Transition], Place], Transition],
        *,
        despite_lost_head: bool = False,
    ) -> Transition:
        with self._file.writing() as connection:
            known = made(connection, request_id) if request_id else None
            if known is not None:
                return known
            steps, head, kept = steps_of(connection), self._head.read(), head_is_kept(connection)
            lost = head is None and kept
            _refuse(_problems(steps, running_of(connection), head, kept and not despite_lost_head))
            if head is None and not lost:
                self._head.put(end_of(steps))
            mine = [step for step in steps if (step.environment, step.use_case) == (environment, use_case)]
            place = places(mine).get((environment, use_case), Place())
            known = change(mine, place)
            if not known.sequence:
                known = sealed_with(connection, known, request_id or f"request {uuid.uuid4().hex}")
                place.follow(known)
                add(connection, known, place)
                keep_head(connection)
        if not lost:
            self._head.advance(Head(known.sequence, known.hash))
        return known

    def _step(
        self,
        place: Place,
        environment: str,
        use_case: str,
        kind: Kind,
        entry: str,
        model: str,
        decision_id: str,
        actor: str,
        reason: str,
        share: float = 0.0,
    ) -> Transition:
        now = place.running
        return Transition(
            sequence=0,
            request_id="",
            at=self._clock().astimezone(UTC).isoformat(timespec="microseconds"),
            environment=environment,
            use_case=use_case,
            kind=kind,
            entry=entry,
            model=model,
            decision_id=decision_id,
            replaced=now.entry if now else "",
            replaced_decision=now.decision_id if now else "",
            share=share,
            actor=actor,
            reason=reason,
            previous="",
        )


def _problems(steps: Sequence[Transition], running: Sequence[Running], head: Head | None, head_is_kept: bool) -> list[str]:
    """Everything that shows that a book is not as it was written, a sentence each."""
    found = broken_chain(steps)
    if head is not None:
        found += broken_head(steps, head)
    elif head_is_kept:
        found.append("its head is lost, so that nobody knows whether transitions were taken off the end")
    expected = {where: place.running for where, place in places(steps).items() if place.running is not None}
    there = {(each.environment, each.use_case): each for each in running}
    for where in sorted(expected.keys() | there.keys()):
        if expected.get(where) != there.get(where):
            runs, should = there.get(where), expected.get(where)
            found.append(
                f"{runs.entry if runs else 'nothing'} runs for {where[1]} ({where[0]}), but the transitions lead to "
                f"{should.entry if should else 'nothing'}"
            )
    return found


def _refuse(problems: Sequence[str]) -> None:
    if problems:
        raise PermanentFailure(
            f"the book of deployments is not as it was written, so that nothing in it is changed: {'; '.join(problems)}",
            remedy=f"Restore data/store from a backup (make restore). Without one, after you have looked into it: {ACCEPT}",
        )


def _waiting(place: Place, environment: str, use_case: str) -> Pending:
    if place.pending is None:
        raise PermanentFailure(
            f"nothing waits for approval for {use_case} ({environment})",
            remedy=_LOOK,
        )
    return place.pending
