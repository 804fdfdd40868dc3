"""What counts as a right answer, type by type, and what does not."""

import pandas as pd
import pytest

from lenovo_pipeline.enterprise.world import build_world
from lenovo_pipeline.gold.make import make_questions
from lenovo_pipeline.measures.candidate import Question
from lenovo_pipeline.measures.items import Item, items_from_rows
from lenovo_pipeline.measures.metrics.basic import BASIC_METRICS, correct, refused
from lenovo_pipeline.measures.metrics.dates import dates_in
from lenovo_pipeline.measures.metrics.lists import items_in, list_f1
from lenovo_pipeline.measures.metrics.metric import score
from lenovo_pipeline.measures.metrics.normalise import exact_match, normalise, token_f1
from lenovo_pipeline.measures.metrics.quantities import Quantity, quantities_in, quantity_match
from lenovo_pipeline.measures.metrics.refusals import is_refusal, refusal_rates
from lenovo_pipeline.measures.metrics.units import COUNT
from lenovo_pipeline.measures.metrics.yes_no import says_yes, yes_no_match
from lenovo_pipeline.measures.reading import final_answer


@pytest.fixture(scope="module")
def gold() -> list[Item]:
    questions: pd.DataFrame = make_questions(build_world(11, 0.1), 11, 0.1)
    return items_from_rows(questions.to_dict("records"))  # type: ignore[arg-type]


def test_every_gold_answer_and_alias_is_right_for_its_question(gold: list[Item]) -> None:
    assert {item.answer_type for item in gold} == {"text", "number", "list", "yes_no", "refusal"}
    wrong = [(form, item.answer, item.unit) for item in gold for form in item.right_forms if not correct(form, item)]
    assert wrong == []


def test_no_gold_answer_is_taken_for_a_refusal_and_none_is_right_for_a_question_with_another_answer(gold: list[Item]) -> None:
    assert [item.answer for item in gold if not item.unanswerable and refused(item.answer, item)] == []
    by_type: dict[str, list[Item]] = {}
    for item in gold:
        by_type.setdefault(item.answer_type, []).append(item)
    swapped = [
        (item.answer, item.unit, other.answer)
        for items in by_type.values()
        for item, other in zip(items, [*items[1:], items[0]], strict=True)
        if item.answer != other.answer and correct(other.answer, item)
    ]
    assert swapped == []


def test_normalisation_is_that_of_squad_and_takes_chinese_by_characters() -> None:
    assert normalise("The  Quick, brown-fox's AN end.") == "quick brownfoxs end"
    assert normalise("“故障”的 A 原因，是 GPU1。") == "故 障 的 原 因 是 gpu1"
    assert exact_match("the Moto-G55!", ["Moto G85", "motog55"]) == 1
    assert exact_match("Moto G5", ["Moto G55"]) == 0
    assert exact_match("A", ["a"]) == 1
    assert exact_match("", ["A"]) == exact_match("the", ["A"]) == exact_match(".", ["A"]) == 0


def test_token_f1_is_that_of_squad() -> None:
    assert token_f1("the red cooling fan", ["a red fan"]) == pytest.approx(0.8)
    assert token_f1("fan fan", ["fan"]) == pytest.approx(2 / 3)
    assert token_f1("x", ["y", "x z"]) == pytest.approx(2 / 3)
    assert token_f1("the", ["a"]) == 1 and token_f1("", ["a b"]) == 0
    assert token_f1("故障原因", ["故障"]) == pytest.approx(2 / 3)
    with pytest.raises(ValueError, match="no right form"):
        token_f1("x", [])


@pytest.mark.parametrize(
    ("said", "right", "unit"),
    [
        ("5,000 mAh", "5000", "mAh"),
        ("5000mAh", "5000", "mAh"),
        ("5 Ah", "5000", "mAh"),
        ("5000", "5000", "mAh"),
        ("The battery holds 5000 mAh", "5000", "mAh"),
        ("4 days", "96", "h"),
        ("96 hours (4 days)", "96", "h"),
        ("24 to 24 months", "24", "month"),
        ("2 years", "24", "month"),
        ("2 TB", "2048", "GB"),
        ("US$1,361,000", "1361000", "USD"),
        ("$1.361 million", "1361000", "USD"),
        ("136.1万美元", "1361000", "USD"),
        ("21680.01 US dollars", "21680.01", "USD"),
        ("百分之99", "99", "%"),
        ("99 per cent", "99", "%"),
        ("6.6-inch", "6.6", "inch"),
        ('6.6"', "6.6", "inch"),
        ("28 小時", "28", "h"),
        ("28個小時", "28", "h"),
        ("186 g", "0.186", "kg"),
        ("8-core", "8", "cores"),
        ("39 台", "39", "unit"),
        ("Three incidents", "3", None),
        ("7.0", "7", None),
        ("-5 °C", "-5", "°C"),
        ("−5 degrees Celsius", "-5", "°C"),
        ("34960 Mbps", "34960", "Mbit/s"),
        ("２８ hours", "28", "h"),
        ("In 2024-03-01 terms: 43 days", "43", "day"),
    ],
)
def test_a_quantity_is_right_in_any_form_and_convertible_unit(said: str, right: str, unit: str | None) -> None:
    assert quantity_match(said, right, unit) == 1


@pytest.mark.parametrize(
    ("said", "right", "unit"),
    [
        ("28 minutes", "28", "h"),
        ("28 GB", "28", "user"),
        ("28 hours or 30 hours", "28", "h"),
        ("28 or 30 hours", "30", "h"),
        ("28-30 h", "30", "h"),
        ("5,000", "5", None),
        ("50", "5000", "mAh"),
        ("T14", "14", None),
        ("CON-8", "8", None),
        ("20AR", "20", None),
        ("6.10.3", "6.10", None),
        ("13th", "13", None),
        ("€5", "5", "USD"),
        ("1160 MB/s", "1160", "Mbit/s"),
        ("99", "0.99", "%"),
        ("2024-03-01", "2024", None),
        ("many", "3", None),
        ("", "3", None),
        ("3 or 4", "3", None),
    ],
)
def test_another_quantity_or_unit_or_a_choice_of_two_is_wrong(said: str, right: str, unit: str | None) -> None:
    assert quantity_match(said, right, unit) == 0


def test_numbers_of_the_question_said_again_are_no_second_answer() -> None:
    question = "How many incidents hit the ThinkPad P16 Gen 3?"
    assert quantity_match("The ThinkPad P16 Gen 3 had 5 incidents", "5", None, question) == 1
    assert quantity_match("The ThinkPad P16 Gen 3 had 5 incidents", "5", None) == 0
    assert quantity_match("The ThinkPad P16 Gen 3 had 5 incidents", "3", None, question) == 0
    assert quantity_match("3", "3", None, question) == 1


def test_quantities_come_in_order_with_their_dimensions() -> None:
    found = quantities_in("2 kg, 1,5 oz and 3 to 4 h on 2 May 2024 for 7 people")
    assert found[0] == Quantity(2, "mass")
    assert found[-3:] == (Quantity(3 * 3600, "time"), Quantity(4 * 3600, "time"), Quantity(7, COUNT))
    with pytest.raises(ValueError, match="could not convert"):
        quantity_match("3", "three", None)


@pytest.mark.parametrize(
    "said",
    [
        "2026-02-27",
        "27 February 2026",
        "February 27, 2026",
        "27 Feb. 2026",
        "2026年2月27日",
        "2026/02/27",
        "the 27th of February 2026",
        "It was on Feb 27 2026",
        "27-Feb-2026",
    ],
)
def test_a_date_is_right_in_every_form_that_is_not_ambiguous(said: str) -> None:
    item = Item(Question("q", "When?", "en"), "2026-02-27", "text")
    assert correct(said, item) == 1
    assert correct(said.replace("27", "26"), item) == 0
    assert correct(f"{said} or 2025-01-01", item) == 0


def test_what_only_looks_like_a_date_is_none() -> None:
    assert dates_in("2026-02-31, 27/02/2026, 12026-02-27, 2026-02-271, 31 April 2025") == set()


@pytest.mark.parametrize(
    ("said", "right"),
    [
        ("Yes.", "yes"),
        ("No, it does not", "no"),
        ("yes, there is no USB-C", "yes"),
        ("True", "yes"),
        ("不是", "no"),
        ("是的，没错", "yes"),
        ("否", "no"),
        ("對", "yes"),
        ("No, the records do not mention it.", "no"),
    ],
)
def test_the_first_word_says_yes_or_no(said: str, right: str) -> None:
    assert yes_no_match(said, right) == 1
    assert yes_no_match(said, {"yes": "no", "no": "yes"}[right]) == 0


@pytest.mark.parametrize(
    "said", ["yes or no", "Yes/No", "是否", "maybe", "", "not stated", "No information available", "nothing", "没有记录"]
)
def test_what_says_neither_or_both_or_refuses_is_no_answer(said: str) -> None:
    assert says_yes(said) is None
    assert yes_no_match(said, "yes") == yes_no_match(said, "no") == 0


def test_a_right_answer_that_is_neither_yes_nor_no_is_an_error() -> None:
    with pytest.raises(ValueError, match="expected yes or no"):
        yes_no_match("yes", "perhaps")


NAMES = ("Clause Negotiation, Greater China", "New Joiner Equipment, United Kingdom and Ireland", "Drop Test, India")


@pytest.mark.parametrize(
    "said",
    [
        "; ".join(NAMES),
        "; ".join(reversed(NAMES)),
        ", ".join(NAMES),
        f"{NAMES[2]}, {NAMES[0]} and {NAMES[1]}",
        "- " + "\n- ".join(NAMES),
        "1. " + "\n2) ".join(NAMES[:2]) + f"\n3. {NAMES[2]}",
        "、".join(NAMES),
        f"{NAMES[0]}；{NAMES[1]}和{NAMES[2]}",
        f"{NAMES[0]}; {NAMES[1]}; and {NAMES[2]}; {NAMES[2]}; .",
    ],
)
def test_a_list_is_right_in_any_order_and_with_any_separators(said: str) -> None:
    assert list_f1(said, NAMES) == 1


def test_missing_and_surplus_items_cost_as_f1_says() -> None:
    assert list_f1("; ".join(NAMES[:2]), NAMES) == pytest.approx(0.8)
    assert list_f1("; ".join((*NAMES, "Gift Register Review, Oceania")), NAMES) == pytest.approx(6 / 7)
    assert list_f1("", NAMES) == 0
    assert items_in("ThinkSystem SR650 V2", ["ThinkSystem SR650"]) == {"thinksystem sr650 v2"}
    item = Item(Question("q", "Which?", "en"), "; ".join(NAMES), "list", answer_items=NAMES)
    assert correct("; ".join(NAMES[:2]), item) == 0
    with pytest.raises(ValueError, match="no right items"):
        list_f1("a", [])


@pytest.mark.parametrize(
    "said",
    [
        "not stated",
        "Not stated.",
        "The records do not say.",
        "unknown",
        "N/A",
        "cannot be answered from the records",
        "The passages do not mention the stock symbol.",
        "The provided context doesn't contain this information.",
        "I don't know.",
        "I cannot answer this question.",
        "There is no information about the rival bidder.",
        "It is not specified.",
        "This information is not available in the passages.",
        "无法回答",
        "記錄中沒有",
        "记录中没有说明",
        "文中未提及",
        "不知道",
        "我无法确定。",
    ],
)
def test_refusals_are_recognised_in_both_languages(said: str) -> None:
    assert is_refusal(final_answer(said))


@pytest.mark.parametrize(
    "said",
    [
        "",
        " ",
        "28 h",
        "no",
        "Unknown Systems Ltd",
        "The Known Good Company",
        "Not Only Bikes",
        "Record it in the log",
        "是",
        "无",
        "Notes",
    ],
)
def test_an_answer_or_silence_is_no_refusal(said: str) -> None:
    assert not is_refusal(said)


def test_a_right_answer_that_sounds_like_a_refusal_is_an_answer() -> None:
    item = Item(Question("q", "What does the display say?", "en"), "Not available", "text")
    assert refused("Not available", item) == 0 and correct("not available", item) == 1
    assert refused("not stated", item) == 1 and correct("not stated", item) == 0


def test_refusal_rates_are_those_of_the_confusion_table() -> None:
    rates = refusal_rates([True, True, False, False, True], [True, False, True, False, True])
    assert (rates.precision, rates.recall, rates.false_refusals) == pytest.approx((2 / 3, 2 / 3, 1 / 2))
    none = refusal_rates([False], [False])
    assert (none.precision, none.recall, none.false_refusals) == (None, None, 0)
    assert refusal_rates([], []).false_refusals is None
    with pytest.raises(ValueError, match="zip"):
        refusal_rates([True], [])


def test_every_metric_applies_where_it_says(gold: list[Item]) -> None:
    for metric in BASIC_METRICS:
        for item, one in zip(gold, score(metric, [item.answer for item in gold], gold), strict=True):
            assert (one.value is not None) == metric.applies(item.answer_type)
            assert one.reason == "" or item.answer_type in one.reason
    with pytest.raises(ValueError, match="1 answers for"):
        score(BASIC_METRICS[0], ["a"], gold)
