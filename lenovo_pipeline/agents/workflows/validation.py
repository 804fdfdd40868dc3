"""Whether a definition holds: every name known, every node reached, and a way to the end from everywhere.

Belongs here: what must hold of a graph. Does not belong here: the form of a file (parsing.py).
"""

from collections.abc import Collection, Iterator

from lenovo_pipeline.agents.workflows.definition import END, Workflow
from lenovo_pipeline.agents.workflows.prompts import PROMPTS
from lenovo_pipeline.agents.workflows.vocabulary import CONDITIONS, DOINGS, LISTS, PATTERNS


def problems_of(workflow: Workflow, tools: Collection[str]) -> list[str]:
    """Each thing that keeps a workflow from running, in a sentence that names it; `tools` are those that there are."""
    return [*_names(workflow, tools), *_prompts(workflow), *_edges(workflow), *_ways(workflow)]


def _names(workflow: Workflow, tools: Collection[str]) -> Iterator[str]:
    for name in workflow.tools:
        if name not in tools:
            yield f"there is no tool {name!r}; there are {', '.join(sorted(tools))}"
    for name in sorted({name for name in workflow.tools if workflow.tools.count(name) > 1}):
        yield f"the tool {name!r} stands twice"
    for name in workflow.approval:
        if name not in workflow.tools:
            yield f"approval names {name!r}, which is no tool of the workflow"
    for node in workflow.nodes:
        doing = DOINGS.get(node.does)
        if node.id == END:
            yield f"a node is called {END!r}, which is where edges end; give it another name"
        if doing is None:
            yield f"node {node.id!r} does {node.does!r}, which is unknown; nodes can do {', '.join(DOINGS)}"
        elif workflow.framework not in doing.frameworks:
            yield f"node {node.id!r} does {node.does!r}, which {workflow.framework} has no node for"
    if workflow.pattern is not None and workflow.pattern not in PATTERNS:
        yield f"pattern is {workflow.pattern!r}, expected one of {', '.join(PATTERNS)}"
    if workflow.budgets.tool_seconds > workflow.budgets.seconds:
        yield f"a call may take {workflow.budgets.tool_seconds:g} s, more than the attempt's {workflow.budgets.seconds:g} s"
    if workflow.model.max_tokens > workflow.budgets.tokens:
        yield f"an answer may have {workflow.model.max_tokens} tokens, more than the attempt's {workflow.budgets.tokens}"


def _prompts(workflow: Workflow) -> Iterator[str]:
    for use, reference in workflow.prompts.items():
        if reference not in PROMPTS:
            name = reference.partition("@")[0]
            others = [other for other in PROMPTS if other.startswith(f"{name}@")] or list(PROMPTS)
            yield f"prompt {use!r} is {reference!r}, which does not exist; there is {', '.join(others)}"
    needed = {use: node.id for node in workflow.nodes if node.does in DOINGS for use in DOINGS[node.does].prompts}
    for use, node_id in sorted(needed.items()):
        if use not in workflow.prompts:
            yield f"node {node_id!r} needs a prompt {use!r}"


def _edges(workflow: Workflow) -> Iterator[str]:
    nodes = {node.id for node in workflow.nodes}
    if workflow.entry not in nodes:
        yield f"entry is {workflow.entry!r}, which is no node"
    for edge in workflow.edges:
        arrow = f"edge {edge.source} -> {edge.target}"
        if edge.source not in nodes:
            yield f"{arrow} begins at {edge.source!r}, which is no node"
        if edge.target not in nodes and edge.target != END:
            yield f"{arrow} ends at {edge.target!r}, which is neither a node nor {END!r}"
        if edge.when is not None and edge.when not in CONDITIONS:
            yield f"{arrow} has the condition {edge.when!r}, which is unknown; there are {', '.join(CONDITIONS)}"
        if edge.each is not None and edge.each not in LISTS:
            yield f"{arrow} runs over {edge.each!r}, which is no list of the state; there are {', '.join(LISTS)}"
        if edge.each is not None and edge.target == END:
            yield f"{arrow} runs over {edge.each!r}, but ends there"
    for node_id in nodes:
        leaving = workflow.edges_from(node_id)
        if not leaving:
            yield f"node {node_id!r} has no edge that leaves it; lead it to a node or to {END!r}"
            continue
        if all(edge.when for edge in leaving):
            yield f"node {node_id!r} has only edges with conditions; give it a last one without"
        for number, edge in enumerate(leaving[:-1], start=1):
            if edge.when is None:
                yield f"node {node_id!r} has {len(leaving) - number} edges after the one without condition, which are never taken"
                break


def _ways(workflow: Workflow) -> Iterator[str]:
    nodes = {node.id for node in workflow.nodes}
    onward = {node_id: [edge.target for edge in workflow.edges_from(node_id)] for node_id in nodes}
    reached = _from(workflow.entry, onward) if workflow.entry in nodes else nodes
    for node in workflow.nodes:
        if node.id not in reached:
            yield f"node {node.id!r} cannot be reached from {workflow.entry!r}"
    backward: dict[str, list[str]] = {}
    for source, targets in onward.items():
        for target in targets:
            backward.setdefault(target, []).append(source)
    ending = _from(END, backward)
    told: set[str] = set()
    for node in workflow.nodes:
        if node.id not in ending and node.id not in told and onward[node.id]:
            circle = _cycle(node.id, onward)
            if circle and not told & set(circle):
                yield f"the cycle {' -> '.join([*circle, circle[0]])} has no exit: no edge leads from it to {END!r}"
            told.update(circle)


def _from(start: str, onward: dict[str, list[str]]) -> set[str]:
    found, open_ends = {start}, [start]
    while open_ends:
        for target in onward.get(open_ends.pop(), ()):
            if target not in found:
                found.add(target)
                open_ends.append(target)
    return found


def _cycle(start: str, onward: dict[str, list[str]]) -> list[str]:
    """The first cycle on the way from a node, always by the first edge."""
    way = [start]
    while True:
        following = [target for target in onward.get(way[-1], ()) if target in onward]
        if not following:
            return []
        if following[0] in way:
            return way[way.index(following[0]) :]
        way.append(following[0])
