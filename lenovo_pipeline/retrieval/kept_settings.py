"""The tuned settings as a folder: written with what made them, refused where that does not fit.

Belongs here: writing and reading the folder. Does not belong here: the settings themselves (settings.py).
"""

import json
from pathlib import Path
from typing import Any

from lenovo_pipeline.failures import PermanentFailure
from lenovo_pipeline.provenance import mismatches, read_manifest, require_provenance, write_manifest
from lenovo_pipeline.resources.folders import folder_aside
from lenovo_pipeline.resources.store import Store
from lenovo_pipeline.retrieval.settings import LADDER, HybridSettings

FORMAT = 1
REMEDY = "Materialise retrieval/hybrid_settings again."
_FILE = "settings.json"


def settings_folder(store: Store) -> Path:
    """Where the tuned settings of the hybrid lie."""
    return store.artifacts / "hybrid_settings"


def write_settings(by_step: dict[str, HybridSettings], folder: Path, made_by: dict[str, Any]) -> None:
    """Write the settings of each step of the ladder with what made them, replacing the folder."""
    with folder_aside(folder) as aside:
        plain = {step: settings.as_dict() for step, settings in by_step.items()}
        (aside / _FILE).write_text(json.dumps(plain, indent=1, sort_keys=True) + "\n", encoding="utf-8")
        write_manifest(aside, {"format": FORMAT, **made_by})


def read_settings(folder: Path) -> dict[str, HybridSettings]:
    """The settings of each step. Raises PermanentFailure if the folder is missing, damaged or of another format."""
    require_provenance(folder, {"format": FORMAT}, remedy=REMEDY)
    try:
        plain = json.loads((folder / _FILE).read_text(encoding="utf-8"))
        return {step: HybridSettings.from_dict(plain[step]) for step in LADDER}
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise PermanentFailure(f"{folder / _FILE} cannot be read ({error})", remedy=REMEDY) from error


def are_made_by(folder: Path, made_by: dict[str, Any]) -> bool:
    """Whether whole settings lie there that exactly this made."""
    try:
        return not mismatches(read_manifest(folder, remedy=REMEDY), {"format": FORMAT, **made_by})
    except PermanentFailure:
        return False
