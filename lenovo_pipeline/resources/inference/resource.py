"""The resource `inference`: opens the backend that a source asks for, and says what can be reached now.

Constructing it costs nothing: libraries are imported, and connections opened, by the backend that needs them.
"""

from dataclasses import dataclass
from pathlib import Path

from lenovo_pipeline.resources.inference.backend import Backend
from lenovo_pipeline.resources.inference.errors import ModelUnavailable
from lenovo_pipeline.resources.inference.messages import ModelSource, Reach
from lenovo_pipeline.settings import Settings


@dataclass(frozen=True)
class Inference:
    """One interface to every model, by where it is."""

    settings: Settings

    def open(self, source: ModelSource, *, adapter: Path | None = None) -> Backend:
        """The backend of a model, to be closed by the caller; `adapter` is the folder of a LoRA adapter for a folder's model.

        Raises ModelUnavailable when the configuration lacks what the source needs, or the folder is missing or damaged.
        """
        if adapter is not None and source.kind != "folder":
            raise ModelUnavailable(
                f"An adapter was given for {source.identifier}, reached by {source.kind}; only a model folder takes one",
                remedy="Open the base model by its folder, or merge the adapter into it first.",
            )
        if source.kind == "folder":
            from lenovo_pipeline.resources.inference.local import open_local

            return open_local(Path(source.identifier), adapter=adapter)
        if source.kind == "edge":
            from lenovo_pipeline.resources.inference.edge import open_edge

            return open_edge(Path(source.identifier))
        raise ModelUnavailable(f"{source.kind} is not a source of models", remedy="Use folder or edge.")

    def reach(self, source: ModelSource) -> Reach:
        """Whether the model can be reached now. Never raises, never downloads, and answers quickly."""
        if source.kind in ("folder", "edge"):
            return _reach_folder(source)
        return Reach(False, f"{source.kind} is not a source of models.")


def _reach_folder(source: ModelSource) -> Reach:
    folder = Path(source.identifier)
    wanted = "config.json" if source.kind == "folder" else "genai_config.json"
    if not folder.is_dir():
        return Reach(False, f"There is no model folder {folder}. Put the model's files there, or correct the catalogue's entry.")
    if not (folder / wanted).is_file():
        return Reach(False, f"The folder {folder} has no {wanted}. Put a whole model there, or correct the catalogue's entry.")
    return Reach(True)
