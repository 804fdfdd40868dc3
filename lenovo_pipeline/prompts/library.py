"""The prompt libraries as they lie in data/prompts: one folder a library, one YAML file a sub-domain.

Belongs here: reading files into templates and problems. A bad template never keeps the good ones beside it from loading.
"""

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
import yaml

from lenovo_pipeline.prompts.tables import LIBRARY
from lenovo_pipeline.prompts.templates import LIBRARIES, Problem, Template, check_template
from lenovo_pipeline.resources.yaml_files import DEEPEST, NestedTooDeeply, load_yaml

EXTERNAL = "external"
"""The folder of public collections beside the libraries (external.py)."""

_LONGEST_FILE = 500_000
_FILE_FIELDS = ("templates",)


@dataclass(frozen=True)
class Entry:
    """A template where it lies."""

    library: str
    sub_domain: str
    file: str
    file_sha256: str
    template: Template

    @property
    def name(self) -> str:
        """Its name in the library table and in the MLflow prompt registry."""
        return f"{self.library}.{self.sub_domain}.{self.template.id}"

    @property
    def text_sha256(self) -> str:
        return hashlib.sha256(self.template.template.strip().encode()).hexdigest()


@dataclass(frozen=True)
class Library:
    """All templates that are right, and everything that is wrong."""

    entries: tuple[Entry, ...]
    problems: tuple[Problem, ...]

    def template(self, name: str) -> Template:
        """The template of a name (`library.sub_domain.id`). Raises KeyError."""
        for entry in self.entries:
            if entry.name == name:
                return entry.template
        raise KeyError(f"there is no template {name!r}; names are library.sub_domain.id")


def load_library(folder: Path) -> Library:
    """The templates of all files below `folder`. Never raises: what cannot be read is a problem of the result."""
    entries: list[Entry] = []
    problems: list[Problem] = []
    expected = {f"{library}/{part}.yaml": (library, part) for library, parts in LIBRARIES.items() for part in parts}
    found = {
        path.relative_to(folder).as_posix(): path
        for path in sorted(folder.rglob("*"))
        if path.suffix in (".yaml", ".yml") and path.relative_to(folder).parts[0] != EXTERNAL
    }
    for name in sorted(expected.keys() - found.keys()):
        problems.append(_file_problem(name, "no such file", "a YAML file with the list `templates`"))
    for name, path in found.items():
        if name not in expected:
            problems.append(_file_problem(name, "a file of no sub-domain", ", ".join(sorted(expected))))
            continue
        library, part = expected[name]
        read, wrong = _read(path, name)
        problems += wrong
        seen: set[str] = set()
        for values in read:
            checked = check_template(values, name)
            if isinstance(checked, list):
                problems += checked
            elif checked.id in seen:
                problems.append(Problem(file=name, template_id=checked.id, field="id", found="it twice", allowed="each id once"))
            else:
                seen.add(checked.id)
                entries.append(Entry(library, part, name, hashlib.sha256(path.read_bytes()).hexdigest(), checked))
    return Library(tuple(entries), tuple(problems))


def library_table(library: Library, versions: dict[str, tuple[int, str]]) -> pd.DataFrame:
    """The templates as rows of the contract LIBRARY; `versions`: registry version and alias by name."""
    rows = [
        {
            "template_id": entry.name,
            "library": entry.library,
            "sub_domain": entry.sub_domain,
            "purpose": entry.template.purpose,
            "task_type": entry.template.task_type,
            "language": entry.template.language,
            "version": entry.template.version,
            "status": entry.template.status,
            "variables": json.dumps(
                {name: variable.model_dump(mode="json", exclude_none=True) for name, variable in entry.template.variables.items()}
            ),
            "template": entry.template.template.strip(),
            "example": entry.template.example,
            "file": entry.file,
            "file_sha256": entry.file_sha256,
            "text_sha256": entry.text_sha256,
            "registry_version": versions[entry.name][0],
            "registry_alias": versions[entry.name][1],
        }
        for entry in library.entries
    ]
    return pd.DataFrame(rows, columns=list(LIBRARY.column_names))


def shortfalls(library: Library, fewest: int) -> list[str]:
    """Sub-domains with fewer active templates than `fewest`."""
    counts = {(name, part): 0 for name, parts in LIBRARIES.items() for part in parts}
    for entry in library.entries:
        counts[entry.library, entry.sub_domain] += entry.template.status == "active"
    return [
        f"{name}/{part} has {count} active templates, at least {fewest} expected"
        for (name, part), count in counts.items()
        if count < fewest
    ]


def _read(path: Path, name: str) -> tuple[list[Any], list[Problem]]:
    try:
        raw = path.read_bytes()
        if len(raw) > _LONGEST_FILE:
            return [], [_file_problem(name, f"{len(raw)} bytes", f"at most {_LONGEST_FILE} bytes")]
        text = raw.decode()
        values = load_yaml(text)
    except OSError as error:
        return [], [_file_problem(name, f"a file that cannot be read ({error.strerror})", "a readable file")]
    except UnicodeDecodeError as error:
        return [], [_file_problem(name, f"a byte that is no UTF-8 at {error.start}", "UTF-8")]
    except NestedTooDeeply:
        return [], [_file_problem(name, "values nested too deeply", f"at most {DEEPEST} levels")]
    except (yaml.YAMLError, ValueError) as error:
        return [], [_file_problem(name, f"no YAML ({' '.join(str(error).split())[:200]})", "YAML, each key once")]
    if not isinstance(values, dict) or not isinstance(values.get("templates"), list):
        return [], [_file_problem(name, f"a {type(values).__name__} without a list `templates`", "a list `templates`")]
    extra = [str(key) for key in values if key not in _FILE_FIELDS]
    wrong = [_file_problem(name, f"the key {key}", ", ".join(_FILE_FIELDS)) for key in extra]
    return values["templates"], wrong


def _file_problem(name: str, found: str, allowed: str) -> Problem:
    return Problem(file=name, template_id="all", field="file", found=found, allowed=allowed)
