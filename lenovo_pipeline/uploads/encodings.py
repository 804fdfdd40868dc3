"""The encoding of a text file: byte-order mark, UTF-8, UTF-16 without a mark, then the likeliest legacy encoding.

Belongs here: deciding on an encoding and opening a file in it. Does not belong here: what the text means.
"""

import codecs
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

from lenovo_pipeline.uploads.records import FileProblem

_SAMPLE = 1 << 18
_BLOCK = 1 << 20
_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_LEGACY = ["cp1252", "gb18030", "big5", "shift_jis", "euc_kr", "cp1251"]
_HIGH_RUN = re.compile(rb"[\x80-\xff]+")
_MULTIBYTE = re.compile(rb"[\xc2-\xdf][\x80-\xbf]|[\xe0-\xef][\x80-\xbf]{2}|[\xf0-\xf4][\x80-\xbf]{3}")
_CONTROL = re.compile(rb"[\x00-\x08\x0e-\x1a\x1c-\x1f\x7f]")
_BINARY_SHARE = 0.05
_DAMAGE_SHARE = 0.1
BAD_BYTE = re.compile("[\ud800-\udfff]")
"""What bytes that do not fit the encoding become; whoever reads a row rejects it if it holds one."""


def _mark(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeDecodeError):
        raise error
    return "\udc80", error.end


codecs.register_error("lenovo.mark", _mark)


@dataclass(frozen=True)
class Encoding:
    """A codec's name, and a remark if it is a guess or does not fit every byte."""

    name: str
    note: str | None = None

    @contextmanager
    def open(self, path: Path) -> Iterator[TextIO]:
        """The file as text, line ends as written. Bytes that do not fit become U+DC80."""
        with path.open(encoding=self.name, errors="lenovo.mark", newline="") as handle:
            yield handle


def detect(path: Path) -> Encoding:
    """The encoding of a text file. Raises FileProblem if the bytes are no text."""
    with path.open("rb") as handle:
        sample = handle.read(_SAMPLE)
    for mark, name in _MARKS:
        if sample.startswith(mark):
            return Encoding(name)
    if b"\0" in sample:
        wide = _wide(sample)
        if wide:
            return Encoding(wide, note=f"no byte-order mark; read as {wide}")
    share = len(_CONTROL.findall(sample)) / max(len(sample), 1)
    if share > _BINARY_SHARE:
        raise FileProblem(
            f"binary data ({share:.0%} control characters), no text",
            remedy="Give the file the extension that fits its content, or export it as text in UTF-8.",
        )
    valid, damaged = _utf8(path)
    if not damaged:
        return Encoding("utf-8")
    if damaged <= valid * _DAMAGE_SHARE:
        return Encoding("utf-8", note=f"{damaged} places are not valid UTF-8; what holds them is rejected")
    return _legacy(path, sample)


def _wide(sample: bytes) -> str | None:
    """UTF-16 without a mark: in most scripts, ASCII blanks, digits and line ends leave NULs at every second place."""
    even, odd = sample[0::2], sample[1::2]
    for name, high in (("utf-16-le", odd), ("utf-16-be", even)):
        if high.count(0) >= 0.2 * len(high):
            try:
                text = sample[: len(sample) // 2 * 2].decode(name, errors="strict" if len(sample) < _SAMPLE else "ignore")
            except UnicodeDecodeError:
                continue
            if "\0" not in text and sum(character.isprintable() or character.isspace() for character in text) > 0.95 * len(text):
                return name
    return None


def _utf8(path: Path) -> tuple[int, int]:
    """How many multi-byte characters fit UTF-8, and how many places do not."""
    valid = damaged = 0
    decoder = codecs.getincrementaldecoder("utf-8")(errors="lenovo.mark")
    with path.open("rb") as handle:
        while block := handle.read(_BLOCK):
            text = decoder.decode(block)
            if not text.isascii():
                damaged += len(BAD_BYTE.findall(text))
                valid += len(_MULTIBYTE.findall(block))
    damaged += len(BAD_BYTE.findall(decoder.decode(b"", final=True)))
    return valid, damaged


def _legacy(path: Path, sample: bytes) -> Encoding:
    """A legacy encoding. In Western text accented letters stand alone; in double-byte text high bytes come in runs."""
    name = "cp1252"
    with path.open("rb") as handle:
        while not any(byte > 127 for byte in sample):
            sample = handle.read(_SAMPLE)
            if not sample:
                break
    runs = [len(run) for run in _HIGH_RUN.findall(sample)]
    if runs and sum(runs) / len(runs) >= 1.5:
        from charset_normalizer import from_bytes

        best = from_bytes(sample, cp_isolation=_LEGACY).best()
        name = best.encoding if best is not None else "cp1252"
    for candidate in (name, "cp1252", "latin-1"):
        if _fits(path, candidate):
            return Encoding(candidate, note=f"not UTF-8; read as {candidate}, which is a guess: save it as UTF-8 to be sure")
    raise AssertionError("every byte is a character of Latin-1")


def _fits(path: Path, name: str) -> bool:
    decoder = codecs.getincrementaldecoder(name)(errors="strict")
    with path.open("rb") as handle:
        try:
            while block := handle.read(_BLOCK):
                decoder.decode(block)
            decoder.decode(b"", final=True)
        except UnicodeDecodeError:
            return False
    return True
