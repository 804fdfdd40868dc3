"""The phrase banks: enough voices, kept apart by split, and a notation that says what it refuses."""

import re
from random import Random

import pytest

from lenovo_pipeline.enterprise.anchors import SPLITS
from lenovo_pipeline.enterprise.tables import ARTICLE_CATEGORIES, DOCUMENT_TYPES, LANGUAGES, TECHNICAL_CATEGORIES
from lenovo_pipeline.enterprise.texts.document_facts import DOCUMENT_KINDS
from lenovo_pipeline.enterprise.texts.grammar import Family, parse_bank, parse_frame
from lenovo_pipeline.enterprise.texts.rendering import fact_unit
from lenovo_pipeline.enterprise.texts.technical_limits import LIMITS, draw
from lenovo_pipeline.enterprise.texts.voices import KINDS, all_families, fact_term, families, terms, words

WRITTEN_KINDS = [kind for kind in KINDS if kind not in ("document_type", "step", "phrase")]


def split_of_family(family: Family) -> str:
    return family.name.split("/")[1]


def skeleton(source: str) -> str:
    """A phrase without slots, choices and punctuation."""
    return re.sub(r"[\W_]+", " ", re.sub(r"\[[^\]]*\]|\{[^}]*\}", " ", source)).strip().lower()


@pytest.mark.parametrize("kind", WRITTEN_KINDS)
def test_every_split_has_three_voices_or_more_for_each_kind_of_text(kind: str) -> None:
    for split in SPLITS:
        assert sum(len(families(kind, language, split)) for language in LANGUAGES) >= 3
        assert len(families(kind, "en", split)) >= 3


def test_no_heading_of_one_split_is_used_in_another() -> None:
    owners: dict[str, set[str]] = {}
    for family in all_families():
        for heading in family.headings():
            owners.setdefault(heading.source.lower(), set()).add(split_of_family(family))
    assert {heading: splits for heading, splits in owners.items() if len(splits) > 1} == {}


def test_no_phrase_of_three_words_or_more_is_used_in_two_splits() -> None:
    owners: dict[str, set[str]] = {}
    for family in all_families():
        for frame in family.frames():
            bones = skeleton(frame.source)
            if len(bones.split()) >= 3 or (family.language != "en" and len(bones) >= 4):
                owners.setdefault(bones, set()).add(split_of_family(family))
    assert {phrase: splits for phrase, splits in owners.items() if len(splits) > 1} == {}


def test_family_names_are_unique() -> None:
    names = [family.name for family in all_families()]
    assert len(names) == len(set(names))


def test_every_document_type_has_title_opening_and_context_in_every_language_and_split() -> None:
    for language in LANGUAGES:
        for split in SPLITS:
            (bank,) = families("document_type", language, split)
            wanted = {f"{name}.{part}" for name in DOCUMENT_TYPES for part in ("title", "opening", "context")}
            assert wanted - set(bank.snippets) == set()


def test_nouns_exist_in_every_language_for_every_category_parameter_and_fact() -> None:
    for language in LANGUAGES:
        assert set(terms("lexicon", language)) == set(ARTICLE_CATEGORIES)
        assert set(terms("technical_terms", language)) == set(TECHNICAL_CATEGORIES)
        for category, limits in LIMITS.items():
            noun = terms("technical_terms", language)[category]
            assert len(words(noun, "topic")) == len(limits)
            names = [name for place in range(len(limits)) for name in words(noun, f"parameters{place + 1}")]
            assert len(names) == len(set(names)) == sum(map(len, limits))
        for kind in DOCUMENT_KINDS.values():
            for fact in kind.facts:
                assert fact_term(fact.name, language)
                assert fact_unit(fact.name) is not None


def test_limits_hold_their_value_between_minimum_and_maximum() -> None:
    random = Random(3)
    for topics in LIMITS.values():
        for limits in topics:
            for limit in limits:
                for _ in range(50):
                    minimum, value, maximum = draw(limit, random)
                    assert limit[1] <= minimum < value < maximum <= limit[2]


def test_a_line_without_its_fact_is_left_out_and_a_section_without_lines_too() -> None:
    (family,) = parse_bank("=== train/x\n# {a}\n## One\nHas {b}.\n## Two\nHas {a}.\n- {c}\n", "note", "en")
    assert family.write({"a": "A", "b": None, "c": ["x", "y"]}, Random(1)) == "# A\n\n## Two\n\nHas A.\n\n- x\n- y"


def test_an_unknown_slot_is_an_error() -> None:
    with pytest.raises(KeyError, match="nothing"):
        parse_frame("Has {nothing}.").fill({}, Random(1))


def test_a_bank_without_split_is_refused() -> None:
    with pytest.raises(ValueError, match="split/name"):
        parse_bank("=== train\n# t\n", "note", "en")
