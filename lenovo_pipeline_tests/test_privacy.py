"""Erased people: who is recognised, what is replaced, what is stored of them."""

import json
from pathlib import Path

import pandas as pd
import pytest

from lenovo_pipeline import privacy
from lenovo_pipeline.failures import PermanentFailure
from lenovo_pipeline.privacy import (
    FILE,
    MARK,
    Tombstones,
    erased_ids,
    load_tombstones,
    names_in_address,
    pseudonym,
    same_name,
    without,
)

NAME, ADDRESS = "Zoë Müller-Ashdown", "zoe.mueller@lenovo.example"


@pytest.fixture(scope="module")
def tombstones() -> Tombstones:
    one = Tombstones().with_person(records=["USR-7"], names=[NAME], addresses=[ADDRESS], erased_at="2026-11-21")
    return one.with_person(records=["CUS-8"], names=["王伟", "Wei Wang"], addresses=[], erased_at="2026-11-21")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Ask Zoë Müller-Ashdown about it", f"Ask {MARK} about it"),
        ("ZOE  MULLER-ASHDOWN's desk", f"{MARK}'s desk"),
        ("Müller-Ashdown, Zoë\tsigned", f"{MARK}\tsigned"),
        ("Zoë\nMüller Ashdown", MARK),
        ("zoe_muller_ashdown.csv", f"{MARK}.csv"),
        ("mail Zoe.Mueller@Lenovo.example, now", f"mail {MARK}, now"),
        ("(zoe.mueller@lenovo.example).", f"({MARK})."),
        ("由王伟负责，请联系", f"由{MARK}负责，请联系"),
        ("王 伟", MARK),
        ("Zoë Müller-Ashdown Zoë Müller-Ashdown", f"{MARK} {MARK}"),
        ("Wang Wei came", f"{MARK} came"),
    ],
)
def test_a_name_is_replaced_however_it_is_written(tombstones: Tombstones, text: str, expected: str) -> None:
    assert tombstones.redact_text(text) == expected


def test_a_name_in_decomposed_characters_is_replaced(tombstones: Tombstones) -> None:
    assert tombstones.redact_text("Zoe\u0308 Mu\u0308ller-Ashdown") == MARK


@pytest.mark.parametrize(
    "text",
    [
        "Zoë is here",
        "Müller-Ashdown is here",
        "Zoë Smith-Ashdown and Ida Müller",
        "Zoë Müller-Ashdowns",
        "other.zoe.mueller@lenovo.example",
        "伟王",
        "王 大 伟",
        "Zoë. And then, much later, Müller-Ashdown",
    ],
)
def test_part_of_a_name_or_another_order_of_characters_stays(tombstones: Tombstones, text: str) -> None:
    assert tombstones.redact_text(text) is text


def test_a_name_split_over_neighbouring_fields_of_a_row_is_replaced(tombstones: Tombstones) -> None:
    row = {"id": 3, "last": "Müller-Ashdown", "first": "Zoë", "note": "likes ThinkPads", "family": "王", "given": "伟"}
    assert tombstones.redact_values(row) == {
        "id": 3,
        "last": MARK,
        "first": MARK,
        "note": "likes ThinkPads",
        "family": MARK,
        "given": MARK,
    }


def test_nested_values_are_replaced_and_keys_stay(tombstones: Tombstones) -> None:
    row = {"people": [{"full": NAME, "age": 41}, None], NAME: True}
    assert tombstones.redact_values(row) == {"people": [{"full": MARK, "age": 41}, None], NAME: True}


def test_a_frame_is_redacted_in_the_named_columns_only(tombstones: Tombstones) -> None:
    frame = pd.DataFrame({"a": [f"by {NAME}", None], "b": [NAME, "x"]})
    assert tombstones.redact_frame(frame, ["a"]).to_dict("list") == {"a": [f"by {MARK}", None], "b": [NAME, "x"]}
    assert frame["a"][0] == f"by {NAME}"


def test_a_person_row_gets_a_pseudonym_only_where_address_or_id_and_name_fit(tombstones: Tombstones) -> None:
    frame = pd.DataFrame(
        {
            "id": ["USR-7", "USR-7", "USR-9", "USR-9", "CUS-8"],
            "name": [NAME, "Somebody Else", "Any Body", NAME, "王伟"],
            "mail": ["other@x.example", "other@x.example", ADDRESS, "namesake@x.example", "wei@x.example"],
        }
    )
    made = tombstones.pseudonymise(frame, identity="id", name="name", address="mail")
    assert made["name"].tolist() == [
        "Erased person USR-7",
        "Somebody Else",
        "Erased person USR-9",
        NAME,
        "Erased person CUS-8",
    ]
    assert made["mail"].tolist()[0] == "erased-usr-7@invalid.example"
    assert erased_ids(made, identity="id", address="mail") == {"USR-7", "USR-9", "CUS-8"}
    assert without(made, "id", {"USR-7"})["id"].tolist() == ["USR-9", "USR-9", "CUS-8"]


def test_nobody_erased_changes_and_costs_nothing() -> None:
    nobody = Tombstones()
    frame = pd.DataFrame({"a": [NAME]})
    assert nobody.redact_text(NAME) is NAME
    assert nobody.redact_frame(frame, ["a"]) is frame
    assert nobody.pseudonymise(frame, identity="a", name="a", address="a") is frame
    assert without(frame, "a", set()) is frame
    assert nobody.version == ""


def test_the_list_holds_no_name_and_comes_back_as_it_was(tombstones: Tombstones, tmp_path: Path) -> None:
    written = tombstones.to_json()
    for word in ("zo", "müller", "mueller", "muller", "ashdown", "wang", "王", "伟", "lenovo.example"):
        assert word not in written.lower().replace("lenovo.example ", "")
        assert json.dumps(word)[1:-1] not in written.lower()
    (tmp_path / FILE).write_text(written, encoding="utf-8")
    assert load_tombstones(tmp_path) == tombstones


def test_the_same_person_twice_is_one_and_the_version_tells_lists_apart(tombstones: Tombstones) -> None:
    again = tombstones.with_person(records=["USR-7"], names=[NAME], addresses=[ADDRESS], erased_at="later")
    assert again is tombstones
    more = tombstones.with_person(records=[], names=["Some Body"], addresses=[], erased_at="later")
    assert len(more.people) == 3
    assert more.version != tombstones.version


def test_lists_of_two_stores_merge_though_their_keys_differ(tombstones: Tombstones) -> None:
    other = Tombstones().with_person(records=[], names=["Ida Okafor"], addresses=[], erased_at="")
    both = tombstones.merged(other)
    assert both.redact_text(f"Ida Okafor, {NAME}") == f"{MARK}, {MARK}"
    assert both.merged(other) == both


@pytest.mark.parametrize(
    ("who", "found"), [("usr-7", 1), (ADDRESS.upper(), 1), ("Zoe Muller Ashdown", 1), ("Zoë", 0), ("USR-8", 0)]
)
def test_an_erased_person_is_found_by_id_address_or_name(tombstones: Tombstones, who: str, found: int) -> None:
    assert len(tombstones.find(who)) == found


@pytest.mark.parametrize("name", ["Zoë", "", "  "])
def test_a_single_word_is_refused_as_a_name(name: str) -> None:
    with pytest.raises(ValueError, match="full name"):
        Tombstones().with_person(names=[name], erased_at="")


def test_nobody_in_particular_cannot_be_erased() -> None:
    with pytest.raises(ValueError, match="name or an address"):
        Tombstones().with_person(records=["USR-1"], erased_at="")


@pytest.mark.parametrize("content", ["", "{}", '{"format": 99, "people": []}', '{"format": 1, "people": [{}]}', "[]"])
def test_a_damaged_list_stops_whoever_reads_it(tmp_path: Path, content: str) -> None:
    (tmp_path / FILE).write_text(content, encoding="utf-8")
    with pytest.raises(PermanentFailure, match="backup"):
        load_tombstones(tmp_path)


def test_no_list_means_that_nobody_was_erased(tmp_path: Path) -> None:
    assert not load_tombstones(tmp_path)


def test_an_address_spells_a_name_only_with_two_words() -> None:
    assert names_in_address("wei.wang.10012@lenovo.example") == ["wei wang"]
    assert names_in_address("wei@lenovo.example") == []
    assert same_name("Wang, Wei", "wei WANG")
    assert pseudonym("USR-1") == ("Erased person USR-1", "erased-usr-1@invalid.example")


def test_a_text_without_the_names_costs_one_hash_for_each_different_word(
    tombstones: Tombstones, monkeypatch: pytest.MonkeyPatch
) -> None:
    hashed: list[str] = []
    hash_of = privacy._hash

    def counted(key: str, form: str) -> str:
        hashed.append(form)
        return hash_of(key, form)

    monkeypatch.setattr(privacy, "_hash", counted)
    words = ["nobody", "quick", "browsed", "foxes", "wherever", "docking", "stations", "hum"]
    text = " ".join(words * 2_000)
    assert tombstones.redact_text(text) is text
    assert 0 < len(hashed) <= len(words)
