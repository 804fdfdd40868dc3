"""LangChain and LlamaIndex search the same vectors through their own retrievers, and refuse what does not fit."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from lenovo_pipeline.failures import PermanentFailure
from lenovo_pipeline.knowledge.tables import KINDS
from lenovo_pipeline.provenance import write_manifest
from lenovo_pipeline.retrieval.langchain_faiss import LangChainRetriever, build_faiss
from lenovo_pipeline.retrieval.library import Library
from lenovo_pipeline.retrieval.llamaindex import LlamaIndexRetriever, Searched, build_tree

QUESTIONS = ("The battery drains overnight", "Which process handles warranty repair?", "电池无法充电怎么办？")


@pytest.fixture(scope="module")
def folders(place: Any, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    folder = tmp_path_factory.mktemp("indexes")
    faiss, tree = folder / "faiss", folder / "tree"
    assert build_faiss(place.vectors, place.encoder.id, faiss)["reused"] is False
    assert build_tree(place.chunks, place.encoder.id, tree)["reused"] is False
    return faiss, tree


@pytest.fixture
def langchain(folders: tuple[Path, Path], library: Library) -> LangChainRetriever:
    return LangChainRetriever(folders[0], library.encoder, library.register, library.dense.record_of)


def llamaindex(folders: tuple[Path, Path], place: Any, library: Library, *, hierarchical: bool = False) -> LlamaIndexRetriever:
    return LlamaIndexRetriever(folders[1], place.vectors, library.encoder, library.register, hierarchical=hierarchical)


def test_sources_that_share_what_was_searched_find_what_each_finds_alone(
    folders: tuple[Path, Path], place: Any, library: Library
) -> None:
    searched: Searched = {}
    for hierarchical in (False, True, False):
        shared = LlamaIndexRetriever(
            folders[1], place.vectors, library.encoder, library.register, hierarchical=hierarchical, searched=searched
        )
        alone = llamaindex(folders, place, library, hierarchical=hierarchical)
        for question in QUESTIONS:
            for k in (3, 10):
                assert shared.retrieve(question, k) == alone.retrieve(question, k)
    filled = sum(bool(place.vectors.collection(kind, place.encoder.id).count()) for kind in KINDS)
    assert len(searched) == filled * len(QUESTIONS) * 2


def test_indexes_of_the_same_content_are_not_built_again(folders: tuple[Path, Path], place: Any) -> None:
    assert build_faiss(place.vectors, place.encoder.id, folders[0])["reused"] is True
    assert build_tree(place.chunks, place.encoder.id, folders[1])["reused"] is True


def test_the_exact_index_ranks_as_the_vectors_do(langchain: LangChainRetriever, place: Any, library: Library) -> None:
    stored: dict[str, Any] = {}
    for kind in KINDS:
        page = place.vectors.collection(kind, place.encoder.id).get(include=["embeddings"])
        stored |= dict(zip(page["ids"], page["embeddings"], strict=True))
    ids = sorted(stored)
    rows = np.asarray([stored[i] for i in ids], dtype=np.float32)
    for question in QUESTIONS:
        exact = np.sort(rows @ library.encoder.vector(question))[::-1][:10]
        found = langchain.as_langchain()
        found.search_kwargs["k"] = 10
        documents = found.invoke(question)
        # By score, since equal texts have equal vectors, whose order is nobody's.
        assert [document.metadata["score"] for document in documents] == pytest.approx(exact.tolist(), abs=1e-5)


def test_the_retrievers_are_those_of_the_frameworks(
    langchain: LangChainRetriever, folders: tuple[Path, Path], place: Any, library: Library
) -> None:
    from langchain_core.vectorstores import VectorStoreRetriever
    from llama_index.core.retrievers import AutoMergingRetriever, QueryFusionRetriever, VectorIndexRetriever

    assert isinstance(langchain.as_langchain(), VectorStoreRetriever)
    for hierarchical, kind in ((False, VectorIndexRetriever), (True, AutoMergingRetriever)):
        whole = llamaindex(folders, place, library, hierarchical=hierarchical).as_llamaindex(5)
        assert isinstance(whole, QueryFusionRetriever)
        assert all(type(part) is kind for part in whole._retrievers)


def test_all_of_them_find_what_dense_search_finds(
    langchain: LangChainRetriever, folders: tuple[Path, Path], place: Any, library: Library
) -> None:
    for question in QUESTIONS:
        expected = library.dense.retrieve(question, 5).record_ids
        for retriever in (langchain, llamaindex(folders, place, library)):
            assert len(set(retriever.retrieve(question, 5).record_ids) & set(expected)) >= 4, retriever.name
        assert llamaindex(folders, place, library, hierarchical=True).retrieve(question, 5).evidence


def test_they_filter_and_refuse_as_every_source_does(
    langchain: LangChainRetriever, folders: tuple[Path, Path], place: Any, library: Library
) -> None:
    for retriever in (langchain, llamaindex(folders, place, library)):
        found = retriever.retrieve(QUESTIONS[0], 5, {"record_types": ["customers"]})
        assert {library.register.records[i].record_type for i in found.record_ids} == {"customers"}
        assert retriever.retrieve("?!", 5).evidence == ()
        with pytest.raises(PermanentFailure, match="no filter"):
            retriever.retrieve(QUESTIONS[0], 5, {"colour": "red"})


def test_an_index_of_another_encoder_and_a_missing_one_are_refused_with_the_remedy(
    folders: tuple[Path, Path], place: Any, library: Library, tmp_path: Path
) -> None:
    other = tmp_path / "other"
    other.mkdir()
    write_manifest(other, {"format": 1, "encoder": "another", "faiss": "0"})
    record_of = library.dense.record_of
    with pytest.raises(PermanentFailure, match=r"encoder is 'another', expected .*Materialise retrieval/faiss_index again"):
        LangChainRetriever(other, library.encoder, library.register, record_of)
    with pytest.raises(PermanentFailure, match=r"encoder is 'another', expected .*Materialise retrieval/llamaindex_index again"):
        LlamaIndexRetriever(other, place.vectors, library.encoder, library.register)
    with pytest.raises(PermanentFailure, match=r"does not exist .*Materialise retrieval/faiss_index again"):
        LangChainRetriever(tmp_path / "none", library.encoder, library.register, record_of)
    (folders[1] / "docstore.json").rename(tmp_path / "docstore.json")
    try:
        with pytest.raises(PermanentFailure, match=r"docstore\.json is missing"):
            LlamaIndexRetriever(folders[1], place.vectors, library.encoder, library.register)
    finally:
        (tmp_path / "docstore.json").rename(folders[1] / "docstore.json")
