"""The code version of an asset: a hash over the function that makes it and the modules of this project that it uses.

Read as text, not imported: definitions load quickly, and lazy imports inside functions count too.
"""

import hashlib
import inspect
import re
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

from lenovo_pipeline.settings import PROJECT_ROOT

_IMPORT = re.compile(
    r"^\s*(?:from\s+(lenovo_pipeline(?:\.\w+)*)\s+import\s+(\([^)]*\)|[^\n]*)|import\s+(lenovo_pipeline(?:\.\w+)+))", re.MULTILINE
)
# How a store is reached and how an asset is declared do not change what the asset holds.
_NOT_CONTENT = ("lenovo_pipeline.resources", "lenovo_pipeline.settings", "lenovo_pipeline.failures")


def code_version(function: Callable[..., Any], *, whole: bool = False) -> str:
    """Twelve hex digits of SHA-256 over the function's source and the sources of all modules that it reaches.

    With `whole`, over all that the module reaches in which it stands, means of storage and of declaring included: coarser,
    for whoever must miss no change.
    """
    hashed = hashlib.sha256(inspect.getsource(function).encode())
    for module in reached_modules(function, whole=whole):
        hashed.update(f"\n{module}\n{_source(module)}".encode())
    return hashed.hexdigest()[:12]


def reached_modules(function: Callable[..., Any], *, whole: bool = False) -> list[str]:
    """The modules of this project whose sources the code version of a function is made of, sorted."""
    source = inspect.getsource(function)
    names = set(re.findall(r"\w+", source))
    start = {
        value.__name__ if inspect.ismodule(value) else value.__module__
        for name, value in function.__globals__.items()
        if name in names and name != function.__name__ and (inspect.ismodule(value) or hasattr(value, "__module__"))
    }
    start |= _imports(source)
    # A contract is an instance, whose module is that of its class: its own place is the stage's tables module.
    if re.search(r"\b[A-Z][A-Z_]+\b", source):
        start.add(f"{function.__module__.rpartition('.')[0]}.tables")
    if whole:
        start.add(function.__module__)
    return sorted(_closure(frozenset(start), whole))


@cache
def _closure(start: frozenset[str], whole: bool) -> frozenset[str]:
    seen: set[str] = set()
    waiting = [module for module in start if _counts(module, whole)]
    while waiting:
        module = waiting.pop()
        if module not in seen:
            seen.add(module)
            waiting.extend(found for found in _module_imports(module) if found not in seen and _counts(found, whole))
    return frozenset(seen)


def _counts(module: str | None, whole: bool) -> bool:
    ours = bool(module) and str(module).startswith("lenovo_pipeline.")
    return ours and (whole or not str(module).startswith(_NOT_CONTENT))


@cache
def _module_imports(module: str) -> frozenset[str]:
    return frozenset(_imports(_source(module)))


def _imports(source: str) -> set[str]:
    found = set()
    for package, names, plain in _IMPORT.findall(source):
        if plain:
            found.add(plain)
            continue
        found.add(package)
        found.update(f"{package}.{name}" for name in re.findall(r"\w+", names) if _path(f"{package}.{name}") is not None)
    return found


@cache
def _path(module: str) -> Path | None:
    base = PROJECT_ROOT.joinpath(*module.split("."))
    for candidate in (base.with_suffix(".py"), base / "__init__.py"):
        if candidate.is_file():
            return candidate
    return None


@cache
def _source(module: str) -> str:
    path = _path(module)
    return path.read_text(encoding="utf-8") if path is not None else ""
