"""Screening: whether a candidate keeps a limit, from as few questions as tell; for slow models, before an evaluation is paid for.

Belongs here: asking until it is clear, and what that would have saved on scores that are stored. Nothing is stored here. When
it is clear belongs to measures (stopping.py); the verdict of a whole table is the roster's: the lower bound of its 95 % interval
against the limit.
"""

from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace

import pandas as pd

from lenovo_pipeline.evaluation.figures import Value, figure_of, in_part
from lenovo_pipeline.evaluation.keeping import TIMEOUT_S
from lenovo_pipeline.evaluation.metrics import FIGURES, SLICES
from lenovo_pipeline.evaluation.naming import near
from lenovo_pipeline.evaluation.scoring import Contender, Prepared, whole_table
from lenovo_pipeline.failures import PermanentFailure
from lenovo_pipeline.measures.runner import Interrupted, RunSettings, run
from lenovo_pipeline.measures.scores import ItemScore, ScoreTable
from lenovo_pipeline.measures.statistics.stopping import Stopped, first_clear, shuffled, stop_early

METRICS = tuple(name for name, figure in FIGURES.items() if figure.sliced)
"""Figures that are a mean of what each question scored, so that some of the questions tell something of it."""


@dataclass(frozen=True)
class Limit:
    """What is asked of a candidate: at least so much of a metric over a part of the questions.

    Raises PermanentFailure naming everything that is unknown or out of range.
    """

    at_least: float
    metric: str = "correct"
    part: str = "answerable"

    def __post_init__(self) -> None:
        problems = [
            f"{what} {given!r} is unknown{_hint(given, known)}"
            for what, given, known in (("metric", self.metric, METRICS), ("slice", self.part, SLICES))
            if given not in known
        ]
        if not 0 <= self.at_least <= 1:
            problems.append(f"the limit is {self.at_least:g}, expected one from 0 to 1")
        if problems:
            raise PermanentFailure(
                "; ".join(problems), remedy=f"Metrics are {', '.join(METRICS)}; slices are {', '.join(SLICES)}."
            )

    def __str__(self) -> str:
        return f"{self.metric} of {self.part} >= {self.at_least:g}"

    def kept_by(self, whole: Value) -> bool:
        """The roster's verdict: whether the lower bound of a whole table's figure keeps the limit."""
        return whole.lower is not None and whole.lower >= self.at_least


@dataclass(frozen=True)
class Screened:
    """How far a candidate was asked, what is clear by now, and what its answers so far add up to."""

    candidate: str
    limit: Limit
    stopped: Stopped
    table: ScoreTable
    figure: Value

    @property
    def asked(self) -> int:
        return len(self.table.rows)

    @property
    def kept(self) -> bool | None:
        """The roster's verdict if everything was asked, else the early one; None: not clear yet."""
        return self.limit.kept_by(self.figure) if self.asked == self.stopped.whole else self.stopped.kept

    def __str__(self) -> str:
        share = f"{self.asked} of {self.stopped.whole} questions"
        verdict = {True: "kept", False: "not kept", None: "not clear yet"}[self.kept]
        if self.asked < self.stopped.whole:
            when = f"after {share}" if self.kept is None else f"clear after {share}, the rest was not asked"
            low, high = f"{self.stopped.low:.3f}", f"{self.stopped.high:.3f}"
            basis = f"asked to the end, it would be {low} to {high} (95 % confidence, whenever one looks)"
        else:
            when = f"all {self.asked} questions were asked"
            basis = f"it is {self.figure.value:.3f}, its 95 % interval {self.figure.lower:.3f} to {self.figure.upper:.3f}"
        lines = [f"{self.candidate}: {self.limit} is {verdict}: {when}", f"  {basis}"]
        failures = _failures(self.table)
        return "\n".join([*lines, f"  {failures}"] if failures else lines)


@dataclass(frozen=True)
class Replayed:
    """When it would have been clear on a table that is stored, beside the figure of the whole of it."""

    candidate: str
    limit: Limit
    stopped: Stopped
    figure: Value

    @property
    def whole(self) -> bool:
        """The roster's verdict of the whole table."""
        return self.limit.kept_by(self.figure)

    @property
    def same(self) -> bool:
        """Whether the verdict is that of the whole table, as it is where it was never clear and everything is asked."""
        return self.stopped.kept in (None, self.whole)

    @property
    def share(self) -> float:
        """The share of the questions that would have been asked."""
        return self.stopped.items / self.stopped.whole


class ScreenInterrupted(KeyboardInterrupt):
    """Interrupted (Ctrl-C). `screened` holds what was asked until then."""

    def __init__(self, screened: Screened) -> None:
        self.screened = screened
        super().__init__(f"interrupted after {screened.asked} of {screened.stopped.whole} questions")


def screen(
    contender: Contender,
    limit: Limit,
    *,
    batch_size: int,
    seed: int,
    on_batch: Callable[[int, Stopped], None] = lambda asked, stopped: None,
) -> Screened:
    """Ask a candidate in a random order until it is clear whether it keeps the limit, or everything was asked.

    `on_batch` is told after each batch but the last how many were asked and what is clear. Raises PermanentFailure if the
    candidate is asked no question of that part, or none got a score; ScreenInterrupted on Ctrl-C; and what opening it raises.
    """
    candidate = contender.candidate
    items = [item for item in contender.items if in_part(item, limit.part)]
    if not items:
        there = [part for part in SLICES if any(in_part(item, part) for item in contender.items)]
        raise PermanentFailure(
            f"{candidate.name} is asked no question of slice {limit.part}", remedy=f"It is asked those of {', '.join(there)}."
        )
    clusters = [item.cluster for item in items]
    settings = RunSettings(batch_size=batch_size, timeout_s=TIMEOUT_S, seed=seed)

    def clear(rows: Sequence[ItemScore]) -> Stopped:
        return first_clear([row.scores.get(limit.metric) for row in rows], clusters, limit.at_least)

    def is_enough(rows: Sequence[ItemScore]) -> bool:
        found = clear(rows)
        on_batch(len(rows), found)
        return found.kept is not None

    def screened(table: ScoreTable) -> Screened:
        order = [items[place].question_id for place in shuffled(len(items), seed)]
        rows = [table.by_question[question_id] for question_id in order if question_id in table.by_question]
        return Screened(candidate.name, limit, clear(rows), table, figure_of(table, limit.metric, seed))

    try:
        if isinstance(candidate, Prepared):
            candidate.prepare()
        found = screened(run(candidate, items, settings, enough=is_enough))
    except Interrupted as interrupted:
        raise ScreenInterrupted(screened(interrupted.table)) from interrupted
    finally:
        if contender.alone and isinstance(candidate, Prepared):
            candidate.close()
    if found.figure.value is None:
        raise PermanentFailure(
            f"none of the {found.asked} answers of {candidate.name} has a score of {limit.metric}; {_failures(found.table)}",
            remedy="There is nothing to judge it by.",
        )
    return found


def replay_stored(scores: Mapping[str, pd.DataFrame], limits: Sequence[Limit], *, seed: int, only: str = "") -> list[Replayed]:
    """When each limit would have been clear for each candidate (or `only` one) of the score tables, by kind.

    A candidate that was asked no question of a part, or has no score there, is left out. Raises PermanentFailure with near
    names if there are no scores of `only`, or of nobody, and for scores that are not whole.
    """
    found = []
    names = {str(name): kind for kind, frame in scores.items() for name in frame["candidate"].unique()}
    if not names or (only and only not in names):
        raise PermanentFailure(
            f"there are no scores of {only or 'anybody'}{_hint(only, names)}",
            remedy="Run: make run" if not names else f"There are those of {', '.join(sorted(names))}.",
        )
    for name in [only] if only else names:
        table = whole_table(names[name], scores[names[name]], name)
        for limit in limits:
            rows = tuple(row for row in table.rows if in_part(row, limit.part))
            figure = figure_of(replace(table, rows=rows), limit.metric, seed)
            if figure.value is None:
                continue
            values, clusters = [row.scores.get(limit.metric) for row in rows], [row.cluster for row in rows]
            found.append(Replayed(name, limit, stop_early(values, clusters, limit.at_least, seed=seed), figure))
    return found


def shown(replays: Sequence[Replayed]) -> str:
    """Replays as lines for a terminal, and what they add up to."""
    lines = [
        f"{each.candidate:<50} {each.limit!s:<32} {each.figure.value:.3f} from {each.figure.lower:.3f}  "
        f"{'kept' if each.whole else 'not kept':<8}  asked {each.stopped.items:>4} of {each.stopped.whole:<4} "
        f"{'never clear' if each.stopped.kept is None else 'the same verdict' if each.same else 'ANOTHER VERDICT'}"
        for each in replays
    ]
    asked, whole = sum(each.stopped.items for each in replays), sum(each.stopped.whole for each in replays)
    same = sum(each.same for each in replays)
    return "\n".join(
        [*lines, f"asked {asked} of {whole} questions; {same} of {len(replays)} verdicts are those of the whole table"]
    )


def _failures(table: ScoreTable) -> str:
    failures = Counter(row.failure for row in table.rows if row.failure is not None)
    return f"{failures.total()} have no answer, most often: {failures.most_common(1)[0][0]}" if failures else ""


def _hint(given: str, known: Collection[str]) -> str:
    found = near(given, known)
    return f" (did you mean {found}?)" if found else ""
