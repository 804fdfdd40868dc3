"""The kinds of candidates: how the contenders of each are built. Adding a kind is one builder here and one line in assets.py.

Belongs here: which candidates of a kind there are, and which items each is asked. Asking them is the business of scoring.py.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from lenovo_pipeline.evaluation.builds import Built
from lenovo_pipeline.evaluation.scoring import Contender
from lenovo_pipeline.measures.baselines import TopEvidenceSentence, baselines
from lenovo_pipeline.measures.items import Item
from lenovo_pipeline.models.candidate import BuiltModel, RawModel, Wording, open_build, open_foundation
from lenovo_pipeline.models.foundation import Opens, is_small
from lenovo_pipeline.resources.inference import Backend
from lenovo_pipeline.resources.store import Store
from lenovo_pipeline.retrieval.candidate import EvidenceBase, RetrievalWorkflow

OPEN_BOOK, CLOSED_BOOK, RAG = "open-book", "closed-book", "rag"
REFERENCES = ("oracle", "always-refuse", "random")
"""Candidates that test the evaluation and the policy; they cannot be run by anybody."""


def baseline_contenders(opened: Sequence[Item], seed: int) -> list[Contender]:
    """Every baseline, open book."""
    return [Contender(candidate, opened) for candidate in baselines(opened, seed)]


def retrieval_baseline(open_base: Callable[[], EvidenceBase], retrieval: Mapping[str, Any], closed: Sequence[Item]) -> Contender:
    """Retrieval without a model: the sentence of what is found that shares most with the question."""
    reader = TopEvidenceSentence()
    return Contender(RetrievalWorkflow(f"{reader.name}/{RAG}", open_base, reader, retrieval), closed)


@contextmanager
def workflow_contenders(
    foundation: Mapping[str, Any],
    catalogue_row: Mapping[str, Any],
    inference: Opens,
    open_base: Callable[[], EvidenceBase],
    retrieval: Mapping[str, Any],
    closed: Sequence[Item],
) -> Iterator[list[Contender]]:
    """The base model of a partition reading what `open_base` finds; `retrieval` says for the header how that is found."""
    model = str(foundation["model"])
    with closing(_Base(foundation, catalogue_row, inference)) as base:
        reader = RawModel(f"{model}/{OPEN_BOOK}", foundation, base)
        workflow = RetrievalWorkflow(f"{model}/{RAG}", open_base, reader, retrieval)
        yield [Contender(workflow, closed, model, shareable=is_small(foundation))]


@contextmanager
def raw_contenders(
    foundation: Mapping[str, Any],
    catalogue_row: Mapping[str, Any],
    inference: Opens,
    closed: Sequence[Item],
    opened: Sequence[Item],
) -> Iterator[list[Contender]]:
    """The base model of a partition, closed book and open book; it is opened once, if at all, and closed at the end."""
    model = str(foundation["model"])
    with closing(_Base(foundation, catalogue_row, inference)) as base:
        yield [
            Contender(RawModel(f"{model}/{book}", foundation, base), items, model, shareable=is_small(foundation))
            for book, items in ((CLOSED_BOOK, closed), (OPEN_BOOK, opened))
        ]


@contextmanager
def build_contenders(
    builds: Sequence[Built],
    foundation: Mapping[str, Any],
    catalogue_row: Mapping[str, Any],
    inference: Opens,
    store: Store,
    items: Sequence[Item],
) -> Iterator[list[Contender]]:
    """These builds of the base model of a partition. The base is opened once, if at all, for all adapters; a build that is a
    model of its own is closed before the next one is opened.
    """
    with closing(_Base(foundation, catalogue_row, inference)) as base:
        yield _of_builds(builds, foundation, base, inference, store, items)


@contextmanager
def skill_contenders(
    builds: Sequence[Built],
    foundation: Mapping[str, Any],
    catalogue_row: Mapping[str, Any],
    inference: Opens,
    store: Store,
    items: Sequence[Item],
    wording: Wording,
) -> Iterator[list[Contender]]:
    """The base model of a partition and these builds of it, asked for skills; nobody where there is no build to compare.

    The base bears the name that it has open book, so that a build is compared with one candidate in everything.
    """
    model = str(foundation["model"])
    with closing(_Base(foundation, catalogue_row, inference)) as base:
        raw = RawModel(base_name(model), foundation, base, wording=wording)
        others = _of_builds(builds, foundation, base, inference, store, items, wording)
        yield [Contender(raw, items, model, shareable=is_small(foundation)), *others] if others else []


def base_name(model: str) -> str:
    """The candidate that builds of a model are compared with: the model as it is, open book."""
    return f"{model}/{OPEN_BOOK}"


def rivals_of_workflow(model: str) -> tuple[str, ...]:
    """The candidates that a workflow around a model is compared with: the model on its own, with and without the passages."""
    return tuple(f"{model}/{book}" for book in (CLOSED_BOOK, OPEN_BOOK))


def _of_builds(
    builds: Sequence[Built],
    foundation: Mapping[str, Any],
    base: Callable[[], Backend],
    inference: Opens,
    store: Store,
    items: Sequence[Item],
    wording: Wording | None = None,
) -> list[Contender]:
    def contender(built: Built) -> Contender:
        # No closure, so that the candidate can be sent to another process.
        opening = partial(open_build, built.row, store.root / str(built.row["path"]), inference, base)
        candidate = BuiltModel(built.row, foundation, opening, wording=wording)
        return Contender(candidate, items, built.model, alone=True, shareable=is_small(foundation))

    return [contender(built) for built in builds]


@dataclass
class _Base:
    """The base model of a partition: opened when it is first asked for; another process opens it for itself."""

    foundation: Mapping[str, Any]
    catalogue_row: Mapping[str, Any]
    inference: Opens
    _opened: list[Backend] = field(default_factory=list, repr=False)

    def __call__(self) -> Backend:
        if not self._opened:
            self._opened.append(open_foundation(self.foundation, self.catalogue_row, self.inference))
        return self._opened[0]

    def close(self) -> None:
        """Give it back, if it was opened."""
        while self._opened:
            self._opened.pop().close()

    def __getstate__(self) -> dict[str, Any]:
        return {**vars(self), "_opened": []}
