"""A document that is one mapping or list (JSON, YAML front matter): its lists of mappings are tables, the rest is one row."""

from collections.abc import Iterator, Mapping
from typing import Any

from lenovo_pipeline.uploads.readers.lines import damage, excerpt, over, too_long
from lenovo_pipeline.uploads.records import Reject, Row, Start
from lenovo_pipeline.uploads.value_types import key_text, to_json

VALUE = "value"
"""Column of rows that are no mappings."""


def is_table(value: Any) -> bool:
    """Whether a value is a list of mappings, and so a table."""
    return isinstance(value, list) and bool(value) and all(isinstance(element, Mapping) for element in value)


def document_rows(document: Any, limit: int, lines: Mapping[str, list[int]] | None = None) -> Iterator[Start | Row | Reject]:
    """The rows of a document. Tables are named by their keys; the row of everything else stands in the table ''.

    `lines` gives, per key, the line of each element. Values over `limit` bytes make their row a reject.
    """
    lines = lines or {}
    if isinstance(document, list):
        yield Start("")
        for element in document:
            yield checked(Row("", as_row(element)), limit)
        return
    if not isinstance(document, Mapping):
        yield Start("")
        yield checked(Row("", as_row(document)), limit)
        return
    rest = {key_text(key): value for key, value in document.items() if not is_table(value)}
    if rest:
        yield Start("")
        yield checked(Row("", rest), limit)
    for key, value in document.items():
        if is_table(value):
            yield Start(key_text(key))
            places = lines.get(key_text(key), [])
            for index, element in enumerate(value):
                line = places[index] if index < len(places) else None
                yield checked(Row(key_text(key), as_row(element), line), limit)


def as_row(element: Any) -> dict[str, Any]:
    """A mapping with text keys; anything else as the single column `value`."""
    if isinstance(element, Mapping):
        return {key_text(key): value for key, value in element.items()}
    return {VALUE: element}


def checked(row: Row, limit: int) -> Row | Reject:
    """The row, or a reject if one of its values is too long or cannot be stored."""
    for value in row.values.values():
        if value is None or isinstance(value, bool | int | float):
            continue
        try:
            text = value if isinstance(value, str) else to_json(value)
            if isinstance(value, str):
                text.encode()
        except (TypeError, ValueError, RecursionError) as error:
            # Its text cannot be shown either: nested too deeply to print, or half a character.
            raw = excerpt(value) if isinstance(value, str) else f"column of type {type(value).__name__}"
            reason = f"a value that cannot be stored ({str(error).splitlines()[0]})"
            return Reject(row.line, raw, reason, "Write the value with whole characters (UTF-8) and less nesting.")
        problem = too_long(limit) if over(text, limit) else damage(text)
        if problem:
            return Reject(row.line, excerpt(text), *problem)
    return row


def unique_pairs(pairs: list[tuple[Any, Any]]) -> dict[Any, Any]:
    """A mapping from pairs in which a key that occurs again gets a number, so that no value is lost."""
    mapping = dict(pairs)
    if len(mapping) == len(pairs):
        return mapping
    mapping = {}
    for key, value in pairs:
        name, count = key, 1
        while name in mapping:
            count += 1
            name = f"{key_text(key)}_{count}"
        mapping[name] = value
    return mapping
