"""Going on live from the command line: the stores of the pipeline opened for one attempt, its tools and its model.

Belongs here: from settings to a toolbox and a model. Does not belong here: what is done with them (sessions.py, debugging.py).
"""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any

from lenovo_pipeline.agents.running.attempt import Attempt
from lenovo_pipeline.agents.running.builds import adapter_row, opened_builds
from lenovo_pipeline.agents.running.bulk import linking
from lenovo_pipeline.agents.running.models import LiveModel
from lenovo_pipeline.agents.running.roster import for_review, published_entries
from lenovo_pipeline.agents.running.run import run
from lenovo_pipeline.agents.running.work import Approver, LinkNames, Running
from lenovo_pipeline.agents.tables import AGENT_ADAPTER
from lenovo_pipeline.agents.tasks.task import Task
from lenovo_pipeline.agents.tools.factory import FACTORY_SPECS, open_factory
from lenovo_pipeline.agents.tools.interface import Toolbox
from lenovo_pipeline.agents.tools.stores import open_stores
from lenovo_pipeline.agents.tools.toolbox import open_toolbox
from lenovo_pipeline.agents.workflows.definition import Workflow
from lenovo_pipeline.contracts.frames import rows_of
from lenovo_pipeline.failures import PermanentFailure, SkippedPartition
from lenovo_pipeline.resources.inference.backend import Backend
from lenovo_pipeline.resources.store import Store
from lenovo_pipeline.resources.warehouse import Warehouse
from lenovo_pipeline.settings import Settings


@dataclass(frozen=True)
class Live:
    """A new toolbox for a task, the model of a workflow, and what links names."""

    toolbox: Toolbox
    model: LiveModel
    link: LinkNames
    about: dict[str, Any]

    def running(self, workflow: Workflow, approver: Approver | None = None) -> Running:
        """An attempt with them."""
        return Running(workflow, self.toolbox, self.model, approver, self.link)


@contextmanager
def opened_model(
    settings: Settings, warehouse: Warehouse, workflow: Workflow, partition: str
) -> Iterator[tuple[Backend, dict[str, Any]]]:
    """The build of a partition that a workflow asks, and what attempts say of it. Raises PermanentFailure if it is not there."""
    from lenovo_pipeline.models.catalogue import require_row
    from lenovo_pipeline.models.tables import CATALOGUE, FOUNDATION
    from lenovo_pipeline.resources.inference import Inference

    foundation = rows_of(warehouse.load(FOUNDATION, model=partition))
    if not foundation:
        raise PermanentFailure(f"the model {partition} was never resolved", remedy=f"Run: make run MODEL={partition}")
    resolved = foundation[0]
    row = require_row(warehouse.load(CATALOGUE).to_dict("records"), partition)
    adapter = adapter_row(warehouse.load(AGENT_ADAPTER, model=partition), partition)
    with opened_builds(resolved, row, adapter, Inference(settings), Store(settings.store), print) as builds:
        try:
            yield builds.open(workflow.model.build), builds.about(workflow.model.build)
        except SkippedPartition as cannot:
            raise PermanentFailure(str(cannot), remedy="Use the full profile of the workflow.") from cannot


def on_roster(settings: Settings, workflow: Workflow, said: str, partition: str) -> Attempt:
    """A review of the published roster, or a question on it, by a workflow that has roles or the tools of the factory.

    Raises PermanentFailure for a workflow of the support desk, and where nothing is published yet.
    """
    store = Store(settings.store)
    entries = published_entries(store)
    if workflow.pattern is None and not {spec.name for spec in FACTORY_SPECS} & set(workflow.tools):
        raise PermanentFailure(f"{workflow.title} does not work on the roster", remedy="Use roster_review_… or factory_desk.")
    with ExitStack() as opened:
        opened.enter_context(store.held("an agent on the roster", settings.lock_wait_s, print))
        warehouse = opened.enter_context(Warehouse(settings.warehouse or str(store.warehouse)).kept_open())
        backend, about = opened.enter_context(opened_model(settings, warehouse, workflow, partition))
        toolbox = open_factory(entries, workflow.budgets)
        opened.callback(toolbox.close)
        reviewed = for_review(entries) if workflow.pattern else ()
        return run(workflow, (said,), toolbox, backend, entries=reviewed, about_model=about)


@contextmanager
def live(settings: Settings, workflow: Workflow, task: Task, partition: str) -> Iterator[Live]:
    """Everything that an attempt needs, under the lock of the store. Raises PermanentFailure for what is not there yet."""
    from lenovo_pipeline.resources.encoders import OnnxEncoder, bundled_encoder
    from lenovo_pipeline.resources.graph import GraphStore
    from lenovo_pipeline.resources.vectors import Vectors
    from lenovo_pipeline.retrieval.kept_settings import read_settings

    store = Store(settings.store)
    with ExitStack() as opened:
        opened.enter_context(store.held("an agent session", settings.lock_wait_s, print))
        warehouse = opened.enter_context(Warehouse(settings.warehouse or str(store.warehouse)).kept_open())
        backend, about = opened.enter_context(opened_model(settings, warehouse, workflow, partition))
        vectors = Vectors(store.chroma, settings.chroma_url)
        opened.callback(vectors.close)
        graph = opened.enter_context(GraphStore.from_settings(settings))
        encoder = OnnxEncoder(bundled_encoder(), store.artifacts)
        tuned = read_settings(store.artifacts / "hybrid_settings")["hybrid"]
        stores = opened.enter_context(open_stores(warehouse, store, vectors, encoder, graph, tuned))
        toolbox = open_toolbox(stores, task, limits=workflow.budgets, tools=workflow.tools)
        opened.callback(toolbox.close)
        yield Live(toolbox, LiveModel(backend), linking(stores), about)
