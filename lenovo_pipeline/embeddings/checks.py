"""The checks of stage `embeddings` beyond the contracts: nothing leaks, nothing right counts as wrong, no choice is unearned.

The logic is imported inside the checks, so that loading the definitions stays quick.
"""

from dagster import ResourceParam

from lenovo_pipeline.embeddings.tables import SELECTION, TRAINING_PAIRS
from lenovo_pipeline.enterprise import tables as enterprise
from lenovo_pipeline.gold.tables import EVIDENCE_TABLES, QRELS, QUESTIONS
from lenovo_pipeline.knowledge.tables import CHUNKS
from lenovo_pipeline.resources.checks import violations_check
from lenovo_pipeline.resources.encoders import Encoder
from lenovo_pipeline.resources.store import Store
from lenovo_pipeline.resources.vectors import Vectors
from lenovo_pipeline.resources.warehouse import Warehouse

_EVIDENCE = [table for table in enterprise.TABLES if table.name in EVIDENCE_TABLES]


@violations_check(TRAINING_PAIRS, blocking=True, deps=[QUESTIONS, CHUNKS, *_EVIDENCE], pure=True)
def training_pairs_give_nothing_of_the_test_split_away(warehouse: ResourceParam[Warehouse]) -> list[str]:
    """No question, answer sentence, phrasing, template or entity of the test split stands in them, nor anything nearly equal."""
    from lenovo_pipeline.embeddings.verify import leaks
    from lenovo_pipeline.gold.records import evidence_records

    records = evidence_records({table.name: warehouse.load(table) for table in _EVIDENCE})
    return leaks(warehouse.load(TRAINING_PAIRS), warehouse.load(CHUNKS), warehouse.load(QUESTIONS), records)


@violations_check(TRAINING_PAIRS, blocking=True, deps=[CHUNKS, QRELS], pure=True)
def no_right_passage_counts_as_wrong(warehouse: ResourceParam[Warehouse]) -> list[str]:
    """No negative is of a record that is relevant to its question, and every positive is relevant."""
    from lenovo_pipeline.embeddings.verify import false_negatives

    return false_negatives(warehouse.load(TRAINING_PAIRS), warehouse.load(CHUNKS), warehouse.load(QRELS))


@violations_check(SELECTION, blocking=True, pure=True)
def every_choice_is_borne_out_by_its_figures(warehouse: ResourceParam[Warehouse]) -> list[str]:
    """A tuned encoder is chosen only if it is better than the base on validation and test and costs nothing elsewhere."""
    from lenovo_pipeline.embeddings.verify import unearned

    return unearned(warehouse.load(SELECTION))


@violations_check("embeddings/collections", blocking=True, deps=[SELECTION, CHUNKS])
def tuned_collections_hold_what_was_chosen(
    warehouse: ResourceParam[Warehouse],
    store: ResourceParam[Store],
    vectors: ResourceParam[Vectors],
    encoder: ResourceParam[Encoder],
) -> list[str]:
    """Each kind that a tuned encoder was chosen for has its collection, of that encoder, with all chunks; there are no others."""
    from lenovo_pipeline.embeddings.collections import astray

    return astray(warehouse.load(SELECTION), warehouse.load(CHUNKS), store, vectors, encoder.id)
