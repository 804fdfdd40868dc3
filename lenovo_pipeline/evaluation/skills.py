"""General skills: what the base model was trained for, asked of it and of every build, on records and phrasings made up anew.

Belongs here: the items of the skills and how they are put to a model, tools and earlier turns included. What a skill is belongs
to models/pretraining/skills.py; asking and scoring is the same as for gold questions.

A right answer is what models/pretraining/skills.py counts as one: the whole call of a tool, a refusal where the passages do
not tell, and otherwise the final answer, compared by the rule of its answer type.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from lenovo_pipeline.measures.candidate import Question
from lenovo_pipeline.measures.items import AnswerType, Item, spread
from lenovo_pipeline.measures.reading import ANSWER_MARK, NOT_STATED, final_answer
from lenovo_pipeline.models.pretraining.chat import settled_call
from lenovo_pipeline.provenance import short_hash
from lenovo_pipeline.resources.inference import Message, Tool, ToolCall
from lenovo_pipeline.resources.inference.tool_grammar import CALL, CALL_END

COUNTS = {"smoke": 5, "default": 13, "full": 2_080}
"""Items by profile, spread over the thirteen skills."""

BATCH_SIZE = 64
"""Items that are under way at once: of skills no latency is wanted, only answers."""


@dataclass(frozen=True)
class SkillItems:
    """Items, and the conversation that asks each: messages and tools in plain JSON values, by question id."""

    items: tuple[Item, ...]
    conversations: Mapping[str, tuple[list[dict[str, str]], list[dict[str, Any]]]]

    @cached_property
    def version(self) -> str:
        """Hash (16 hex digits) of all that is said to a model."""
        return short_hash(json.dumps(list(self.conversations.values()), ensure_ascii=False))

    def asked(self, question: Question) -> tuple[Sequence[Message], tuple[Tool, ...]]:
        """The messages that ask it, and the tools that are offered with it. Raises KeyError for a question of no skill."""
        messages, tools = self.conversations[question.question_id]
        return [_message(each) for each in messages], tuple(_tool(each["function"]) for each in tools)


def skill_items(count: int, seed: int) -> SkillItems:
    """`count` items, as many of each skill as of any other; equal seeds give equal items."""
    from lenovo_pipeline.models.pretraining.skills import SKILLS, items

    found: dict[str, Item] = {}
    conversations: dict[str, tuple[list[dict[str, str]], list[dict[str, Any]]]] = {}
    for skill, places in zip(SKILLS, spread(count, len(SKILLS)), strict=True):
        for made in items(skill, places, seed):
            shown, tools = made.conversation.messages[:-1], made.conversation.tools
            content = json.dumps([shown, tools, made.asked.answer], ensure_ascii=False)
            question_id = f"SK-{skill}-{short_hash(content)}"
            found[question_id] = _item(question_id, skill, made.asked.question, made.asked.answer)
            conversations[question_id] = (shown, tools)
    return SkillItems(tuple(found.values()), conversations)


def _item(question_id: str, skill: str, question: str, answer: str) -> Item:
    right = settled_call(answer) if skill == "tool_call" else final_answer(f"{ANSWER_MARK} {answer}")
    kind: AnswerType = "refusal" if right == NOT_STATED else "yes_no" if skill == "yes_no" else "text"
    # Every item is about records of its own, so each is its own cluster.
    asked = Question(question_id, question, _language(question))
    return Item(asked, right, kind, category=skill, cluster=question_id)


def _language(text: str) -> str:
    return "zh-Hans" if any("\u4e00" <= letter <= "\u9fff" for letter in text) else "en"


def _message(message: Mapping[str, str]) -> Message:
    """One turn; a call that stands in its text as lenovo-nano writes it becomes a call that every model's template can write."""
    role, content = message["role"], message["content"]
    if role == "assistant" and content.startswith(CALL):
        call = json.loads(content.removeprefix(CALL).removesuffix(CALL_END))
        return Message("assistant", "", (ToolCall(call["name"], call["arguments"], "call_0"),))
    if role == "tool":
        return Message("tool", content, tool_call_id="call_0")
    return Message("system" if role == "system" else "assistant" if role == "assistant" else "user", content)


def _tool(function: Mapping[str, Any]) -> Tool:
    return Tool(function["name"], function["description"], function["parameters"])
