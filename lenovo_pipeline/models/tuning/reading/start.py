"""The reading adapter, from which the domains' adapters go on.

Belongs here: where it lies and what it must be made for. Does not belong here: how it was made (bundling.py), putting its weights
into a new adapter (starts.py).

`data/reading/<model>.reading` holds a LoRA adapter that `python -m lenovo_pipeline.models.tuning.reading` trained for longer than
a run takes, on worlds that no run has by default. It is for one base (by the hashes of its weights, tokenizer and template), one
shape, and one form of question. The training of an adapter of another base, or of another shape, starts from nothing.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from lenovo_pipeline.contracts import digest
from lenovo_pipeline.measures.reading import question_messages
from lenovo_pipeline.models.tuning import starts
from lenovo_pipeline.models.tuning.recipes import Lora
from lenovo_pipeline.models.tuning.starts import Start
from lenovo_pipeline.settings import PROJECT_ROOT

FOLDER = PROJECT_ROOT / "data" / "reading"
AGAIN = "python -m lenovo_pipeline.models.tuning.reading"


def place_of(model: str, folder: Path = FOLDER) -> Path:
    """Where the adapter for a model of the catalogue lies."""
    return folder / f"{model}.reading"


def start_of(model: str, wanted: Mapping[str, Any], folder: Path = FOLDER) -> Start | None:
    """The weights to start from for a model of the catalogue, with what keeps them from fitting `wanted` (see `wanted_of`); None
    where there are none. Raises PermanentFailure for a folder that is damaged.
    """
    return starts.start_in(place_of(model, folder), wanted)


def wanted_of(base: Mapping[str, Any], lora: Lora) -> dict[str, Any]:
    """What an adapter must be made for: the base (`revision`, `tokenizer_hash`, `template_hash`), its own shape, and the form in
    which questions are put.
    """
    return starts.wanted_of(base, lora, digest([str(question_messages("question", ["passage"]))]))


def told(start: Start | None) -> str:
    """In a sentence, what a training starts from."""
    return starts.told(start, "data/reading", AGAIN)
