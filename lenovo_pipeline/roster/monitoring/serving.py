"""Serving an entry: real questions through the local candidate runner, each logged as a request.

Belongs here: asking a candidate with its time limit, and the record of what that took. No text is kept.
Does not belong here: building candidates (the stages), what the monitor makes of the log.
"""

import logging
from collections.abc import Callable
from dataclasses import dataclass, field

from lenovo_pipeline.failures import PipelineError
from lenovo_pipeline.measures.asking import Asker
from lenovo_pipeline.measures.candidate import Answer, Candidate, Question
from lenovo_pipeline.measures.items import Item
from lenovo_pipeline.measures.runner import score_answers
from lenovo_pipeline.roster.monitoring.log import MonitorLog
from lenovo_pipeline.roster.monitoring.requests import CHAMPION, Clock, Place, Request
from lenovo_pipeline.roster.monitoring.sketching import Encodes, sketches

TIMEOUT_S = 60.0
_GIVE_UP_AFTER = 10**9
"""A server goes on asking, however often a candidate hung: taking it out of service is the monitor's business."""

_LOGGER = logging.getLogger("lenovo_pipeline.serving")


@dataclass
class Server:
    """Serves one entry in one place. Whoever asks gets the answer even where the log cannot take another record.

    `unlogged` counts the requests that it could not take.
    """

    place: Place
    candidate: Candidate
    log: MonitorLog
    encoder: Encodes | None = None
    role: str = CHAMPION
    timeout_s: float = TIMEOUT_S
    clock: Clock = field(default_factory=Clock)
    unlogged: int = 0

    def __post_init__(self) -> None:
        self._asker = Asker(self.candidate, self.timeout_s, _GIVE_UP_AFTER)

    def ask(self, question: Question) -> Answer | Exception:
        """The answer, or what went wrong; logged either way."""
        return self._served(question, None)

    def probe(self, item: Item) -> Answer | Exception:
        """Ask a gold question, whose answer is scored: this is how quality is watched in service."""
        return self._served(item.question, item)

    def close(self) -> None:
        """Let the asking thread go."""
        self._asker.close()

    def _served(self, question: Question, item: Item | None) -> Answer | Exception:
        started = self.clock.now()
        (answer,) = self._asker.ask([question])
        ended = self.clock.now()
        failed = isinstance(answer, Exception)
        said = "" if isinstance(answer, Exception) else answer.text
        score = None if item is None else score_answers([item], [answer])[0].correct
        if item is not None and failed:
            score = 0.0
        request = Request(
            place=self.place,
            entry=self.candidate.name,
            when=ended,
            role=self.role,
            latency_s=ended.tick_s - started.tick_s,
            error=type(answer).__name__ if failed else None,
            tokens_in=None if isinstance(answer, Exception) else answer.tokens_in,
            tokens_out=None if isinstance(answer, Exception) else answer.tokens_out,
            chars_in=len(question.text),
            chars_out=len(said),
            language=question.language,
            sketch=self._sketch(question.text),
            score=score,
        )
        try:
            self.log.append([request])
        except PipelineError as error:
            if not self.unlogged:
                _LOGGER.warning("requests are served, but not logged: %s", error)
            self.unlogged += 1
        return answer

    def _sketch(self, text: str) -> tuple[float, ...]:
        return () if self.encoder is None else sketches([text], self.encoder)[0]


def serve_items(server: Server, items: list[Item], say: Callable[[str], None], *, probes: int) -> dict[str, int]:
    """Ask every item, each `probes`-th one scored; returns how many were asked, scored and failed."""
    counts = {"asked": 0, "scored": 0, "failed": 0}
    for number, item in enumerate(items):
        gold = probes > 0 and number % probes == 0
        answer = server.probe(item) if gold else server.ask(item.question)
        counts["asked"] += 1
        counts["scored"] += int(gold)
        counts["failed"] += int(isinstance(answer, Exception))
        if counts["asked"] % 20 == 0:
            say(f"{counts['asked']} of {len(items)} questions served.")
    return counts
