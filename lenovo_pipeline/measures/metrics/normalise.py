"""Texts as metrics compare them: exact match and token F1 with the normalisation of the official SQuAD script.

Belongs here: normalisation and comparison of words. Numbers, dates, lists and the like have modules of their own.

Rajpurkar et al. 2016 (evaluate-v1.1/2.0): lower case, ASCII punctuation and English articles dropped, white space made one.
Text with Chinese characters is treated as in MLQA (Lewis et al. 2020): every such character is a token, and all Unicode
punctuation is dropped.
"""

import re
import string
import unicodedata
from collections import Counter
from collections.abc import Iterable
from functools import lru_cache

CJK = "\u3005\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"

_HAS_CJK = re.compile(f"[{CJK}]")
_ONE_CJK = re.compile(f"([{CJK}])")
_ARTICLES = re.compile(r"\b(a|an|the)\b")
_PUNCTUATION = str.maketrans("", "", string.punctuation)


@lru_cache(maxsize=65_536)
def normalise(text: str) -> str:
    """The text as it is compared: tokens joined by single spaces."""
    text = text.lower()
    if _HAS_CJK.search(text):
        text = unicodedata.normalize("NFKC", text)
        text = "".join(character for character in text if not unicodedata.category(character).startswith("P"))
        text = _ONE_CJK.sub(r" \1 ", text)
    text = _ARTICLES.sub(" ", text.translate(_PUNCTUATION))
    return " ".join(text.split())


def exact_match(answer: str, right_forms: Iterable[str]) -> float:
    """1 if the answer equals a right form after normalisation, else 0.

    Unlike in the official script, an article that is the whole text (grade `A`) stays: silence is not `A`.
    """
    said = comparable(answer)
    return float(any(said == comparable(form) for form in right_forms))


def comparable(text: str) -> str:
    """The normalised text, its article kept where nothing else is there."""
    return normalise(text) or text.lower().strip(string.punctuation + string.whitespace)


def token_f1(answer: str, right_forms: Iterable[str]) -> float:
    """Highest F1 of token overlap with a right form; texts without tokens are equal. Raises ValueError without right forms."""
    forms = list(right_forms)
    if not forms:
        raise ValueError("there is no right form to compare with")
    return max(_f1(normalise(answer).split(), normalise(form).split()) for form in forms)


def _f1(said: list[str], right: list[str]) -> float:
    if not said or not right:
        return float(said == right)
    same = sum((Counter(said) & Counter(right)).values())
    return 2 * same / (len(said) + len(right))
