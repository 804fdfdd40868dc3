"""The procedural text: reproducible, free of the enterprise world, and with answers that can be checked."""

import hashlib
import json
import re
from random import Random

import pytest

from lenovo_pipeline.measures.reading import final_answer
from lenovo_pipeline.models.pretraining import forms, loosely, phrasings, questions, recipe, skills, strange, words
from lenovo_pipeline.models.pretraining.batches import converse
from lenovo_pipeline.models.pretraining.chat import render
from lenovo_pipeline.resources.inference.tool_grammar import CALL, CALL_END

KINDS = sorted({kind for stage in recipe.STAGES for phase in stage.phases for kind, _ in phase.mix if kind != "induction"})
# Product families, companies and identifiers of the enterprise world.
ENTERPRISE = (
    "Think",
    "IdeaPad",
    "Legion",
    "Moto ",
    "razr",
    "Yoga",
    "Lenovo",
    "KB-200",
    "INC-100",
    "CUS-10",
    "DEV-",
    "PRC-",
    "JRN-",
)


def _text(kind: str, seed: int) -> str:
    conversation = converse(kind, Random(seed))
    return "".join(text for text, _ in render(conversation.messages, conversation.tools))


@pytest.mark.parametrize("kind", KINDS)
def test_equal_seeds_write_equal_conversations_and_other_seeds_do_not(kind: str) -> None:
    assert _text(kind, 1) == _text(kind, 1)
    assert _text(kind, 1) != _text(kind, 2)


@pytest.mark.parametrize("kind", KINDS)
def test_no_conversation_names_anything_of_the_enterprise_world(kind: str) -> None:
    text = "\n".join(_text(kind, seed) for seed in range(60))
    assert [name for name in ENTERPRISE if name in text] == []


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind.startswith("reading/")])
def test_every_answer_stands_in_what_the_model_says_and_every_quoted_line_in_the_passages(kind: str) -> None:
    for seed in range(40):
        conversation = converse(kind, Random(seed))
        passages = conversation.messages[1]["content"]
        for one in conversation.asked:
            assert final_answer(one.completion) == final_answer(f"Answer: {one.answer}")
            if one.skill == "lookup":
                line = one.completion.split("\n")[1]
                assert line in passages
                assert one.answer.lower() in line.lower()


def test_a_refusal_asks_for_what_no_passage_states() -> None:
    for item in skills.items("refuse", 60, 5):
        said = item.asked.completion
        assert final_answer(said) == "not stated"
        passages = item.conversation.messages[1]["content"].rpartition("Question:")[0]
        if questions.NO_ENTITY in said:
            entity = said.split(":", 1)[0]
            assert entity not in [line.strip("# ") for line in passages.splitlines()]


@pytest.mark.parametrize("kind", ["tool_requests", "tool_requests_loose", "tool_requests_wide"])
def test_tool_calls_are_json_that_the_tool_accepts(kind: str) -> None:
    for seed in range(60):
        conversation = converse(kind, Random(seed))
        schemas = {tool["function"]["name"]: tool["function"]["parameters"] for tool in conversation.tools}
        for one in conversation.asked:
            if one.skill != "tool_call":
                continue
            call = json.loads(one.completion.removeprefix(CALL).removesuffix(CALL_END))
            schema = schemas[call["name"]]
            assert set(call["arguments"]) <= set(schema["properties"])
            for name, value in call["arguments"].items():
                assert value in schema["properties"][name].get("enum", [value])
                assert isinstance(value, bool) or str(value).lower() in one.question.lower()


def test_phrasings_and_syllables_of_the_evaluation_are_kept_from_training() -> None:
    for split in (
        phrasings.LOOKUPS,
        phrasings.INVERSE,
        phrasings.CHAINS,
        phrasings.YES_NO,
        phrasings.STEPS,
        phrasings.COUNTS,
        phrasings.CHINESE_LOOKUPS,
    ):
        assert not set(split[0]) & set(split[1])
    shared = set(words.SYLLABLES[0]) & set(words.SYLLABLES[1])
    assert shared == set()


def test_held_out_items_are_the_same_each_time_and_of_the_skill_asked_for() -> None:
    for skill in skills.SKILLS:
        first, again = skills.items(skill, 5, 1), skills.items(skill, 5, 1)
        assert [item.conversation.messages for item in first] == [item.conversation.messages for item in again]
        assert {item.skill for item in first} == {skill}


def test_an_unknown_skill_or_kind_is_an_error() -> None:
    with pytest.raises(KeyError):
        skills.items("juggling", 1, 1)
    with pytest.raises(KeyError):
        converse("poetry", Random(1))


def test_the_held_out_items_are_those_of_earlier_evaluations() -> None:
    """So that figures can be compared, and nothing that is added for training makes the evaluation easier."""
    shown = [
        [item.conversation.messages, item.conversation.tools, item.asked.answer]
        for skill in skills.SKILLS
        for item in skills.items(skill, 20, 0)
    ]
    digest = hashlib.sha256(json.dumps(shown, ensure_ascii=False).encode()).hexdigest()
    assert digest == "0f9d9ac460ae85e2e124f4e5ffaa94c608e96e1b6cd27438c330585525f7c6a2"


def test_loose_wordings_name_all_that_is_asked_about() -> None:
    for seed in range(200):
        random = Random(seed)
        worded = {
            loosely.yes_no(random, "pump width", "Velmor X14", "3 mm"): ("pump width", "velmor x14", "3 mm"),
            loosely.compare(random, "pump width", "Velmor X14", "Tanla", more=True): ("pump width", "velmor x14", "tanla"),
            loosely.chain(random, "pump width", "owner", "Tanla"): ("pump width", "owner", "tanla"),
            loosely.inverse(random, "pump width", "3 mm", "device"): ("pump width", "3 mm"),
            loosely.step(random, 3, "Tanla"): ("3", "tanla"),
            loosely.count(random, "Tanla"): ("how many", "tanla"),
        }
        for question, parts in worded.items():
            known = question.lower().replace("third", "3").replace("number of steps", "how many")
            known = known.replace("count of steps", "how many").replace("total of the steps", "how many")
            assert all(part in known for part in parts), question


def test_training_never_says_what_the_held_out_phrasings_say() -> None:
    splits = [
        split
        for split in vars(phrasings).values()
        if isinstance(split, tuple) and len(split) == 2 and isinstance(split[1], tuple)
    ]
    trained = "\n".join(phrasing for split in splits for phrasing in split[0])
    pieces = {piece.strip(" ;:,?.") for split in splits for phrasing in split[1] for piece in re.split(r"\{.\}", phrasing)}
    telling = {piece for piece in pieces if len(piece.split()) > 2 and piece not in trained}
    assert len(telling) > 15
    asked = [
        question
        for kind in ("reading/broad_wide", "reading/single_wide", "reading/two_absent_wide")
        for seed in range(150)
        for question in (one.question for one in converse(kind, Random(seed)).asked)
    ]
    assert len(asked) > 1000
    assert [(piece, question) for question in asked for piece in telling if piece.lower() in question.lower()] == []


def test_strange_words_stand_in_no_list_and_come_in_all_capitals() -> None:
    listed = {word.lower() for word in (*words.NOUNS, *words.VERBS, *words.ADJECTIVES, *phrasings.FILLERS)}
    drawn = [strange.word(Random(seed)) for seed in range(1000)]
    assert sum(word.lower() in listed for word in drawn) < 50
    assert len(set(drawn)) > 900
    for test in (str.islower, str.istitle, str.isupper, lambda word: any(letter.isdigit() for letter in word)):
        assert sum(map(test, drawn)) > 20


def test_every_form_states_each_value_in_a_line_of_the_text() -> None:
    stated = [("pump width", "3 mm"), ("owner", "Anna Tanla"), ("next step", "clean the valve")]
    for form in forms.FORMS:
        for seed in range(40):
            lines, body = form(Random(seed), "Velmor X14", stated)
            assert len(lines) == len(stated)
            for line, (_, value) in zip(lines, stated, strict=True):
                assert line in body.split("\n") or line in body, form
                assert value.lower() in line.lower(), form
