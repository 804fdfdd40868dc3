"""Builds are asked by the same runner: the base is opened once, a bad build stops no other, and nothing is asked twice."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest

from lenovo_pipeline.evaluation.builds import Built, grouped
from lenovo_pipeline.evaluation.keeping import stored_rows
from lenovo_pipeline.evaluation.kinds import build_contenders, skill_contenders
from lenovo_pipeline.evaluation.scoring import Contender, Scored, score_all
from lenovo_pipeline.evaluation.skills import SkillItems, skill_items
from lenovo_pipeline.evaluation.tables import ADAPTER, SKILLS
from lenovo_pipeline.measures.runner import RunSettings
from lenovo_pipeline.models.builds import Build
from lenovo_pipeline.models.pretraining.chat import tool_call
from lenovo_pipeline.models.pretraining.skills import SKILLS as SKILL_NAMES
from lenovo_pipeline.resources.inference import (
    Completion,
    GenerationFailed,
    GenerationSettings,
    Message,
    ModelUnavailable,
    Reach,
    ToolCall,
)
from lenovo_pipeline.resources.inference.tool_grammar import CALL
from lenovo_pipeline.resources.store import Store
from lenovo_pipeline.resources.warehouse import Warehouse

Make = Callable[..., Build]
SETTINGS = RunSettings(batch_size=4, timeout_s=5.0)
ROW = {"name": "lenovo-nano", "provider": "us", **{f"{s}_id": None for s in ("huggingface", "ollama", "openai", "github")}}
ROW["folder_id"] = "data/models/lenovo-nano"


class Places:
    """Opens models by their folder; the base takes adapters, unless it is served."""

    def __init__(self, reader: Any, broken: Sequence[str] = (), served: bool = False) -> None:
        self.reader, self.broken = reader, broken
        self.opened: list[str] = []
        self.backends: list[Any] = []
        self.served = served

    def reach(self, source: Any) -> Reach:
        return Reach(True)

    def open(self, source: Any) -> Any:
        name = Path(source.identifier).name
        self.opened.append("base" if name == "lenovo-nano" else f"{source.kind} {name}")
        return self._backend(name)

    def _backend(self, name: str) -> Any:
        if name in self.broken:
            raise ModelUnavailable(f"{name} has no weights", remedy="Build it again.")
        backend = self.reader()
        if not self.served:
            backend.with_adapter = lambda folder: self._backend(folder.name)
        self.backends.append(backend)
        return backend


@pytest.fixture(autouse=True)
def the_base_is_what_was_resolved(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lenovo_pipeline.models.candidate.identity_hash", lambda route, identity: "i1")


def built(*builds: Build) -> list[Built]:
    return grouped([("adapters", asdict(each)) for each in builds])


class Bench:
    def __init__(self, warehouse: Warehouse, store: Store, foundation: dict[str, Any], items: list[Any]) -> None:
        self.warehouse, self.store, self.foundation, self.items = warehouse, store, foundation, items

    def score(self, builds: Sequence[Built], places: Places) -> Scored:
        with build_contenders(builds, self.foundation, ROW, places, self.store, self.items) as contenders:
            return self._scored(contenders, ADAPTER)

    def skills(self, builds: Sequence[Built], places: Places, skills: SkillItems) -> Scored:
        with skill_contenders(builds, self.foundation, ROW, places, self.store, skills.items, skills) as contenders:
            return self._scored(contenders, SKILLS)

    def _scored(self, contenders: Sequence[Contender], table: Any) -> Scored:
        stored = stored_rows(self.warehouse, table, "lenovo-nano")
        scored = score_all(contenders, table, stored, logs=self.store.artifacts / "logs", settings=SETTINGS)
        self.warehouse.replace(table, scored.frame, model="lenovo-nano")
        return scored


@pytest.fixture
def bench(warehouse: Warehouse, store: Store, foundation: dict[str, Any], gold: Any) -> Bench:
    return Bench(warehouse, store, foundation, gold.asked()[1])


def test_the_base_is_opened_once_for_all_adapters_and_what_is_a_model_of_its_own_by_itself(
    bench: Bench, build: Make, reader: Any
) -> None:
    merged = build("lenovo-nano/merged/all", method="merged", format="transformers")
    edge = build("lenovo-nano/edge/light", method="edge", format="onnx")
    places = Places(reader)
    scored = bench.score(built(build("lenovo-nano/lora/a"), build("lenovo-nano/lora/b"), merged, edge), places)
    assert places.opened == ["base", f"folder {Path(merged.path).name}", f"edge {Path(edge.path).name}"]
    assert (scored.asked, scored.failed, scored.refused) == (84, 0, {})
    assert set(scored.frame["correct"]) == {1.0}
    assert scored.frame["header"].nunique() == 4, "each is told from the others by its files"
    assert all(backend.closed for backend in places.backends), "memory is given back"


def test_nothing_is_asked_or_opened_again_while_a_build_is_the_same(bench: Bench, build: Make, reader: Any) -> None:
    first, second = build("lenovo-nano/lora/a"), build("lenovo-nano/lora/b")
    bench.score(built(first, second), Places(reader))
    idle = Places(reader)
    again = bench.score(built(first, second), idle)
    assert (again.asked, again.taken_over, idle.opened) == (0, 42, [])
    retrained = build("lenovo-nano/lora/b", files="trained anew")
    assert bench.score(built(first, retrained), Places(reader)).asked == 21


def test_a_build_that_cannot_be_opened_is_named_and_the_others_are_asked(bench: Bench, build: Make, reader: Any) -> None:
    bad = build("lenovo-nano/lora/a")
    scored = bench.score(built(bad, build("lenovo-nano/lora/b")), Places(reader, broken=[Path(bad.path).name]))
    assert set(scored.frame["candidate"]) == {"lenovo-nano/lora/b"}
    assert "has no weights. Build it again." in scored.refused["lenovo-nano/lora/a"]


def test_an_adapter_over_a_served_base_is_refused_in_words(bench: Bench, build: Make, reader: Any) -> None:
    scored = bench.score(built(build()), Places(reader, served=True))
    assert scored.frame.empty
    assert "its base lenovo-nano answers on a server, which takes none" in scored.refused["lenovo-nano/lora/device_support"]


def test_a_build_that_computes_no_numbers_has_failures_and_no_scores(bench: Bench, build: Make, reader: Any) -> None:
    scored = bench.score(built(build()), Places(lambda: reader(dies_after=0)))
    assert scored.failed == 21
    assert scored.frame["correct"].isna().all()


# Skills


class Skilled:
    """Says what is right in every skill, having seen nothing but the messages and the tools; `forgets` one skill."""

    def __init__(self, skills: SkillItems, forgets: str = "", mixed: bool = True) -> None:
        self.forgets = forgets
        self.closed = 0
        self.answers = {_key(*skills.asked(item.question)): item for item in skills.items}
        if mixed:
            self.generate_mixed = self._mixed

    def generate(self, messages: Sequence[Message], settings: GenerationSettings) -> Completion:
        item = self.answers[_key(messages, settings.tools)]
        calls: tuple[ToolCall, ...] = ()
        text = "no idea" if item.category == self.forgets else f"Answer: {item.answer}"
        if item.category == "tool_call" and item.category != self.forgets:
            (tool,) = [tool for tool in settings.tools if f'"name": "{tool.name}"' in item.answer]
            text, calls = "", (ToolCall(tool.name, _arguments(item.answer)),)
        if item.category == "closed_book" and settings.tools:
            raise GenerationFailed("a closed book has no tools")
        return Completion(text, 10, 5, 0.01, None, "stop", 0.0, calls)

    def generate_batch(self, batch: Sequence[Sequence[Message]], settings: GenerationSettings) -> list[Any]:
        return [self.generate(messages, settings) for messages in batch]

    def _mixed(self, batch: Sequence[tuple[Any, Any, Any]]) -> list[Any]:
        return [self.generate(messages, settings) for messages, settings, _ in batch]

    def with_adapter(self, folder: Path) -> Any:
        return self

    def identity(self) -> Any:
        return None

    def close(self) -> None:
        self.closed += 1


def _key(messages: Sequence[Message], tools: Sequence[Any]) -> str:
    return repr((list(messages), [tool.name for tool in tools]))


def _arguments(call: str) -> dict[str, Any]:
    import json

    found: dict[str, Any] = json.loads(call.removeprefix(CALL).partition("</")[0])["arguments"]
    return found


@pytest.fixture(scope="module")
def skills() -> Iterator[SkillItems]:
    yield skill_items(3 * len(SKILL_NAMES), seed=1)


@pytest.mark.parametrize("mixed", [True, False])
def test_every_skill_is_asked_in_messages_with_its_tools_and_right_answers_count(
    bench: Bench, build: Make, skills: SkillItems, mixed: bool
) -> None:
    places = Places(lambda: Skilled(skills, mixed=mixed))
    scored = bench.skills(built(build()), places, skills)
    assert places.opened == ["base"], "base and adapter share the weights"
    assert set(scored.frame["candidate"]) == {"lenovo-nano/open-book", "lenovo-nano/lora/device_support"}
    assert set(scored.frame["category"]) == set(SKILL_NAMES)
    wrong = scored.frame[scored.frame["correct"] != 1.0]
    assert wrong.empty, wrong[["category", "answer", "failure"]].to_dict("records")
    assert bench.skills(built(build()), Places(None), skills).asked == 0


def test_a_forgotten_skill_is_wrong_and_no_failure(bench: Bench, build: Make, skills: SkillItems) -> None:
    scored = bench.skills(built(build()), Places(lambda: Skilled(skills, forgets="tool_call")), skills)
    assert scored.failed == 0
    by_skill = scored.frame.groupby("category")["correct"].mean()
    assert (by_skill["tool_call"], by_skill["read_one"]) == (0.0, 1.0)


def test_without_builds_nobody_is_asked_for_skills(bench: Bench, skills: SkillItems) -> None:
    places = Places(None)
    assert bench.skills([], places, skills).frame.empty
    assert places.opened == []


def test_items_of_skills_are_the_same_for_a_seed_and_told_apart_by_content(skills: SkillItems) -> None:
    again = skill_items(3 * len(SKILL_NAMES), seed=1)
    assert (again.items, again.version) == (skills.items, skills.version)
    other = skill_items(3 * len(SKILL_NAMES), seed=2)
    assert not {item.question_id for item in other.items} & {item.question_id for item in skills.items}
    assert other.version != skills.version
    assert len(skills.items) == 3 * len(SKILL_NAMES)


def test_an_earlier_call_of_a_tool_is_a_call_for_every_template_and_not_text(skills: SkillItems) -> None:
    (item, *_) = [item for item in skills.items if item.category == "tool_result"]
    messages, tools = skills.asked(item.question)
    (asked,) = [message for message in messages if message.role == "assistant"]
    assert asked.content == ""
    assert asked.tool_calls[0].name in {tool.name for tool in tools}
    assert tool_call(asked.tool_calls[0].name, asked.tool_calls[0].arguments).startswith(CALL)
    assert messages[-1].role == "tool"
    assert messages[-1].tool_call_id == asked.tool_calls[0].id
