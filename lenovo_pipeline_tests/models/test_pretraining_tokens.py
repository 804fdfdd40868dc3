"""Tokenizer, chat template, masks and packing: what the model is shown and what it learns to say."""

from dataclasses import replace
from pathlib import Path
from random import Random
from typing import Any

import pytest

from lenovo_pipeline.measures.reading import question_messages
from lenovo_pipeline.models.pretrain import FOLDER
from lenovo_pipeline.models.pretraining import recipe, run
from lenovo_pipeline.models.pretraining.batches import PAD_ID, Row, batch_of, converse, encode, padded, repeated_tokens
from lenovo_pipeline.models.pretraining.chat import END, render, settled_call, tool_call
from lenovo_pipeline.models.pretraining.recipe import Phase
from lenovo_pipeline.models.pretraining.tokenizer import (
    VOCABULARY,
    chinese_characters,
    save_tokenizer,
    tokenizer_texts,
    train_tokenizer,
)


@pytest.fixture(scope="module")
def tokenizer() -> Any:
    from transformers import AutoTokenizer

    return AutoTokenizer.from_pretrained(FOLDER)


@pytest.mark.parametrize(
    "text",
    [
        "这是測試：電池容量 5000 mAh。",
        "naïve façade, Łódź",
        "emoji 😀 and \x00 bytes \u200b",
        "a  b\n\n\n  c\t| d |",
        "12345 3.14 2024-03-15 AB-0007",
        "",
    ],
)
def test_any_text_comes_back_as_it_was(tokenizer: Any, text: str) -> None:
    assert tokenizer.decode(tokenizer(text)["input_ids"]) == text


def test_short_numbers_and_common_chinese_characters_are_single_tokens(tokenizer: Any) -> None:
    for number in ("0", "7", "42", "00", "999", "100", "007"):
        assert len(tokenizer(number)["input_ids"]) == 1, number
    assert len(tokenizer("123456")["input_ids"]) == 2
    for character in chinese_characters():
        assert len(tokenizer(character)["input_ids"]) == 1, character


def test_the_committed_tokenizer_is_the_one_that_the_recipe_trains(tokenizer: Any, tmp_path: Path) -> None:
    save_tokenizer(train_tokenizer(tokenizer_texts(recipe.TOKENIZER_SEED)), tmp_path)
    assert (tmp_path / "tokenizer.json").read_bytes() == (FOLDER / "tokenizer.json").read_bytes()
    assert len(tokenizer) == VOCABULARY


@pytest.mark.parametrize("kind", ["reading/broad", "reading/chinese", "tool_requests", "tool_results", "closed_book"])
def test_training_shows_what_the_chat_template_renders(tokenizer: Any, kind: str) -> None:
    for seed in range(20):
        conversation = converse(kind, Random(seed))
        rendered = tokenizer.apply_chat_template(conversation.messages, tools=conversation.tools or None, tokenize=False)
        assert "".join(text for text, _ in render(conversation.messages, conversation.tools)) == rendered
        assert encode(tokenizer, conversation).ids == tokenizer(rendered)["input_ids"]


def test_a_call_given_as_structure_renders_like_the_text_that_training_shows(tokenizer: Any) -> None:
    arguments = {"query": "Größe of 张伟", "limit": 3, "exact": True}
    structured = [
        {"role": "user", "content": "x"},
        {
            "role": "assistant",
            "content": "",
            "tool_calls": [{"type": "function", "function": {"name": "f", "arguments": arguments}}],
        },
    ]
    written = '<tool_call>{"name": "f", "arguments": {"query": "Größe of 张伟", "limit": 3, "exact": true}}</tool_call>'
    plain = [{"role": "user", "content": "x"}, {"role": "assistant", "content": written}]
    assert tokenizer.apply_chat_template(structured, tokenize=False) == tokenizer.apply_chat_template(plain, tokenize=False)


def test_the_generation_prompt_is_where_the_model_begins_to_say_something(tokenizer: Any) -> None:
    messages = question_messages("What is it?", ["# A\n\n- b: c"])
    prompt = tokenizer.apply_chat_template(messages, tokenize=False, add_generation_prompt=True)
    pieces = render([*messages, {"role": "assistant", "content": "d"}])
    assert "".join(text for text, _ in pieces).startswith(prompt)
    assert prompt == "".join(text for text, said in pieces[:-2])
    assert pieces[-2] == (f"d{END}", True)


def test_a_prompt_with_eight_tools_stays_within_800_tokens(tokenizer: Any) -> None:
    from lenovo_pipeline.models.pretraining.tools import draw_tools
    from lenovo_pipeline.models.pretraining.values import Invention

    for seed in range(30):
        tools = draw_tools(Invention(Random(seed)), 8)
        shown = tokenizer.apply_chat_template(
            [{"role": "user", "content": "Please find the pump."}], tools=tools, add_generation_prompt=True
        )
        assert len(shown["input_ids"]) <= 800


def test_only_what_the_assistant_says_is_learned(tokenizer: Any) -> None:
    conversation = converse("tool_results", Random(3))
    row = encode(tokenizer, conversation)
    said = tokenizer.decode([token for token, own in zip(row.ids, row.said, strict=True) if own])
    assert said == "".join(f"{message['content']}{END}" for message in conversation.messages if message["role"] == "assistant")


def test_repeated_tokens_are_learned_from_the_second_time_on() -> None:
    row = repeated_tokens(Random(1), 500, 96)
    period = row.said.index(True)
    assert row.ids[period:] == row.ids[:-period]
    assert all(row.said[period:])
    assert min(row.ids) >= 5


def test_a_batch_depends_on_its_step_and_seed_alone_and_pads_without_learning(tokenizer: Any) -> None:
    phase = Phase("test", 2, 6, 200, (("reading/one", 0.5), ("closed_book", 0.5)))
    ids, said = batch_of(phase, 3, 1, tokenizer)
    again, _ = batch_of(phase, 3, 1, tokenizer)
    other, _ = batch_of(phase, 4, 1, tokenizer)
    assert ids.tolist() == again.tolist() != other.tolist()
    assert ids.shape == said.shape == (6, 200)
    assert not said[ids == PAD_ID].any()
    assert said.any(1).all()


def test_a_packed_row_is_full_of_whole_conversations_and_only_its_last_is_cut(tokenizer: Any) -> None:
    phase = Phase("packed", 1, 2, 1024, (("reading/one", 1.0),), packed=True)
    ids, said = batch_of(phase, 0, 1, tokenizer)
    assert bool((ids != PAD_ID).all())
    for row, own in zip(ids.tolist(), said.tolist(), strict=True):
        parts = tokenizer.decode(row).split("<|im_start|>system")[1:]
        assert len(parts) > 2 and all("Passages" in part or "[1]" in part for part in parts[:-1])
        assert all(part.rstrip().endswith(END) for part in parts[:-1])
        answers = tokenizer.decode([token for token, mine in zip(row, own, strict=True) if mine])
        assert answers.count(END) > len(parts) and "[1]" in answers and "system" not in answers
    alone, _ = batch_of(replace(phase, packed=False), 0, 1, tokenizer)
    assert bool((alone == PAD_ID).any(1).all())


def test_rows_of_different_lengths_are_padded_on_the_right() -> None:
    ids, said = padded([Row([5, 6, 7], [False, True, True]), Row([8], [True])])
    assert ids.tolist() == [[5, 6, 7], [8, PAD_ID, PAD_ID]]
    assert said.tolist() == [[False, True, True], [True, False, False]]


def test_missing_and_damaged_weights_say_what_to_run(tmp_path: Path) -> None:
    import shutil

    with pytest.raises(FileNotFoundError, match="git checkout"):
        run.open_model(tmp_path)
    folder = tmp_path / "damaged"
    shutil.copytree(FOLDER, folder)
    weights = folder / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:1_000_000])
    with pytest.raises(ValueError, match="cannot be read"):
        run.open_model(folder)


@pytest.mark.parametrize(
    ("said", "same"),
    [
        ('<tool_call>{"name": "f", "arguments": {"b": "x", "a": 1}}</tool_call>', True),
        ('<tool_call>{"name": "f", "arguments": {"a": 1, "b": "x"}}</tool_call>\n', True),
        ('<tool_call>{"name": "f", "arguments": {"a": true, "b": "x"}}</tool_call>', False),
        ('<tool_call>{"name": "f", "arguments": {"a": "1", "b": "x"}}</tool_call>', False),
        ('<tool_call>{"name": "f", "arguments": {"a": 1, "b": "x", "b": "x"}}</tool_call>', False),
        ('<tool_call>{"name": "f", "arguments": {"a": 1}}</tool_call>', False),
        ('<tool_call>{"name": "f", "arguments": {"a": 1, "b": "x"}, "more": 1}</tool_call>', False),
        ('<tool_call>{"name": "g", "arguments": {"a": 1, "b": "x"}}</tool_call>', False),
        ('<tool_call>{"name": "f", "arguments": {"a": 1, "b": "x"}}', False),
        ('Sure. <tool_call>{"name": "f", "arguments": {"a": 1, "b": "x"}}</tool_call>', False),
        ("<tool_call>nonsense</tool_call>", False),
        ("<tool_call>[]</tool_call>", False),
    ],
)
def test_a_call_is_the_same_whatever_the_order_of_its_arguments_and_no_other_is(said: str, same: bool) -> None:
    assert (settled_call(said) == settled_call(tool_call("f", {"a": 1, "b": "x"}))) is same
