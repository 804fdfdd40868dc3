"""What a result follows from, so that nothing is made or judged again while all of that is as it was.

Belongs here: the recipe of a result, what it read from the warehouse, and whether both still hold. Does not belong here:
what is made (assets.py) or judged (checks.py) of it.

Only for functions declared *pure*: what they return follows from their code, the settings, the encoder, and what they read
through the warehouse's methods, which is noted while they run. Never for one that reads a file, the clock or another store.
A recipe is written in the transaction of the rows that it made, so that after a kill there are both or neither.
"""

import inspect
import json
import sys
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, fields, is_dataclass
from functools import cache
from pathlib import Path
from typing import Any

import pandas as pd

from lenovo_pipeline.contracts import digest
from lenovo_pipeline.resources.code_version import code_version
from lenovo_pipeline.resources.warehouse import Chunks, Reads, Warehouse

_RECIPES = """
CREATE TABLE IF NOT EXISTS pipeline.recipes (
  subject VARCHAR NOT NULL, model VARCHAR NOT NULL, version VARCHAR NOT NULL, reads VARCHAR NOT NULL, result VARCHAR NOT NULL,
  PRIMARY KEY (subject, model)
)
"""
_IDENTITIES: dict[str, Callable[[Any], str]] = {
    "context": lambda _: "",
    "warehouse": lambda _: "",
    "settings": lambda settings: str(settings.content),
    "encoder": lambda encoder: str(encoder.id),
}
"""What a pure function may be given, and how the text of it that counts is made."""


@dataclass(frozen=True)
class Recipe:
    """What makes the result named `subject` (of one model partition), its readings of the warehouse left out.

    `version` is a hash of the code, of all installed packages' versions and of the arguments.
    """

    subject: str
    version: str
    model: str = ""


@dataclass(frozen=True)
class MadeRows:
    """Rows on their way into the warehouse, with the recipe to remember once they are there."""

    rows: pd.DataFrame | Chunks
    recipe: Recipe
    reads: Reads


def check_pure(function: Callable[..., Any], inputs: Iterable[str] = ()) -> None:
    """Raise TypeError if a function that is declared pure takes what a recipe cannot name. `inputs` are frames from tables."""
    unknown = sorted(inspect.signature(function).parameters.keys() - {*_IDENTITIES, *inputs})
    if unknown:
        raise TypeError(
            f"{function.__name__} is declared pure but takes {', '.join(unknown)}; "
            f"beside frames from tables it may take {', '.join(_IDENTITIES)}"
        )


def recipe_of(subject: str, function: Callable[..., Any], arguments: Mapping[str, Any], *, model: str = "") -> Recipe:
    """The recipe of what `function` makes of these arguments, its tables left out."""
    given = [f"{name}={_IDENTITIES[name](value)}" for name, value in sorted(arguments.items())]
    captured = [_text(cell.cell_contents) for cell in function.__closure__ or ()]
    version = digest([json.dumps([code_version(function, whole=True), _packages(), *given, *captured])])
    return Recipe(subject, version, model)


def result_before(warehouse: Warehouse, recipe: Recipe) -> str | None:
    """The result that was remembered for exactly this recipe, if all that was read for it is as it was; None otherwise."""
    known = _remembered(warehouse, recipe)
    if known is None or known[0] != recipe.version:
        return None
    same = all(warehouse.fingerprint(name, model=model) == then for name, model, then in json.loads(known[1]))
    return str(known[2]) if same else None


def last_result(warehouse: Warehouse, recipe: Recipe) -> str | None:
    """The result that was remembered last for this subject, whatever it followed from; None if there is none."""
    known = _remembered(warehouse, recipe)
    return None if known is None else str(known[2])


def _remembered(warehouse: Warehouse, recipe: Recipe) -> tuple[Any, ...] | None:
    query = "SELECT version, reads, result FROM pipeline.recipes WHERE subject = ? AND model = ?"
    rows = warehouse.rows_if_there("pipeline.recipes", query, [recipe.subject, recipe.model])
    return rows[0] if rows else None


def remember(warehouse: Warehouse, recipe: Recipe, reads: Reads, result: str) -> None:
    """Keep a result in place of the last one of its subject, with what its reads hold now.

    Where nobody knows what was read, nothing is kept, and what was known is forgotten.
    """
    held = [(name, model, warehouse.fingerprint(name, model=model)) for name, model in sorted(reads.tables or ())]
    with warehouse.write() as connection:
        connection.execute("CREATE SCHEMA IF NOT EXISTS pipeline")
        connection.execute(_RECIPES)
        if reads.tables is None or any(not fingerprint for _, _, fingerprint in held):
            connection.execute("DELETE FROM pipeline.recipes WHERE subject = ? AND model = ?", [recipe.subject, recipe.model])
            return
        connection.execute(
            "INSERT OR REPLACE INTO pipeline.recipes VALUES (?, ?, ?, ?, ?)",
            [recipe.subject, recipe.model, recipe.version, json.dumps(held), result],
        )


@cache
def _packages() -> str:
    """Names and versions of everything installed, as the folders of their metadata state them; of two, what is imported."""
    found: dict[str, str] = {}
    for place in sys.path:
        for path in sorted(Path(place).glob("*.dist-info")):
            found.setdefault(path.name.partition("-")[0], path.name)
    return " ".join(sorted(found.values()))


def _text(value: Any) -> str:
    """A captured value as text. A function by its name: its code is in the modules that the code version covers."""
    if inspect.isroutine(value) or inspect.isclass(value):
        return f"{value.__module__}.{value.__qualname__}"
    if is_dataclass(value) and not isinstance(value, type):
        return f"{type(value).__qualname__}({', '.join(_text(getattr(value, each.name)) for each in fields(value))})"
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{_text(name)}: {_text(each)}" for name, each in value.items()) + "}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(map(_text, value)) + "]"
    # Anything else that has no text of its own has its address in it, and so is another one in every process.
    return repr(value)
