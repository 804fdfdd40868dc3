"""Delimited text (CSV, TSV, and files with semicolons or pipes): quoted line breaks, ragged rows, broken quotes."""

import csv
import io
import re
from collections import Counter
from collections.abc import Iterator
from itertools import islice
from typing import TypeAlias

from lenovo_pipeline.uploads.columns import unique_names
from lenovo_pipeline.uploads.encodings import detect
from lenovo_pipeline.uploads.readers.lines import Line, damage, excerpt, lines, over, too_long
from lenovo_pipeline.uploads.records import Event, Facts, FileProblem, Reject, Row, Source, Start
from lenovo_pipeline.uploads.value_types import kind_of_text

_DELIMITERS = (",", ";", "\t", "|")
_SAMPLE_LINES = 200
_SAMPLE_CHARACTERS = 1 << 18
_DECLARED = re.compile(r"sep=(.)\s*", re.IGNORECASE)
_RESCAN = 4
_OPEN_QUOTE = 16
"""A quoted cell may run so many times the longest line before its quote counts as never closed."""

_Record: TypeAlias = tuple[int, list[str], str]


def read(source: Source) -> Iterator[Event]:
    """Rows of a delimited file. The first record names the columns unless all its cells are numbers, dates or empty."""
    encoding = detect(source.path)
    notes = [encoding.note] if encoding.note else []
    with encoding.open(source.path) as handle:
        head = list(islice(lines(handle, min(source.limits.line_bytes, _SAMPLE_CHARACTERS)), _SAMPLE_LINES))
    declared = _DECLARED.fullmatch(head[0].text) if head else None
    if declared and declared.group(1) in _DELIMITERS:
        delimiter = declared.group(1)
        notes.append(f"the first line declares the delimiter {delimiter!r}")
    else:
        declared = None
        delimiter = sniff([line.text for line in head if line.complete], "\t" if source.suffix in (".tsv", ".tab") else ",")
    with encoding.open(source.path) as handle:
        found = lines(handle, source.limits.line_bytes)
        if declared:
            next(found)
        yield from _rows(_records(found, delimiter, source), encoding.name, delimiter, notes)


def sniff(sample: list[str], prefer: str = ",") -> str:
    """The delimiter that cuts most records of a sample into as many cells as the first one; `prefer` if none does."""
    best, chosen = (0.0, 0), prefer
    text = "".join(sample)
    for delimiter in (prefer, *(other for other in _DELIMITERS if other != prefer)):
        try:
            widths = [len(record) for record in csv.reader(io.StringIO(text, newline=""), delimiter=delimiter) if record]
        except csv.Error:
            continue
        if not widths or widths[0] < 2:
            continue
        score = (round(Counter(widths)[widths[0]] / len(widths), 2), widths[0])
        if score > best:
            best, chosen = score, delimiter
    return chosen


def _rows(records: Iterator[_Record | Reject], encoding: str, delimiter: str, notes: list[str]) -> Iterator[Event]:
    names: tuple[str, ...] = ()
    for record in records:
        if isinstance(record, Reject):
            yield record
            continue
        line, cells, raw = record
        if (not names and not any(cell.strip() for cell in cells)) or (len(names) > 1 and not raw.strip()):
            continue
        if not names:
            headless = all(not cell.strip() or kind_of_text(cell) not in ("text", "boolean") for cell in cells)
            names, renamed = unique_names([""] * len(cells) if headless else cells)
            notes += ["the first line holds values, so the columns are numbered"] if headless else renamed
            yield Facts(encoding, delimiter, notes=tuple(notes))
            yield Start("", names, written=True)
            if not headless:
                continue
        if len(cells) != len(names):
            yield Reject(
                line,
                excerpt(raw),
                f"{len(cells)} cells where the first line has {len(names)}",
                f"Correct the line: {len(names)} cells, those that hold {delimiter!r} or quotes in double quotes.",
            )
            continue
        yield Row("", dict(zip(names, cells, strict=True)), line)
    if not names:
        raise FileProblem("no line that names columns", remedy="Put the names of the columns into the first line.")


class _Feed:
    """Hands lines to the csv reader, remembers those of the current record, and takes them back."""

    def __init__(self, found: Iterator[Line], limit: int) -> None:
        self._found = found
        self._limit = limit
        self._back: list[Line] = []
        self.record: list[Line] = []
        self.size = 0
        self.overlong: Line | None = None

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        line = self._back.pop() if self._back else next(self._found)
        if not line.complete:
            self.overlong = line
            raise _TooLongError
        self.record.append(line)
        self.size += len(line.text)
        if self.size > _OPEN_QUOTE * self._limit and len(self.record) > 1:
            raise _TooLongError
        return line.text

    def start(self) -> None:
        self.record = []
        self.size = 0
        self.overlong = None

    def give_back(self) -> int:
        """Take back all lines that were handed out but the record's first; return how many characters that are."""
        again = self.record[1:]
        if self.overlong:
            self._back.append(self.overlong)
        self._back.extend(reversed(again))
        return sum(len(line.text) for line in again)


class _TooLongError(Exception):
    pass


def _records(found: Iterator[Line], delimiter: str, source: Source) -> Iterator[_Record | Reject]:
    """Each record with its first line, or a reject. A broken quote costs its own line only: reading goes on after it.

    What is read twice for that is bounded by a few times the size of the file; then whole stretches are rejected.
    """
    limit = source.limits.line_bytes
    csv.field_size_limit(max(csv.field_size_limit(), 2 * _OPEN_QUOTE * limit))
    feed = _Feed(found, limit)
    budget = _RESCAN * (source.path.stat().st_size + limit)
    reader = csv.reader(feed, delimiter=delimiter, strict=True)
    while True:
        feed.start()
        try:
            cells = next(reader)
        except StopIteration:
            return
        except (_TooLongError, csv.Error) as error:
            reader = csv.reader(feed, delimiter=delimiter, strict=True)
            if not feed.record and feed.overlong:
                yield Reject(feed.overlong.number, excerpt(feed.overlong.text), *too_long(limit))
                continue
            first, overlong = feed.record[0], feed.overlong
            if len(feed.record) == 1 and overlong is None:
                yield Reject(
                    first.number, excerpt(first.text), f"broken quotes ({error})", "Double the quotes inside a quoted cell."
                )
                continue
            last = feed.record[-1].number
            if budget > 0:
                budget -= feed.give_back()
                last = first.number
            reach = "a quote that is not closed" if last == first.number else f"a quote that is not closed up to line {last}"
            yield Reject(first.number, excerpt(first.text), reach, "Close the quote, or double the quotes inside a quoted cell.")
            if overlong is not None and last != first.number:
                yield Reject(overlong.number, excerpt(overlong.text), *too_long(limit))
            continue
        if not cells:
            continue
        raw = "".join(line.text for line in feed.record) if len(feed.record) > 1 else feed.record[0].text
        problem = too_long(limit) if len(feed.record) > 1 and over(raw, limit) else damage(raw)
        if problem:
            yield Reject(feed.record[0].number, excerpt(raw), *problem)
        else:
            yield feed.record[0].number, cells, raw
