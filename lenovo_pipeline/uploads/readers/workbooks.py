"""Excel workbooks: every sheet a table, formulas by the value that Excel computed last."""

import re
import zipfile
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import datetime, time
from typing import Any

from lenovo_pipeline.uploads.columns import ColumnNames
from lenovo_pipeline.uploads.readers.documents import checked
from lenovo_pipeline.uploads.records import Event, Facts, FileProblem, Row, Source, Start

_FORMULA = re.compile(rb"<f[ >/]")
_BLOCK = 1 << 20


def read(source: Source) -> Iterator[Event]:
    """Rows of all sheets. The first row of a sheet that is not empty names its columns."""
    import openpyxl

    try:
        formulas = _inspect(source)
        # openpyxl judges a path by its extension; it is given the open file instead.
        with ExitStack() as stack:
            handle = stack.enter_context(source.path.open("rb"))
            workbook = openpyxl.load_workbook(handle, read_only=True, data_only=True, keep_links=False)
            stack.callback(workbook.close)
            written = None
            if formulas:
                twin_handle = stack.enter_context(source.path.open("rb"))
                written = openpyxl.load_workbook(twin_handle, read_only=True, keep_links=False)
                stack.callback(written.close)
            many = len(workbook.worksheets) > 1
            for sheet in workbook.worksheets:
                sheet.reset_dimensions()
                twin = written[sheet.title] if written is not None else None
                if twin is not None:
                    twin.reset_dimensions()
                yield from _sheet(sheet, twin, sheet.title if many else "", source)
    except FileProblem:
        raise
    except Exception as error:
        # openpyxl lets whatever its parsers raise through: KeyError, ValueError, ParseError, zlib.error …
        raise FileProblem(
            f"it is no whole workbook ({type(error).__name__}: {str(error)[:200]})",
            remedy="Open it in a spreadsheet program and save it again as .xlsx.",
        ) from error


def _inspect(source: Source) -> bool:
    """Whether the workbook holds formulas. Raises FileProblem if it unpacks to more than the limit or is encrypted."""
    with source.path.open("rb") as handle:
        if handle.read(8) == b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1":
            raise FileProblem(
                "an encrypted workbook, or one in the old .xls format", remedy="Save it as .xlsx without a password."
            )
    with zipfile.ZipFile(source.path) as archive:
        declared = sum(member.file_size for member in archive.infolist())
        if declared > source.limits.file_bytes:
            raise FileProblem(
                f"it unpacks to {declared:,} bytes; files up to {source.limits.file_bytes:,} bytes are read",
                remedy="Split the workbook, or raise LENOVO_UPLOAD_MAX_BYTES.",
            )
        for member in archive.infolist():
            if "worksheets/" in member.filename and member.filename.endswith(".xml"):
                with archive.open(member) as sheet:
                    tail = b""
                    while block := sheet.read(_BLOCK):
                        if _FORMULA.search(tail + block):
                            return True
                        tail = block[-4:]
    return False


def _sheet(sheet: Any, twin: Any, table: str, source: Source) -> Iterator[Event]:
    names = ColumnNames()
    columns: list[str] = []
    uncomputed = 0
    formulas = twin.iter_rows(values_only=True) if twin is not None else None
    for number, cells in enumerate(sheet.iter_rows(values_only=True), start=1):
        texts = next(formulas, ()) if formulas is not None else ()
        values: list[Any] = []
        for place, cell in enumerate(cells):
            formula = texts[place] if place < len(texts) else None
            if cell is None and formula is not None:
                uncomputed += 1
                cell = formula if isinstance(formula, str) else str(getattr(formula, "text", formula))
            values.append(_day(cell))
        if all(value is None for value in values):
            continue
        if not columns:
            while values and values[-1] is None:
                values.pop()
            columns = [names.new("" if value is None else str(value)) for value in values]
            yield Start(table, tuple(columns))
            continue
        while len(values) > len(columns) and values[-1] is None:
            values.pop()
        columns += [names.new("") for _ in range(len(values) - len(columns))]
        values += [None] * (len(columns) - len(values))
        yield checked(Row(table, dict(zip(columns, values, strict=True)), number), source.limits.line_bytes)
    notes = [f"sheet {table!r}: {note}" if table else note for note in names.notes]
    if uncomputed:
        notes.append(
            f"{uncomputed} formulas have no computed value and are kept as written: open and save the workbook to compute them"
        )
    if not columns:
        notes.append(f"sheet {sheet.title!r} is empty")
    yield Facts(notes=tuple(notes))


def _day(cell: Any) -> Any:
    """A date that Excel keeps as midnight of a day is the day."""
    return cell.date() if isinstance(cell, datetime) and cell.time() == time() else cell
