"""Drawing rows: balanced over categories, by hash, the same ones each time. Does not belong here: what they are for."""

import hashlib

import pandas as pd


def balanced(rows: pd.DataFrame, key: str, size: int | None, seed: int) -> pd.DataFrame:
    """At most `size` rows (None: all), balanced over the column `category`, drawn by the hash of the column `key`."""
    drawn = rows.assign(_draw=[hashed(str(seed), each) for each in rows[key]]).sort_values("_draw", kind="stable")
    # One of each category, then a second of each, so that any beginning is balanced.
    drawn["_turn"] = drawn.groupby("category").cumcount()
    ordered = drawn.sort_values(["_turn", "_draw"], kind="stable").drop(columns=["_draw", "_turn"])
    return ordered.head(len(ordered) if size is None else size).reset_index(drop=True)


def hashed(*parts: str) -> str:
    """SHA-256 (hex) of the parts."""
    return hashlib.sha256("/".join(parts).encode()).hexdigest()
