"""Which reader a file gets, by its extension, after a look at whether its first bytes fit.

Belongs here: the list of readable formats. Does not belong here: how a format is read (readers/).
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TypeAlias

from lenovo_pipeline.uploads.readers import delimited, json_files, parquet_files, pdf_files, texts, web_pages, workbooks
from lenovo_pipeline.uploads.records import Event, FileProblem, Source

Read: TypeAlias = Callable[[Source], Iterator[Event]]


@dataclass(frozen=True)
class Format:
    """A readable format: what the inventory calls its reader, its extensions, and the bytes its files begin with, if any."""

    name: str
    suffixes: tuple[str, ...]
    read: Read
    magic: tuple[bytes, ...] = ()


FORMATS = (
    Format("delimited", (".csv", ".tsv", ".tab"), delimited.read),
    Format("json", (".json",), json_files.read_document),
    Format("jsonl", (".jsonl", ".ndjson"), json_files.read_lines),
    Format("parquet", (".parquet", ".pq"), parquet_files.read, (b"PAR1",)),
    Format("xlsx", (".xlsx", ".xlsm"), workbooks.read, (b"PK\x03\x04", b"\xd0\xcf\x11\xe0")),
    Format("markdown", (".md", ".markdown"), texts.read_markdown),
    Format("text", (".txt", ".text", ".log"), texts.read_text),
    Format("html", (".html", ".htm"), web_pages.read),
    Format("pdf", (".pdf",), pdf_files.read, (b"%PDF",)),
)
ARCHIVES = {".zip": b"PK", ".gz": b"\x1f\x8b"}

SUFFIXES = frozenset(suffix for known in FORMATS for suffix in known.suffixes) | frozenset(ARCHIVES)

_BY_SUFFIX = {suffix: known for known in FORMATS for suffix in known.suffixes}
_MAGIC = (
    (b"\x89PNG", "a PNG picture"),
    (b"\xff\xd8\xff", "a JPEG picture"),
    (b"GIF8", "a GIF picture"),
    (b"%PDF", "a PDF"),
    (b"PK\x03\x04", "a zip archive or an Office file"),
    (b"\x1f\x8b", "gzip data"),
    (b"PAR1", "a Parquet file"),
    (b"\xd0\xcf\x11\xe0", "an old or encrypted Office file"),
    (b"\x7fELF", "a program"),
    (b"MZ\x90\x00", "a program"),
    (b"SQLite format 3", "an SQLite database"),
    (b"7z\xbc\xaf", "a 7-Zip archive"),
    (b"BZh", "bzip2 data"),
    (b"\xfd7zXZ", "xz data"),
)
_HEAD = 1 << 11


def format_of(source: Source) -> Format:
    """The format of a file that is no archive.

    Raises FileProblem if the file is empty, its extension is unknown, or its first bytes belong to another format.
    """
    head = head_of(source)
    known = _BY_SUFFIX.get(source.suffix)
    if known is None:
        kind = f"extension {source.suffix}" if source.suffix else "no extension"
        raise FileProblem(f"{kind}, for which there is no reader{_looks(head)}", remedy=_readable(source.suffix))
    if known.magic:
        # The marker of a PDF may stand a little behind the beginning.
        fits = known.magic[0] in head if known.name == "pdf" else head.startswith(known.magic)
        if not fits:
            raise FileProblem(
                f"the content is no {known.name.upper()}{_looks(head) or ' (it begins with other bytes)'}",
                remedy="Give the file the extension that fits its content, or copy it again.",
            )
    elif looks := _looks(head):
        raise FileProblem(f"the content is no {known.name}{looks}", remedy="Give the file the extension that fits its content.")
    return known


def is_archive(source: Source) -> bool:
    """Whether a file is an archive by its extension. Raises FileProblem if it is empty or its content is none."""
    magic = ARCHIVES.get(source.suffix)
    if magic is None:
        return False
    head = head_of(source)
    if not head.startswith(magic):
        raise FileProblem(f"the content is no {source.suffix[1:]} archive{_looks(head)}", remedy="Pack it again, or rename it.")
    return True


def head_of(source: Source) -> bytes:
    """The first bytes of a file. Raises FileProblem if there are none, or only blanks."""
    with source.path.open("rb") as handle:
        head = handle.read(_HEAD)
    if not head.strip(b" \t\r\n") and source.path.stat().st_size <= _HEAD:
        raise FileProblem("it is empty", remedy="Copy the file again, or remove it.")
    return head


def _looks(head: bytes) -> str:
    return next((f" (it looks like {what})" for magic, what in _MAGIC if head.startswith(magic)), "")


def _readable(suffix: str) -> str:
    if suffix in (".xls", ".ods", ".numbers"):
        return "Save it as .xlsx or .csv."
    if suffix in (".doc", ".docx", ".odt", ".rtf", ".ppt", ".pptx"):
        return "Save it as .pdf, .html, .md or .txt."
    return f"Convert it to one of {', '.join(sorted(SUFFIXES))}, or remove it."
