"""Settings of the pipeline, read once from the environment (prefix LENOVO_) or a .env file at the root.

Belongs here: what a user may configure. A value that no user would change belongs beside its use.
"""

import os
from functools import cache
from pathlib import Path
from typing import Literal

from pydantic import AliasChoices, Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from lenovo_pipeline.failures import PermanentFailure

PROJECT_ROOT = Path(__file__).resolve().parent.parent


def usable_processors() -> int:
    """The processors that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _processes() -> int:
    """One for each of two cores; more would each take half a gigabyte, which a user may have."""
    return min(2, usable_processors())


class Settings(BaseSettings):
    """Paths, profile, seed and addresses of the stores. An address left out means the embedded default."""

    model_config = SettingsConfigDict(env_prefix="LENOVO_", env_file=PROJECT_ROOT / ".env", extra="ignore", populate_by_name=True)

    profile: Literal["smoke", "default", "full"] = Field("default", description="Sizes and steps; never code paths.")
    seed: int = Field(20_261, ge=0, le=2**32 - 1, description="Seed of the simulated world.")
    scale: float = Field(1.0, gt=0, le=100, description="Size of the simulated world; 1 to 100 (smoke uses less).")
    store: Path = Field(PROJECT_ROOT / "data" / "store", description="Folder of everything produced.")
    uploads: Path = Field(PROJECT_ROOT / "data" / "uploads", description="Folder where users drop files.")
    adapters: Path = Field(PROJECT_ROOT / "data" / "adapters", description="Folder where users drop adapters, by model.")
    catalogue: Path = Field(PROJECT_ROOT / "data" / "catalogue" / "models.yaml", description="Catalogue of models.")
    policy: Path = Field(PROJECT_ROOT / "data" / "policy" / "roster.yaml", description="What the roster demands.")
    prompts: Path = Field(PROJECT_ROOT / "data" / "prompts", description="Prompt libraries and external collections.")
    workflows: Path = Field(PROJECT_ROOT / "data" / "workflows", description="Workflow definitions of agents.")
    reference: Path = Field(
        PROJECT_ROOT.parent / "shared" / "reference",
        description="Public sets to compare with (retrieval/scifact); what needs one that is missing is stated as not measured.",
    )
    judge: str | None = Field(
        None, description="Model of the catalogue that grades answers beside the metrics; unset: none does."
    )
    judge_weight: float = Field(0.2, ge=0, le=0.2, description="Its share of the figure judged_correct, at most 0.2.")
    monitor_window_s: float = Field(5, gt=0, le=3600, description="Length of a monitoring window, in seconds.")
    monitor_retention_h: float = Field(24, gt=0, le=8784, description="How long monitoring keeps requests, in hours.")
    alert_webhook: SecretStr | None = Field(None, description="Address that alerts are posted to; without one, none is.")
    warehouse: str | None = Field(None, description="DuckDB path or MotherDuck address (md:…).")
    chroma_url: str | None = Field(None, description="Chroma server, for example http://127.0.0.1:8081.")
    neo4j_uri: str | None = Field(None, description="Neo4j server, for example bolt://127.0.0.1:7687.")
    neo4j_user: str = Field("neo4j", description="User of the Neo4j server.")
    neo4j_password: SecretStr | None = Field(None, description="Password of the Neo4j server.")
    neo4j_database: str = Field("neo4j", description="Database of the Neo4j server.")
    lock_wait_s: float = Field(900, ge=0, description="How long a run waits for another run's store lock, in seconds.")
    upload_max_bytes: int = Field(200_000_000, gt=0, description="Largest file that uploads read, unpacked, in bytes.")
    upload_max_line_bytes: int = Field(1_000_000, gt=0, description="Longest line or cell that uploads read, in bytes.")
    ollama_url: str = Field("http://127.0.0.1:11434", description="Ollama server.")
    openai_url: str | None = Field(None, description="OpenAI-compatible server, for example http://127.0.0.1:8000/v1.")
    openai_api_key: SecretStr | None = Field(None, description="Key of the OpenAI-compatible server, if it asks for one.")
    github_token: SecretStr | None = Field(
        None,
        validation_alias=AliasChoices("LENOVO_GITHUB_TOKEN", "GITHUB_TOKEN"),
        description="Token for GitHub Models, with the permission models:read; without one nothing is sent there.",
    )
    github_organisation: str | None = Field(None, description="Organisation that the use of GitHub Models is charged to.")
    github_models_url: str = Field("https://models.github.ai", description="Address of GitHub Models.")
    use_proxy: bool = Field(False, description="Whether servers beyond this machine are reached through HTTPS_PROXY.")
    inference_concurrency: int = Field(4, ge=1, le=64, description="Requests to a model server that are under way at once.")
    processes: int = Field(
        default_factory=_processes, ge=1, le=64, description="Processes that a run computes small models with (default: 1 or 2)."
    )
    chunk_tokens: int = Field(128, ge=16, le=254, description="Longest chunk, in tokens of the encoder.")
    git_url: str | None = Field(None, description="Web address of the repository, for code references in the UI.")

    @property
    def effective_scale(self) -> float:
        """The scale of the world in this profile: smoke always builds the smallest one that still has every feature."""
        return min(self.scale, 0.1) if self.profile == "smoke" else self.scale

    @property
    def content(self) -> str:
        """The settings that may decide what is made, as text: without paths, keys, and how many processes make it."""
        told = {name: value for name, value in self if value is not None and not isinstance(value, Path | SecretStr)}
        return repr({name: value for name, value in told.items() if name != "processes"})


@cache
def get_settings() -> Settings:
    """The settings of this process. Raises PermanentFailure naming each bad variable, without its value: it may be a secret."""
    try:
        return Settings()
    except ValidationError as error:
        wrong = "; ".join(f"{_variable(str(each['loc'][0]))}: {each['msg']}" for each in error.errors())
        # Not `from error`, whose text holds the values.
        raise PermanentFailure(
            f"the settings are wrong: {wrong}", remedy="Correct it in the environment or in .env, or leave it out."
        ) from None


def settings_if_right() -> Settings | None:
    """The settings, None if they are wrong: for what modules read while they are imported, when nobody can be told yet."""
    try:
        return get_settings()
    except PermanentFailure:
        return None


def _variable(name: str) -> str:
    """The environment variable of a field, or the alias of one as it is."""
    return f"{Settings.model_config['env_prefix']}{name.upper()}" if name in Settings.model_fields else name
