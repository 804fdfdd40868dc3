"""Which texts a domain encoder is for. Belongs here: the rule. The domains' names stand in models/tables.py."""

from collections.abc import Mapping

from lenovo_pipeline.knowledge.tables import KINDS

JOINT = "joint"
"""The encoder for every kind of text."""

KINDS_OF: Mapping[str, tuple[str, ...]] = {
    "technical_documentation": ("technical",),
    "device_support": ("devices", "support"),
    "customer_service": ("customer",),
    "business_process": ("business",),
}
"""Domain -> the kinds of text (collections) that its encoder may serve."""

DOMAIN_OF = {kind: domain for domain, kinds in KINDS_OF.items() for kind in kinds}
"""Kind of text -> domain; uploads belong to none, since no question about them is known."""

JUDGED = tuple(kind for kind in KINDS if kind in DOMAIN_OF)
"""Kinds of text that an encoder can be judged on."""


def encoders_for(kind: str) -> tuple[str, ...]:
    """The encoders that may serve a kind of text, by domain."""
    return (DOMAIN_OF[kind], JOINT)
