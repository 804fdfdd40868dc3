"""Words for keyword search: English stems, Chinese characters and pairs, model names and error codes whole and in parts.

Belongs here: text -> tokens, the same for what is indexed and what is asked. Does not belong here: the index (keyword_index.py).

Chinese: OpenCC (Apache-2.0) brings traditional script to simplified, and the vocabulary of Taiwan to that of the mainland;
characters and pairs of neighbours need no word list (Nie, Gao, Zhang and Zhou 2000). English: the Snowball stemmer and
Lucene's stop words. Names and codes: `SR650 V3` also gives `sr650v3`, `E-4312` also `e4312`, so that spelling does not matter.
"""

import re
import unicodedata
from functools import cache, lru_cache
from importlib.metadata import version
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from opencc import OpenCC
    from Stemmer import Stemmer

_RULES = 1
"""Raise it when the tokens of any text change: indexes of other rules are refused."""

# Ideographs, kana and hangul: scripts written without spaces, or searched well by pairs.
_WIDE = "\u3005-\u3007\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af\uf900-\ufaff\U00020000-\U0003ffff"
_LETTER = rf"[^\W_{_WIDE}]"
_UNIT = re.compile(rf"[{_WIDE}]+|{_LETTER}+(?:[-._/,’']{_LETTER}+)*(?:\++(?!\w))?")
_IDEOGRAPH = re.compile("[\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]")
_WIDE_RUN = re.compile(rf"[{_WIDE}]+")
_POSSESSIVE = re.compile(r"[’']s$")
_APOSTROPHE = re.compile(r"[’']")
_SEPARATOR = re.compile(r"[-_/,.]")
_HEXADECIMAL = re.compile(r"0x([0-9a-f]{2,})")
_GROUPED = re.compile(r"\d{1,3}(?:,\d{3})+(?:\.\d+)?")
_GAP = re.compile(r"[ -]?")


def tokenizer_version() -> str:
    """What decides the tokens of a text: our rules and the releases of the libraries that they use."""
    return f"{_RULES} opencc-{version('opencc')} pystemmer-{version('pystemmer')} bm25s-{version('bm25s')}"


def tokenize(text: str) -> list[str]:
    """Tokens of a text, in its order, repeated as often as they occur. Raises nothing: any text has tokens or none."""
    plain = unicodedata.normalize("NFKC", text)
    tokens = _tokens(plain)
    if _IDEOGRAPH.search(plain):
        simplified, mainland = _converter("t2s").convert(plain), _converter("tw2sp").convert(plain)
        tokens = _tokens(simplified)
        if mainland != simplified:
            known = set(tokens)
            tokens += [token for run in _WIDE_RUN.findall(mainland) for token in _wide(run) if token not in known]
    return tokens


def _tokens(text: str) -> list[str]:
    tokens: list[str] = []
    previous = ""
    end = 0
    for match in _UNIT.finditer(_without_accents(text.casefold())):
        unit = match[0]
        if _WIDE_RUN.match(unit):
            tokens += _wide(unit)
            previous = ""
            continue
        tokens += _narrow(unit)
        whole = _joined(unit)
        # Neighbours of which one holds a digit are one name as often as not: Gen 12, SR650 V3, Moto G 5G.
        if previous and _GAP.fullmatch(match.string, end, match.start()) and (_has_digit(previous) or _has_digit(whole)):
            tokens.append(previous + whole)
        previous, end = whole, match.end()
    return tokens


def _wide(run: str) -> list[str]:
    return [*run, *(run[i : i + 2] for i in range(len(run) - 1))]


@lru_cache(maxsize=200_000)
def _narrow(unit: str) -> tuple[str, ...]:
    """Tokens of one word, name or code: stems of its parts, and the whole where it has several parts."""
    unit = _APOSTROPHE.sub("", _POSSESSIVE.sub("", unit))
    if _GROUPED.fullmatch(unit):
        return (unit.replace(",", ""),)
    bare = unit.rstrip("+")
    words = [word for word in _SEPARATOR.split(bare) if word]
    tokens = [] if len(words) == 1 and bare == unit else [_joined(unit)]
    for word in words:
        if word.isalpha():
            tokens += [] if word in _stop_words() else [_stemmer().stemWord(word)]
            continue
        tokens.append(word)
        # Letters and digits of one word stay together: whoever asks for `SR 650` finds `SR650` by the joined neighbours.
        hexadecimal = _HEXADECIMAL.fullmatch(word)
        tokens += [hexadecimal[1]] if hexadecimal else []
    return tuple(dict.fromkeys(tokens))


@lru_cache(maxsize=200_000)
def _joined(unit: str) -> str:
    # A dot stays: 1.24 is not 124.
    return re.sub(r"[-_/,’']", "", _POSSESSIVE.sub("", unit))


def _has_digit(word: str) -> bool:
    return not word.isalpha() and any(map(str.isdigit, word))


def _without_accents(text: str) -> str:
    if text.isascii():
        return text
    decomposed = unicodedata.normalize("NFD", text)
    # Only Latin, Greek and Cyrillic marks: the voicing marks of kana tell words apart.
    return unicodedata.normalize("NFC", "".join(c for c in decomposed if not "\u0300" <= c <= "\u036f"))


@cache
def _stop_words() -> frozenset[str]:
    from bm25s.stopwords import STOPWORDS_EN

    return frozenset(STOPWORDS_EN)


@cache
def _stemmer() -> "Stemmer":
    from Stemmer import Stemmer

    return Stemmer("english")


@cache
def _converter(direction: str) -> "OpenCC":
    from opencc import OpenCC

    return OpenCC(direction)
