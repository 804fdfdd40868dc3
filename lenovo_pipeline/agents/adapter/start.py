"""The weights that the training of the agent adapter starts from: those of an earlier, longer training, where they fit.

Belongs here: where they lie, what they must be made for, and saying so. Does not belong here: how they were made (bundling.py),
what every start has in common (models/tuning/starts.py).

`data/agents/<model>.agent` holds an adapter that `python -m lenovo_pipeline.agents.adapter` trained for longer than a run takes.
It is for one base (by the hashes of its weights, tokenizer and template, as the registry compares them) and for one form of
conversation: the system message and the tools. A run goes on from it; one that does not fit is left where it is, and the training
starts from nothing. Only the long training itself may begin with one for other weights of its base: what they have in common need
not be learned again.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from lenovo_pipeline.agents.adapter.lessons import TOOLS
from lenovo_pipeline.agents.tools.prompt import SYSTEM_PROMPT
from lenovo_pipeline.contracts import digest
from lenovo_pipeline.models.tuning import starts
from lenovo_pipeline.models.tuning.recipes import Lora
from lenovo_pipeline.models.tuning.starts import Start
from lenovo_pipeline.settings import PROJECT_ROOT

FOLDER = PROJECT_ROOT / "data" / "agents"
AGAIN = "python -m lenovo_pipeline.agents.adapter"


def start_of(model: str, wanted: Mapping[str, Any], folder: Path = FOLDER) -> Start | None:
    """The weights to start from for a model of the catalogue, with what keeps them from fitting `wanted` (see `wanted_of`); None
    where there are none. Raises PermanentFailure for a folder that is damaged.
    """
    return starts.start_in(folder / f"{model}.agent", wanted)


def wanted_of(base: Mapping[str, Any], lora: Lora) -> dict[str, Any]:
    """What an adapter must be made for: the base (`revision`, `tokenizer_hash`, `template_hash`), its own shape, and the form of
    conversation.
    """
    return starts.wanted_of(base, lora, form())


def form() -> str:
    """Version of what is shown to the model in every lesson and every attempt: the system message and the tools, without the
    patterns of ids, which only decoding keeps to.
    """
    return digest([SYSTEM_PROMPT, *(str(_shown(tool)) for tool in TOOLS)])


def _shown(value: Any) -> Any:
    if not isinstance(value, dict):
        return value
    return {name: _shown(each) for name, each in value.items() if name != "pattern"}


def told(start: Start | None) -> str:
    """In a sentence, what a training starts from."""
    return starts.told(start, "data/agents", AGAIN)


def told_of_long(start: Start | None) -> str:
    """The same of the long training, which may begin with an adapter for other weights of its base."""
    if start is not None and start.other_weights:
        return f"begins with {start.folder}, which was made for other weights of this base ({'; '.join(start.problems)})"
    return told(start)
