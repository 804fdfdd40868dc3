"""YAML front matter, read safely: no tags that make objects, no bombs of aliases, nothing lost by YAML's guesses.

YAML 1.1 would turn 0123 into 83, 12:30:00 into 45000, NO into false and 1.10 into 1.1: such texts stay texts here.
"""

import math
import re
from typing import Any

import yaml

from lenovo_pipeline.uploads.readers.documents import unique_pairs
from lenovo_pipeline.uploads.records import FileProblem

LARGEST_CHARACTERS = 8_000_000
_MOST_NODES = 2_000_000
_REMEDY = "Correct the front matter (between the two lines of ---), or remove it."
_PLAIN = {
    "tag:yaml.org,2002:bool": (re.compile(r"true|True|TRUE|false|False|FALSE"), "tTfF"),
    "tag:yaml.org,2002:int": (re.compile(r"0|-?[1-9][0-9]*"), "-0123456789"),
    "tag:yaml.org,2002:float": (re.compile(r"-?(?:0|[1-9][0-9]*)\.[0-9]+|-?\.inf|\.nan"), "-.0123456789"),
}


class _Loader(yaml.SafeLoader):
    """The safe loader with the narrow types of YAML 1.2, and without dropping keys that occur twice."""


_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag not in _PLAIN]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
for _tag, (_pattern, _first) in _PLAIN.items():
    _Loader.add_implicit_resolver(_tag, re.compile(rf"(?:{_pattern.pattern})$"), list(_first))


def _mapping(loader: _Loader, node: yaml.MappingNode) -> Any:
    loader.flatten_mapping(node)
    pairs = [(loader.construct_object(key, deep=True), loader.construct_object(value, deep=True)) for key, value in node.value]
    if any(isinstance(key, dict | list | set) for key, _ in pairs):
        raise yaml.constructor.ConstructorError(None, None, "a key that is a list or mapping", node.start_mark)
    return unique_pairs(pairs)


def _integer(loader: _Loader, node: yaml.ScalarNode) -> Any:
    text = loader.construct_scalar(node)
    return int(text) if len(text) <= 18 else text


def _number(loader: _Loader, node: yaml.ScalarNode) -> Any:
    text = loader.construct_scalar(node)
    if text.endswith((".inf", ".nan")):
        return math.nan if text.endswith(".nan") else -math.inf if text.startswith("-") else math.inf
    return float(text) if repr(float(text)) == text else text


def _moment(loader: _Loader, node: yaml.ScalarNode) -> Any:
    try:
        return loader.construct_yaml_timestamp(node)
    except ValueError:
        return loader.construct_scalar(node)


_Loader.add_constructor("tag:yaml.org,2002:map", _mapping)
_Loader.add_constructor("tag:yaml.org,2002:int", _integer)
_Loader.add_constructor("tag:yaml.org,2002:float", _number)
_Loader.add_constructor("tag:yaml.org,2002:timestamp", _moment)


def load_front_matter(text: str, *, first_line: int = 1) -> tuple[Any, dict[str, list[int]]]:
    """The value of a YAML text, and per top-level key the line of each element of its list.

    `first_line` is the line of the file at which `text` begins.
    Raises FileProblem for text that is no YAML, unsafe tags, aliases that grow or recurse, and text over 8 M characters.
    """
    if len(text) > LARGEST_CHARACTERS:
        raise FileProblem(f"front matter of {len(text):,} characters", remedy="Move the data into a CSV or JSON file.")
    loader = _Loader(text)
    try:
        node = loader.get_single_node()
        if node is None:
            return {}, {}
        if _expanded(node) > _MOST_NODES:
            raise FileProblem("aliases that would grow beyond all bounds (an alias bomb)", remedy="Write the values out.")
        lines = {}
        if isinstance(node, yaml.MappingNode):
            lines = {
                str(key.value): [element.start_mark.line + first_line for element in value.value]
                for key, value in node.value
                if isinstance(value, yaml.SequenceNode)
            }
        return loader.construct_document(node), lines
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f" in line {mark.line + first_line}" if mark is not None else ""
        what = getattr(error, "problem", None) or str(error).splitlines()[0]
        raise FileProblem(f"front matter that is no plain YAML{where}: {what}", remedy=_REMEDY) from error
    except (ValueError, TypeError, RecursionError, AttributeError) as error:
        raise FileProblem(f"front matter that cannot be read ({error})", remedy=_REMEDY) from error
    finally:
        loader.dispose()


def _expanded(root: yaml.Node) -> int:
    """Nodes of the document once every alias is written out. Raises FileProblem if an alias contains itself."""
    sizes: dict[int, int] = {}
    open_nodes: set[int] = set()
    stack = [(root, False)]
    while stack:
        node, done = stack.pop()
        children = _children(node)
        if done:
            open_nodes.discard(id(node))
            sizes[id(node)] = 1 + sum(sizes[id(child)] for child in children)
            continue
        if id(node) in sizes:
            continue
        if id(node) in open_nodes:
            raise FileProblem("an alias that contains itself", remedy="Write the values out.")
        open_nodes.add(id(node))
        stack.append((node, True))
        for child in children:
            if id(child) in open_nodes:
                raise FileProblem("an alias that contains itself", remedy="Write the values out.")
            stack.append((child, False))
    return sizes[id(root)]


def _children(node: yaml.Node) -> list[yaml.Node]:
    if isinstance(node, yaml.MappingNode):
        return [part for pair in node.value for part in pair]
    return list(node.value) if isinstance(node, yaml.SequenceNode) else []
