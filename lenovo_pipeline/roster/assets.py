"""The assets of stage `roster`: so far the snapshot that everything outside a run reads."""

from dagster import ResourceParam

from lenovo_pipeline.knowledge.tables import ANALYTICS, STORE_AGREEMENT
from lenovo_pipeline.resources.assets import StoreReport, store_asset
from lenovo_pipeline.resources.published import publish
from lenovo_pipeline.resources.store import Store
from lenovo_pipeline.resources.warehouse import Warehouse
from lenovo_pipeline.roster.tables import PUBLISHED_TABLES
from lenovo_pipeline.settings import Settings
from lenovo_pipeline.uploads.tables import REJECTS, ROWS


@store_asset(
    "roster",
    "published",
    description="The snapshot of the warehouse, with a manifest of data versions, that everything outside a run reads.",
    kinds={"duckdb"},
    columns=PUBLISHED_TABLES,
    deps=[ANALYTICS, STORE_AGREEMENT, "gold/questions", "gold/qrels", "knowledge/keyword_index", ROWS, REJECTS],
)
def published(store: ResourceParam[Store], warehouse: ResourceParam[Warehouse], settings: ResourceParam[Settings]) -> StoreReport:
    made_by = {"profile": settings.profile, "scale": settings.effective_scale, "seed": settings.seed}
    snapshot = publish(store, warehouse, made_by=made_by)
    return StoreReport(
        data_version=snapshot.version,
        counts={"tables": snapshot.tables, "rows": snapshot.rows, "bytes": snapshot.bytes},
        metadata={"changed": snapshot.changed, "path": store.relative(store.published)},
    )
