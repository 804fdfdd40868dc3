"""What the agent adapter learns from: rows as the model is shown them, and the same conversations about other names."""

from random import Random
from typing import Any

import pytest

from lenovo_pipeline.agents.adapter.lessons import TOOLS, as_served, exam, lessons
from lenovo_pipeline.agents.adapter.recipes import BUNDLED, RECIPES, AgentRecipe
from lenovo_pipeline.agents.adapter.training import prompt_tokens
from lenovo_pipeline.agents.adapter.variations import varied
from lenovo_pipeline.agents.tools.prompt import MAX_PROMPT_TOKENS, SYSTEM_PROMPT
from lenovo_pipeline.models import pretrain
from lenovo_pipeline.models.tuning.adapters import with_adapter
from lenovo_pipeline.models.tuning.batching import batch_of
from lenovo_pipeline.models.tuning.beginnings import common_beginning, shared_loss
from lenovo_pipeline.models.tuning.recipes import Lora
from lenovo_pipeline.models.tuning.rows import encode
from lenovo_pipeline.models.tuning.trainer import said_loss
from lenovo_pipeline.resources.inference.chat import Chat
from lenovo_pipeline.resources.inference.messages import Message, Tool
from lenovo_pipeline.resources.inference.model_folder import identify


def called(tool: str, **arguments: Any) -> dict[str, Any]:
    call = {"type": "function", "function": {"name": tool, "arguments": arguments}}
    return {"role": "assistant", "content": "", "tool_calls": [call]}


def conversation(device: str = "Velmor X14", wh: str = "57.5") -> list[dict[str, Any]]:
    return [
        {"role": "system", "content": SYSTEM_PROMPT},
        {"role": "user", "content": f"What is the battery of the {device}?"},
        called("look_up_device", device=device, attribute="battery"),
        {"role": "tool", "content": f"{device}\nbattery: {wh} Wh"},
        {"role": "assistant", "content": f"Answer: {wh} Wh"},
    ]


@pytest.fixture(scope="module")
def tokenizer() -> Any:
    from transformers import AutoTokenizer

    return AutoTokenizer.from_pretrained(pretrain.FOLDER)


def recipe(**changes: Any) -> AgentRecipe:
    from dataclasses import replace

    return replace(RECIPES["smoke"], **changes)


def test_a_lesson_begins_with_what_the_model_is_shown_when_it_is_asked(tokenizer: Any) -> None:
    first, second = exam(tokenizer, [conversation(), conversation("Tarn 3", "8")], recipe())
    assert (second.ids, second.said) == (lambda row: (row.ids, row.said))(encode(tokenizer, conversation("Tarn 3", "8"), TOOLS))
    chat = Chat(pretrain.FOLDER, identify(pretrain.FOLDER))
    tools = [Tool(each["function"]["name"], each["function"]["description"], each["function"]["parameters"]) for each in TOOLS]
    asked = chat.tokens([Message("system", SYSTEM_PROMPT), Message("user", conversation()[1]["content"])], tools)
    assert first.ids[: len(asked)] == asked
    assert first.said.index(True) == len(asked)


def test_calls_are_learned_in_the_order_in_which_they_are_generated() -> None:
    mixed = [
        *conversation()[:2],
        called("open_ticket", priority="low", problem="audio", device="Tarn 3"),
        called("new", b=1, a=2),
    ]
    arguments = [list(call["function"]["arguments"]) for each in as_served(mixed)[2:] for call in each["tool_calls"]]
    assert arguments == [["device", "problem", "priority"], ["b", "a"]]
    assert as_served(mixed)[:2] == mixed[:2]


def test_openings_end_with_the_first_call_and_every_pass_varies_anew(tokenizer: Any) -> None:
    rows = lessons(tokenizer, [conversation()], recipe(passes=12, openings=1.0), 3)
    assert len(rows) == 12 and len({tuple(row.ids) for row in rows}) > 6
    assert all(tokenizer.decode(row.ids).rstrip().endswith("</tool_call><|im_end|>") for row in rows)
    whole = lessons(tokenizer, [conversation()], recipe(passes=4, openings=0.0), 3)
    assert all("Answer:" in tokenizer.decode(row.ids) for row in whole)
    assert lessons(tokenizer, [conversation()], recipe(passes=4, longest=100), 3) == []
    assert [row.ids for row in rows] == [
        row.ids for row in lessons(tokenizer, [conversation()], recipe(passes=12, openings=1.0), 3)
    ]


def test_what_takes_more_decisions_is_dealt_out_more_often_and_never_cut(tokenizer: Any) -> None:
    refused = [*conversation()[:4], called("hand_over", reason="unsafe"), {"role": "tool", "content": "handed over"},
               {"role": "assistant", "content": "Answer: handed over, unsafe"}]  # fmt: skip
    rows = lessons(tokenizer, [conversation(), refused], recipe(passes=4, openings=1.0), 3)
    told = [tokenizer.decode(row.ids) for row in rows]
    assert [text.count("Answer: handed over, unsafe") for text in told] == [0, 1, 1, 1] * 4
    plain = lessons(tokenizer, [conversation(), refused], recipe(passes=4, emphasis=False), 3)
    assert len(plain) == 8


def test_a_variation_asks_the_same_about_other_names_and_figures_throughout() -> None:
    made = [varied(conversation(), Random(seed)) for seed in range(60)]
    for messages in made:
        arguments = messages[2]["tool_calls"][0]["function"]["arguments"]
        assert arguments["attribute"] == "battery" and "battery" in messages[1]["content"].casefold()
        assert arguments["device"] in messages[1]["content"] and messages[3]["content"].startswith(arguments["device"])
        told = messages[4]["content"].removeprefix("Answer: ")
        assert told in messages[3]["content"] and told.endswith(" Wh")
    assert len({messages[2]["tool_calls"][0]["function"]["arguments"]["device"] for messages in made}) > 30
    assert len({messages[4]["content"] for messages in made}) > 10
    assert conversation()[1]["content"] in {messages[1]["content"] for messages in made} and made[0][0] == conversation()[0]


def test_what_a_later_turn_means_keeps_its_name() -> None:
    two = [*conversation(), {"role": "user", "content": "Open a ticket for it."}, called("open_ticket", device="Velmor X14")]
    for seed in range(20):
        messages = varied(two, Random(seed))
        names = {call["function"]["arguments"]["device"] for each in messages for call in each.get("tool_calls", ())}
        assert len(names) == 1


def test_the_shared_beginning_costs_nothing_but_time(tokenizer: Any) -> None:
    model = with_adapter(pretrain.FOLDER, Lora(rank=4, alpha=8), four_bits=False, seed=1)
    conversations = [conversation(), conversation("Tarn 3", "8"), conversation("ThinkPad T14 Gen 5", "52.5")[:3]]
    batch = batch_of(exam(tokenizer, conversations, recipe()))
    assert common_beginning(batch) > 400
    plain, shared = said_loss(model, batch), shared_loss(model, batch)
    assert float(shared.detach()) == pytest.approx(float(plain.detach()), rel=1e-5)
    gradients = []
    for loss in (plain, shared):
        model.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        gradients.append({name: each.grad.clone() for name, each in model.named_parameters() if each.grad is not None})
    for name, gradient in gradients[0].items():
        assert float((gradient - gradients[1][name]).abs().max()) <= 1e-4 * float(gradient.abs().max() + 1e-6), name


def test_rows_that_begin_with_what_is_said_share_nothing(tokenizer: Any) -> None:
    [row] = exam(tokenizer, [conversation()], recipe())
    assert common_beginning(batch_of([row, row])) < row.said.index(True)


def test_every_recipe_goes_on_from_what_the_longer_training_makes() -> None:
    assert {recipe.lora for recipe in RECIPES.values()} == {BUNDLED.lora}


def test_system_message_and_tools_fit_a_small_model(tokenizer: Any) -> None:
    assert prompt_tokens(tokenizer) <= MAX_PROMPT_TOKENS
