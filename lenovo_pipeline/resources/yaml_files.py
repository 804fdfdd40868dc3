"""Reading the YAML that users write: catalogue, policy, prompt libraries, manifests.

Belongs here: what must hold of any such file before its content is looked at. What a file must say is its stage's.
"""

from collections import Counter
from collections.abc import Hashable
from typing import Any

import yaml

DEEPEST = 12
"""Levels of nesting that a file may have; none of ours needs more than six."""


_NAMED, _LONGEST = 5, 40
"""Keys that an error names, and characters of a key or value in it."""


class _Loader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc]  # chosen at run time: libyaml may be missing
    """Safe YAML in which a key that stands twice, and a value that is none of its type, are errors with a place in the file: the
    stock loader keeps the last key in silence, and lets out whatever Python says of a month 13.
    """

    def construct_object(self, node: Any, deep: bool = False) -> Any:
        try:
            return super().construct_object(node, deep)
        except (ValueError, LookupError, AttributeError, OverflowError) as error:
            said = f"{_short(node.value)!r} cannot be read as {node.tag.rpartition(':')[2]}"
            raise yaml.constructor.ConstructorError(None, None, said, node.start_mark) from error

    def construct_mapping(self, node: Any, deep: bool = False) -> Any:
        if isinstance(node, yaml.MappingNode):
            keys = [self.construct_object(key, deep=True) for key, _ in node.value]
            counted = Counter(key for key in keys if isinstance(key, Hashable))
            twice = sorted(_short(key) for key, count in counted.items() if count > 1)
            if twice:
                more = f" and {len(twice) - _NAMED} more keys stand" if len(twice) > _NAMED else " stands"
                said = f"the key {', '.join(twice[:_NAMED])}{more} twice"
                raise yaml.constructor.ConstructorError(None, None, said, node.start_mark)
        return super().construct_mapping(node, deep)


def _short(value: object) -> str:
    text = str(value)
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"


class NestedTooDeeply(yaml.YAMLError):
    """More levels than `DEEPEST`."""


def load_yaml(content: bytes | str) -> Any:
    """The values of a YAML text. Raises yaml.YAMLError, also for a key that stands twice, a value that is none of its type, such
    as a day that there is not, and values nested too deeply.
    """
    # First, since the C loader ends the process on values nested very deeply, and the other one runs out of recursion.
    depth = 0
    for event in yaml.parse(content, Loader=_Loader):
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        if depth > DEEPEST:
            raise NestedTooDeeply(f"values are nested too deeply, in more than {DEEPEST} levels")
    return yaml.load(content, Loader=_Loader)
