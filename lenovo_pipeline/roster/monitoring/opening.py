"""Opening the candidate of an entry to serve it, from what the snapshot says of it.

Belongs here: from an entry's name to something that answers, for raw models, builds of them and baselines.
Does not belong here: how any of them is built (the stages' candidate.py), serving it (serving.py).
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from lenovo_pipeline.evaluation.builds import stored_builds
from lenovo_pipeline.evaluation.items import asked_items
from lenovo_pipeline.evaluation.kinds import CLOSED_BOOK, OPEN_BOOK, baseline_contenders, build_contenders, raw_contenders
from lenovo_pipeline.evaluation.tables import ITEMS
from lenovo_pipeline.failures import PermanentFailure
from lenovo_pipeline.gold.tables import QUESTIONS
from lenovo_pipeline.knowledge.tables import CHUNKS
from lenovo_pipeline.measures.candidate import Candidate
from lenovo_pipeline.measures.items import Item
from lenovo_pipeline.models.catalogue import require_row
from lenovo_pipeline.models.tables import CATALOGUE, FOUNDATION
from lenovo_pipeline.resources.inference import Inference
from lenovo_pipeline.resources.snapshot import WAREHOUSE, read_manifest
from lenovo_pipeline.resources.store import Store
from lenovo_pipeline.resources.warehouse import Warehouse
from lenovo_pipeline.settings import Settings


@contextmanager
def opened_entry(settings: Settings, entry: str) -> Iterator[tuple[Candidate, list[Item]]]:
    """The candidate of an entry, with the gold questions that it was evaluated on.

    Raises PermanentFailure if nothing is published or there is no such entry, and what opening it raises.
    """
    store = Store(settings.store)
    if read_manifest(store) is None:
        raise PermanentFailure(f"nothing has been published in {store.root} yet", remedy="Run: make run")
    snapshot = Warehouse(str(store.published.resolve() / WAREHOUSE))
    closed, opened = asked_items(snapshot.load(ITEMS), snapshot.load(QUESTIONS), snapshot.load(CHUNKS))
    baselines = {each.candidate.name: each.candidate for each in baseline_contenders(opened, settings.seed)}
    if entry in baselines:
        yield baselines[entry], opened
        return
    foundations: list[dict[Any, Any]] = snapshot.load(FOUNDATION).to_dict("records")
    catalogue: list[dict[Any, Any]] = snapshot.load(CATALOGUE).to_dict("records")
    raw = {f"{row['model']}/{book}": row for row in foundations for book in (OPEN_BOOK, CLOSED_BOOK)}
    builds = {built.name: built for built in stored_builds(snapshot)}
    inference = Inference(settings)
    if entry in raw:
        row = raw[entry]
        with raw_contenders(row, require_row(catalogue, row["model"]), inference, closed, opened) as contenders:
            (chosen,) = [each for each in contenders if each.candidate.name == entry]
            yield chosen.candidate, list(chosen.items)
        return
    if entry in builds:
        built = builds[entry]
        (row,) = [each for each in foundations if each["model"] == built.model]
        with build_contenders([built], row, require_row(catalogue, built.model), inference, store, opened) as contenders:
            yield contenders[0].candidate, opened
        return
    known = ", ".join(sorted([*baselines, *raw, *builds])[:40])
    raise PermanentFailure(
        f"{entry!r} cannot be served from here", remedy=f"Serve one of these: {known}; or make it first: make run"
    )
