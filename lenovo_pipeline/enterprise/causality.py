"""What only this world knows and every world must obey: time runs forward, references resolve, order has no circle.

Belongs here: the list of rules and what runs them; each becomes an asset check.
Does not belong here: types, ranges and uniqueness, which the contracts say.
"""

from collections.abc import Iterable

import pandas as pd

from lenovo_pipeline.contracts import Table
from lenovo_pipeline.enterprise.causality_records import RECORD_RULES
from lenovo_pipeline.enterprise.causality_texts import TEXT_RULES
from lenovo_pipeline.enterprise.rules import COLUMNS, Rule, World, together

__all__ = ["RULES", "Rule", "World", "unresolved_references", "violations"]

RULES: tuple[Rule, ...] = RECORD_RULES + TEXT_RULES


def violations(world: World, rules: Iterable[Rule] = RULES) -> pd.DataFrame:
    """All violations of `rules` in a world that has the tables which they need, as a frame of table, id and problem."""
    return together([rule.find(world) for rule in rules])


def unresolved_references(world: World, table: Table) -> pd.DataFrame:
    """References of `table` to rows that are not there, for every referring column of its contract.

    `world` holds the table and all that it refers to. Same columns as `violations`.
    """
    frame, found = world[table.name], []
    for column, target_table, target_column in table.references():
        known = set(world[target_table.rpartition(".")[2]][target_column].tolist())
        ids, values = _ids(frame, table), frame[column.name].tolist()
        referring = (
            ((i, v) for i, own in zip(ids, values, strict=True) for v in own)
            if column.is_list
            else ((i, v) for i, v in zip(ids, values, strict=True) if isinstance(v, str))
        )
        missing = [(i, v) for i, v in referring if v not in known]
        found.append(
            pd.DataFrame(
                [(table.name, i, f"{column.name} {v!r} is no {target_table}.{target_column}") for i, v in missing],
                columns=COLUMNS,
            )
        )
    return together(found)


def _ids(frame: pd.DataFrame, table: Table) -> list[str]:
    if len(table.key) == 1:
        return [str(value) for value in frame[table.key[0]].tolist()]
    return ["/".join(map(str, values)) for values in zip(*(frame[name].tolist() for name in table.key), strict=True)]
