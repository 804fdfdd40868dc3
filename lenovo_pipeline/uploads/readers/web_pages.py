"""HTML: tables become rows, headings cut the text; scripts, styles and comments are dropped."""

from collections.abc import Iterator
from typing import Any

from lenovo_pipeline.uploads.columns import unique_names
from lenovo_pipeline.uploads.encodings import detect
from lenovo_pipeline.uploads.readers.documents import checked
from lenovo_pipeline.uploads.readers.lines import damage, excerpt
from lenovo_pipeline.uploads.readers.texts import Block
from lenovo_pipeline.uploads.records import Event, Facts, FileProblem, Reject, Row, Source, Start, Text

_LARGEST_BYTES = 20_000_000
_DROPPED = ["script", "style", "template", "noscript", "iframe", "object", "embed", "svg", "head"]
_HEADINGS = {"h1": 1, "h2": 2, "h3": 3, "h4": 4, "h5": 5, "h6": 6}
_BLOCKS = {"p", "div", "li", "ul", "ol", "br", "tr", "section", "article", "blockquote", "pre", "dt", "dd", "hr", "table"} | set(
    _HEADINGS
)
_WIDEST_SPAN = 200


def read(source: Source) -> Iterator[Event]:
    """Rows of the tables (`table_1`, `table_2` … if there are several), texts by heading."""
    from bs4 import BeautifulSoup

    size = source.path.stat().st_size
    if size > _LARGEST_BYTES:
        raise FileProblem(
            f"a page of {size:,} bytes; pages are held in memory whole, so up to {_LARGEST_BYTES:,} bytes are read",
            remedy="Split the page, or export its tables as CSV.",
        )
    encoding = detect(source.path)
    with encoding.open(source.path) as handle:
        text = handle.read()
    problem = damage(text)
    notes = [encoding.note] if encoding.note else []
    if problem:
        notes.append(f"{problem[0]}: each is shown as U+FFFD")
        text = text.replace("\0", "\ufffd").encode("utf-8", errors="replace").decode()
    try:
        page = BeautifulSoup(text, "lxml")
        title = page.title.get_text(" ", strip=True) if page.title else None
        for element in page.find_all(_DROPPED):
            element.decompose()
        # A table that holds tables only arranges the page.
        tables = [table for table in page.find_all("table") if table.find("table") is None]
        yield Facts(encoding.name, title=title, notes=tuple(notes))
        for index, table in enumerate(tables, start=1):
            yield from _table(table, f"table_{index}" if len(tables) > 1 else "", source)
            table.decompose()
        yield from _sections(page, title)
    except RecursionError as error:
        raise FileProblem("elements nested too deeply", remedy="Export the page again with less nesting.") from error


def _table(table: Any, name: str, source: Source) -> Iterator[Event]:
    names: tuple[str, ...] = ()
    for number, row in enumerate(table.find_all("tr"), start=1):
        line = row.sourceline or number
        cells = list(_cells(row))
        if not any(cells):
            continue
        if not names:
            names, notes = unique_names(cells)
            yield Facts(notes=tuple(f"{name or 'table'}: {note}" for note in notes))
            yield Start(name, names, written=True)
            continue
        if len(cells) != len(names):
            yield Reject(
                line,
                excerpt(" | ".join(cells)),
                f"{len(cells)} cells where the table has {len(names)}",
                "Correct the row of the table.",
            )
            continue
        yield checked(Row(name, dict(zip(names, cells, strict=True)), line), source.limits.line_bytes)


def _cells(row: Any) -> Iterator[str]:
    for cell in row.find_all(["td", "th"]):
        text = cell.get_text(" ", strip=True)
        span = str(cell.get("colspan", "1"))
        yield from [text] * (min(max(int(span), 1), _WIDEST_SPAN) if span.isascii() and span.isdigit() else 1)


def _sections(page: Any, title: str | None) -> Iterator[Text]:
    from bs4 import Tag
    from bs4.element import NavigableString

    path: list[tuple[int, str]] = []
    block = Block()
    for element in page.descendants:
        section = " › ".join(name for _, name in path) or None
        if isinstance(element, Tag):
            if element.name in _BLOCKS:
                block.add("\n")
            if element.name in _HEADINGS and (name := element.get_text(" ", strip=True)):
                if text := block.take():
                    yield Text(text, section, title)
                level = _HEADINGS[element.name]
                path = [(above, heading) for above, heading in path if above < level] + [(level, name[:200])]
                title = title or name[:200]
        elif type(element) is NavigableString:
            words = " ".join(str(element).split())
            if words:
                block.add(words + " ")
                if block.full and (text := block.take()):
                    yield Text(text, section, title)
    if text := block.take():
        yield Text(text, " › ".join(name for _, name in path) or None, title)
