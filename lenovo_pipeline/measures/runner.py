"""The runner: every item asked and scored, in batches, whatever the candidate does.

Belongs here: the loop over the items. The time limit belongs to asking.py, scores to metrics/, tables to scores.py.
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from itertools import takewhile
from typing import Any

from lenovo_pipeline.failures import PermanentFailure
from lenovo_pipeline.measures.asking import Asker, sentence
from lenovo_pipeline.measures.candidate import Answer, Candidate, GroundedCandidate
from lenovo_pipeline.measures.header import (
    Header,
    current_commit,
    described,
    hardware,
    measures_version,
    package_versions,
)
from lenovo_pipeline.measures.items import Item, item_hash, items_hash
from lenovo_pipeline.measures.metrics.basic import BASIC_METRICS
from lenovo_pipeline.measures.metrics.metric import DOES_NOT_APPLY, Metric, Score, score
from lenovo_pipeline.measures.reading import final_answer
from lenovo_pipeline.measures.scores import ItemScore, ScoreTable
from lenovo_pipeline.measures.statistics.stopping import shuffled


@dataclass(frozen=True)
class RunSettings:
    """How to ask. `timeout_s` bounds one question (a batch as many times that); after `give_up_after` time-outs in a row
    the rest is not asked. `data_version` says which data the items were made of."""

    batch_size: int = 16
    timeout_s: float = 60.0
    give_up_after: int = 3
    seed: int = 0
    data_version: str = ""
    metrics: tuple[Metric, ...] = field(default=BASIC_METRICS)

    def __post_init__(self) -> None:
        if self.batch_size < 1 or not 0 < self.timeout_s < float("inf") or self.give_up_after < 1:
            raise PermanentFailure(
                f"batch_size {self.batch_size}, timeout_s {self.timeout_s} and give_up_after {self.give_up_after} make no run",
                remedy="Give a batch size and a number of time-outs of at least 1, and a finite time-out above 0 s.",
            )


class Interrupted(KeyboardInterrupt):
    """The run was interrupted (Ctrl-C). `table` holds what was done; give it to the next run as `done`."""

    def __init__(self, table: ScoreTable, items: int) -> None:
        self.table = table
        super().__init__(f"interrupted after {len(table.rows)} of {items} items")


def make_header(candidate: Candidate, items: Sequence[Item], settings: RunSettings) -> Header:
    """The header of a run. Raises PermanentFailure if the candidate's description is no plain JSON."""
    return Header(
        candidate=candidate.name,
        described=described(candidate.name, candidate.describe()),
        items=len(items),
        items_hash=items_hash(items),
        data_version=settings.data_version,
        metrics=tuple(metric.name for metric in settings.metrics),
        batch_size=settings.batch_size,
        timeout_s=settings.timeout_s,
        seed=settings.seed,
        measures=measures_version(),
        packages=package_versions(),
        hardware=hardware(),
        commit=current_commit(),
    )


def run(
    candidate: Candidate,
    items: Sequence[Item],
    settings: RunSettings | None = None,
    *,
    done: ScoreTable | None = None,
    on_scores: Callable[[Sequence[ItemScore]], Any] | None = None,
    progress: Callable[[int, int], Any] | None = None,
    enough: Callable[[Sequence[ItemScore]], bool] | None = None,
) -> ScoreTable:
    """Ask the candidate every item and score what it says; rows come in the order of the items.

    Rows of `done` are taken over if the same was asked in the same way (`Header.asking`), their item is the same (`item_keys`)
    and they are no failures that another try may mend. `on_scores` gets the new rows after each
    batch (see ScoreLog), `progress` how many of how many items are done. An error or a time-out is recorded as that item's
    failure, and its scores are None with the reason.

    With `enough`, the items are asked in a random order (by the settings' seed), and after each batch it is given the rows so far
    in that order, up to the first item without one. Once it says so no more is asked, and the table holds what there is.

    Raises Interrupted on Ctrl-C, PermanentFailure for items that cannot
    be told apart or a description that is no plain JSON.
    """
    settings = settings or RunSettings()
    if not items or len({item.question_id for item in items}) != len(items):
        raise PermanentFailure(
            f"there are {len(items)} items with {len({item.question_id for item in items})} different ids",
            remedy="Give at least one item, each with a question id of its own.",
        )
    header = make_header(candidate, items, settings)
    keys = item_keys(candidate, items)
    rows: dict[str, ItemScore] = {}
    if done is not None and done.header.asking == header.asking:
        known = done.by_question.items()
        rows = {each: row for each, row in known if row.settled and keys.get(each) == row.item}
    order = list(items) if enough is None else [items[place] for place in shuffled(len(items), settings.seed)]
    left = [item for item in order if item.question_id not in rows]
    asker = Asker(candidate, settings.timeout_s, settings.give_up_after)
    started = time.perf_counter()
    asked = 0

    def is_enough() -> bool:
        in_order = [rows[item.question_id] for item in takewhile(lambda item: item.question_id in rows, order)]
        return enough is not None and bool(in_order) and enough(in_order)

    def table() -> ScoreTable:
        in_order = tuple(rows[item.question_id] for item in items if item.question_id in rows)
        return ScoreTable(header, in_order, asked=asked, elapsed_s=time.perf_counter() - started)

    try:
        for start in range(0, len(left), settings.batch_size):
            if is_enough():
                break
            batch = left[start : start + settings.batch_size]
            scored = score_answers(batch, asker.ask([item.question for item in batch]), settings.metrics)
            new = [replace(row, item=keys[row.question_id]) for row in scored]
            rows |= {row.question_id: row for row in new}
            asked += len(new)
            if on_scores:
                on_scores(new)
            if progress:
                progress(len(rows), len(items))
    except KeyboardInterrupt as error:
        raise Interrupted(table(), len(items)) from error
    finally:
        asker.close()
    return table()


def item_keys(candidate: Candidate, items: Sequence[Item]) -> dict[str, str]:
    """By question id the hash of everything that is asked and shown. Raises what a grounded candidate's `grounds` raises."""
    grounds = [""] * len(items)
    if isinstance(candidate, GroundedCandidate):
        grounds = candidate.grounds([item.question for item in items])
    return {item.question_id: item_hash(item, ground) for item, ground in zip(items, grounds, strict=True)}


def score_answers(
    items: Sequence[Item], answers: Sequence[Answer | Exception], metrics: Sequence[Metric] = BASIC_METRICS
) -> list[ItemScore]:
    """Rows of answers [n] to items [n]; a failure has no score, and each None its reason."""
    rows = [_unscored(item, answer) for item, answer in zip(items, answers, strict=True)]
    scores: list[dict[str, Score]] = [{} for _ in rows]
    answered = [place for place, row in enumerate(rows) if row.failure is None]
    for metric in metrics:
        found = score(metric, [rows[place].answer for place in answered], [items[place] for place in answered])
        for place, one in zip(answered, found, strict=True):
            scores[place][metric.name] = one
        for of_row, row, item in zip(scores, rows, items, strict=True):
            applies = metric.applies(item.answer_type)
            reason = f"there is no answer ({row.failure})" if applies else f"{DOES_NOT_APPLY} {item.answer_type}"
            of_row.setdefault(metric.name, Score(None, reason))
    return [
        replace(
            row,
            scores={name: one.value for name, one in of_row.items()},
            reasons={name: one.reason for name, one in of_row.items() if one.value is None},
        )
        for row, of_row in zip(rows, scores, strict=True)
    ]


def _unscored(item: Item, answer: Answer | Exception) -> ItemScore:
    row = ItemScore(item.question_id, item.category, item.answer_type, item.question.language, item.cluster)
    if isinstance(answer, Exception):
        return replace(row, failure=storable(sentence(answer)))
    said = storable(answer.text)
    return replace(
        row,
        said=said,
        answer=final_answer(said),
        contexts=tuple(map(storable, answer.contexts)),
        steps=tuple(map(storable, answer.steps)),
        tokens_in=answer.tokens_in,
        tokens_out=answer.tokens_out,
        latency_s=answer.latency_s,
        first_token_s=answer.first_token_s,
        finish_reason=answer.finish_reason,
    )


def storable(text: str) -> str:
    """The text with U+FFFD for whatever UTF-8 or a database cannot hold: half a surrogate pair, the zero character."""
    return text.encode("utf-8", "surrogatepass").decode("utf-8", "replace").replace("\0", "\ufffd")
