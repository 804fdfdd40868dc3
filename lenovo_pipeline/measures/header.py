"""The header of a score table: everything that can change a score, so that two tables can be told apart or joined.

Belongs here: what is recorded, and its hash. The scores themselves belong to scores.py.
"""

import hashlib
import importlib.metadata
import json
import os
import platform
import subprocess
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, fields
from functools import cache, cached_property
from pathlib import Path
from typing import Any

from lenovo_pipeline.failures import PermanentFailure
from lenovo_pipeline.provenance import short_hash
from lenovo_pipeline.settings import usable_processors

PACKAGES = (
    "numpy",
    "scipy",
    "torch",
    "transformers",
    "tokenizers",
    "peft",
    "onnxruntime",
    "onnxruntime-genai",
    "httpx",
    "rouge-score",
    "sacrebleu",
    "bert-score",
)
"""The packages whose versions can change an answer or a score."""

_NOT_HASHED = ("commit",)
"""The code that scores is hashed by content (`measures`): a commit elsewhere changes no score."""

_OF_ITEMS = ("items", "items_hash", "data_version")
GROUNDS = "grounds"
"""The part of a candidate's description that changes an answer only through the grounds of its question."""

_FOLDER = Path(__file__).resolve().parent
_MAKE_NO_SCORES = ("statistics", "figures.py", "speed.py", "ranking.py", "score_log.py")


@dataclass(frozen=True)
class Header:
    """What ran: `described` is the candidate's own part (model, revision, adapter, prompt version, generation settings)."""

    candidate: str
    described: dict[str, Any]
    items: int
    items_hash: str
    data_version: str
    metrics: tuple[str, ...]
    batch_size: int
    timeout_s: float
    seed: int
    measures: str
    packages: dict[str, str]
    hardware: dict[str, Any]
    commit: str | None = None

    @cached_property
    def hash(self) -> str:
        """16 hex digits over everything but the commit; the same in every process."""
        content = {name: value for name, value in asdict(self).items() if name not in _NOT_HASHED}
        return short_hash(_json(content))

    @cached_property
    def asking(self) -> str:
        """16 hex digits over who is asked and how, whatever the items: a row of an item that did not change stays valid."""
        content = {name: value for name, value in asdict(self).items() if name not in (*_NOT_HASHED, *_OF_ITEMS)}
        content["described"] = {name: value for name, value in self.described.items() if name != GROUNDS}
        return short_hash(_json(content))

    def to_json(self) -> str:
        return _json(asdict(self))

    @classmethod
    def from_json(cls, text: str) -> "Header":
        """Raises PermanentFailure if the text is no header."""
        try:
            values = json.loads(text)
            return cls(**(values | {"metrics": tuple(values["metrics"])}))
        except (ValueError, TypeError, KeyError) as error:
            names = ", ".join(field.name for field in fields(cls))
            raise PermanentFailure(
                f"this is no header of a score table ({error}); expected JSON with {names}", remedy="Evaluate the candidate anew."
            ) from error


def described(name: str, description: Mapping[str, Any]) -> dict[str, Any]:
    """A candidate's description as plain JSON values. Raises PermanentFailure if it holds anything else."""
    try:
        values: dict[str, Any] = json.loads(_json(dict(description)))
    except (TypeError, ValueError) as error:
        raise PermanentFailure(
            f"candidate {name} describes itself with what JSON cannot hold ({error})",
            remedy="Let describe() return texts, finite numbers, booleans, lists and mappings only.",
        ) from error
    return values


@cache
def measures_version() -> str:
    """Hash (16 hex digits) of the sources that make scores; what is made of them later (statistics, figures) changes none."""
    whole = hashlib.sha256()
    for path in sorted(_FOLDER.rglob("*.py")):
        relative = path.relative_to(_FOLDER)
        if relative.parts[0] not in _MAKE_NO_SCORES:
            whole.update(relative.as_posix().encode() + b"\0" + path.read_bytes())
    return whole.hexdigest()[:16]


def package_versions(names: Iterable[str] = PACKAGES) -> dict[str, str]:
    """Versions of those packages that are installed."""
    found = {name: _version(name) for name in names}
    return {name: version for name, version in found.items() if version is not None}


@cache
def _version(name: str) -> str | None:
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return None


def hardware() -> dict[str, Any]:
    """The machine as far as it bears on speed and rounding. It does not depend on what this process has loaded or done."""
    return {
        "system": platform.system(),
        "machine": platform.machine(),
        "processor": _processor(),
        "processors": usable_processors(),
        "threads": os.environ.get("OMP_NUM_THREADS", "default"),
        "gpus": list(_gpus()),
        "python": platform.python_version(),
    }


@cache
def current_commit() -> str | None:
    """The commit that is checked out, with `+changes` if files were changed; None outside a repository."""
    try:
        commit = _git("rev-parse", "HEAD")
        changed = bool(_git("status", "--porcelain", "--untracked-files=no"))
    except (OSError, subprocess.SubprocessError):
        return None
    return f"{commit}+changes" if changed else commit


def _git(*arguments: str) -> str:
    done = subprocess.run(["git", *arguments], cwd=_FOLDER, capture_output=True, text=True, timeout=10, check=True)
    return done.stdout.strip()


@cache
def _processor() -> str:
    found = _field(Path("/proc/cpuinfo"), "model name")
    return found or platform.processor() or "unknown"


@cache
def _gpus() -> tuple[str, ...]:
    driver = Path("/proc/driver/nvidia/gpus")
    return tuple(sorted(_field(path, "Model") or "unknown" for path in driver.glob("*/information")))


def _field(path: Path, name: str) -> str | None:
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except OSError:
        return None
    return next((line.partition(":")[2].strip() for line in lines if line.startswith(name)), None)


def _json(values: Mapping[str, Any]) -> str:
    return json.dumps(values, sort_keys=True, ensure_ascii=False, allow_nan=False)
