"""The monitor's hand on the book of deployments: taking an entry out of service, once.

Belongs here: the way from a breach to a transition. What a rollback does is the book's (deploying/book.py).
"""

from dataclasses import dataclass

from lenovo_pipeline.failures import PermanentFailure
from lenovo_pipeline.roster.deploying.book import Book
from lenovo_pipeline.roster.monitoring.monitor import NotActive
from lenovo_pipeline.roster.monitoring.requests import Place

ACTOR = "monitor"


@dataclass(frozen=True)
class BookOfDeployments:
    """Rolls back in the book; see monitor.Deployments."""

    book: Book

    def roll_back(self, place: Place, entry: str, reason: str, request_id: str) -> str:
        """What runs there now, in words. Raises NotActive if `entry` does not run there, and what the book raises."""
        try:
            made = self.book.rollback(
                place.environment, place.use_case, reason=reason, actor=ACTOR, request_id=request_id, only=entry
            )
        except PermanentFailure as error:
            now = self.book.active(place.environment, place.use_case)
            if now is None or now.entry != entry:
                raise NotActive(f"{entry} does not run in {place}", remedy="Nothing is to be done.") from error
            raise
        return f"{made.entry} runs" if made.entry else "nothing runs: no entry was good before"
