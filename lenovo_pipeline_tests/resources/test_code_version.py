"""The code version changes with every module that an asset uses, however it is imported, and with no other."""

import importlib
import linecache
import sys
import textwrap
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from lenovo_pipeline.resources import code_version as module

FILES = {
    "__init__.py": "",
    "trial/__init__.py": "",
    "trial/assets.py": """
        from lenovo_pipeline.trial import helpers, tables
        from lenovo_pipeline.trial.direct import make
        from lenovo_pipeline.trial.tables import PARTS
        from lenovo_pipeline.resources import wiring

        def uses_helpers():
            return helpers.help_out()

        def uses_direct():
            return make()

        def uses_lazily():
            from lenovo_pipeline.trial.lazy import later
            return later()

        def uses_a_table():
            return PARTS

        def uses_resources():
            return wiring.connect()

        def uses_nothing():
            return 1
    """,
    "trial/helpers.py": """
        from lenovo_pipeline.trial.deep import (
            one,
            two,
        )
        def help_out():
            return one() + two()
    """,
    "trial/deep.py": """
        def one():
            from lenovo_pipeline.trial import deeper
            return deeper.bottom()
        def two():
            return 2
    """,
    "trial/deeper.py": "def bottom(): return 1\n",
    "trial/direct.py": "def make(): return 1\n",
    "trial/lazy.py": "import lenovo_pipeline.trial.deeper\ndef later(): return 1\n",
    "trial/tables.py": "PARTS = 1\n",
    "trial/unrelated.py": "x = 1\n",
    "resources/__init__.py": "",
    "resources/wiring.py": "def connect(): return 1\n",
}


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A package of that layout on disk; its modules are loaded under names of their own, which the real package keeps."""
    for name, text in FILES.items():
        place = tmp_path / "lenovo_pipeline" / name
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(textwrap.dedent(text))
    monkeypatch.setattr(module, "PROJECT_ROOT", tmp_path)
    _forget()
    yield tmp_path / "lenovo_pipeline"
    _forget()


def _forget() -> None:
    for cached in (module._closure, module._module_imports, module._path, module._source):
        cached.cache_clear()


def load(project: Path) -> ModuleType:
    """The assets module on disk, imported while the package of that name is the one on disk."""
    with pytest.MonkeyPatch.context() as patched:
        for name in [name for name in sys.modules if name.split(".")[0] == "lenovo_pipeline"]:
            patched.delitem(sys.modules, name)
        patched.syspath_prepend(project.parent)
        linecache.checkcache()
        try:
            return importlib.import_module("lenovo_pipeline.trial.assets")
        finally:
            for name in [name for name in sys.modules if name.split(".")[0] == "lenovo_pipeline"]:
                del sys.modules[name]


def versions(project: Path) -> dict[str, str]:
    _forget()
    loaded = load(project)
    functions: dict[str, Callable[..., Any]] = {name: value for name, value in vars(loaded).items() if name.startswith("uses_")}
    return {name.removeprefix("uses_"): module.code_version(function) for name, function in functions.items()}


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ("trial/helpers.py", {"helpers"}),
        ("trial/deep.py", {"helpers"}),
        ("trial/deeper.py", {"helpers", "lazily"}),
        ("trial/direct.py", {"direct"}),
        ("trial/lazy.py", {"lazily"}),
        ("trial/tables.py", {"a_table"}),
        ("trial/unrelated.py", set()),
        ("resources/wiring.py", set()),
    ],
)
def test_exactly_the_users_of_a_changed_module_get_another_version(project: Path, changed: str, expected: set[str]) -> None:
    before = versions(project)
    assert len(before) == 6
    place = project / changed
    place.write_text(place.read_text() + "\n# A change.\n")
    after = versions(project)
    assert {name for name in before if before[name] != after[name]} == expected


def test_a_change_of_the_function_itself_changes_its_version_alone(project: Path) -> None:
    before = versions(project)
    place = project / "trial" / "assets.py"
    place.write_text(place.read_text().replace("return 1", "return 2"))
    after = versions(project)
    assert {name for name in before if before[name] != after[name]} == {"nothing"}


def test_the_version_is_short_and_the_same_every_time(project: Path) -> None:
    first = versions(project)
    assert first == versions(project)
    assert all(len(version) == 12 and int(version, 16) >= 0 for version in first.values())
