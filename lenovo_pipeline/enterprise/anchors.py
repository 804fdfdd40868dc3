"""Anchor entities and the split that follows from them: train, validation or test.

Texts and gold questions are split by the group of the entity that they are about (a device series, a process family,
a customer), by hash, so that the split needs no list of records and never changes when records are added.
The simulation uses it to keep template families apart; gold uses it to split questions.
"""

import hashlib
from typing import Literal, TypeAlias

Split: TypeAlias = Literal["train", "validation", "test"]
SPLITS: tuple[Split, ...] = ("train", "validation", "test")

_TRAIN_SHARE = 0.45
_VALIDATION_SHARE = 0.12


def series_anchor(series: str) -> str:
    return f"series:{series}"


def process_anchor(process_family: str) -> str:
    return f"process:{process_family}"


def customer_anchor(customer_id: str) -> str:
    return f"customer:{customer_id}"


def split_of(anchor: str) -> Split:
    """The split of an anchor (`kind:key`): 45 % train, 12 % validation, 43 % test, by SHA-256 of the anchor."""
    place = int.from_bytes(hashlib.sha256(f"split/{anchor}".encode()).digest()[:8]) / 2**64
    if place < _TRAIN_SHARE:
        return "train"
    return "validation" if place < _TRAIN_SHARE + _VALIDATION_SHARE else "test"
