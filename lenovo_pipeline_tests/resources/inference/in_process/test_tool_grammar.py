"""Strict tools: what is admitted on the way to a call; and a model writes calls that fit or answers, whatever it would say."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from lenovo_pipeline.models import pretrain
from lenovo_pipeline.resources.inference.local import LocalBackend, open_local
from lenovo_pipeline.resources.inference.messages import GenerationSettings, Message, Tool
from lenovo_pipeline.resources.inference.tool_grammar import ToolGrammar, grammar_of


def tool(name: str, required: tuple[str, ...] = (), **properties: dict[str, Any]) -> Tool:
    return Tool(name, "does it", {"type": "object", "properties": properties, "required": list(required or properties)})


ORDER = tool("order", part={"type": "string"}, device={"type": "string"}, quantity={"type": "integer"})
LEAVE = tool(
    "leave",
    ("reason",),
    reason={"type": "string", "enum": ["missing", "asked"]},
    about={"type": "string"},
    urgent={"type": "boolean"},
    share={"type": "number"},
)
SAID = [
    Message("system", "Never quote this."),
    Message("user", 'Hi, order 12 x fan assembly for the Tab M10 (3rd Gen), 7.5" wide, on 2026-03-01. See KB-200145.'),
    Message("tool", "device: razr 60的後續機型\nnext line"),
]


def called(name: str, arguments: str) -> str:
    return f'<tool_call>{{"name": "{name}", "arguments": {{{arguments}}}}}</tool_call>'


def order(part: str = "fan assembly", device: str = "Tab M10 (3rd Gen)", quantity: str = "12") -> str:
    return called("order", f'"part": "{part}", "device": "{device}", "quantity": {quantity}')


@pytest.fixture
def grammar() -> ToolGrammar:
    found = grammar_of(SAID, (ORDER, LEAVE))
    assert found is not None
    return found


@pytest.mark.parametrize(
    "text",
    [
        order(),
        order(part="fan", device="razr 60", quantity="60"),
        order(device='7.5\\" wide'),
        order(part="2026-03-01", device="KB-200145"),
        order(part="後續", device="next line"),
        called("leave", '"reason": "asked"'),
        called("leave", '"reason": "missing", "about": "the Tab M10"'),
        called("leave", '"reason": "missing", "urgent": true, "share": -0.5'),
        f"{order()[:11]}\n{order()[11:-12]}\n</tool_call>",
        "Answer: 12",
    ],
)
def test_every_beginning_of_a_call_is_admitted_and_only_the_whole_may_end(grammar: ToolGrammar, text: str) -> None:
    assert all(grammar.admits(text[:length]) for length in range(len(text) + 1))
    assert grammar.complete(text)
    if text.startswith("<"):
        assert not any(grammar.complete(text[:length]) for length in range(len(text)))


@pytest.mark.parametrize(
    "text",
    [
        called("sell", ""),
        called("order", '"device": "razr 60"'),
        called("leave", ""),
        called("leave", '"reason": "other"'),
        called("leave", '"reason": "asked", "urgent": 1'),
        called("leave", '"reason": "asked", "share": 1.2.3'),
        called("leave", '"about": "razr 60", "reason": "asked"'),
        order(part="fans"),
        order(part="an assembly"),
        order(part="assemb"),
        order(part=""),
        order(device="Never"),
        order(device="200145"),
        order(device="60 next"),
        order(quantity="13"),
        order(quantity='"12"'),
        f"{order()} and more",
        "Answer first. <tool_call>",
    ],
)
def test_what_fits_no_schema_or_stands_nowhere_is_not_admitted(grammar: ToolGrammar, text: str) -> None:
    assert not grammar.admits(text) and not (grammar.complete(text) and text.startswith("<"))


def test_any_whole_number_may_be_written_where_none_was_said() -> None:
    grammar = grammar_of([Message("user", "Order some fans for the Yoga")], (ORDER,))
    assert grammar is not None and grammar.complete(order(part="fans", device="Yoga", quantity="7"))


def test_an_argument_of_a_form_is_something_of_that_form_and_a_tool_without_any_is_not_offered() -> None:
    read = tool("read", article={"type": "string", "pattern": "^KB-[0-9A-F]+$"})
    assign = tool("assign", ("team",), team={"type": "string"}, ticket={"type": "string", "pattern": r"^TCK-\d+$"})
    said = [Message("user", "看KB-2001，KB-20 or XKB-77 by the field team, please")]
    grammar = grammar_of(said, (read, assign))
    assert grammar is not None
    assert grammar.complete(called("read", '"article": "KB-2001"')) and grammar.complete(called("read", '"article": "KB-20"'))
    assert not any(grammar.admits(called("read", f'"article": "{each}"')) for each in ("KB-200", "KB-77", "field", "KB-"))
    # An argument that may be left out is, where nothing has its form.
    assert grammar.complete(called("assign", '"team": "field"')) and not grammar.admits(
        called("assign", '"team": "field", "tick')
    )
    elsewhere = grammar_of([Message("user", "the field team")], (read, assign))
    assert elsewhere is not None and [each.name for each in elsewhere.callable] == ["assign"]
    assert not elsewhere.admits('<tool_call>{"name": "read') and elsewhere.admits('<tool_call>{"name": "assign')
    assert grammar_of(said, (tool("odd", of={"type": "string", "pattern": "("}),)) is None


def test_tools_with_nested_values_are_left_to_the_model() -> None:
    assert grammar_of(SAID, (tool("deep", given={"type": "object"}),)) is None and grammar_of(SAID, ()) is None


@pytest.fixture(scope="module")
def untrained(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalBackend]:
    """The bundled model's shape and tokenizer with random weights: it says anything."""
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer

    folder = tmp_path_factory.mktemp("untrained")
    model = AutoModelForCausalLM.from_pretrained(pretrain.FOLDER)
    with torch.random.fork_rng():
        torch.manual_seed(5)
        for weight in model.parameters():
            torch.nn.init.normal_(weight, std=0.3)
    model.save_pretrained(folder)
    AutoTokenizer.from_pretrained(pretrain.FOLDER).save_pretrained(folder)
    Path(folder / "chat_template.jinja").write_bytes((pretrain.FOLDER / "chat_template.jinja").read_bytes())
    backend = open_local(folder)
    yield backend
    backend.close()


@pytest.mark.parametrize("temperature", [0.0, 1.5])
def test_even_random_weights_write_calls_that_fit_or_plain_answers(untrained: LocalBackend, temperature: float) -> None:
    settings = GenerationSettings(max_tokens=120, temperature=temperature, seed=3, tools=(ORDER, LEAVE), strict_tools=True)
    conversations = [[*SAID, Message("user", f"Order {number} of them, please.")] for number in range(8)]
    said = "\n".join(message.content for message in SAID[1:])
    kinds = set()
    for conversation, answer in zip(conversations, untrained.generate_batch(conversations, settings), strict=True):
        assert not isinstance(answer, Exception)
        kinds.add(answer.finish_reason)
        for call in answer.tool_calls:
            quoted = [value for name, value in call.arguments.items() if name in ("part", "device", "about")]
            assert call.name in ("order", "leave") and all(each in f"{said}\n{conversation[-1].content}" for each in quoted)
        # One that was cut off could still have become a call or an answer.
        grammar = grammar_of(conversation, settings.tools)
        assert grammar is not None and (answer.tool_calls or grammar.admits(answer.text))
    assert kinds <= {"stop", "length", "tool_calls"}


def test_a_call_that_would_break_its_schema_is_made_to_fit_and_one_that_fits_stays_as_it_is() -> None:
    backend = open_local(pretrain.FOLDER)
    asked = [Message("user", "Please use the tool leave with reason asked.")]
    strict, free = (
        backend.generate(asked, GenerationSettings(max_tokens=60, tools=(LEAVE,), strict_tools=each)) for each in (True, False)
    )
    backend.close()
    [call] = strict.tool_calls
    assert call.name == "leave" and call.arguments["reason"] in ("missing", "asked")
    if free.tool_calls and set(free.tool_calls[0].arguments) == {"reason"} and free.tool_calls[0].arguments["reason"] == "asked":
        assert call.arguments == free.tool_calls[0].arguments


def test_a_character_of_several_tokens_is_quoted_whole() -> None:
    grammar = grammar_of([Message("user", "訂 扬声器 for the Yoga 7")], (ORDER,))
    assert grammar is not None
    begun = '<tool_call>{"name": "order", "arguments": {"part": "'
    assert grammar.admits(begun + "\ufffd") and grammar.admits(begun + "扬\ufffd") and grammar.admits(begun + "扬声器")
    assert grammar.starts(begun) >= {"訂", "扬", "f", "Y", "\ufffd"} and grammar.starts(begun + "\ufffd") == {"\ufffd"}
    assert grammar.starts('<tool_call>{"name": ') == {'"'} and grammar.starts(begun + "Yog") == {"a"}
    assert not grammar.admits(begun + "Yoga\ufffd") and not grammar.admits('<tool_call>{"name": "\ufffd')
