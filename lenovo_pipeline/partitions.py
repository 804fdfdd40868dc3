"""The model partitions, read from the catalogue file while the definitions load.

Belongs here: the partitions' names alone, read quickly and without a complaint. What is wrong with the catalogue is said by
the asset that validates it (models/catalogue), since an exception here would make every asset unreachable.
"""

import re
from contextlib import suppress
from pathlib import Path

import yaml
from dagster import StaticPartitionsDefinition

from lenovo_pipeline.settings import settings_if_right

DEFAULT_MODEL = "lenovo-nano"
"""The bundled model, which is a partition whatever the catalogue says."""

NAME_PATTERN = r"[a-z0-9]+(?:[.-][a-z0-9]+)*"
"""How a model is named: it is a partition key, a value in tables and part of paths."""

_SECTION = "partitions"
_TOP, _ENTRY = 1, 3
"""Depths: of the mapping of sections, and of an entry inside a section's list."""


def model_names(catalogue: Path | None = None) -> list[str]:
    """The names under `partitions` in a catalogue file (default: the configured one), the bundled model first.

    Only that section is read, as far as it can be read: names that cannot be one are left out, nothing is raised.
    """
    settings = settings_if_right()
    place = catalogue or (settings.catalogue if settings else None)
    found = _named(place) if place else []
    names = [name for name in found if re.fullmatch(NAME_PATTERN, name)]
    return list(dict.fromkeys([DEFAULT_MODEL, *names]))


def _named(catalogue: Path) -> list[str]:
    """The values of `name` in the entries of the section, from the parser's events: a fault further down does not count."""
    names: list[str] = []
    keys: dict[int, str | None] = {}
    depth = 0
    with suppress(OSError, yaml.YAMLError, UnicodeDecodeError), catalogue.open("rb") as stream:
        for event in yaml.parse(stream, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader)):
            if isinstance(event, yaml.CollectionStartEvent):
                depth += 1
                keys[depth] = None
            elif isinstance(event, yaml.CollectionEndEvent):
                keys.pop(depth)
                depth -= 1
                if depth == _TOP and keys[_TOP] == _SECTION:
                    break
                keys[depth] = None
            elif isinstance(event, yaml.ScalarEvent) and keys.get(depth) is None:
                keys[depth] = event.value
            elif isinstance(event, yaml.NodeEvent):
                if isinstance(event, yaml.ScalarEvent) and depth == _ENTRY and (keys[_TOP], keys[depth]) == (_SECTION, "name"):
                    names.append(event.value)
                keys[depth] = None
    return names


MODEL_PARTITIONS = StaticPartitionsDefinition(model_names())
"""One partition for each base model that assets are made for."""
