from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lenovo_pipeline.contracts import conform
from lenovo_pipeline.failures import PermanentFailure
from lenovo_pipeline.knowledge.chunks import indexed_texts, make_chunks
from lenovo_pipeline.knowledge.tables import CHUNKS
from lenovo_pipeline.resources.encoders import OnnxEncoder, bundled_encoder

_ENCODER = OnnxEncoder(bundled_encoder(), Path("unused"))
_MONSTERS = {
    "one sentence without an end": "word " * 900,
    "chinese without punctuation": "電" * 700,
    "chinese sentences": "電池老化導致續航時間縮短，建議更換。" * 60,
    "one word without an end": "ab/" * 1_000,
    "clauses": "first, second; third: " * 200,
    "headings only": "# A\n## B\n### C\n",
    "deep headings": "".join(f"{'#' * (1 + i % 6)} Heading {i}\n\nBody {i}. More.\n\n" for i in range(40)),
    "windows line ends": "# A\r\n\r\nFirst paragraph.\r\n\r\nSecond one.\r\n" * 30,
    "code": "# A\n```\n# no heading\nx = 1\n```\nafter\n" * 20,
    "a character of many tokens": "\ufdfa" * 50,
    "tabs and form feeds": "a\tb\x0cc\u2028d " * 100,
}


def _texts(*texts: str, title: str | None = "A title") -> dict[str, pd.DataFrame]:
    ids = [f"TXT-{i}" for i in range(len(texts))]
    return {
        "texts": pd.DataFrame({"text_id": ids, "title": [title] * len(texts), "text": texts, "language": [None] * len(texts)})
    }


def _letters(text: str) -> str:
    return "".join(text.split())


@pytest.mark.parametrize("limit", [16, 64, 128])
@pytest.mark.parametrize("text", _MONSTERS.values(), ids=_MONSTERS.keys())
def test_no_word_is_lost_and_no_chunk_is_too_long(text: str, limit: int) -> None:
    chunks = make_chunks(_texts(text), limit, _ENCODER.count_tokens)
    assert _letters("".join(chunks["text"])) == _letters(text)
    counted = _ENCODER.count_tokens(indexed_texts(chunks))
    assert counted.max() <= limit
    assert counted.tolist() == chunks["tokens"].tolist()


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.text(alphabet=st.sampled_from("ab1#.,;。，！\n \t電池-`\"'é\u0301🙂ß"), max_size=400), st.text(max_size=60))
def test_whatever_the_text_and_the_title_nothing_is_lost(text: str, title: str) -> None:
    chunks = make_chunks(_texts(text, title=title), 16, _ENCODER.count_tokens)
    assert _letters("".join(chunks["text"])) == _letters(text)
    assert all(_ENCODER.count_tokens(indexed_texts(chunks)) <= 16)
    assert chunks["position"].tolist() == list(range(len(chunks)))


def test_chunks_fit_their_contract_and_say_where_they_come_from() -> None:
    text = "# Reset the ThinkPad\n\nBefore you start.\n\n## Steps\n\n### Software\nPress F9.\n\n### Hardware\nHold power."
    record = {
        "article_id": "KB-1",
        "title": "Reset the ThinkPad",
        "text": text,
        "language": "en",
        "anchor": "series:ThinkPad T14",
    }
    chunks = make_chunks({"support_articles": pd.DataFrame([record])}, 128, _ENCODER.count_tokens)
    assert conform(chunks, CHUNKS)["section"].tolist() == ["", "Steps > Software", "Steps > Hardware"]
    assert set(chunks["kind"]) == {"support"}
    assert set(chunks["record_type"]) == {"support_articles"}
    assert set(chunks["anchor"]) == {"series:ThinkPad T14"}
    assert chunks["context"].tolist()[2] == "Reset the ThinkPad > Steps"


def test_a_record_without_a_title_takes_its_first_heading_and_one_without_a_text_has_no_chunk() -> None:
    frame = pd.DataFrame({"incident_id": ["INC-1", "INC-2", "INC-3"], "text": ["# Port dead\n\nIt is.", "  ", None]})
    chunks = make_chunks({"incidents": frame}, 128, _ENCODER.count_tokens)
    assert chunks[["record_id", "title"]].to_numpy().tolist() == [["INC-1", "Port dead"]]


def test_an_edit_changes_only_the_ids_of_the_chunks_it_touches() -> None:
    before = make_chunks(_texts(*(f"# One\n\nText {i}.\n\n# Two\n\nMore {i}." for i in range(9))), 64, _ENCODER.count_tokens)
    texts = [f"# One\n\nText {i}.\n\n# Two\n\nMore {i}." for i in range(9)]
    texts[4] = texts[4].replace("More", "Less")
    after = make_chunks(_texts(*texts), 64, _ENCODER.count_tokens)
    assert len(set(after["chunk_id"]) - set(before["chunk_id"])) == 1
    assert before["chunk_id"].is_unique


def test_a_paragraph_that_fits_is_not_cut() -> None:
    paragraphs = [f"Paragraph {i} has one sentence. It has another one, too." for i in range(12)]
    chunks = make_chunks(_texts("\n\n".join(paragraphs)), 48, _ENCODER.count_tokens)
    assert len(chunks) > 1
    assert [p for text in chunks["text"] for p in text.split("\n\n")] == paragraphs


def test_no_sources_make_no_chunks() -> None:
    assert conform(make_chunks({}, 128, _ENCODER.count_tokens), CHUNKS).empty


def test_every_mismatch_of_the_sources_is_named() -> None:
    sources = {"secrets": pd.DataFrame(), "documents": pd.DataFrame({"document_id": ["DOC-1"]})}
    with pytest.raises(PermanentFailure, match=r"'secrets'.*'documents' lacks column 'text'.*'documents' lacks column 'title'"):
        make_chunks(sources, 128, _ENCODER.count_tokens)


def test_token_counts_have_no_limit_and_no_special_tokens() -> None:
    assert np.array_equal(_ENCODER.count_tokens(["", "one two", "word " * 5_000]), [0, 2, 5_000])
