"""Calls of tools in what a model says."""

import pytest

from lenovo_pipeline.resources.inference.messages import Tool
from lenovo_pipeline.resources.inference.tool_calls import find_calls

TOOLS = (Tool("price", "The price of a device", {"type": "object"}), Tool("stock", "What is there", {"type": "object"}))


@pytest.mark.parametrize(
    "said",
    [
        'I look it up.<tool_call>{"name": "price", "arguments": {"device": "X1"}}</tool_call><|im_end|>',
        'I look it up.\n<tool_call>\n{"name": "price", "arguments": {"device": "X1"}}\n</tool_call>',
        'I look it up.<tool_call>{"name": "price", "arguments": {"device": "X1"}}',
        'I look it up.<|tool_call|>[{"name": "price", "arguments": {"device": "X1"}}]<|/tool_call|>',
        'I look it up.[TOOL_CALLS][{"name": "price", "arguments": "{\\"device\\": \\"X1\\"}"}]',
        'I look it up.<|python_tag|>{"name": "price", "parameters": {"device": "X1"}}',
    ],
)
def test_each_way_to_write_a_call_is_read(said: str) -> None:
    text, calls = find_calls(said, TOOLS)
    assert text == "I look it up."
    assert [(call.name, call.arguments, call.id) for call in calls] == [("price", {"device": "X1"}, "call_0")]


def test_several_calls_keep_their_order_and_get_ids_of_their_own() -> None:
    said = '<tool_call>{"name": "stock"}</tool_call><tool_call>{"name": "price", "arguments": {"n": 2}}</tool_call>'
    text, calls = find_calls(said, TOOLS)
    assert text == ""
    assert [(call.name, call.arguments, call.id) for call in calls] == [("stock", {}, "call_0"), ("price", {"n": 2}, "call_1")]


def test_a_bare_object_is_a_call() -> None:
    assert find_calls('{"name": "price", "parameters": {"device": "X1"}}', TOOLS)[1][0].arguments == {"device": "X1"}


@pytest.mark.parametrize(
    "said",
    [
        "<tool_call>{price: X1}</tool_call>",
        '<tool_call>{"name": "delete_everything", "arguments": {}}</tool_call>',
        '<tool_call>{"name": "price", "arguments": [1]}</tool_call>',
        '<tool_call>{"name": 3}</tool_call>',
        '{"price": 3}',
        "It costs 3.",
    ],
)
def test_what_is_no_call_of_an_offered_tool_stays_text(said: str) -> None:
    assert find_calls(said, TOOLS) == (said, ())


def test_nothing_is_a_call_where_no_tool_was_offered() -> None:
    said = '<tool_call>{"name": "price", "arguments": {}}</tool_call>'
    assert find_calls(said, ()) == (said, ())
