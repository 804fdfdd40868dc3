"""Slips of writing: typos, keyboard slips, unicode and emoji, mixed languages. The right answer always stays the same."""

import re
import unicodedata

from lenovo_pipeline.prompts.adversarial.scenarios import (
    Case,
    Changed,
    after,
    before,
    outside_quotes,
    reworded,
    scenario,
    unquoted,
)
from lenovo_pipeline.prompts.draw import Draw

NEIGHBOURS = {
    "q": "wa", "w": "qes", "e": "wrd", "r": "etf", "t": "ryg", "y": "tuh", "u": "yij", "i": "uok", "o": "ipl", "p": "ol",
    "a": "qsz", "s": "adwx", "d": "sfec", "f": "dgrv", "g": "fhtb", "h": "gjyn", "j": "hkum", "k": "jlim", "l": "kop",
    "z": "asx", "x": "zsdc", "c": "xdfv", "v": "cfgb", "b": "vghn", "n": "bhjm", "m": "njk",
}  # fmt: skip
"""Keys beside each other on a QWERTY keyboard."""

_HOMOPHONES = {"的": "得", "在": "再", "哪": "那", "是": "事", "请": "情", "請": "情", "为": "位", "為": "位", "到": "道"}
_HOMOGLYPHS = str.maketrans("aeopcxy", "аеорсху")
_ZERO_WIDTH = "\u200b"


@scenario("typos")
def letters_swapped(case: Case, draw: Draw) -> Changed | None:
    """Two letters inside words change places."""

    def change(word: str) -> str:
        place = draw.between(1, len(word) - 2)
        return word[:place] + word[place + 1] + word[place] + word[place + 2 :]

    return reworded(case, draw, change)


@scenario("typos")
def letters_dropped(case: Case, draw: Draw) -> Changed | None:
    """Words lose a letter inside."""

    def change(word: str) -> str:
        place = draw.between(1, len(word) - 2)
        return word[:place] + word[place + 1 :]

    return reworded(case, draw, change)


@scenario("typos")
def letters_doubled(case: Case, draw: Draw) -> Changed | None:
    """Words have a letter twice."""

    def change(word: str) -> str:
        place = draw.below(len(word))
        return word[: place + 1] + word[place:]

    return reworded(case, draw, change)


@scenario("typos")
def vowels_mistaken(case: Case, draw: Draw) -> Changed | None:
    """Words have a wrong vowel."""

    def change(word: str) -> str:
        places = [place for place, letter in enumerate(word) if letter in "aeiou"]
        if not places:
            return word
        place = draw.one(places)
        return word[:place] + draw.one("aeiou".replace(word[place], "")) + word[place + 1 :]

    return reworded(case, draw, change)


@scenario("typos")
def homophones_written(case: Case, draw: Draw) -> Changed | None:
    """A Chinese character is written as another one that sounds alike."""
    places = [place for place, sign in enumerate(unquoted(case.question)) if sign in _HOMOPHONES]
    if not places or case.english:
        return None
    place = draw.one(places)
    return Changed(case.asking(case.question[:place] + _HOMOPHONES[case.question[place]] + case.question[place + 1 :]))


@scenario("keyboard_slips")
def neighbouring_keys(case: Case, draw: Draw) -> Changed | None:
    """A key beside the right one is hit."""

    def change(word: str) -> str:
        place = draw.below(len(word))
        return word[:place] + draw.one(NEIGHBOURS[word[place]]) + word[place + 1 :]

    return reworded(case, draw, change)


@scenario("keyboard_slips")
def neighbouring_key_too(case: Case, draw: Draw) -> Changed | None:
    """A key beside the right one is hit with it."""

    def change(word: str) -> str:
        place = draw.below(len(word))
        return word[: place + 1] + draw.one(NEIGHBOURS[word[place]]) + word[place + 1 :]

    return reworded(case, draw, change)


@scenario("keyboard_slips")
def capitals_locked(case: Case, draw: Draw) -> Changed | None:
    """Every word is written in capitals."""
    return reworded(case, draw, str.upper, share=1)


@scenario("keyboard_slips")
def keys_stuck(case: Case, draw: Draw) -> Changed | None:
    """A key sticks and repeats its letter."""

    def change(word: str) -> str:
        place = draw.below(len(word))
        return word[:place] + word[place] * draw.between(4, 7) + word[place + 1 :]

    return reworded(case, draw, change)


@scenario("keyboard_slips")
def blanks_between_characters(case: Case, draw: Draw) -> Changed | None:
    """Chinese characters are typed with stray blanks between them."""
    pairs = [found.start() for found in re.finditer(r"[\u4e00-\u9fff](?=[\u4e00-\u9fff])", unquoted(case.question))]
    question = case.question
    for place in sorted(draw.some(pairs, max(1, len(pairs) // 4)), reverse=True):
        question = f"{question[: place + 1]} {question[place + 1 :]}"
    return Changed(case.asking(question)) if question != case.question else None


@scenario("unicode_and_emoji")
def emoji_sprinkled(case: Case, draw: Draw) -> Changed | None:
    """Emoji stand around the question, one of them made of several code points."""
    first, last = draw.some(["🙂", "🔥", "🚀", "👩🏽‍💻", "🇭🇰", "❗️"], 2)
    return Changed(case.asking(f"{first} {case.question} {last}"))


@scenario("unicode_and_emoji")
def homoglyphs(case: Case, draw: Draw) -> Changed | None:
    """Latin letters of plain words are replaced by Cyrillic ones that look alike."""
    return reworded(case, draw, lambda word: word.translate(_HOMOGLYPHS), share=1)


@scenario("unicode_and_emoji")
def zero_width_inside(case: Case, draw: Draw) -> Changed | None:
    """Words hold characters without width."""
    return reworded(case, draw, lambda word: word[:2] + _ZERO_WIDTH + word[2:], share=1)


@scenario("unicode_and_emoji")
def full_width_words(case: Case, draw: Draw) -> Changed | None:
    """Plain words stand in full-width letters."""
    return reworded(case, draw, lambda word: "".join(chr(ord(letter) + 0xFEE0) for letter in word))


@scenario("unicode_and_emoji")
def stacked_accents(case: Case, draw: Draw) -> Changed | None:
    """Letters carry combining marks."""
    return reworded(case, draw, lambda word: "".join(letter + "\u0301\u0323" for letter in word))


@scenario("unicode_and_emoji")
def decomposed(case: Case, draw: Draw) -> Changed | None:
    """Accents are written apart from their letters, as some systems store them."""
    text = unicodedata.normalize("NFD", case.say("Déjà vu, née Zürich: ", "（naïve café）") + case.question)
    return Changed(case.asking(text))


@scenario("unicode_and_emoji")
def direction_marks(case: Case, draw: Draw) -> Changed | None:
    """Invisible marks of writing direction stand around the question."""
    return Changed(case.asking(f"\u202a\u200f{case.question}\u200e\u202c"))


@scenario("mixed_languages")
def greeted_in_another_language(case: Case, draw: Draw) -> Changed | None:
    """The prompt begins with a greeting in another language."""
    return before(
        case, draw.one(["Grüß Gott, ich brauche kurz Hilfe.", "Bonjour à toute l'équipe !", "こんにちは。", "Olá, tudo bem?"])
    )


@scenario("mixed_languages")
def glossed_in_another_language(case: Case, draw: Draw) -> Changed | None:
    """The question carries a remark in the other of English and Chinese."""
    remark = "（请看上面的问题，谢谢）" if case.english else " (please see the question, thanks)"
    return Changed(case.asking(case.question + remark))


@scenario("mixed_languages")
def other_script(case: Case, draw: Draw) -> Changed | None:
    """The Chinese words of the question stand in the other script."""
    if case.english:
        return None
    from opencc import OpenCC

    converter = OpenCC("s2hk" if case.language == "zh-Hans" else "t2s")
    question = outside_quotes(case.question, converter.convert)
    return Changed(case.asking(question)) if question != case.question else None


@scenario("mixed_languages")
def thanked_in_another_language(case: Case, draw: Draw) -> Changed | None:
    """The prompt ends in several languages."""
    return after(case, "Danke! Merci ! Gracias. 谢谢。ありがとう。")


@scenario("mixed_languages")
def told_of_another_language(case: Case, draw: Draw) -> Changed | None:
    """The user says that the question was first asked in another language."""
    told = case.say(
        "(Translated from Portuguese by a colleague; the values in the records are as they were.)",
        "（由同事从葡萄牙语翻译而来，记录中的数值保持原样。）",
    )
    return before(case, told)
