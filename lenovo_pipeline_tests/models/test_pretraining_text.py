"""The procedural text: reproducible, free of the enterprise world, and with answers that can be checked."""

import json
from random import Random

import pytest

from lenovo_pipeline.measures.reading import final_answer
from lenovo_pipeline.models.pretraining import phrasings, questions, recipe, skills, words
from lenovo_pipeline.models.pretraining.batches import converse
from lenovo_pipeline.models.pretraining.chat import CALL, CALL_END, render

KINDS = sorted({kind for phase in recipe.PHASES for kind, _ in phase.mix if kind != "induction"})
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


def test_tool_calls_are_json_that_the_tool_accepts() -> None:
    for seed in range(60):
        conversation = converse("tool_requests", Random(seed))
        schemas = {tool["function"]["name"]: tool["function"]["parameters"] for tool in conversation.tools}
        for one in conversation.asked:
            if one.skill != "tool_call":
                continue
            call = json.loads(one.completion.removeprefix(CALL).removesuffix(CALL_END))
            schema = schemas[call["name"]]
            assert set(call["arguments"]) <= set(schema["properties"])
            for name, value in call["arguments"].items():
                assert value in schema["properties"][name].get("enum", [value])


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
