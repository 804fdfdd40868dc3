"""What the models sensor decides: identities of models then and now in, which to evaluate again out. No Dagster here."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from lenovo_pipeline.failures import PipelineError, SkippedPartition
from lenovo_pipeline.models.foundation import Opens


@dataclass(frozen=True)
class Watch:
    """What the sensor remembers between ticks: each model's identity. `requests` counts its runs, so that no run key repeats."""

    identities: Mapping[str, str]
    requests: int = 0

    def to_json(self) -> str:
        return json.dumps({"identities": dict(self.identities), "requests": self.requests}, sort_keys=True)

    @classmethod
    def from_json(cls, text: str | None) -> "Watch":
        """An unreadable memory counts as none: models are then looked at anew, and evaluated when they change the next time."""
        try:
            read = json.loads(text or "{}")
            identities = {str(model): str(identity) for model, identity in read.get("identities", {}).items()}
            return cls(identities, int(read.get("requests", 0)))
        except (ValueError, TypeError, AttributeError):
            return cls({})


@dataclass(frozen=True)
class Look:
    """What was seen: identities of the models that could be read, and why the others could not."""

    identities: Mapping[str, str] = field(default_factory=dict)
    unreadable: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Decision:
    """What follows: the state to remember, the run key of each model to evaluate again, and a sentence for each unread model."""

    watch: Watch
    run_keys: Mapping[str, str]
    unread: tuple[str, ...]


def decide(watch: Watch, look: Look) -> Decision:
    """Evaluate a model again when its identity is another one than at the last look.

    A model seen for the first time is only remembered, since whoever makes its partition evaluates it; one that cannot be
    read keeps the identity that it had.
    """
    changed = sorted(model for model, identity in look.identities.items() if watch.identities.get(model, identity) != identity)
    run_keys = {
        model: f"model-{model}-{watch.requests + number}-{look.identities[model][:16]}"
        for number, model in enumerate(changed, start=1)
    }
    remembered = Watch({**watch.identities, **look.identities}, watch.requests + len(changed))
    unread = tuple(f"{model} cannot be read: {reason}" for model, reason in sorted(look.unreadable.items()))
    return Decision(remembered, run_keys, unread)


def look_at(models: Iterable[str], catalogue: Path, inference: Opens, root: Path, *, bundled: str) -> Look:
    """The identities of these models now. Raises PermanentFailure if the catalogue cannot be read."""
    from lenovo_pipeline.models.catalogue import read_catalogue
    from lenovo_pipeline.models.foundation import resolve

    rows = {row["name"]: row for row in read_catalogue(catalogue).rows()}
    identities, unreadable = {}, {}
    for model in models:
        if model not in rows:
            unreadable[model] = "it has no valid entry in the catalogue."
            continue
        try:
            identities[model] = str(resolve(rows[model], inference, root, bundled=bundled)["identity"])
        except (PipelineError, SkippedPartition) as error:
            unreadable[model] = str(error)
    return Look(identities, unreadable)
