"""Chunks: the passages that are embedded, indexed and found, with where they come from.

Belongs here: which tables have texts, their kinds, chunk ids, context. Does not belong here: how a text is cut (splitting.py).
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass

import pandas as pd

from lenovo_pipeline.failures import PermanentFailure
from lenovo_pipeline.knowledge.splitting import CountTokens, Section, cut, sections
from lenovo_pipeline.knowledge.tables import CHUNKS


@dataclass(frozen=True)
class Source:
    """A table whose records have a text: its kind, its id column and the column of the title (None: the first heading)."""

    kind: str
    id_column: str
    title_column: str | None = None


SOURCES: dict[str, Source] = {
    "devices": Source("devices", "device_id", "name"),
    "support_articles": Source("support", "article_id", "title"),
    "incidents": Source("support", "incident_id"),
    "technical_docs": Source("technical", "technical_doc_id", "title"),
    "documents": Source("business", "document_id", "title"),
    "processes": Source("business", "process_id", "name"),
    "customers": Source("customer", "customer_id", "name"),
    "journeys": Source("customer", "journey_id"),
    "texts": Source("uploads", "text_id", "title"),
}

_CONTEXT_SHARE = 0.5
"""Share of a chunk's tokens that title and section may take; beyond it they are shortened."""

UNKNOWN_LANGUAGE = "und"


def make_chunks(sources: Mapping[str, pd.DataFrame], max_tokens: int, count_tokens: CountTokens) -> pd.DataFrame:
    """Chunks of all texts in `sources` (table name -> frame, see SOURCES), as a frame with the columns of CHUNKS.

    No chunk exceeds `max_tokens` tokens by `count_tokens`, its context included; every word of every text is in a chunk.
    The order is that of the tables and their rows. Records without a text have no chunk.
    Raises PermanentFailure naming all unknown tables and missing columns.
    """
    _check(sources, max_tokens)
    records: list[dict[str, object]] = []
    parts: list[Section] = []
    owner: list[int] = []
    for table, source in SOURCES.items():
        for row in _rows(sources.get(table), source):
            if not isinstance(row["text"], str) or not row["text"].strip():
                continue
            found = sections(row["text"])
            title = row["title"] if isinstance(row["title"], str) and row["title"].strip() else _first_heading(found)
            language = row["language"] if isinstance(row["language"], str) else UNKNOWN_LANGUAGE
            record = {"record_id": row["id"], "kind": source.kind, "record_type": table, "title": title or str(row["id"])}
            anchor = row["anchor"] if isinstance(row["anchor"], str) else None
            owner += [len(records)] * len(found)
            parts += found
            records.append({**record, "language": language, "anchor": anchor})
    paths = [_path(str(records[i]["title"]), part.headings) for i, part in zip(owner, parts, strict=True)]
    contexts, taken = _contexts([str(records[i]["title"]) for i in owner], paths, int(max_tokens * _CONTEXT_SHARE), count_tokens)
    passages = cut([(part, max_tokens - used) for part, used in zip(parts, taken, strict=True)], count_tokens)
    positions = [0] * len(records)
    rows = []
    for i, path, context, found_passages in zip(owner, paths, contexts, passages, strict=True):
        for passage in found_passages:
            said = " > ".join(part for part in context if part not in passage.text)
            rows.append(
                {**records[i], "section": " > ".join(path), "position": positions[i], "context": said, "text": passage.text}
            )
            positions[i] += 1
    chunks = pd.DataFrame(
        rows, columns=[name for name in CHUNKS.column_names if name not in ("chunk_id", "tokens")], dtype=object
    )
    chunks.insert(0, "chunk_id", [_chunk_id(row) for row in rows])
    chunks["tokens"] = [max(1, int(n)) for n in count_tokens(indexed_texts(chunks))] if rows else []
    return chunks[list(CHUNKS.column_names)]


def indexed_texts(chunks: pd.DataFrame) -> list[str]:
    """What is embedded and indexed of each chunk: its context, then its text."""
    return [f"{c}\n{t}" if c else t for c, t in zip(chunks["context"], chunks["text"], strict=True)]


def _check(sources: Mapping[str, pd.DataFrame], max_tokens: int) -> None:
    problems = [f"table {name!r} has no texts that are known" for name in sources if name not in SOURCES]
    for name, source in SOURCES.items():
        if name in sources:
            needed = [source.id_column, "text", *([source.title_column] if source.title_column else [])]
            problems += [f"table {name!r} lacks column {column!r}" for column in needed if column not in sources[name].columns]
    if max_tokens < 8:
        problems.append(f"max_tokens is {max_tokens}; at least 8 are needed")
    if problems:
        raise PermanentFailure(
            f"chunks cannot be made: {'; '.join(problems)}",
            remedy=f"Give tables out of {', '.join(SOURCES)}, as their contracts say.",
        )


def _rows(frame: pd.DataFrame | None, source: Source) -> list[dict[str, object]]:
    if frame is None or frame.empty:
        return []
    wanted = {"id": source.id_column, "title": source.title_column, "text": "text", "language": "language", "anchor": "anchor"}
    columns = {
        name: frame[column].tolist() if column is not None and column in frame.columns else [None] * len(frame)
        for name, column in wanted.items()
    }
    return [dict(zip(columns, values, strict=True)) for values in zip(*columns.values(), strict=True)]


def _first_heading(found: list[Section]) -> str:
    return next((part.headings[0] for part in found if part.headings), "")


def _path(title: str, headings: tuple[str, ...]) -> tuple[str, ...]:
    """The headings below the title: where the text repeats its title as a heading, that one says nothing new."""
    return tuple(heading for heading in headings if heading.strip() != title.strip())


def _contexts(
    titles: list[str], paths: list[tuple[str, ...]], limit: int, count_tokens: CountTokens
) -> tuple[list[tuple[str, ...]], list[int]]:
    """Title and headings of each section with the tokens that they take at most, joined; shortened from the end to `limit`."""
    whole = [(title, *path) for title, path in zip(titles, paths, strict=True)]
    distinct = list(dict.fromkeys(whole))
    counts = {context: int(n) for context, n in zip(distinct, count_tokens([" > ".join(c) for c in distinct]), strict=True)}
    shortened: dict[tuple[str, ...], tuple[str, ...]] = {}
    for context, tokens in counts.items():
        short = context
        while tokens > limit:
            # The innermost heading says most about the passage, the title most about the record: what lies between goes first.
            short = (short[0], *short[2:]) if len(short) > 2 else tuple(part[: len(part) * 3 // 4] for part in short)
            tokens = int(count_tokens([" > ".join(short)])[0])
        shortened[context] = tuple(part for part in short if part)
    used = {
        context: int(n) for context, n in zip(distinct, count_tokens([" > ".join(shortened[c]) for c in distinct]), strict=True)
    }
    return [shortened[context] for context in whole], [used[context] for context in whole]


def _chunk_id(row: dict[str, object]) -> str:
    material = "\x1f".join(str(row[name]) for name in ("record_type", "record_id", "position", "context", "text"))
    return f"CHK-{hashlib.sha256(material.encode('utf-8', 'surrogatepass')).hexdigest()[:24]}"
