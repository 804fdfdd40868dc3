"""The reranker: what it is trained to do, how its word is joined with the hybrid's, and what it refuses."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from lenovo_pipeline.embeddings.pairs import make_pairs
from lenovo_pipeline.failures import PermanentFailure
from lenovo_pipeline.gold.tables import QRELS
from lenovo_pipeline.knowledge.keyword_index import KeywordIndex
from lenovo_pipeline.knowledge.tables import CHUNKS
from lenovo_pipeline.models.builds import Artifact
from lenovo_pipeline.resources.encoders import bundled_encoder
from lenovo_pipeline.resources.store import Store
from lenovo_pipeline.resources.tracking import Tracking
from lenovo_pipeline.retrieval.interface import Evidence
from lenovo_pipeline.retrieval.reranking.model import CrossEncoder, pair_text
from lenovo_pipeline.retrieval.reranking.recipes import DEPTH, RECIPES
from lenovo_pipeline.retrieval.reranking.retriever import RerankedRetriever, reordered
from lenovo_pipeline.retrieval.reranking.training import Training, _opened
from lenovo_pipeline.retrieval.reranking.tuning import best_weight, compared, noted_before, open_reranked, write_note
from lenovo_pipeline.retrieval.settings import HybridSettings


def evidence(*scores: float) -> list[Evidence]:
    return [Evidence(f"R{place}", f"C{place}", score, "hybrid", "why") for place, score in enumerate(scores)]


@pytest.fixture(scope="module")
def training(place: Any, tmp_path_factory: pytest.TempPathFactory, empty_tracking_database: Path) -> Training:
    root = tmp_path_factory.mktemp("reranker")
    (root / "mlflow.db").write_bytes(empty_tracking_database.read_bytes())
    chunks = place.warehouse.load(CHUNKS)
    search = KeywordIndex.load(place.store.artifacts / "keyword_index").search
    pairs = make_pairs(place.questions, place.warehouse.load(QRELS), chunks, search)
    tracking = Tracking(root / "mlflow.db", root / "mlflow")
    return Training(bundled_encoder(), pairs, chunks, Store(root / "store"), tracking, RECIPES["smoke"], 1, lambda _: None)


@pytest.fixture(scope="module")
def trained(training: Training) -> Artifact:
    return training.reranker()


def test_the_word_of_the_cross_encoder_moves_records_by_its_weight() -> None:
    found = evidence(1.0, 0.9, 0.2)
    assert [e.record_id for e in reordered(found, [0.0, 0.5, 1.0], 0.0)] == ["R0", "R1", "R2"]
    assert [e.record_id for e in reordered(found, [0.0, 0.5, 1.0], 0.4)] == ["R1", "R0", "R2"]
    assert [e.record_id for e in reordered(found, [0.0, 0.5, 1.0], 2.0)] == ["R2", "R1", "R0"]
    assert "0.50 of the best" in reordered(found, [0.0, 0.5, 1.0], 0.4)[0].why


def test_the_smallest_weight_is_taken_that_no_other_clearly_beats() -> None:
    assert best_weight({0.0: [0.9, 0.9], 0.1: [0.9004] * 2, 0.4: [0.82, 1.0], 0.8: [0.9105] * 2}) == 0.4
    assert best_weight({0.0: [0.9], 0.1: [0.88]}) == 0.0


def test_each_weight_is_compared_with_none_in_pairs() -> None:
    found = compared({0.0: [0.5] * 20, 0.4: [0.5, 0.7] * 10}, [f"device:{i}" for i in range(20)], seed=1)
    assert found["0.0"] == {"ndcg": 0.5, "difference": 0, "lower": 0, "upper": 0}
    assert found["0.4"]["difference"] == pytest.approx(0.1) and 0 < found["0.4"]["lower"] < 0.1 < found["0.4"]["upper"]


def test_it_runs_as_fast_code_with_the_scores_that_it_was_trained_with(training: Training, trained: Artifact) -> None:
    import torch
    from safetensors.torch import load_file

    loaded = CrossEncoder.load(training.store, trained.path)
    passages = ["The battery lasts 12 hours.", "保修期为三年。", "a" * 2000]
    scores = loaded.scores("How long does the battery last?", passages)
    model = _opened(bundled_encoder(), training.recipe, training.seed)
    weights = load_file(trained.folder / "model.safetensors")
    model.inner.load_state_dict({name: weights[name] for name, _ in model.inner.named_parameters()}, strict=False)
    model.head = torch.from_numpy(loaded.head)
    expected = model.scores([pair_text("How long does the battery last?", text) for text in passages])
    np.testing.assert_allclose(scores, expected.detach().numpy(), atol=1e-4)


def test_a_reranker_is_trained_once_and_a_damaged_one_is_refused(training: Training, trained: Artifact) -> None:
    again = training.reranker()
    assert again.reused and again.content == trained.content
    weights = trained.folder / "model.safetensors"
    whole = weights.read_bytes()
    weights.write_bytes(b"damaged")
    with pytest.raises(PermanentFailure, match=r"model.safetensors was changed.*Materialise retrieval/reranker again"):
        CrossEncoder.load(training.store, trained.path)
    weights.write_bytes(whole)


def test_pairs_without_a_wrong_passage_leave_nothing_to_train_on(training: Training) -> None:
    from dataclasses import replace

    alone = training.pairs.assign(negative_ids=training.pairs["negative_ids"].map(lambda _: []))
    with pytest.raises(PermanentFailure, match=r"the training set is empty.*embeddings/training_pairs"):
        replace(training, pairs=alone).reranker()


def test_reranked_evidence_is_the_hybrids_in_another_order(
    place: Any, library: Any, training: Training, trained: Artifact
) -> None:
    hybrid = library.hybrid(HybridSettings())
    loaded = CrossEncoder.load(training.store, trained.path)
    reranked = RerankedRetriever(hybrid, loaded, library.passages.texts, 1.0, "hybrid + reranker")
    question = place.questions.loc[place.questions["language"] == "en", "question"].iloc[0]
    before, after = hybrid.retrieve(question, DEPTH), reranked.retrieve(question, DEPTH)
    assert sorted(after.record_ids) == sorted(before.record_ids)
    assert [e.score for e in after.evidence] == sorted((e.score for e in after.evidence), reverse=True)
    assert reranked.retrieve(question, 3).record_ids == after.record_ids[:3]
    assert reranked.retrieve("?!", 5).evidence == () and reranked.retrieve(question, 0).evidence == ()
    with pytest.raises(PermanentFailure, match="k is -1"):
        reranked.retrieve(question, -1)
    many = reranked.retrieve(question, 60)
    assert [e.score for e in many.evidence] == sorted((e.score for e in many.evidence), reverse=True)


def test_the_note_of_the_reranker_is_taken_over_only_for_the_same_and_refused_when_damaged(tmp_path: Path, library: Any) -> None:
    store = Store(tmp_path)
    with pytest.raises(PermanentFailure, match="Materialise retrieval/reranker again"):
        open_reranked(store, library.keyword, library.passages.texts, "name")
    assert write_note(store, "artifacts/rerankers/x", {0.0: [0.5], 0.4: [0.6]}, {"questions": "a"}) == 0.4
    assert noted_before(store, {"questions": "a"}) == {0.0: [0.5], 0.4: [0.6]}
    assert noted_before(store, {"questions": "b"}) is None
    (store.artifacts / "reranker" / "reranker.json").write_text("{}", encoding="utf-8")
    assert noted_before(store, {"questions": "a"}) is None


def test_questions_and_passages_are_read_with_some_room_for_both() -> None:
    assert pair_text("why " * 1000, "because").endswith("[SEP] because")
    assert len(pair_text("why " * 1000, "because")) < 300
    assert pd.Series([RECIPES["default"].pairs]).max() <= 200
