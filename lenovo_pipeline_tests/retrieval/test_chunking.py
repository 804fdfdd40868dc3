"""Ways to cut texts: what each gives of the same record, and the comparison on a small world."""

from typing import Any

import pandas as pd
import pytest

from lenovo_pipeline.gold.tables import EVIDENCE_TABLES, QRELS
from lenovo_pipeline.retrieval.chunking.comparing import compare
from lenovo_pipeline.retrieval.chunking.strategies import STRATEGIES, STRUCTURAL
from lenovo_pipeline.retrieval.plots import strategies
from lenovo_pipeline.retrieval.scoring import relevance_of

TEXT = (
    "# Battery drains\n\nThe battery loses charge overnight. The gauge reads 40 %. Update the firmware to 1.12.\n\n"
    "## Steps\n\n1. Open the settings.\n2. Install the update. 更新固件。重启设备。\n\n" + "A further sentence about power. " * 40
)


@pytest.fixture
def sources() -> dict[str, pd.DataFrame]:
    row = {"article_id": "KB-1", "title": "Battery drains", "text": TEXT, "language": "en", "anchor": "series:T14"}
    return {"support_articles": pd.DataFrame([row])}


@pytest.mark.parametrize("name", STRATEGIES)
def test_every_word_of_a_text_is_searched_and_no_piece_is_too_long(name: str, sources: Any, place: Any) -> None:
    units = STRATEGIES[name](sources, 64, place.encoder.count_tokens)
    searched = " ".join(unit.searched for unit in units)
    assert {word for word in TEXT.split() if word.isalnum()} <= set(searched.replace(".", " ").replace("。", " ").split())
    assert max(place.encoder.count_tokens([unit.searched for unit in units])) <= 64 + 2
    assert len(units) > 3 and {unit.record_id for unit in units} == {"KB-1"}


def test_windows_overlap_sentences_show_their_neighbours_and_children_their_parents(sources: Any, place: Any) -> None:
    made = {name: strategy(sources, 64, place.encoder.count_tokens) for name, strategy in STRATEGIES.items()}
    first, second = (unit.shown.split() for unit in made["fixed"][:2])
    assert set(first[-5:]) <= set(second)
    assert "The gauge reads 40 %." in made["sentence window"][1].searched + made["sentence window"][2].searched
    for unit in made["sentence window"] + made["parent and child"]:
        assert unit.searched.partition("\n")[2].strip() in unit.shown or len(unit.shown) > len(unit.searched)
    assert len({unit.shown for unit in made["parent and child"]}) < len(made["parent and child"])


def test_all_are_compared_on_the_same_questions_and_with_the_products_own_way(place: Any) -> None:
    relevance = relevance_of(place.warehouse.load(QRELS))
    world = {name: place.world[name] for name in EVIDENCE_TABLES}
    found = compare(world, place.questions, relevance, place.encoder, limit=96, profile="smoke", seed=1)
    assert set(found["strategy"]) == set(STRATEGIES) and found["questions"].nunique() == 1
    rows = {row["strategy"]: row for row in found.to_dict("records")}
    assert pd.isna(rows[STRUCTURAL]["difference"]) and all(rows[each]["lower"] <= 1 for each in rows if each != STRUCTURAL)
    assert rows["parent and child"]["shown_tokens"] > rows["parent and child"]["searched_tokens"]
    assert max(row["recall"] for row in rows.values()) > 0.2
    assert strategies(found).startswith("![chunking](data:image/png;base64,")
