"""JSON documents and JSON lines. A list at the top is read element by element, so that it never stands in memory whole."""

import json
import re
from collections.abc import Iterator
from typing import Any, TextIO

from lenovo_pipeline.uploads.encodings import detect
from lenovo_pipeline.uploads.readers.documents import as_row, checked, document_rows, unique_pairs
from lenovo_pipeline.uploads.readers.lines import damage, excerpt, lines, too_long
from lenovo_pipeline.uploads.records import Event, Facts, FileProblem, Reject, Row, Source, Start

_BLOCK = 1 << 16
_BLANK = re.compile(r"[ \t\r\n]*")
_DECODER = json.JSONDecoder(object_pairs_hook=unique_pairs)
_REMEDY = "Export it again as JSON, or check it with: python -m json.tool FILE"


def read_document(source: Source) -> Iterator[Event]:
    """Rows of a JSON document; a file with one JSON value a line is read as JSON lines."""
    encoding = detect(source.path)
    notes = (encoding.note,) if encoding.note else ()
    with encoding.open(source.path) as handle:
        start = _first(handle)
        handle.seek(0)
        yield Facts(encoding.name, notes=notes)
        if start == "[":
            yield Start("")
            for element in _elements(handle):
                yield checked(Row("", as_row(element)), source.limits.line_bytes)
            return
        text = handle.read()
    try:
        document = _DECODER.decode(text)
    except json.JSONDecodeError as error:
        if error.msg == "Extra data" and error.lineno > 1:
            yield Facts(encoding.name, notes=("one JSON value a line: read as JSON lines",))
            yield from read_lines(source)
            return
        raise FileProblem(f"it is no JSON: {error.msg} in line {error.lineno}, column {error.colno}", remedy=_REMEDY) from error
    except (RecursionError, ValueError) as error:
        raise FileProblem(f"values nested too deeply or numbers too long ({error})", remedy="Flatten the document.") from error
    yield from document_rows(document, source.limits.line_bytes)


def read_lines(source: Source) -> Iterator[Event]:
    """Rows of JSON lines: each line one value; a line that is no JSON is a reject, an empty line nothing."""
    encoding = detect(source.path)
    limit = source.limits.line_bytes
    good = 0
    with encoding.open(source.path) as handle:
        yield Facts(encoding.name, notes=(encoding.note,) if encoding.note else ())
        yield Start("")
        for line in lines(handle, limit):
            text = line.text.strip()
            if not text:
                continue
            problem = damage(text) if line.complete else too_long(limit)
            if problem:
                yield Reject(line.number, excerpt(text), *problem)
                continue
            try:
                value = _DECODER.decode(text)
            except (ValueError, RecursionError) as error:
                reason = f"no JSON ({getattr(error, 'msg', None) or error})"
                yield Reject(line.number, excerpt(text), reason, "Write one whole JSON value into the line.")
                continue
            good += 1
            yield checked(Row("", as_row(value), line.number), limit)
    if not good:
        raise FileProblem("not one line holds a whole JSON value", remedy=_REMEDY)


def _first(handle: TextIO) -> str:
    while block := handle.read(_BLOCK):
        text = block.lstrip(" \t\r\n\ufeff")
        if text:
            return text[0]
    return ""


def _elements(handle: TextIO) -> Iterator[Any]:
    """The elements of the list that the text is. The buffer doubles while an element is not whole: linear in all."""
    buffer, place, block, ended = handle.read(_BLOCK), 0, _BLOCK, False
    place = buffer.index("[") + 1
    expected = "element or end"
    while True:
        place = _skip(buffer, place)
        if place < len(buffer):
            sign = buffer[place]
            if sign == "]" and expected != "element":
                break
            if expected == "comma or end":
                if sign != ",":
                    raise _broken("',' or ']' expected", buffer, place)
                place, expected = place + 1, "element"
                continue
            try:
                value, after = _DECODER.raw_decode(buffer, place)
                after = _skip(buffer, after)
                # A number at the end of the buffer may go on in the next block.
                if after < len(buffer) or ended:
                    yield value
                    place, expected, block = after, "comma or end", _BLOCK
                    continue
            except json.JSONDecodeError as error:
                if ended:
                    raise _broken(error.msg, buffer, error.pos) from error
            except (RecursionError, ValueError) as error:
                raise FileProblem(
                    f"values nested too deeply or numbers too long ({error})", remedy="Flatten the document."
                ) from error
        elif ended:
            raise FileProblem("the list does not end: the file is cut off", remedy="Copy or export the file again.")
        more = handle.read(block)
        ended = not more
        buffer, place, block = buffer[place:] + more, 0, 2 * block
    rest = buffer[place + 1 :] + handle.read()
    if rest.strip():
        raise _broken("more text after the end of the list", rest, 0)


def _skip(buffer: str, place: int) -> int:
    match = _BLANK.match(buffer, place)
    return match.end() if match else place


def _broken(what: str, buffer: str, place: int) -> FileProblem:
    return FileProblem(f"it is no JSON: {what} near {excerpt(buffer[place : place + 40])!r}", remedy=_REMEDY)
