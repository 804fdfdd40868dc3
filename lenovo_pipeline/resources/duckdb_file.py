"""Opening a DuckDB file, and what a person needs to know when the file is to blame for an error.

Belongs here: connections and errors of the file. Does not belong here: transactions and tables (warehouse.py).
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from lenovo_pipeline.failures import PermanentFailure, TransientFailure

if TYPE_CHECKING:
    import duckdb

_NOT_WRITTEN = re.compile("could not write|no space left", re.IGNORECASE)


@contextmanager
def connect(database: str) -> Iterator["duckdb.DuckDBPyConnection"]:
    """A connection to a DuckDB file (a path, or a MotherDuck address), closed at the end of the block.

    Raises TransientFailure if another process has it open, PermanentFailure if it cannot be read or written.
    """
    import duckdb

    try:
        connection = duckdb.connect(database)
    except duckdb.Error as error:
        raise _of_the_file(error, database) from error
    try:
        yield connection
    except duckdb.Error as error:
        # Damage that shows only when a block is read has no class of its own. What is wrong with a query passes.
        of_the_file = isinstance(error, duckdb.IOException | duckdb.FatalException) or type(error) is duckdb.Error
        if of_the_file or _NOT_WRITTEN.search(str(error)):
            raise _of_the_file(error, database) from error
        raise
    finally:
        connection.close()


def _of_the_file(error: "duckdb.Error", database: str) -> PermanentFailure | TransientFailure:
    """What a person needs to know of an error that the file is to blame for, not the query."""
    said = str(error).splitlines()[0]
    if "could not set lock" in said.lower():
        return TransientFailure(
            f"the warehouse {database} is open in another process",
            remedy="Close it there (a duckdb shell, a notebook, another run), then try again.",
        )
    if _NOT_WRITTEN.search(said):
        return PermanentFailure(
            f"the warehouse {database} cannot be written ({said}); what it held before is intact",
            remedy="Free some space or give the right to write there, then run again.",
        )
    return PermanentFailure(
        f"the warehouse {database} cannot be read: {said}",
        remedy="Restore it from a backup (make restore), or delete the file and run make run: it is rebuilt.",
    )


def roll_back(connection: "duckdb.DuckDBPyConnection") -> None:
    """End a transaction without it, if it has not ended yet."""
    import duckdb

    try:
        connection.execute("ROLLBACK")
    except duckdb.Error:
        # A failed write (no space left) may already have ended the transaction; closing the connection drops it.
        return
