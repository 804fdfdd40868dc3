"""Definitions of workflows: what is wrong with one is named, what holds is kept by content, exported, imported and drawn."""

import json
from pathlib import Path

import pytest
import yaml

from lenovo_pipeline.agents.running.langgraph_runtime import DOERS
from lenovo_pipeline.agents.running.nodes import holds
from lenovo_pipeline.agents.running.work import Running, Work
from lenovo_pipeline.agents.tools.catalogue import SPECS
from lenovo_pipeline.agents.tools.prompt import MAX_PROMPT_TOKENS
from lenovo_pipeline.agents.workflows.diagram import draw, layout, mermaid
from lenovo_pipeline.agents.workflows.library import FOLDER, KNOWN_TOOLS, export, import_workflow, read_export, read_library
from lenovo_pipeline.agents.workflows.parsing import parse
from lenovo_pipeline.agents.workflows.prompts import PROMPTS
from lenovo_pipeline.agents.workflows.validation import problems_of
from lenovo_pipeline.agents.workflows.vocabulary import CONDITIONS, DOINGS
from lenovo_pipeline.failures import PermanentFailure
from lenovo_pipeline.resources.inference.chat import Chat
from lenovo_pipeline.resources.inference.messages import Message
from lenovo_pipeline.resources.inference.model_folder import identify
from lenovo_pipeline.settings import PROJECT_ROOT

TOOLS = KNOWN_TOOLS


def triage() -> dict:  # type: ignore[type-arg]
    return dict(yaml.safe_load((FOLDER / "support_triage.yaml").read_text(encoding="utf-8")))


def problems(said: dict) -> list[str]:  # type: ignore[type-arg]
    made, wrong = parse(yaml.safe_dump(said, sort_keys=False))
    return [*wrong, *(problem for each in made for problem in problems_of(each, TOOLS))]


def test_every_bundled_definition_holds_in_both_profiles() -> None:
    library = read_library(TOOLS)
    assert library.rejected == {}
    names = {workflow.name for workflow in library.workflows.values()}
    assert {f"{name}.mobile" for name in names} <= library.workflows.keys()
    for name in names:
        full, mobile = library.workflows[name], library.workflows[f"{name}.mobile"]
        assert mobile.budgets.steps < full.budgets.steps
        assert mobile.budgets.tokens < full.budgets.tokens
        assert mobile.model.build == "edge" != full.model.build


def test_an_unknown_tool_is_named() -> None:
    said = triage()
    said["tools"] = [*said["tools"], "open_the_gates"]
    assert any("no tool 'open_the_gates'" in problem for problem in problems(said))


def test_a_cycle_without_exit_is_named() -> None:
    said = triage()
    said["nodes"] |= {"wait": {"does": "verify"}, "again": {"does": "recover"}}
    said["edges"] = [
        *(edge for edge in said["edges"] if edge["from"] != "recover"),
        {"from": "recover", "to": "wait"},
        {"from": "wait", "to": "again"},
        {"from": "again", "to": "wait"},
    ]
    assert "the cycle wait -> again -> wait has no exit: no edge leads from it to 'end'" in problems(said)


def test_a_node_that_nothing_leads_to_is_named() -> None:
    said = triage()
    said["nodes"]["island"] = {"does": "link"}
    said["edges"].append({"from": "island", "to": "act"})
    assert "node 'island' cannot be reached from 'understand'" in problems(said)


def test_all_that_is_wrong_is_listed_at_once() -> None:
    said = triage()
    said["entry"] = "nowhere"
    said["nodes"]["link"] = {"does": "guess"}
    said["prompts"]["system"] = "support_desk@99"
    said["approval"] = ["not_offered"]
    said["edges"] += [
        {"from": "answer", "to": "elsewhere"},
        {"from": "decompose", "to": "end", "when": "it_rains"},
        {"from": "nobody", "to": "end", "each": "wishes"},
    ]
    said["budgets"]["tool_seconds"] = 500
    text = "\n".join(problems(said))
    for named in (
        "'nowhere'",
        "'guess'",
        "'support_desk@99'",
        "'not_offered'",
        "'elsewhere'",
        "'it_rains'",
        "'nobody'",
        "'wishes'",
    ):
        assert named in text
    assert "a call may take 500 s" in text


def test_a_node_without_a_way_out_is_named() -> None:
    said = triage()
    said["edges"] = [edge for edge in said["edges"] if edge["from"] != "verify"]
    assert "node 'verify' has no edge that leaves it; lead it to a node or to 'end'" in problems(said)
    said["edges"].append({"from": "verify", "to": "answer", "when": "supported"})
    assert any("'verify' has only edges with conditions" in problem for problem in problems(said))
    said["edges"] += [{"from": "verify", "to": "hand_over"}, {"from": "verify", "to": "recover"}]
    assert any("'verify' has 1 edges after the one without condition" in problem for problem in problems(said))


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"budgets": {"steps": 0}}, "budgets.steps"),
        ({"framework": "crewai"}, "framework"),
        ({"name": "Bad Name"}, "name"),
        ({"surprise": 1}, "surprise"),
        ({"nodes": {"act": {"does": "act", "retries": 99}}}, "nodes.act.retries"),
    ],
)
def test_a_wrong_field_is_named(change: dict[str, object], named: str) -> None:
    assert any(problem.startswith(named) for problem in problems(triage() | change))


@pytest.mark.parametrize("content", [b"\xff\xfe", b"- a list", b"a: [", b"name: x\nname: y\n", b""])
def test_what_is_no_definition_is_rejected_and_the_others_load(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "good.yaml").write_bytes((FOLDER / "support_triage.yaml").read_bytes())
    (tmp_path / "bad.yaml").write_bytes(content)
    library = read_library(TOOLS, tmp_path)
    assert "support_triage" in library.workflows
    assert library.rejected["bad.yaml"]
    with pytest.raises(PermanentFailure, match=r"no workflow 'other'; there are support_triage.*rejected: bad.yaml"):
        library.workflow("other")


def test_two_files_of_one_name_do_not_replace_each_other(tmp_path: Path) -> None:
    for name in ("a.yaml", "b.yaml"):
        (tmp_path / name).write_bytes((FOLDER / "support_triage.yaml").read_bytes())
    assert "taken by another file" in read_library(TOOLS, tmp_path).rejected["b.yaml"][0]


def test_whatever_changes_changes_the_content() -> None:
    workflow = read_library(TOOLS).workflow("support_triage")
    said = triage()
    said["budgets"]["steps"] = 9
    [changed, _], _ = parse(yaml.safe_dump(said, sort_keys=False))
    assert changed.content != workflow.content
    assert type(workflow).from_dict(workflow.as_dict()).content == workflow.content


def test_an_exported_workflow_is_imported_as_it_was(tmp_path: Path) -> None:
    workflow = read_library(TOOLS).workflow("support_triage")
    export(workflow, tmp_path / "triage.json")
    assert read_export(tmp_path / "triage.json", TOOLS).content == workflow.content
    folder = tmp_path / "workflows"
    folder.mkdir()
    import_workflow(tmp_path / "triage.json", TOOLS, folder)
    assert read_library(TOOLS, folder).workflow("support_triage").content == workflow.content
    with pytest.raises(PermanentFailure, match="there is a workflow 'support_triage' already"):
        import_workflow(tmp_path / "triage.json", TOOLS, folder)


def test_an_export_that_does_not_fit_is_refused_with_all_reasons(tmp_path: Path) -> None:
    workflow = read_library(TOOLS).workflow("support_triage")
    target = tmp_path / "triage.json"
    export(workflow, target)
    said = json.loads(target.read_text(encoding="utf-8"))
    said["prompts"]["support_desk@1"] = "Do as you like."
    said["workflow"]["tools"].append("open_the_gates")
    target.write_text(json.dumps(said), encoding="utf-8")
    with pytest.raises(PermanentFailure, match=r"'support_desk@1' has another text here.*no tool 'open_the_gates'"):
        read_export(target, TOOLS)
    export(workflow, target)
    target.write_text(target.read_text(encoding="utf-8").replace('"recoveries": 1', '"recoveries": 2'), encoding="utf-8")
    with pytest.raises(PermanentFailure, match="it was changed after the export"):
        read_export(target, TOOLS)
    for broken in ("", "[]", '{"format": "other-1", "content": "", "workflow": {}, "prompts": {}}'):
        target.write_text(broken, encoding="utf-8")
        with pytest.raises(PermanentFailure, match=r"no exported workflow|has format 'other-1'"):
            read_export(target, TOOLS)


def test_diagrams_show_every_node_and_edge(tmp_path: Path) -> None:
    for workflow in read_library(TOOLS).workflows.values():
        text = mermaid(workflow)
        assert all(f"n_{node.id}" in text for node in workflow.nodes)
        assert text.count("-->") + text.count("-.->") == len(workflow.edges) + 1
        places = layout(workflow)
        assert len(set(places.values())) == len(workflow.nodes) + 1
    draw(read_library(TOOLS).workflow("support_triage"), tmp_path)
    picture = (tmp_path / "support_triage.svg").read_text(encoding="utf-8")
    assert "</svg>" in picture
    assert (tmp_path / "support_triage.png").read_bytes().startswith(b"\x89PNG")
    assert (tmp_path / "support_triage.mmd").read_text(encoding="utf-8").startswith("flowchart TD")


def test_what_a_definition_can_say_can_be_done() -> None:
    assert set(DOERS) == set(DOINGS)
    workflow = read_library(TOOLS).workflow("support_triage")
    work = Work(Running(workflow, None, None))  # type: ignore[arg-type]
    assert all(isinstance(holds({}, name, work), bool) for name in CONDITIONS)


def test_the_prompts_of_support_fit_a_small_model() -> None:
    folder = PROJECT_ROOT / "data" / "models" / "lenovo-nano"
    chat = Chat(folder, identify(folder))
    for title in ("device_support", "support_triage"):
        workflow = read_library(TOOLS).workflow(title)
        tools = tuple(spec.tool() for spec in SPECS if spec.name in workflow.tools)
        system = PROMPTS[workflow.prompts["system"]].text
        assert len(chat.tokens([Message("system", system)], tools)) <= MAX_PROMPT_TOKENS
