"""Which encoder is used where: the rule, the measuring in order, the public set, and the check that a choice is earned."""

import hashlib
import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import pytest
from dagster import AssetCheckResult

from lenovo_pipeline.embeddings import checks
from lenovo_pipeline.embeddings.domains import JUDGED
from lenovo_pipeline.embeddings.measuring import Corpus
from lenovo_pipeline.embeddings.plots import selection_bars
from lenovo_pipeline.embeddings.public_set import PublicSet, read_public_set
from lenovo_pipeline.embeddings.selecting import Candidate, Judging, select
from lenovo_pipeline.embeddings.tables import SELECTION
from lenovo_pipeline.embeddings.verify import shortfalls
from lenovo_pipeline.failures import PermanentFailure
from lenovo_pipeline.resources.encoders import Encoder, Vectors32, bundled_encoder
from lenovo_pipeline.resources.warehouse import Warehouse

GOOD = {
    "validation_base": 0.5,
    "validation_tuned": 0.6,
    "test_base": 0.5,
    "test_tuned": 0.58,
    "test_lower": 0.02,
    "test_upper": 0.1,
    "overall_base": 0.5,
    "overall_tuned": 0.5,
    "public_base": 0.64,
    "public_tuned": 0.632,
}


@pytest.mark.parametrize(
    ("changed", "complaint"),
    [
        ({"validation_tuned": 0.5}, "on validation it reaches 0.500, the base 0.500"),
        ({"validation_tuned": None}, "on validation"),
        ({"test_lower": 0.0}, "interval .* is not above zero"),
        ({"test_lower": None}, "one entity"),
        ({"test_tuned": None, "test_lower": None}, "^it was not measured on the test split"),
        ({"test_tuned": None, "test_lower": None, "public_base": None}, "SciFact is not on .* not measured on the test split"),
        ({"overall_tuned": 0.49}, "dense search over all kinds reaches 0.490"),
        ({"public_tuned": 0.629}, "on SciFact it reaches 0.629"),
        ({"public_tuned": None}, "SciFact is not on this machine"),
    ],
)
def test_an_encoder_that_falls_short_anywhere_is_not_chosen_and_told_why(changed: dict[str, Any], complaint: str) -> None:
    import re

    assert shortfalls(GOOD) == []
    problems = shortfalls({**GOOD, **changed})
    assert len(problems) == 1 and re.search(complaint, problems[0])


class Words(Encoder):
    """An encoder that sees only the words given to it: a text's vector says which of them it has."""

    def __init__(self, name: str, *known: str) -> None:
        super().__init__(bundled_encoder())
        self.id = hashlib.sha256(name.encode()).hexdigest()[:16]
        self.known = known
        self.width = len(known) + 1

    def stream(self, texts: Sequence[str]) -> Iterator[tuple[npt.NDArray[np.int64], Vectors32]]:
        vectors = np.full((len(texts), len(self.known) + 1), 1e-3, dtype=np.float32)
        for row, text in enumerate(texts):
            for place, word in enumerate(self.known):
                vectors[row, place] += word in text.split()
        yield np.arange(len(texts)), vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


COLOURS = ("red", "blue", "green", "grey", "black", "white", "brown", "pink", "gold", "silver", "violet", "orange")
QUESTIONS = [f"{split} which is {colour}" for split in ("validation", "test") for colour in COLOURS]


def judging(base: Encoder, public: PublicSet | None) -> Judging:
    """A world of devices by colour, each with questions of both splits, or of validation alone without a public set."""
    corpora = {kind: Corpus([], [], []) for kind in JUDGED}
    ids, texts, records = zip(*((f"C{i}", f"a {c} device", f"DEV-{c}") for i, c in enumerate(COLOURS)), strict=True)
    corpora["devices"] = Corpus(list(ids), list(texts), list(records))
    frame = pd.DataFrame(
        {
            "question_id": QUESTIONS,
            "question": QUESTIONS,
            "split": [q.split()[0] for q in QUESTIONS],
            "anchor": [f"series:{q.split()[-1]}" for q in QUESTIONS],
        }
    )
    splits = ("validation", "test") if public is not None else ("validation",)
    questions = {split: frame[frame["split"] == split].reset_index(drop=True) for split in splits}
    relevance = {q: {f"DEV-{q.split()[-1]}": 2} for q in QUESTIONS}

    def encode(encoder: Encoder, wanted: Any) -> dict[str, Vectors32]:
        return {kind: encoder.encode(corpus.texts) for kind, corpus in wanted.items()}

    return Judging(base, corpora, questions, relevance, encode, public, 1)


def public(word: str) -> PublicSet:
    documents = {"1": f"{word} fact", "2": "other", "3": "another"}
    return PublicSet(documents, {"q": f"the {word} claim"}, {"q": {"1": 1}})


def test_a_better_encoder_is_chosen_and_a_forgetful_or_worse_one_is_not() -> None:
    base = Words("base", "claim", "fact", "science")
    seeing = Candidate("joint", "artifacts/sentence_encoders/a", Words("seeing", *COLOURS, "science"))
    row = select(judging(base, public("science")), [seeing]).set_index("kind").loc["devices"]
    assert row["verdict"] == "chosen" and row["test_lower"] > 0 and row["validation_tuned"] == 1.0
    assert row["public_documents"] == 3 and row["overall_tuned"] > row["overall_base"]
    forgetful = Candidate("joint", "x", Words("forgetful", *COLOURS, "another"))
    data = PublicSet({"2": "other", "1": "science"}, {"q": "science"}, {"q": {"1": 1}})
    row = select(judging(base, data), [forgetful]).set_index("kind").loc["devices"]
    assert row["verdict"] == "base stays" and "SciFact" in row["reason"]
    unmeasured = select(judging(base, None), [seeing]).set_index("kind").loc["devices"]
    assert unmeasured["verdict"] == "base stays" and "SciFact is not on this machine" in unmeasured["reason"]
    assert unmeasured["validation_tuned"] == 1.0 and pd.isna(unmeasured["test_tuned"]) and unmeasured["test_questions"] == 0
    worse = select(judging(Words("base", *COLOURS), public("science")), [Candidate("joint", "x", Words("worse", "red"))])
    row = worse.set_index("kind").loc["devices"]
    assert row["verdict"] == "base stays" and pd.isna(row["test_tuned"]) and row["reason"].startswith("on validation")


def test_of_two_good_encoders_the_better_one_on_validation_serves_a_kind_alone() -> None:
    base = Words("base", "science")
    joint = Candidate("joint", "x", Words("joint", *COLOURS[:9], "science"))
    own = Candidate("device_support", "y", Words("own", *COLOURS, "science"))
    found = select(judging(base, public("science")), [joint, own])
    devices = found[found["kind"] == "devices"].set_index("domain")["verdict"].to_dict()
    assert devices["device_support"] == "chosen" and devices["joint"] == "not needed"
    assert set(found.loc[found["kind"] == "business", "domain"]) == {"joint"}
    assert selection_bars(found).startswith("![selection](data:image/png;base64,")


def test_the_check_fails_on_a_choice_that_its_figures_do_not_bear_out(tmp_path: Path) -> None:
    warehouse = Warehouse(str(tmp_path / "warehouse.duckdb"))
    base = dict.fromkeys(SELECTION.column_names)
    counts = {"validation_questions": 9, "test_questions": 9, "public_documents": 9}
    row = {**base, **GOOD, **counts, "kind": "devices", "domain": "joint", "encoder_id": "0" * 16, "path": "p"}
    row |= {"verdict": "chosen", "reason": "better"}

    def passed(*rows: dict[str, Any]) -> bool:
        warehouse.replace(SELECTION, pd.DataFrame(rows))
        result = checks.every_choice_is_borne_out_by_its_figures(store=None, warehouse=warehouse)
        assert isinstance(result, AssetCheckResult)
        return bool(result.passed)

    assert passed(row) and passed({**row, "test_lower": -0.1, "verdict": "base stays"})
    assert not passed({**row, "test_lower": -0.1})
    assert not passed({**row, "public_tuned": None})
    assert not passed(row, {**row, "domain": "device_support"})


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    place = tmp_path / "scifact"
    (place / "qrels").mkdir(parents=True)
    documents = [{"_id": str(i), "title": f"Title {i}", "text": f"text {i}"} for i in range(6)]
    queries = [{"_id": f"q{i}", "text": f"claim {i}"} for i in range(3)]
    (place / "corpus.jsonl").write_text("\n".join(map(json.dumps, documents)), encoding="utf-8")
    (place / "queries.jsonl").write_text("\n".join(map(json.dumps, queries)), encoding="utf-8")
    (place / "qrels" / "test.tsv").write_text("query-id\tcorpus-id\tscore\nq0\t0\t1\nq1\t1\t1\nq2\t2\t0\n", encoding="utf-8")
    return place


def test_a_public_set_is_read_and_a_part_of_it_has_all_that_its_queries_need(folder: Path) -> None:
    found = read_public_set(folder)
    assert found is not None and found.relevance == {"q0": {"0": 1}, "q1": {"1": 1}}
    assert found.documents["0"] == "Title 0 text 0"
    part = found.part(1, 3, 1)
    [query] = part.relevance
    assert len(part.documents) == 3 and set(part.relevance[query]) <= part.documents.keys()
    assert part.version == found.part(1, 3, 1).version != found.version
    assert len(found.part(2, 1, 1).documents) == 2
    assert found.part(None, None, 1).documents.keys() == found.documents.keys()


def test_a_public_set_that_is_missing_is_none_and_one_that_is_damaged_is_an_error(folder: Path) -> None:
    assert read_public_set(folder.parent / "nothing") is None
    (folder / "qrels" / "test.tsv").write_text("query-id\tcorpus-id\tscore\nq0\t99\t1\n", encoding="utf-8")
    with pytest.raises(PermanentFailure, match=r"incomplete: 1 of 1.*LENOVO_REFERENCE"):
        read_public_set(folder)
    (folder / "queries.jsonl").write_text("{", encoding="utf-8")
    with pytest.raises(PermanentFailure, match="cannot be read"):
        read_public_set(folder)
