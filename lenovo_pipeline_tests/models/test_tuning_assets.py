"""The tuning assets in real runs: made, taken over, refused; the rows of before stay when a run fails."""

from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import yaml
from dagster import ExecuteInProcessResult

from lenovo_pipeline.measures.reading import question_messages
from lenovo_pipeline.models import assets, pretrain
from lenovo_pipeline.models.tables import (
    ADAPTER_SEARCH,
    ADAPTERS,
    AVAILABILITY,
    CATALOGUE,
    DOMAINS,
    FINE_TUNED,
    FOUNDATION,
    QLORA_ADAPTERS,
    TRAINING_SETS,
)
from lenovo_pipeline.models.tuning import assets as tuning
from lenovo_pipeline.settings import PROJECT_ROOT, Settings

TABLES = (CATALOGUE, AVAILABILITY, FOUNDATION, TRAINING_SETS, ADAPTERS, QLORA_ADAPTERS, FINE_TUNED, ADAPTER_SEARCH)
MADE = (tuning.adapters, tuning.qlora_adapters, tuning.fine_tuned, tuning.adapter_search)
COMMITTED = PROJECT_ROOT / "data" / "catalogue" / "models.yaml"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model of a few thousand weights with the bundled model's tokenizer."""
    import torch
    from transformers import AutoTokenizer, LlamaConfig, LlamaForCausalLM

    place = tmp_path_factory.mktemp("tuning") / "tiny"
    torch.manual_seed(0)
    shape: dict[str, Any] = {"hidden_size": 64, "intermediate_size": 64, "num_hidden_layers": 1, "num_attention_heads": 2}
    tokenizer = AutoTokenizer.from_pretrained(pretrain.FOLDER)
    config = LlamaConfig(vocab_size=len(tokenizer), tie_word_embeddings=True, eos_token_id=2, **shape)
    LlamaForCausalLM(config).save_pretrained(place)
    tokenizer.save_pretrained(place)
    return place


def _examples() -> pd.DataFrame:
    made = []
    for number in range(60):
        domain = [*DOMAINS, "all"][number % 5]
        asked = question_messages(f"What is the price of thing {number}?", [f"# thing {number}\n\n- Price: {number} USD"])
        said = {"role": "assistant", "content": f"For thing {number} [1] price:\n- Price: {number} USD\nAnswer: {number} USD"}
        made.append(
            {
                "example_id": f"TS-{number:016x}",
                "domain": domain,
                "task": "rehearsal" if domain == "all" else "open_book_answer",
                "split": "validation" if number % 4 == 0 and domain != "all" else "train",
                "question_id": None,
                "messages": [*asked, said],
                "tools": [],
                "record_ids": [],
                "version": "0" * 16,
            }
        )
    return pd.DataFrame(made, columns=list(TRAINING_SETS.column_names))


class Architect:
    """Somebody whose bundled model is that folder, with training sets in the warehouse."""

    def __init__(self, trial: Any, folder: Path, catalogue: Path) -> None:
        self.trial = trial
        found = yaml.safe_load(COMMITTED.read_text(encoding="utf-8"))
        found["partitions"][0]["identifiers"]["folder"] = str(folder)
        catalogue.write_text(yaml.safe_dump(found, allow_unicode=True), encoding="utf-8")
        changes = {"catalogue": catalogue, "ollama_url": "http://127.0.0.1:9", "github_token": None, "openai_url": None}
        trial.settings = Settings(**{**trial.settings.model_dump(), **changes})
        trial.store.open()
        self.examples(_examples())

    def examples(self, rows: pd.DataFrame) -> None:
        self.trial.warehouse.replace(TRAINING_SETS, rows)

    def run(self, *parts: Any, model: str = "lenovo-nano") -> ExecuteInProcessResult:
        made: ExecuteInProcessResult = self.trial.run(
            assets.catalogue, assets.availability, assets.foundation, *parts, tables=TABLES, partition=model
        )
        return made


@pytest.fixture
def architect(trial: Any, folder: Path, tmp_path: Path) -> Architect:
    return Architect(trial, folder, tmp_path / "models.yaml")


def test_all_of_them_are_made_and_taken_over_by_the_next_run(architect: Architect) -> None:
    assert architect.run(*MADE).success
    warehouse = architect.trial.warehouse
    rows = {table.name: warehouse.load(table) for table in (ADAPTERS, QLORA_ADAPTERS, FINE_TUNED)}
    assert {name: len(found) for name, found in rows.items()} == {"adapters": 4, "qlora_adapters": 4, "fine_tuned": 1}
    assert warehouse.load(ADAPTER_SEARCH)["best"].sum() == 1
    again = architect.run(*MADE)
    assert again.success
    for table in (ADAPTERS, QLORA_ADAPTERS, FINE_TUNED, ADAPTER_SEARCH):
        found = again.asset_materializations_for_node(f"models__{table.name}")[0].metadata
        assert found["changed"].value is False, table.name
    shown = again.asset_materializations_for_node("models__adapters")[0].metadata
    assert "![loss](data:image/png;base64," in str(shown["loss"].value)
    assert "lora/device_support" in str(shown["builds"].value)


def test_a_run_that_fails_leaves_the_adapters_of_before_in_place(architect: Architect) -> None:
    assert architect.run(tuning.adapters).success
    before = architect.trial.warehouse.load(ADAPTERS)
    some = _examples()
    architect.examples(some[some["domain"] != "customer_service"].assign(version="1" * 16))
    failed = architect.run(tuning.adapters)
    assert not failed.success
    message = next(str(event.step_failure_data.error) for event in failed.all_events if event.is_step_failure)
    assert "training set of customer_service is empty" in message and "models/training_sets" in message
    pd.testing.assert_frame_equal(architect.trial.warehouse.load(ADAPTERS), before)
    for path in before["path"]:
        assert (architect.trial.store.root / path / "adapter_model.safetensors").is_file()


def test_a_model_that_cannot_be_reached_skips_its_partition(architect: Architect) -> None:
    result = architect.run(tuning.adapters, model="phi-4-mini")
    assert result.success
    assert not [event for event in result.all_events if event.is_step_materialization and "adapters" in str(event.asset_key)]
