"""Where a person still stands: in tables, vectors and graph by their contents, and in every file of the store by its bytes.

Belongs here: looking. Nothing here changes anything.
"""

import gzip
import json
import mmap
import re
import tempfile
import unicodedata
from collections.abc import Iterator
from pathlib import Path

from lenovo_pipeline.commands.forgetting.people import Sought
from lenovo_pipeline.privacy import FILE, name_words
from lenovo_pipeline.resources.graph import GraphStore
from lenovo_pipeline.resources.store import Store
from lenovo_pipeline.resources.vectors import Vectors
from lenovo_pipeline.resources.warehouse import Warehouse
from lenovo_pipeline.uploads.formats import SUFFIXES, format_of, is_archive
from lenovo_pipeline.uploads.readers.archives import members
from lenovo_pipeline.uploads.records import Facts, FileProblem, Limits, Reject, Row, Source, Start, Text
from lenovo_pipeline.uploads.scan import find

_PAGE = 2_000
_NOT_SEARCHED = {FILE, "lock", "lock.json"}


def in_tables(warehouse: Warehouse, sought: Sought) -> dict[str, int]:
    """Table (`schema.name`) -> how many of its rows name the person or have their address; only tables that have some."""
    columns: dict[str, list[str]] = {}
    for schema, table, column in warehouse.frame(
        "SELECT table_schema, table_name, column_name FROM information_schema.columns"
        " WHERE table_catalog = current_database() ORDER BY ALL"
    ).itertuples(index=False):
        columns.setdefault(f"{_quoted(schema)}.{_quoted(table)}", []).append(_quoted(column))
    condition, values = _candidates(sought)
    found: dict[str, int] = {}
    for table, names in columns.items():
        count = int(sought.is_in(f"{table} {' | '.join(names)}"))
        # The bar keeps the end of one column and the beginning of the next from making a name.
        written = f"concat_ws(' | ', {', '.join(f'{name}::VARCHAR' for name in names)})"
        with warehouse.read() as connection:
            cursor = connection.execute(
                f"SELECT written FROM (SELECT {written} AS written FROM {table}) WHERE {condition}", values
            )
            while rows := cursor.fetchmany(_PAGE):
                count += sum(sought.is_in(text) for (text,) in rows)
        if count:
            found[table.replace('"', "")] = count
    return found


def _candidates(sought: Sought) -> tuple[str, list[str]]:
    """SQL that holds for every row that may name the person, cheaply; which of them do is decided by redaction's own rules."""
    conditions, values = [], []
    for address in sought.addresses:
        conditions.append("contains(lower(written), ?)")
        values.append(address.lower())
    for name in sought.telling_names:
        words = name_words(name)
        conditions.append(" AND ".join("contains(strip_accents(lower(written)), ?)" for _ in words))
        values.extend(words)
    return (" OR ".join(f"({condition})" for condition in conditions) or "false"), values


def in_vectors(vectors: Vectors, sought: Sought) -> list[str]:
    """Ids of the entries of the vector store whose document or metadata name the person."""
    found = []
    for kind in vectors.kinds():
        collection = vectors.find(kind)
        if collection is None:
            continue
        with vectors.explained():
            for start in range(0, collection.count(), _PAGE):
                page = collection.get(limit=_PAGE, offset=start, include=["documents", "metadatas"])
                entries = zip(page["ids"], page["documents"] or [], page["metadatas"] or [], strict=True)
                found += [
                    entry
                    for entry, document, metadata in entries
                    if sought.is_in(f"{document}\n{json.dumps(metadata, ensure_ascii=False, default=str)}")
                ]
    return found


def in_graph(graph: GraphStore, sought: Sought) -> list[str]:
    """`Label id` of the nodes with a property that names the person."""
    _, rows = graph.rows("MATCH (n) RETURN labels(n)[0] AS label, n.id AS id, properties(n) AS held")
    return [
        f"{label} {identity}"
        for label, identity, held in rows
        if sought.is_in("\n".join(value for value in dict(held).values() if isinstance(value, str)))
    ]


def in_files(store: Store, sought: Sought) -> dict[Path, int]:
    """File -> how often the person's name or address stands in its bytes, in every file of the store."""
    pattern = byte_pattern(sought)
    if pattern is None:
        return {}
    found = {}
    for path in sorted(store.root.rglob("*")):
        if path.is_symlink() or not path.is_file() or path.name in _NOT_SEARCHED:
            continue
        try:
            count = _count(path, pattern) + sum(bool(match.group(1)) for match in pattern.finditer(str(path).encode()))
        except FileNotFoundError:
            # Journals of SQLite come and go while the UI is open.
            continue
        if count:
            found[path] = count
    return found


def byte_pattern(sought: Sought) -> re.Pattern[bytes] | None:
    """Matches what to look for in raw bytes as group 1: names and addresses as UTF-8 and as JSON writes them, in any case.

    Names of people who stay that contain this one match first, without a group. None if there is nothing to look for.
    """
    written = {form for text in (*sought.telling_names, *sought.addresses) for form in _forms(text)}
    if not written:
        return None
    others = {form for text in sought.others for form in _forms(text)}
    wanted = b"|".join(re.escape(form) for form in sorted(written, key=len, reverse=True))
    passed_over = b"".join(re.escape(form) + b"|" for form in sorted(others, key=len, reverse=True))
    return re.compile(passed_over + b"(" + wanted + b")", re.IGNORECASE)


def _forms(text: str) -> Iterator[bytes]:
    for cased in (text, text.lower(), text.upper(), text.casefold()):
        for normal in ("NFC", "NFD"):
            normalised = unicodedata.normalize(normal, cased)
            yield normalised.encode()
            yield json.dumps(normalised)[1:-1].encode()


def _count(path: Path, pattern: re.Pattern[bytes]) -> int:
    if path.suffix == ".gz":
        try:
            return sum(bool(match.group(1)) for match in pattern.finditer(gzip.decompress(path.read_bytes())))
        except (OSError, EOFError):
            pass
    if path.stat().st_size == 0:
        return 0
    with path.open("rb") as handle, mmap.mmap(handle.fileno(), 0, access=mmap.ACCESS_READ) as mapped:
        return sum(bool(match.group(1)) for match in pattern.finditer(mapped))


def in_uploads(folder: Path, limits: Limits, sought: Sought) -> dict[str, list[str]]:
    """The user's own files that name the person: path -> lines or sections, as the readers find them.

    A file that cannot be read cannot be searched either, and is passed over: nothing of it is stored.
    """
    found: dict[str, list[str]] = {}
    if not folder.is_dir():
        return found
    for place in find(folder, suffixes=SUFFIXES):
        if sought.is_in_raw(place.path):
            found.setdefault(place.path, []).append("its own name")
        if place.problem:
            continue
        source = Source(place.place, place.path, limits)
        try:
            if not is_archive(source):
                found.setdefault(place.path, []).extend(_places(source, sought))
                continue
            with tempfile.TemporaryDirectory() as work:
                for member in members(source, Path(work)):
                    if member.path is not None:
                        inner = Source(member.path, f"{place.path}::{member.name}", limits)
                        found.setdefault(inner.name, []).extend(_places(inner, sought))
        except (FileProblem, OSError):
            continue
    return {path: list(dict.fromkeys(places)) for path, places in found.items() if places}


def _places(source: Source, sought: Sought) -> Iterator[str]:
    try:
        for event in format_of(source).read(source):
            if isinstance(event, Row):
                if sought.splits_over(event.values) or sought.is_in_raw("\n".join(map(str, event.values))):
                    yield f"line {event.line}" if event.line else "a row"
            elif isinstance(event, Text):
                if sought.is_in_raw(f"{event.title or ''}\n{event.section or ''}\n{event.text}"):
                    yield f"section {event.section!r}" if event.section and not sought.is_in_raw(event.section) else "its text"
            elif isinstance(event, Reject):
                if sought.is_in_raw(event.raw):
                    yield f"line {event.line}" if event.line else "a row"
            elif isinstance(event, Start):
                if sought.is_in_raw("\n".join((event.table, *event.columns))):
                    yield "the names of its columns"
            elif isinstance(event, Facts) and sought.is_in_raw("\n".join((event.title or "", *event.notes))):
                yield "its title"
    except Exception:
        # A reader's own failure on one file: it is reported by uploads/files, and nothing of the file is stored.
        return


def _quoted(name: str) -> str:
    return '"' + str(name).replace('"', '""') + '"'
