"""The stage as a user runs it at smoke size, twice; and what becomes of the collections when the choice changes."""

from typing import Any

import numpy as np
import pandas as pd
import pytest
from dagster import AssetCheckResult

from lenovo_pipeline.embeddings import assets, checks
from lenovo_pipeline.embeddings.chosen import choice_version, chosen_encoders
from lenovo_pipeline.embeddings.collections import follow
from lenovo_pipeline.embeddings.tables import ENCODERS, SELECTION, TRAINING_PAIRS
from lenovo_pipeline.embeddings.vectors import encode_kept
from lenovo_pipeline.failures import PermanentFailure
from lenovo_pipeline.resources.encoders import RememberingEncoder, text_hash
from lenovo_pipeline.resources.vectors import TUNED, Vectors

ASSETS = (assets.training_pairs, assets.encoders, assets.selection, assets.collections)
TABLES = [TRAINING_PAIRS, ENCODERS, SELECTION]


def choosing(selection: pd.DataFrame, *kinds: str) -> pd.DataFrame:
    verdicts = ["chosen" if kind in kinds else "base stays" for kind in selection["kind"]]
    return selection.assign(verdict=verdicts)


def test_the_stage_runs_runs_again_without_work_and_its_collections_follow_the_choice(trial: Any, ground: Any) -> None:
    store = ground.copy_to(trial.store.root)
    trial.settings.reference = trial.settings.store / "no reference"
    first = trial.run(*ASSETS, tables=TABLES)
    assert first.success
    selection = trial.warehouse.load(SELECTION)
    assert set(selection["verdict"]) == {"base stays"}
    assert selection[["public_tuned", "test_tuned"]].isna().all(axis=None) and not selection["test_questions"].any()
    encoders = trial.warehouse.load(ENCODERS)
    second = trial.run(*ASSETS, tables=TABLES)
    assert second.success
    reused = [
        event.materialization.metadata["reused"].value
        for result in (first, second)
        for event in result.get_asset_materialization_events()
        if event.asset_key.path[-1] == "selection"
    ]
    assert reused == [False, True]
    pd.testing.assert_frame_equal(trial.warehouse.load(ENCODERS), encoders)

    vectors = Vectors(store.chroma)
    base, chunks = ground.encoder, ground.chunks

    def astray(given: pd.DataFrame) -> bool:
        trial.warehouse.replace(SELECTION, given.drop(columns="content_hash"))
        result = checks.tuned_collections_hold_what_was_chosen(
            store=store, warehouse=trial.warehouse, vectors=vectors, encoder=base
        )
        assert isinstance(result, AssetCheckResult)
        return not result.passed

    try:
        assert list(chosen_encoders(store, base).values()) == [base] * 6 and not astray(selection)
        before = choice_version(store, base.id)
        wanted = choosing(selection, "devices")
        assert astray(wanted)
        counts = follow(wanted, chunks, store, vectors, base.id)
        assert counts["devices" + TUNED].embedded + counts["devices" + TUNED].reused == counts["devices" + TUNED].total > 0
        assert not astray(wanted) and choice_version(store, base.id) != before
        found = chosen_encoders(store, base)
        tuned = found["devices" + TUNED]
        assert tuned.id == encoders["encoder_id"].iloc[0] and "devices" not in found and found["support"] is base
        vectors.collection("devices" + TUNED, tuned.id)
        with pytest.raises(PermanentFailure, match=r"was built with encoder .*Materialise embeddings/collections again"):
            vectors.collection("devices" + TUNED, base.id)
        again = follow(wanted, chunks, store, vectors, base.id)["devices" + TUNED]
        assert again.unchanged == again.total and not again.rebuilt
        fewer = chunks[chunks["record_id"] != chunks.loc[chunks["kind"] == "devices", "record_id"].iloc[0]]
        changed = follow(wanted, fewer, store, vectors, base.id)["devices" + TUNED]
        assert changed.deleted > 0 and changed.embedded == 0
        assert astray(wanted)
        follow(choosing(selection), chunks, store, vectors, base.id)
        assert not [kind for kind in vectors.kinds() if kind.endswith(TUNED)]
        assert "devices" in vectors.kinds()
    finally:
        vectors.close()


def test_a_text_is_encoded_once_for_an_encoder(ground: Any, tmp_path: Any) -> None:
    from lenovo_pipeline.resources.store import Store

    store = Store(tmp_path)
    texts = ["The battery drains.", "电池鼓包", "The battery drains."]
    made = encode_kept(ground.encoder, texts, store)
    np.testing.assert_allclose(made, ground.encoder.encode(texts), atol=1e-6)
    marked = {text_hash(texts[0]): np.zeros(ground.encoder.width, dtype=np.float32)}
    assert not RememberingEncoder(ground.encoder, marked).encode(texts)[[0, 2]].any()
    held = store.artifacts / "embedding_vectors" / ground.encoder.id
    written = (held / "manifest.json").stat().st_mtime_ns
    np.testing.assert_array_equal(encode_kept(ground.encoder, texts, store), made)
    assert (held / "manifest.json").stat().st_mtime_ns == written
    (held / "vectors.npz").write_bytes(b"damaged")
    np.testing.assert_allclose(encode_kept(ground.encoder, texts, store), made, atol=1e-6)
