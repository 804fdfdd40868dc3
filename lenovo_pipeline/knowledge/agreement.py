"""Do the stores agree? Ids and content hashes of what the warehouse says against what a store holds.

Belongs here: the comparison. How the state of a store is read stands beside the code that fills it.
"""

from collections.abc import Iterator

import pandas as pd

_EXAMPLES = 5


def compare_states(store: str, expected: pd.DataFrame, found: pd.DataFrame) -> pd.DataFrame:
    """Compare two states of one store, frames with the columns kind, id, content_hash.

    Returns the rows of `knowledge.store_agreement` for that store: for each kind the counts expected, found, missing
    (expected but absent), stale (present with another hash), surplus (present but not expected) and up to five examples.
    An id that a store holds twice counts as surplus.
    """
    return pd.DataFrame(
        list(_compare(store, expected, found)),
        columns=["store", "kind", "expected", "found", "missing", "stale", "surplus", "examples"],
    )


def _compare(store: str, expected: pd.DataFrame, found: pd.DataFrame) -> Iterator[tuple[object, ...]]:
    for kind in sorted({*expected["kind"], *found["kind"]}):
        should = expected[expected["kind"] == kind]
        there = found[found["kind"] == kind]
        wanted = dict(zip(should["id"], should["content_hash"], strict=True))
        held: dict[str, str] = {}
        repeated = []
        for identity, content in zip(there["id"], there["content_hash"], strict=True):
            if identity in held:
                repeated.append(identity)
            held[identity] = content
        missing = sorted(wanted.keys() - held.keys())
        surplus = sorted(held.keys() - wanted.keys()) + sorted(repeated)
        stale = sorted(identity for identity in wanted.keys() & held.keys() if wanted[identity] != held[identity])
        examples = [*missing, *stale, *surplus][:_EXAMPLES]
        yield store, kind, len(wanted), len(there), len(missing), len(stale), len(surplus), examples


def disagreements(agreement: pd.DataFrame) -> list[str]:
    """One sentence for each store and kind that does not agree with the warehouse."""
    wrong = agreement[(agreement["missing"] > 0) | (agreement["stale"] > 0) | (agreement["surplus"] > 0)]
    return [
        f"{row['store']} {row['kind']}: {row['missing']} missing, {row['stale']} stale, {row['surplus']} surplus "
        f"(for example {', '.join(row['examples'])})"
        for row in wrong.to_dict("records")
    ]
