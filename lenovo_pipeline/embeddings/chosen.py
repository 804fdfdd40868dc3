"""Which encoder each collection is asked with, as a folder that retrieval reads: the base's unless selection chose otherwise.

Belongs here: writing and reading that. Does not belong here: the decision (selecting.py), filling collections (collections).
"""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from lenovo_pipeline.contracts import digest
from lenovo_pipeline.embeddings.encoders import open_tuned
from lenovo_pipeline.failures import PermanentFailure
from lenovo_pipeline.knowledge.tables import KINDS
from lenovo_pipeline.provenance import MANIFEST, require_provenance, write_manifest
from lenovo_pipeline.resources.encoders import Encoder
from lenovo_pipeline.resources.folders import folder_aside
from lenovo_pipeline.resources.store import Store
from lenovo_pipeline.resources.vectors import TUNED

FORMAT = 1
REMEDY = "Materialise embeddings/collections again."
_FILE = "choice.json"


@dataclass(frozen=True)
class Chosen:
    """A tuned encoder that serves a kind of text: its identity and its folder, relative to data/store."""

    encoder_id: str
    path: str


def choice_folder(store: Store) -> Path:
    """Where the choice lies."""
    return store.artifacts / "embedding_choice"


def write_choice(store: Store, chosen: Mapping[str, Chosen], base_id: str) -> None:
    """Write which kinds a tuned encoder serves; the others are the base's."""
    with folder_aside(choice_folder(store)) as aside:
        plain = {kind: asdict(each) for kind, each in sorted(chosen.items())}
        (aside / _FILE).write_text(json.dumps(plain, indent=1) + "\n", encoding="utf-8")
        write_manifest(aside, {"format": FORMAT, "base": base_id})


def read_choice(store: Store, base_id: str) -> dict[str, Chosen]:
    """The kinds that a tuned encoder serves; none where nothing was ever chosen.

    Raises PermanentFailure if the folder is damaged, of another format, or made for another base encoder.
    """
    folder = choice_folder(store)
    if not (folder / MANIFEST).exists():
        return {}
    require_provenance(folder, {"format": FORMAT, "base": base_id}, remedy=REMEDY)
    try:
        return {kind: Chosen(**each) for kind, each in json.loads((folder / _FILE).read_text(encoding="utf-8")).items()}
    except (OSError, ValueError, TypeError) as error:
        raise PermanentFailure(f"{folder / _FILE} cannot be read ({error})", remedy=REMEDY) from error


def choice_version(store: Store, base_id: str) -> str:
    """Changes with what is chosen; the same for no choice and for the base everywhere."""
    return digest(f"{kind} {each.encoder_id}" for kind, each in read_choice(store, base_id).items())


def chosen_encoders(store: Store, base: Encoder) -> dict[str, Encoder]:
    """The collection to search for each kind of text (`vectors.collection` takes its name) with the encoder to ask it with.

    Raises PermanentFailure where a chosen encoder is missing, damaged, or not the one that was chosen.
    """
    opened: dict[str, Encoder] = {base.id: base}
    found: dict[str, Encoder] = {}
    chosen = read_choice(store, base.id)
    for kind in KINDS:
        each = chosen.get(kind)
        if each is None:
            found[kind] = base
            continue
        if each.encoder_id not in opened:
            encoder = open_tuned(store, each.path)
            if encoder.id != each.encoder_id:
                raise PermanentFailure(
                    f"the encoder in {each.path} is {encoder.id}, the one that was chosen for {kind} is {each.encoder_id}",
                    remedy=REMEDY,
                )
            opened[each.encoder_id] = encoder
        found[kind + TUNED] = opened[each.encoder_id]
    return found
