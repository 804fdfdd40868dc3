"""Opening one candidate by its name, outside a run: it need not have been scored, its model or build has to be stored.

Belongs here: which candidates there are to open, and what each is asked. Workflows are opened in runs only, by their stores.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import NamedTuple

from lenovo_pipeline.evaluation.builds import refusals, stored_builds
from lenovo_pipeline.evaluation.items import asked_items, asked_of
from lenovo_pipeline.evaluation.keeping import all_scores, resolved_model, stored_rows
from lenovo_pipeline.evaluation.kinds import CLOSED_BOOK, OPEN_BOOK, baseline_contenders, build_contenders, raw_contenders
from lenovo_pipeline.evaluation.naming import meant
from lenovo_pipeline.evaluation.scoring import Contender
from lenovo_pipeline.evaluation.tables import BUILD_KINDS, ITEMS
from lenovo_pipeline.failures import PermanentFailure
from lenovo_pipeline.gold.tables import QUESTIONS
from lenovo_pipeline.knowledge.tables import CHUNKS
from lenovo_pipeline.measures.baselines import baselines
from lenovo_pipeline.models.tables import CATALOGUE, FOUNDATION
from lenovo_pipeline.resources.inference import Inference
from lenovo_pipeline.resources.store import Store
from lenovo_pipeline.resources.warehouse import Warehouse
from lenovo_pipeline.settings import Settings

_BOOKS = (OPEN_BOOK, CLOSED_BOOK)


class Named(NamedTuple):
    """A candidate by its name, what it is built as, and its base model's name in the catalogue (empty without one)."""

    name: str
    kind: str
    model: str


def find_candidate(warehouse: Warehouse, name: str) -> Named:
    """The candidate of a name. Raises PermanentFailure with near names, or with what to run where only its model is known."""
    scored = {
        Named(str(candidate), kind, str(model))
        for kind, frame in all_scores(warehouse).items()
        for candidate, model in zip(frame["candidate"], frame["model"], strict=True)
    }
    foundation = stored_rows(warehouse, FOUNDATION)
    models = [] if foundation is None else [str(model) for model in foundation["model"]]
    known = {
        *scored,
        *(Named(each.name, "baselines", "") for each in baselines((), 0)),
        *(Named(f"{model}/{book}", "raw_foundation", model) for model in models for book in _BOOKS),
        *(Named(built.name, built.kind, built.model) for built in stored_builds(warehouse)),
    }
    found = next((each for each in known if each.name == name), None)
    if found is not None:
        return found
    catalogue = stored_rows(warehouse, CATALOGUE)
    model, _, book = name.rpartition("/")
    if book in _BOOKS and catalogue is not None and model in set(catalogue["name"]):
        raise PermanentFailure(
            f"{model} is in the catalogue, but not among the models that were found when this was published",
            remedy="Run: dagster asset materialize -m lenovo_pipeline.definitions "
            f"--select 'models/foundation,roster/published' --partition {model}",
        )
    names = sorted(each.name for each in known)
    raise PermanentFailure(
        f"there is no candidate {name!r}",
        remedy=meant(name, names),
    )


@contextmanager
def opened(warehouse: Warehouse, store: Store, settings: Settings, named: Named) -> Iterator[Contender]:
    """The candidate with the items that its kind is asked; its model is opened when it is first asked, and closed at the end.

    Raises PermanentFailure for a candidate that is opened in runs only, or a build that may not be asked, with the reason.
    """
    items = warehouse.load(ITEMS)
    chosen = items[items["question_id"].isin(asked_of(named.kind, items))]
    closed_book, open_book = asked_items(chosen, warehouse.load(QUESTIONS), warehouse.load(CHUNKS))
    if named.kind == "baselines":
        yield _of_name(baseline_contenders(open_book, settings.seed), named.name)
        return
    if named.kind != "raw_foundation" and named.kind not in BUILD_KINDS:
        raise _in_runs_only(named.name)
    resolved = resolved_model(warehouse.load(FOUNDATION, model=named.model), warehouse.load(CATALOGUE))
    inference = Inference(settings)
    if named.kind == "raw_foundation":
        with raw_contenders(*resolved, inference, closed_book, open_book) as contenders:
            yield _of_name(contenders, named.name)
        return
    builds = stored_builds(warehouse, named.model)
    refused = refusals(builds, resolved.foundation, store).get(named.name)
    if refused is not None:
        raise PermanentFailure(f"{named.name} may not be asked: {refused}", remedy="Then try again.")
    mine = [built for built in builds if built.name == named.name]
    with build_contenders(mine, *resolved, inference, store, open_book) as contenders:
        yield _of_name(contenders, named.name)


def _of_name(contenders: Sequence[Contender], name: str) -> Contender:
    found = next((each for each in contenders if each.candidate.name == name), None)
    if found is None:
        raise _in_runs_only(name)
    return found


def _in_runs_only(name: str) -> PermanentFailure:
    return PermanentFailure(f"{name} is opened in runs only", remedy="What is stored of it can be looked at instead.")
