"""The language of a text, from its script and its commonest words; `und` where neither tells."""

import re
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from opencc import OpenCC

_HAN = re.compile(r"[\u3400-\u9fff]")
_KANA = re.compile(r"[\u3040-\u30ff]")
_HANGUL = re.compile(r"[\uac00-\ud7af]")
_CYRILLIC = re.compile(r"[\u0400-\u04ff]")
_WORD = re.compile(r"[^\W\d_]+")
_SAMPLE = 2_000
_COMMON = {
    "en": "the and of to in is for that with on are be this by not or from it will you can have which may",
    "de": "der die das und ist nicht mit für auf den von ein eine zu im auch sich werden dem bei oder wird",
    "fr": "le la les des et est une dans pour que qui pas sur avec sont du ce au par plus vous être",
    "es": "el los las una que por con para del se no es está como más su al son lo pero y",
    "pt": "o os as uma que com para não por do da em no na são ao mais como dos se foi",
    "it": "il gli che di per non con una sono del della è le nel alla più anche si dei questo",
    "nl": "het een van en niet dat met voor op zijn wordt aan bij ook de deze naar worden",
}
_LANGUAGES = {
    word: tuple(language for language, words in _COMMON.items() if word in words.split())
    for word in {word for words in _COMMON.values() for word in words.split()}
}


def language_of(text: str) -> str:
    """A BCP 47 tag: zh-Hans, zh-Hant, ja, ko, en, de, fr, es, pt, it, nl or und."""
    sample = text[:_SAMPLE]
    if not sample.isascii():
        han = len(_HAN.findall(sample))
        if len(_KANA.findall(sample)) * 10 > len(sample):
            return "ja"
        if len(_HANGUL.findall(sample)) * 5 > len(sample):
            return "ko"
        if han * 5 > len(sample):
            return _chinese(sample)
        if len(_CYRILLIC.findall(sample)) * 3 > len(sample):
            return "und"
    words = _WORD.findall(sample.lower())
    if not words:
        return "und"
    scores = dict.fromkeys(_COMMON, 0)
    for word in words:
        for language in _LANGUAGES.get(word, ()):
            scores[language] += 1
    best = max(scores, key=lambda language: scores[language])
    return best if scores[best] >= 2 and scores[best] * 12 >= len(words) else "und"


def _chinese(text: str) -> str:
    # Characters that change when converted to one script belong to the other.
    traditional = sum(a != b for a, b in zip(text, _converter("t2s").convert(text), strict=False))
    simplified = sum(a != b for a, b in zip(text, _converter("s2t").convert(text), strict=False))
    return "zh-Hant" if traditional > simplified else "zh-Hans"


@cache
def _converter(direction: str) -> "OpenCC":
    from opencc import OpenCC

    return OpenCC(direction)
