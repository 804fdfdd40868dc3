"""Training encoders: the loop, what it refuses, going on after a kill, and the folder that it leaves."""

import os
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch

from lenovo_pipeline.embeddings.contrastive import Pair, contrastive_loss, open_encoder, save_encoder, trainable_of
from lenovo_pipeline.embeddings.encoders import Tuning, open_tuned
from lenovo_pipeline.embeddings.training import Curves, Plan, train
from lenovo_pipeline.failures import PermanentFailure
from lenovo_pipeline.resources.encoders import OnnxEncoder, ReferenceEncoder, bundled_encoder
from lenovo_pipeline.resources.store import Store
from lenovo_pipeline.resources.tracking import Tracking

PLAN = Plan(epochs=4, rate=0.1, batch=2, validations=4)
EXAMPLES = [1.0, 2.0, 3.0, 4.0, 5.0, 6.0]


def run(weight: "torch.Tensor", checkpoints: Path, loss_of: Any = None, examples: Sequence[float] = EXAMPLES) -> Curves:
    def squared(batch: Sequence[float]) -> torch.Tensor:
        return ((weight - torch.tensor(batch)) ** 2).mean()

    return train(
        {"weight": weight},
        examples,
        [3.0],
        loss_of or squared,
        PLAN,
        seed=1,
        checkpoints=checkpoints,
        identity="this one",
        remedy="Do something.",
    )


def fresh() -> "torch.Tensor":
    return torch.zeros(1, requires_grad=True)


def test_a_training_lowers_the_loss_and_keeps_the_weights_of_the_lowest_one_held_out(tmp_path: Path) -> None:
    weight = fresh()
    done = run(weight, tmp_path)
    assert done.steps == 12 and len(done.losses) == 12 and done.held_out[0][0] == 0
    assert done.best == min(loss for _, loss in done.held_out) < done.held_out[0][1]
    assert float(((weight - 3.0) ** 2).detach()) == pytest.approx(done.best, abs=1e-5)


def test_a_training_that_was_killed_ends_with_the_weights_of_one_that_was_not(tmp_path: Path) -> None:
    whole, killed = fresh(), fresh()
    run(whole, tmp_path / "whole")
    calls = 0

    def dying(batch: Sequence[float]) -> torch.Tensor:
        nonlocal calls
        calls += 1
        if calls == 9:
            raise KeyboardInterrupt
        return ((killed - torch.tensor(batch)) ** 2).mean()

    with pytest.raises(KeyboardInterrupt):
        run(killed, tmp_path / "killed", dying)
    again = fresh()
    done = run(again, tmp_path / "killed")
    assert done.steps == 12 and float(again.detach()) == float(whole.detach())


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_a_loss_that_is_no_number_ends_the_training_with_the_remedy(value: float, tmp_path: Path) -> None:
    weight = fresh()
    with pytest.raises(PermanentFailure, match=r"broke at update 1.*Lower the rate"):
        run(weight, tmp_path, lambda _: (weight * value).sum())


def test_an_empty_set_is_an_error_with_the_remedy(tmp_path: Path) -> None:
    with pytest.raises(PermanentFailure, match=r"the training set is empty\. Do something"):
        run(fresh(), tmp_path, examples=[])


def test_another_passage_that_is_right_does_not_count_as_wrong() -> None:
    model = open_encoder(bundled_encoder(), 32)
    loss_of = contrastive_loss(model, 20.0)

    def two(*relevant: str) -> float:
        first = Pair("how much memory has the laptop", "it has 16 GB of memory", (), ("R1",), relevant)
        second = Pair("what is the memory of the laptop", "memory: 16 GB", (), ("R2",), ("R2",))
        return float(loss_of([first, second]).detach())

    assert two("R1", "R2") < two("R1")


_WRITTEN = """
from lenovo_pipeline.embeddings.contrastive import pairs_of
row = {"question": "q", "positive_id": "c1", "negative_ids": ["c2"], "relevant_ids": [f"R{i}" for i in range(40)]}
print(pairs_of([row], {"c1": "right", "c2": "wrong"}, {"c1": "R1", "c2": "X"}, 1))
"""


def test_every_process_writes_pairs_alike_so_that_none_trains_again_what_is_there() -> None:
    said = [
        subprocess.run(
            [sys.executable, "-c", _WRITTEN],
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("1", "2")
    ]
    assert "R39" in said[0]
    assert said[0] == said[1]


def test_a_tuned_encoder_gives_the_same_vectors_in_both_runtimes_and_lies_between_base_and_training(tmp_path: Path) -> None:
    model = open_encoder(bundled_encoder(), 32)
    trained = trainable_of(model, 5)
    assert trained and not any(name.startswith(("embeddings.", "encoder.layer.4.")) for name in trained)
    with torch.no_grad():
        for weight in trained.values():
            weight.add_(0.01)
    folders = {share: tmp_path / str(share) for share in (0.0, 0.5)}
    for share, folder in folders.items():
        folder.mkdir()
        save_encoder(trained, bundled_encoder(), folder, share)
    texts = ["Der Akku", "电池鼓包", "The battery of the ThinkPad T14 drains overnight."]
    base = ReferenceEncoder(bundled_encoder()).encode(texts)
    np.testing.assert_allclose(ReferenceEncoder(folders[0.0]).encode(texts), base, atol=1e-6)
    half = OnnxEncoder(folders[0.5], tmp_path).encode(texts)
    np.testing.assert_allclose(half, ReferenceEncoder(folders[0.5]).encode(texts), atol=1e-4)
    assert np.abs(half - base).max() > 1e-3


@pytest.fixture
def tuning(ground: Any, pairs: pd.DataFrame, tmp_path: Path, empty_tracking_database: Path) -> Callable[..., Tuning]:
    store = Store(tmp_path / "store")
    tracking = Tracking(tmp_path / "mlflow.db", tmp_path / "mlflow")
    (tmp_path / "mlflow.db").write_bytes(empty_tracking_database.read_bytes())

    def made(seed: int = 1, of: pd.DataFrame = pairs) -> Tuning:
        return Tuning(bundled_encoder(), of, ground.chunks, store, tracking, "smoke", seed, lambda _: None)

    return made


def test_an_encoder_is_trained_once_with_a_card_and_a_run_and_another_seed_makes_another(tuning: Any) -> None:
    [row] = tuning().encoders()
    store = tuning().store
    folder = store.root / row["path"]
    assert row["domain"] == "joint" and row["pairs"] == 6 and row["encoder_id"] != row["base_id"]
    assert "base_model: sentence-transformers/all-MiniLM-L6-v2" in (folder / "README.md").read_text(encoding="utf-8")
    assert open_tuned(store, row["path"]).id == row["encoder_id"]
    changed = (folder / "manifest.json").stat().st_mtime_ns
    assert tuning().encoders() == [row] and (folder / "manifest.json").stat().st_mtime_ns == changed
    assert tuning(seed=2).encoders()[0]["encoder_id"] != row["encoder_id"]
    assert not list((store.artifacts / "checkpoints").glob("*"))
    (folder / "model.safetensors").write_bytes(b"damaged")
    with pytest.raises(PermanentFailure, match=r"model.safetensors was changed.*Materialise embeddings/encoders again"):
        open_tuned(store, row["path"])
    assert tuning().encoders()[0]["encoder_id"] == row["encoder_id"]


def test_a_domain_without_pairs_is_named(tuning: Any, pairs: pd.DataFrame) -> None:
    with pytest.raises(PermanentFailure, match="no training pairs for the encoder joint"):
        tuning(of=pairs.head(0)).encoders()
