"""The head of the book of deployments, kept apart from it: how many transitions it holds at least, and the hash of that one.

Belongs here: its file, and what a book that does not hold it shows. So transitions that are taken off the end, and a book that
is swapped for an older one, are found. Does not belong here: the book (book.py), the chain (transitions.py).

Two files cannot be written in one transaction: the book is written first, its head after it. A kill between them leaves a head
that is behind, which the next change brings up to date; a head that is ahead was never written by this code. So a reader, and a
backup, takes the head first and the book after it. Like a hash without a key, this convicts whoever does not write both.
"""

import json
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path

from lenovo_pipeline.resources.store import write_text_aside
from lenovo_pipeline.roster.deploying.transitions import Transition
from lenovo_pipeline.roster.log.chain import FIRST, Head


class HeadFile:
    """The file with the head of the book at `book`; its name comes before the book's, so that a backup takes it first."""

    def __init__(self, book: Path) -> None:
        self.path = book.with_name(f"{book.stem}-head.json")

    def read(self) -> Head | None:
        """The head; None if it is gone, or is none."""
        try:
            found = json.loads(self.path.read_text(encoding="utf-8"))
            return Head(int(found["rows"]), str(found["hash"]))
        except (OSError, ValueError, KeyError, TypeError):
            return None

    def advance(self, head: Head) -> None:
        """Say that the book holds this transition, unless that is known. What cannot be written now is written with the next
        change: the change that was made must not be told as failed.
        """
        known = self.read()
        if known is None or known.rows < head.rows:
            with suppress(OSError):
                self.put(head)

    def put(self, head: Head) -> None:
        """Say what the book holds, whatever was said before."""
        write_text_aside(self.path, json.dumps(asdict(head)))


def end_of(steps: Sequence[Transition]) -> Head:
    """What a book of these transitions ends with."""
    return Head(steps[-1].sequence, steps[-1].hash) if steps else Head(0, FIRST)


def broken_head(steps: Sequence[Transition], head: Head) -> list[str]:
    """What shows that a book of these transitions is not the one that had this head, or followed from it."""
    if len(steps) < head.rows:
        return [f"the book ends too early: {head.rows} transitions were written, {len(steps)} are there"]
    if head.rows and steps[head.rows - 1].hash != head.hash:
        return [f"transition {head.rows} is not the one that was written under this number"]
    return []
