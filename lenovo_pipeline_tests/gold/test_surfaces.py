"""Values are found in texts as wholes, in the forms that people write."""

from datetime import date

import pytest

from lenovo_pipeline.gold.surfaces import date_forms, find, number_forms, sequences, share_forms


@pytest.mark.parametrize(
    ("text", "form", "stands"),
    [
        ("it has 16 gb of memory", "16 GB", True),
        ("it has 116 gb of memory", "16 GB", False),
        ("it weighs 1.16 gb", "16 GB", False),
        ("it has 16 gbit ports", "16 GB", False),
        ("version 1.24.", "1.24", True),
        ("version 1.24.3", "1.24", False),
        ("内存为16 gb。", "16 GB", True),
        ("code e-431, e-4312", "E-431", True),
        ("code e-4312", "E-431", False),
        ("anything", "", False),
    ],
)
def test_a_form_stands_in_a_text_only_as_a_whole(text: str, form: str, stands: bool) -> None:
    assert bool(find(text, [form])) is stands


def test_numbers_have_the_form_of_the_texts_first() -> None:
    assert number_forms(36, "month")[:3] == ("36 months", "36 个月", "36 個月")
    assert "3 years" in number_forms(36, "month")
    assert "2 TB" in number_forms(2048, "GB")
    assert "1,299.99 USD" not in number_forms(1299.99, "USD")
    assert "$1,299" in number_forms(1299, "USD")
    assert share_forms(0.95)[0] == "95 %"


def test_days_have_no_ambiguous_forms() -> None:
    forms = date_forms(date(2026, 3, 5))
    assert forms[0] == "2026-03-05"
    assert not any("03/05" in form or "05/03" in form for form in forms)


def test_sequences_are_of_four_words_and_chinese_signs_are_words() -> None:
    assert sequences("What is it, then?") == {("what", "is", "it", "then")}
    assert len(sequences("基本内存")) == 1
    assert sequences("too short") == set()
