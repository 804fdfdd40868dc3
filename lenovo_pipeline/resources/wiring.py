"""The resources as Dagster sees them: what opens at the start of a run and closes at its end."""

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from dagster import InitResourceContext, ResourceDefinition, io_manager, resource

from lenovo_pipeline.contracts import Table
from lenovo_pipeline.resources.asking import Asking
from lenovo_pipeline.resources.beside import Beside
from lenovo_pipeline.resources.encoders import Encoder, OnnxEncoder, bundled_encoder
from lenovo_pipeline.resources.event_log import hasten
from lenovo_pipeline.resources.graph import GraphStore
from lenovo_pipeline.resources.inference import Inference
from lenovo_pipeline.resources.kept_vectors import keeping
from lenovo_pipeline.resources.runs import fail_dead_runs
from lenovo_pipeline.resources.store import Store
from lenovo_pipeline.resources.tracking import Tracking, tracked
from lenovo_pipeline.resources.vectors import Vectors
from lenovo_pipeline.resources.warehouse import Warehouse
from lenovo_pipeline.settings import Settings

if TYPE_CHECKING:
    from lenovo_pipeline.resources.tables_io import WarehouseIOManager


_TEXTS_REMEMBERED = 20_000
"""Texts whose vectors a run keeps in memory, 30 MB: what one asset encoded, the next need not, nor does the next run."""


def make_resources(settings: Settings, tables: Mapping[str, Table]) -> dict[str, Any]:
    """All resources by name, for these settings. Every asset and check needs `store`, which holds the lock for the run."""

    @resource(description="data/store: its layout, its format, its lock for the length of the run.")
    def store(context: InitResourceContext) -> Iterator[Store]:
        # Every asset and check needs this resource, so it opens in the process of each run, whoever started that.
        hasten()
        found = Store(settings.store)
        holder = f"run {context.run_id}"
        say = context.log.info if context.log else print
        with found.held(holder, settings.lock_wait_s, say):
            found.open()
            if context.instance is not None:
                fail_dead_runs(context.instance)
            yield found

    @resource(required_resource_keys={"store"}, description="The DuckDB warehouse.")
    def warehouse(context: InitResourceContext) -> Iterator[Warehouse]:
        with Warehouse(settings.warehouse or str(context.resources.store.warehouse)).kept_open() as kept:
            yield kept

    @resource(required_resource_keys={"store"}, description="MLflow tracking.")
    def tracking(context: InitResourceContext) -> Iterator[Tracking]:
        with tracked(context.resources.store.mlflow, context.resources.store.artifacts / "mlflow", context) as opened:
            yield opened

    @io_manager(required_resource_keys={"warehouse", "tracking"}, description="Tables in the warehouse, by their contracts.")
    def warehouse_tables(context: InitResourceContext) -> "WarehouseIOManager":
        # Imported here, since duckdb and dagster_duckdb take a tenth of a second, which loading the definitions need not.
        from lenovo_pipeline.resources.tables_io import WarehouseIOManager

        return WarehouseIOManager(context.resources.warehouse, tables, context.resources.tracking)

    @resource(required_resource_keys={"store"}, description="The vector store (Chroma).")
    def vectors(context: InitResourceContext) -> Iterator[Vectors]:
        opened = Vectors(context.resources.store.chroma, settings.chroma_url)
        yield opened
        opened.close()

    @resource(required_resource_keys={"store"}, description="The graph (Neo4j or the embedded server), over Bolt.")
    def graph_store(context: InitResourceContext) -> Iterator[GraphStore]:
        with GraphStore.from_settings(settings) as opened:
            yield opened

    @resource(required_resource_keys={"store"}, description="The sentence encoder all-MiniLM-L6-v2, in ONNX Runtime.")
    def encoder(context: InitResourceContext) -> Iterator[Encoder]:
        artifacts = context.resources.store.artifacts
        with keeping(OnnxEncoder(bundled_encoder(), artifacts), artifacts, room=_TEXTS_REMEMBERED) as opened:
            yield opened

    @resource(description="Language models: a folder, an edge build, Ollama, GitHub Models or an OpenAI-compatible server.")
    def inference(context: InitResourceContext) -> Inference:
        return Inference(settings)

    @resource(description="Processes beside the run's own that share the evaluation of small models.")
    def beside(context: InitResourceContext) -> Iterator[Beside]:
        opened = Beside(settings.processes)
        try:
            yield opened
        finally:
            opened.close()

    @resource(
        required_resource_keys={"inference", "warehouse", "store", "tracking", "beside"},
        description="What asking candidates takes: models, warehouse, store, tracking and settings.",
    )
    def asking(context: InitResourceContext) -> Asking:
        given = context.resources
        return Asking(given.inference, given.warehouse, given.store, given.tracking, settings, given.beside)

    return {
        "settings": ResourceDefinition.hardcoded_resource(settings),
        "store": store,
        "warehouse": warehouse,
        "tracking": tracking,
        "vectors": vectors,
        "graph_store": graph_store,
        "encoder": encoder,
        "inference": inference,
        "beside": beside,
        "asking": asking,
        "io_manager": warehouse_tables,
    }
