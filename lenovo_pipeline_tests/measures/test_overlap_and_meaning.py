"""ROUGE and BLEU give the expected values; nearness in meaning is measured on the bundled encoder, offline."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from lenovo_pipeline.failures import PermanentFailure
from lenovo_pipeline.measures.candidate import Question
from lenovo_pipeline.measures.items import Item
from lenovo_pipeline.measures.metrics.meaning import BertScore, Similarity
from lenovo_pipeline.measures.metrics.metric import score
from lenovo_pipeline.measures.metrics.overlap import OVERLAP_METRICS, bleu, rouge, sentence_bleu
from lenovo_pipeline.resources.encoders import bundled_encoder

REFERENCE = Path(__file__).resolve().parents[3] / "shared" / "reference" / "metrics"
with_reference = pytest.mark.skipif(not REFERENCE.is_dir(), reason="the expected values are not here")

STEP = "Swap the cooling system with a known good one."


def expected(name: str) -> list[dict[str, Any]]:
    values: list[dict[str, Any]] = json.loads((REFERENCE / name).read_text(encoding="utf-8"))
    return values


def item(answer: str, *aliases: str, language: str = "en") -> Item:
    return Item(Question("q", "What next?", language), answer, "text", aliases=aliases)


@with_reference
def test_rouge_gives_the_expected_values() -> None:
    vectors = expected("rouge.json")
    assert len(vectors) >= 21
    for vector in vectors:
        found = rouge(vector["prediction"], vector["reference"], vector["metric"], stem=vector["use_stemmer"])
        right = (vector["precision"], vector["recall"], vector["f1"])
        assert (found.precision, found.recall, found.f1) == pytest.approx(right, abs=vector["tolerance"])


@with_reference
def test_bleu_gives_the_expected_values() -> None:
    vectors = expected("bleu.json")
    assert len(vectors) >= 24
    for vector in vectors:
        if vector["kind"] == "corpus":
            found = bleu(vector["hyps"], vector["refs"], **vector["kwargs"])
        else:
            found = sentence_bleu(vector["hyps"][0], [one[0] for one in vector["refs"]], **vector["kwargs"])
        assert found == pytest.approx(vector["score"], abs=vector["tolerance"])


def test_the_best_right_form_counts_and_chinese_is_compared_by_characters() -> None:
    for metric in OVERLAP_METRICS:
        english = score(metric, [STEP], [item("Something else", STEP)])[0]
        chinese = score(metric, ["音频设备列表正常"], [item("音频设备列表正常", language="zh-Hans")])[0]
        half = score(metric, ["音频设备列表损坏"], [item("音频设备列表正常", language="zh-Hans")])[0]
        none = score(metric, [""], [item(STEP)])[0]
        assert english.value == pytest.approx(1) and chinese.value == pytest.approx(1) and none.value == 0
        assert half.value is not None and 0.4 < half.value < 0.95


def test_there_must_be_something_to_compare_with() -> None:
    with pytest.raises(ValueError, match="reference sets of"):
        bleu(["a"], [["a", "b"]])
    with pytest.raises(ValueError, match="no reference"):
        sentence_bleu("a", [])


def test_bertscore_on_the_bundled_encoder_orders_answers_by_meaning() -> None:
    answers = [STEP, "Replace the cooling unit by one that works.", "The invoice is due in May.", " "]
    scores = [one.value for one in score(BertScore(bundled_encoder()), answers, [item("Wait.", STEP)] * 4)]
    same, near, far, empty = (value if value is not None else -1 for value in scores)
    assert same == pytest.approx(1, abs=1e-4)
    assert same > near > far > empty == 0


def test_bertscore_without_its_encoder_says_so(tmp_path: Path) -> None:
    found = score(BertScore(tmp_path), ["a"], [item("a")])[0]
    assert found.value is None and "config.json is missing" in found.reason
    with pytest.raises(PermanentFailure, match="holds no encoder"):
        BertScore(tmp_path).values(["a"], [item("a")])


def test_similarity_is_the_highest_cosine_with_a_right_form() -> None:
    vectors = {"a": [1.0, 0.0], "b": [0.0, 2.0], "c": [3.0, 3.0], "": [0.0, 0.0]}

    def embed(texts: Sequence[str]) -> Any:
        return np.array([vectors[text] for text in texts])

    scores = score(Similarity(embed), ["a", "c", ""], [item("b"), item("b", "a"), item("a")])
    assert [one.value for one in scores] == pytest.approx([0, np.sqrt(0.5), 0])
    short = score(Similarity(lambda texts: np.zeros((1, 2))), ["a"], [item("b")])[0]
    assert short.value is None and "shape (1, 2) for 2 texts" in short.reason
