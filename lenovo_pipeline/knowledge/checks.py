"""The checks of stage `knowledge` beyond the contracts."""

from dagster import ResourceParam

from lenovo_pipeline.enterprise import tables as enterprise
from lenovo_pipeline.knowledge.agreement import disagreements
from lenovo_pipeline.knowledge.chunks import SOURCES
from lenovo_pipeline.knowledge.tables import CHUNKS, STORE_AGREEMENT
from lenovo_pipeline.resources.checks import violations_check
from lenovo_pipeline.resources.warehouse import Warehouse
from lenovo_pipeline.settings import Settings

_QUALIFIED = {name: f"uploads.{name}" if name == "texts" else f"enterprise.{name}" for name in SOURCES}


@violations_check(STORE_AGREEMENT, blocking=True, pure=True)
def stores_agree(warehouse: ResourceParam[Warehouse]) -> list[str]:
    """Nothing is missing, stale or surplus in any store."""
    return disagreements(warehouse.load(STORE_AGREEMENT))


@violations_check(CHUNKS, blocking=True, deps=[enterprise.DEVICES], pure=True)
def every_text_has_chunks(warehouse: ResourceParam[Warehouse]) -> list[str]:
    """Each record with a text has at least one chunk, and each chunk is of a record that exists."""
    found = []
    for name, source in SOURCES.items():
        table = _QUALIFIED[name]
        rows = warehouse.frame(
            f"""
            SELECT coalesce(t.id, c.record_id) AS id, t.id IS NULL AS orphan
            FROM (SELECT "{source.id_column}" AS id FROM {table} WHERE trim(text) <> '') t
            FULL JOIN (SELECT DISTINCT record_id FROM knowledge.chunks WHERE record_type = ?) c ON c.record_id = t.id
            WHERE t.id IS NULL OR c.record_id IS NULL
            """,
            [name],
        )
        found += [f"{table} {row.id} {'has chunks but is gone' if row.orphan else 'has no chunk'}" for row in rows.itertuples()]
    return found


@violations_check(CHUNKS, blocking=True, pure=True)
def chunks_fit_the_encoder(warehouse: ResourceParam[Warehouse], settings: ResourceParam[Settings]) -> list[str]:
    """No chunk is longer than the configured number of tokens, so that the encoder reads every one whole."""
    rows = warehouse.frame("SELECT chunk_id, tokens FROM knowledge.chunks WHERE tokens > ?", [settings.chunk_tokens])
    return [f"{row.chunk_id} has {row.tokens} tokens, more than {settings.chunk_tokens}" for row in rows.itertuples()]


@violations_check(CHUNKS, pure=True)
def nothing_of_gold_is_indexed(warehouse: ResourceParam[Warehouse]) -> list[str]:
    """Only tables with texts of the world and of uploads are cut into chunks."""
    rows = warehouse.frame("SELECT DISTINCT record_type FROM knowledge.chunks")
    return [f"{name} has chunks, but is no source of texts" for name in rows["record_type"] if name not in SOURCES]
