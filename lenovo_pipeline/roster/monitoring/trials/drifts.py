"""Six kinds of drift, made on the texts of questions: what is asked changes, while what is asked of stays as it is."""

from collections.abc import Callable, Mapping, Sequence

import numpy as np

Question = tuple[str, str]
"""Text and language."""

Drift = Callable[[Sequence[Question], np.random.Generator], list[Question]]

_ELSEWHERE = (
    "How long do I boil {n} eggs for a picnic?",
    "Which train leaves for the coast after {n} o'clock?",
    "What is a good rhyme for a birthday card of a child who turns {n}?",
    "How many metres of fabric do {n} curtains take?",
    "Can tomatoes grow on a balcony that gets {n} hours of sun?",
    "Who won the chess match in round {n}?",
)
_MEANWHILE = (
    "I had already restarted it, twice, and my colleague looked at it as well. ",
    "Please answer in full, since I have to pass this on to a customer who has been waiting for days. ",
    "The same thing happened last month, but then it went away by itself. ",
)
_LETTERS = "abcdefghijklmnopqrstuvwxyz"


def other_language(questions: Sequence[Question], generator: np.random.Generator) -> list[Question]:
    """Three in four requests come in the language that is rarest now."""
    languages = sorted({language for _, language in questions})
    rarest = min(languages, key=lambda each: sum(language == each for _, language in questions))
    rare = [each for each in questions if each[1] == rarest]
    return [rare[generator.integers(len(rare))] if generator.random() < 0.75 else each for each in questions]


def longer(questions: Sequence[Question], generator: np.random.Generator) -> list[Question]:
    """Half of the questions come with the story of what was tried before."""
    return [
        ("".join(_MEANWHILE[i] for i in generator.permutation(3)[: generator.integers(1, 4)]) + text, language)
        if generator.random() < 0.5
        else (text, language)
        for text, language in questions
    ]


def other_topic(questions: Sequence[Question], generator: np.random.Generator) -> list[Question]:
    """Two in five questions are about everyday things that this business does not know."""
    return [
        (_ELSEWHERE[generator.integers(len(_ELSEWHERE))].format(n=generator.integers(2, 60)), "en")
        if generator.random() < 0.4
        else each
        for each in questions
    ]


def typing_errors(questions: Sequence[Question], generator: np.random.Generator) -> list[Question]:
    """One letter in six is another one, as when a form garbles what is typed."""

    def garbled(text: str) -> str:
        return "".join(
            _LETTERS[generator.integers(26)] if character.isalpha() and generator.random() < 1 / 6 else character
            for character in text
        )

    return [(garbled(text), language) for text, language in questions]


def narrowed(questions: Sequence[Question], generator: np.random.Generator) -> list[Question]:
    """Four in five requests ask one of three questions, as when an incident is in the news."""
    hot = [questions[i] for i in generator.permutation(len(questions))[:3]]
    return [hot[generator.integers(3)] if generator.random() < 0.8 else each for each in questions]


def keywords(questions: Sequence[Question], generator: np.random.Generator) -> list[Question]:
    """Half of the questions are cut down to a few keywords, as typed into a search box."""

    def cut(text: str) -> str:
        words = text.split()
        return " ".join(words[-3:]) if len(words) > 3 else text[: max(4, len(text) // 3)]

    return [(cut(text), language) if generator.random() < 0.5 else (text, language) for text, language in questions]


DRIFTS: Mapping[str, Drift] = {
    "other language": other_language,
    "longer": longer,
    "other topic": other_topic,
    "typing errors": typing_errors,
    "narrowed": narrowed,
    "keywords": keywords,
}
