import gzip
import json
import os
import subprocess
import sys
from math import log2
from pathlib import Path

import pandas as pd
import pytest

from lenovo_pipeline.failures import PermanentFailure
from lenovo_pipeline.knowledge import keyword_index
from lenovo_pipeline.knowledge.keyword_index import KeywordIndex, build_index
from lenovo_pipeline.knowledge.tokenizer import tokenize


def _chunks(*texts: str) -> pd.DataFrame:
    return pd.DataFrame({"chunk_id": [f"CHK-{i:03}" for i in range(len(texts))], "context": "", "text": list(texts)})


@pytest.mark.parametrize(
    ("asked", "written"),
    [
        ("SR650V3", "The ThinkSystem SR650 V3 has two sockets"),
        ("sr650 v3", "ThinkSystem SR650V3"),
        ("gen12", "ThinkPad X1 Carbon Gen 12"),
        ("E4312", "The code E-4312 is shown"),
        ("e 4312", "The code E-4312 is shown"),
        ("80070057", "It fails with 0x80070057"),
        ("edge+", "The Moto edge+ (2024) restarts"),
        ("ｅｄｇｅ＋", "The Moto edge+ (2024) restarts"),
        ("1,802 cycles", "after 1802 cycles"),
        ("batteries", "The battery's charge"),
        ("Uberprufung", "Die Überprüfung läuft"),
        ("笔记本电脑", "筆記本電腦無法開機"),
        ("軟體更新", "请先完成软件更新"),
        ("储存", "儲存空間不足"),
        ("電池", "更换电池后恢复正常"),
    ],
)
def test_different_spellings_of_one_thing_meet(asked: str, written: str) -> None:
    assert set(tokenize(asked)) & set(tokenize(written)) - {"e"}


def test_versions_generations_and_codes_stay_apart() -> None:
    assert "124" not in tokenize("version 1.24")
    assert set(tokenize("Gen 12")) - set(tokenize("Gen 11 with 12 cores")) == {"gen12"}
    assert "edge+" not in tokenize("Moto edge (2024)")


@pytest.mark.parametrize("text", ["", " \n", "!?", "🙂", "the of and", "\x00\ud800"])
def test_a_text_may_have_no_words(text: str) -> None:
    assert tokenize(text) in ([], [text.strip()])


def test_the_best_match_comes_first_and_ties_are_ordered_by_id(tmp_path: Path) -> None:
    build_index(_chunks("battery drains", "battery battery drains fast", "unrelated words", "battery drains"), tmp_path / "index")
    found = KeywordIndex.load(tmp_path / "index").search("battery drains", 10)
    assert {i for i, _ in found} == {"CHK-000", "CHK-001", "CHK-003"}
    assert [i for i, _ in found if i != "CHK-001"] == ["CHK-000", "CHK-003"]
    assert [score for _, score in found] == sorted((score for _, score in found), reverse=True)
    assert KeywordIndex.load(tmp_path / "index").search("battery drains", 1) == found[:1]
    assert KeywordIndex.load(tmp_path / "index").search("nothing of the kind", 5) == []


def test_title_and_section_are_found_too(tmp_path: Path) -> None:
    chunks = pd.DataFrame({"chunk_id": ["CHK-1"], "context": ["razr 40 > Hinge"], "text": ["Replace the part."]})
    build_index(chunks, tmp_path / "index")
    assert KeywordIndex.load(tmp_path / "index").search("razr hinge", 1)[0][0] == "CHK-1"


def test_an_index_of_nothing_answers_nothing(tmp_path: Path) -> None:
    for name, chunks in (("none", _chunks()), ("wordless", _chunks("!!", "🙂"))):
        build_index(chunks, tmp_path / name)
        assert KeywordIndex.load(tmp_path / name).search("battery", 3) == []


def test_the_same_chunks_in_any_order_and_any_process_give_the_same_files(tmp_path: Path) -> None:
    code = (
        "import sys, pandas as pd\nfrom pathlib import Path\nfrom lenovo_pipeline.knowledge.keyword_index import build_index\n"
        "f = pd.DataFrame({'chunk_id': ['CHK-1', 'CHK-2'], 'context': '', 'text': ['battery drains', 'flickers 電池']})\n"
        "build_index(f.sort_values('chunk_id', ascending=sys.argv[2] == 'up'), Path(sys.argv[1]))"
    )
    for seed, order in (("1", "up"), ("2", "down")):
        environment = os.environ | {"PYTHONHASHSEED": seed}
        subprocess.run([sys.executable, "-c", code, str(tmp_path / seed), order], check=True, env=environment)
    names = sorted(path.name for path in (tmp_path / "1").iterdir())
    assert names == sorted(path.name for path in (tmp_path / "2").iterdir())
    assert all((tmp_path / "1" / name).read_bytes() == (tmp_path / "2" / name).read_bytes() for name in names)


def test_an_index_that_is_there_already_is_left_alone_and_a_changed_text_replaces_it(tmp_path: Path) -> None:
    assert not build_index(_chunks("one", "two"), tmp_path / "index")["reused"]
    assert build_index(_chunks("one", "two"), tmp_path / "index")["reused"]
    assert not build_index(_chunks("one", "two", "three"), tmp_path / "index")["reused"]
    assert KeywordIndex.load(tmp_path / "index").search("three", 1)
    assert [path.name for path in tmp_path.iterdir()] == ["index"]


def test_an_index_of_other_rules_is_refused_with_the_remedy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    build_index(_chunks("one"), tmp_path / "index")
    monkeypatch.setattr(keyword_index, "K1", 9.0)
    monkeypatch.setattr(keyword_index, "tokenizer_version", lambda: "another")
    with pytest.raises(PermanentFailure, match=r"tokenizer is .* expected 'another'.*k1 is 1.2.*Materialise"):
        KeywordIndex.load(tmp_path / "index")
    assert not build_index(_chunks("one"), tmp_path / "index")["reused"]


def test_damage_is_found_and_repaired_by_building_again(tmp_path: Path) -> None:
    build_index(_chunks("one", "two"), tmp_path / "index")
    (tmp_path / "index" / "vocab.index.json").write_text("{}")
    (tmp_path / "index" / "chunk_ids.json").unlink()
    with pytest.raises(PermanentFailure, match=r"chunk_ids.json is missing, vocab.index.json was changed.*Materialise"):
        KeywordIndex.load(tmp_path / "index")
    build_index(_chunks("one", "two"), tmp_path / "index")
    assert KeywordIndex.load(tmp_path / "index").search("two", 1)[0][0] == "CHK-001"
    with pytest.raises(PermanentFailure, match=r"does not exist.*Materialise"):
        KeywordIndex.load(tmp_path / "other")


def test_scifact_is_ranked_as_well_as_public_bm25_does(tmp_path: Path, scifact: Path) -> None:
    with gzip.open(scifact / "corpus.jsonl.gz", "rt", encoding="utf-8") as lines:
        documents = [json.loads(line) for line in lines]
    chunks = pd.DataFrame(
        {
            "chunk_id": [document["_id"] for document in documents],
            "context": [document["title"] for document in documents],
            "text": [document["text"] for document in documents],
        }
    )
    build_index(chunks, tmp_path / "index")
    index = KeywordIndex.load(tmp_path / "index")
    queries = {row["_id"]: row["text"] for row in map(json.loads, (scifact / "queries.jsonl").read_text().splitlines())}
    relevant: dict[str, set[str]] = {}
    for line in (scifact / "qrels" / "test.tsv").read_text().splitlines()[1:]:
        query, document, _ = line.split()
        relevant.setdefault(query, set()).add(document)
    total = 0.0
    for query, wanted in relevant.items():
        gains = [1 / log2(rank + 2) for rank, (found, _) in enumerate(index.search(queries[query], 10)) if found in wanted]
        total += sum(gains) / sum(1 / log2(rank + 2) for rank in range(min(10, len(wanted))))
    assert len(relevant) == 300
    assert 0.67 <= total / len(relevant) <= 0.69
