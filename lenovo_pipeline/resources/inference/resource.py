"""The resource `inference`: opens the backend that a source asks for, and says what can be reached now.

Constructing it costs nothing: libraries are imported, and connections opened, by the backend that needs them.
"""

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from lenovo_pipeline.failures import PipelineError
from lenovo_pipeline.resources.inference.backend import Backend
from lenovo_pipeline.resources.inference.errors import ModelUnavailable
from lenovo_pipeline.resources.inference.limits import RateLimit, Window
from lenovo_pipeline.resources.inference.messages import ModelSource, Reach
from lenovo_pipeline.resources.store import Store
from lenovo_pipeline.settings import Settings

if TYPE_CHECKING:
    from lenovo_pipeline.resources.inference.ollama_library import OllamaLibrary
    from lenovo_pipeline.resources.inference.remote import RemoteBackend

GITHUB_LIMIT = (Window(100, 60), Window(5_000, 3_600))
"""Requests to GitHub Models in seconds: 100 a minute and 5,000 an hour."""

_REACH_LOCAL_WITHIN_S = 2.0
_REACH_WITHIN_S = 8.0


@dataclass(frozen=True)
class Inference:
    """One interface to every model, by where it is. The limit of GitHub Models is shared by all backends that this opens."""

    settings: Settings
    github_limit: RateLimit = field(default_factory=lambda: RateLimit(GITHUB_LIMIT))

    def __reduce__(self) -> tuple[type["Inference"], tuple[Settings]]:
        # Another process has a limit of its own: what is sent there are models in folders.
        return Inference, (self.settings,)

    def open(self, source: ModelSource, *, adapter: Path | None = None) -> Backend:
        """The backend of a model, to be closed by the caller; `adapter` is the folder of a LoRA adapter for a folder's model.

        Raises ModelUnavailable when the configuration lacks what the source needs, or the folder is missing or damaged.
        """
        Store(self.settings.store).require_no_rehearsal(f"asking {source.identifier}")
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
        return self._remote(source)

    def reach(self, source: ModelSource) -> Reach:
        """Whether the model can be reached now. Never raises, never downloads, and answers within seconds."""
        if source.kind in ("folder", "edge"):
            return _reach_folder(source)
        try:
            backend = self._remote(source)
        except ModelUnavailable as error:
            return Reach(False, str(error))
        try:
            timeout_s = _REACH_LOCAL_WITHIN_S if backend.connection.server.is_local else _REACH_WITHIN_S
            backend.entry(timeout_s=timeout_s, retry=False)
        except ModelUnavailable as error:
            return Reach(False, str(error))
        except PipelineError as error:
            return Reach(False, str(error).replace(error.remedy, "Look at what the server logs, or correct its address."))
        finally:
            backend.close()
        return Reach(True)

    def ollama_library(self) -> "OllamaLibrary":
        """The models of the Ollama server: to list, pull and create them. Raises ModelUnavailable for a wrong address."""
        from lenovo_pipeline.resources.inference.connection import Connection
        from lenovo_pipeline.resources.inference.ollama import ollama_server
        from lenovo_pipeline.resources.inference.ollama_library import OllamaLibrary

        return OllamaLibrary(Connection(ollama_server(self.settings)))

    def _remote(self, source: ModelSource) -> "RemoteBackend":
        """The backend of a model behind a server; opens no connection. Raises ModelUnavailable for what is not configured."""
        from lenovo_pipeline.resources.inference.connection import Connection

        settings, concurrency = self.settings, self.settings.inference_concurrency
        if source.kind == "ollama":
            from lenovo_pipeline.resources.inference.ollama import OllamaBackend, ollama_server

            return OllamaBackend(Connection(ollama_server(settings)), source, concurrency)
        if source.kind == "openai":
            from lenovo_pipeline.resources.inference.openai_compatible import OpenAIBackend, openai_server

            return OpenAIBackend(Connection(openai_server(settings)), source, concurrency)
        if source.kind == "github":
            from lenovo_pipeline.resources.inference.github_models import GitHubModelsBackend, github_server

            connection = Connection(github_server(settings), limit=self.github_limit)
            return GitHubModelsBackend(connection, source, concurrency, settings.github_organisation)
        raise ModelUnavailable(f"{source.kind!r} is no kind of source", remedy="Use folder, edge, ollama, github or openai.")


def _reach_folder(source: ModelSource) -> Reach:
    folder = Path(source.identifier)
    wanted = "config.json" if source.kind == "folder" else "genai_config.json"
    if not folder.is_dir():
        return Reach(False, f"There is no model folder {folder}. Put the model's files there, or correct the catalogue's entry.")
    if not (folder / wanted).is_file():
        return Reach(False, f"The folder {folder} has no {wanted}. Put a whole model there, or correct the catalogue's entry.")
    return Reach(True)
