"""The workflows of a folder of YAML files; and one of them as a file of its own, to be handed to another installation.

Belongs here: reading, exporting, importing. Does not belong here: what a definition says (definition.py) and what must hold.
"""

import json
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import yaml

from lenovo_pipeline.agents.tools.catalogue import SPECS
from lenovo_pipeline.agents.tools.factory import FACTORY_SPECS
from lenovo_pipeline.agents.workflows.definition import Workflow
from lenovo_pipeline.agents.workflows.parsing import parse
from lenovo_pipeline.agents.workflows.prompts import PROMPTS
from lenovo_pipeline.agents.workflows.validation import problems_of
from lenovo_pipeline.failures import PermanentFailure
from lenovo_pipeline.settings import PROJECT_ROOT

FOLDER = PROJECT_ROOT / "data" / "workflows"
FORMAT = "lenovo-workflow-1"
KNOWN_TOOLS = frozenset(spec.name for spec in (*SPECS, *FACTORY_SPECS))
"""Names of all tools that a definition may name."""

_REMEDY = "Correct the file; the other workflows are not touched by it."


@dataclass(frozen=True)
class Library:
    """All profiles of all workflows by title, and what is wrong with the files that were rejected, by their names."""

    workflows: Mapping[str, Workflow]
    rejected: Mapping[str, tuple[str, ...]]

    def workflow(self, title: str) -> Workflow:
        """The workflow of that title (`name`, `name.mobile`). Raises PermanentFailure naming those that there are."""
        if title in self.workflows:
            return self.workflows[title]
        wrong = [f"{file}: {'; '.join(problems)}" for file, problems in self.rejected.items()]
        raise PermanentFailure(
            f"there is no workflow {title!r}; there are {', '.join(self.workflows)}"
            + (f" (rejected: {' | '.join(wrong)})" if wrong else ""),
            remedy="Name one of these, or add its file to data/workflows.",
        )


def read_library(tools: Collection[str] = KNOWN_TOOLS, folder: Path = FOLDER) -> Library:
    """Every definition of a folder. A file that is wrong is rejected with all that is wrong with it, and the others load.

    Raises PermanentFailure if there is no such folder.
    """
    if not folder.is_dir():
        raise PermanentFailure(f"there is no folder {folder}", remedy="Restore data/workflows from the repository.")
    workflows: dict[str, Workflow] = {}
    rejected: dict[str, tuple[str, ...]] = {}
    for path in sorted([*folder.glob("*.yaml"), *folder.glob("*.yml")]):
        made, problems = _read(path, tools)
        problems += [f"the name {each.title!r} is taken by another file" for each in made[:1] if each.title in workflows]
        if problems:
            rejected[path.name] = tuple(problems)
        else:
            workflows.update({each.title: each for each in made})
    return Library(workflows, rejected)


def _read(path: Path, tools: Collection[str]) -> tuple[list[Workflow], list[str]]:
    try:
        made, problems = parse(path.read_bytes())
    except OSError as error:
        return [], [f"it cannot be read ({error.strerror})"]
    return made, [*problems, *_all_problems(made, tools)]


def _all_problems(made: list[Workflow], tools: Collection[str]) -> Iterator[str]:
    seen: set[str] = set()
    for workflow in made:
        for problem in problems_of(workflow, tools):
            # What is wrong with both profiles is told once.
            if problem not in seen:
                seen.add(problem)
                yield problem if workflow.profile == "full" else f"{workflow.profile}: {problem}"


def export(workflow: Workflow, target: Path) -> None:
    """Write a workflow with the texts of its prompts as one JSON file. Raises PermanentFailure if that cannot be."""
    prompts = {reference: PROMPTS[reference].text for reference in workflow.prompts.values()}
    said = {"format": FORMAT, "content": workflow.content, "workflow": workflow.as_dict(), "prompts": prompts}
    aside = target.with_name(f".{target.name}.new")
    try:
        aside.write_text(json.dumps(said, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
        aside.replace(target)
    except OSError as error:
        raise PermanentFailure(f"{target} cannot be written ({error.strerror})", remedy="Choose another place.") from error


def read_export(source: Path, tools: Collection[str] = KNOWN_TOOLS) -> Workflow:
    """The workflow of an exported file.

    Raises PermanentFailure listing everything that does not fit: another format, content that was changed, prompts of other
    wording, and whatever keeps the graph from running here.
    """
    try:
        said = json.loads(source.read_text(encoding="utf-8"))
        found, content, prompts = said["format"], said["content"], dict(said["prompts"])
        if found != FORMAT:
            raise PermanentFailure(f"{source} has format {found!r}, expected {FORMAT!r}", remedy="Export it again with this one.")
        workflow = Workflow.from_dict(said["workflow"])
        problems = [
            f"prompt {reference!r} has another text here" if reference in PROMPTS else f"prompt {reference!r} does not exist here"
            for reference, text in prompts.items()
            if reference not in PROMPTS or PROMPTS[reference].text != text
        ]
        problems += problems_of(workflow, tools)
        if not problems and workflow.content != content:
            problems = [f"its content is {workflow.content}, and the file says {content}: it was changed after the export"]
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise PermanentFailure(f"{source} is no exported workflow ({error})", remedy="Export it again.") from error
    if problems:
        raise PermanentFailure(f"{source} cannot be imported: {'; '.join(problems)}", remedy=_REMEDY)
    return workflow


def import_workflow(source: Path, tools: Collection[str] = KNOWN_TOOLS, folder: Path = FOLDER) -> Path:
    """Write an exported workflow as a definition into a folder; returns its file. Raises PermanentFailure, as `read_export`
    does, and for a name that is taken.
    """
    workflow = read_export(source, tools)
    target = folder / f"{workflow.title.replace('.', '_')}.yaml"
    taken = {path.stem for path in folder.glob("*.y*ml")}
    library = read_library(tools, folder)
    if target.stem in taken or workflow.name in library.workflows:
        raise PermanentFailure(f"there is a workflow {workflow.name!r} already", remedy="Remove its file first, or keep it.")
    aside = target.with_name(f".{target.name}.new")
    aside.write_text(yaml.safe_dump(_as_file(workflow), sort_keys=False, allow_unicode=True), encoding="utf-8")
    aside.replace(target)
    return target


def _as_file(workflow: Workflow) -> dict[str, object]:
    said = workflow.as_dict()
    edges = [
        {
            "from": edge.source,
            "to": edge.target,
            **{name: value for name, value in (("when", edge.when), ("each", edge.each)) if value},
        }
        for edge in workflow.edges
    ]
    return {
        **{name: said[name] for name in ("name", "version", "framework", "description", "entry", "tools", "prompts", "model")},
        "budgets": said["budgets"],
        "approval": said["approval"],
        "recoveries": workflow.recoveries,
        **({"pattern": workflow.pattern} if workflow.pattern else {}),
        "nodes": {node.id: {"does": node.does, **({"retries": node.retries} if node.retries else {})} for node in workflow.nodes},
        "edges": edges,
    }
