"""Reading the YAML that users write: catalogue, policy, prompt libraries, manifests.

Belongs here: what must hold of any such file before its content is looked at. What a file must say is its stage's.
"""

from typing import Any

import yaml

DEEPEST = 12
"""Levels of nesting that a file may have; none of ours needs more than six."""


class _Loader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc]  # chosen at run time: libyaml may be missing
    """Safe YAML in which a key that stands twice is an error: the stock loader keeps the last one in silence."""

    def construct_mapping(self, node: Any, deep: bool = False) -> Any:
        keys = [self.construct_object(key, deep=True) for key, _ in node.value]
        twice = sorted({str(key) for key in keys if keys.count(key) > 1})
        if twice:
            raise yaml.constructor.ConstructorError(None, None, f"the key {', '.join(twice)} stands twice", node.start_mark)
        return super().construct_mapping(node, deep)


class NestedTooDeeply(yaml.YAMLError):
    """More levels than `DEEPEST`."""


def load_yaml(content: bytes | str) -> Any:
    """The values of a YAML text. Raises yaml.YAMLError, also for a key that stands twice and for values nested too deeply."""
    # First, since the C loader ends the process on values nested very deeply, and the other one runs out of recursion.
    depth = 0
    for event in yaml.parse(content, Loader=_Loader):
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        if depth > DEEPEST:
            raise NestedTooDeeply(f"values are nested too deeply, in more than {DEEPEST} levels")
    return yaml.load(content, Loader=_Loader)
