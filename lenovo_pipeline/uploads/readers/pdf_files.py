"""PDF: the text of each page."""

import logging
from collections.abc import Iterator

from lenovo_pipeline.uploads.readers.lines import damage, excerpt
from lenovo_pipeline.uploads.records import Event, FileProblem, Reject, Source, Text

_MOST_PAGES = 5_000


def read(source: Source) -> Iterator[Event]:
    """One text for each page. A page that cannot be read is a reject. Nothing in the file is executed."""
    from pypdf import PasswordType, PdfReader

    # pypdf logs each irregularity of a file; what matters is reported per file and page.
    logging.getLogger("pypdf").setLevel(logging.CRITICAL)
    texts = 0
    try:
        with source.path.open("rb") as handle:
            reader = PdfReader(handle)
            if reader.is_encrypted and reader.decrypt("") == PasswordType.NOT_DECRYPTED:
                raise FileProblem("an encrypted PDF", remedy="Save it without a password.")
            pages = len(reader.pages)
            if pages > _MOST_PAGES:
                raise FileProblem(f"{pages:,} pages; up to {_MOST_PAGES:,} are read", remedy="Split the file.")
            title = reader.metadata.title if reader.metadata else None
            for number in range(1, pages + 1):
                try:
                    text = reader.pages[number - 1].extract_text().strip()
                except Exception as error:
                    yield Reject(
                        number,
                        excerpt(f"page {number}"),
                        f"a damaged page ({type(error).__name__}: {error})",
                        "Print it to PDF again.",
                    )
                    continue
                problem = damage(text)
                if problem:
                    text = text.replace("\0", "").encode("utf-8", errors="replace").decode()
                if text:
                    texts += 1
                    yield Text(text, f"page {number}", str(title) if title else None)
    except FileProblem:
        raise
    except Exception as error:
        # pypdf lets whatever its parsers raise through: KeyError, TypeError, RecursionError, its own errors …
        raise FileProblem(
            f"it is no whole PDF ({type(error).__name__}: {str(error)[:200]})",
            remedy="Copy the file again, or print it to PDF again.",
        ) from error
    if not texts:
        raise FileProblem(
            f"{pages} pages without text (scanned pictures?)", remedy="Run character recognition (OCR) over it first."
        )
