"""The checks of what models are customised with.

The logic is imported inside the checks, so that loading the definitions stays quick.
"""

from dagster import ResourceParam

from lenovo_pipeline.enterprise import tables as enterprise
from lenovo_pipeline.gold.tables import EVIDENCE_TABLES, QUESTIONS
from lenovo_pipeline.models.tables import TRAINING_SETS
from lenovo_pipeline.resources.checks import violations_check
from lenovo_pipeline.resources.warehouse import Warehouse

_EVIDENCE = [table for table in enterprise.TABLES if table.name in EVIDENCE_TABLES]


@violations_check(TRAINING_SETS, blocking=True, deps=[QUESTIONS, *_EVIDENCE], pure=True)
def training_sets_give_nothing_of_the_test_split_away(warehouse: ResourceParam[Warehouse]) -> list[str]:
    """No question, answer sentence, phrasing, template or entity of the test split stands in them, nor anything nearly equal."""
    from lenovo_pipeline.gold.records import evidence_records
    from lenovo_pipeline.models.tuning.leakage import find_leaks

    records = evidence_records({table.name: warehouse.load(table) for table in _EVIDENCE})
    return find_leaks(warehouse.load(TRAINING_SETS), warehouse.load(QUESTIONS), records)
