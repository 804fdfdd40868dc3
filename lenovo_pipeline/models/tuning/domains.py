"""The domains that models are customised for, and which one a question belongs to.

Belongs here: the rule. The domains' names stand in models/tables.py.
"""

from collections.abc import Sequence

_OF_TABLES = {
    "documents": "technical_documentation",
    "technical_docs": "technical_documentation",
    "devices": "device_support",
    "incidents": "device_support",
    "support_articles": "device_support",
    "customers": "customer_service",
    "journeys": "customer_service",
    "processes": "business_process",
}
_OF_ANCHORS = {"series": "device_support", "customer": "customer_service", "process": "business_process"}

ALL = "all"
"""The domain of examples that belong to none, and of models that are made for every domain."""


def domain_of(evidence_types: Sequence[str], anchor: str) -> str:
    """The domain of a question by the table of the evidence that it starts from; of a refusal, which has none, by its anchor
    (`kind:key`). Raises KeyError on an unknown table or kind.
    """
    return _OF_TABLES[evidence_types[0]] if len(evidence_types) else _OF_ANCHORS[anchor.partition(":")[0]]
