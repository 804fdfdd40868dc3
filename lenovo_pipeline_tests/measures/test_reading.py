"""How a question is put and how the final answer is read."""

import pytest

from lenovo_pipeline.measures.reading import CLOSED_BOOK_SYSTEM, OPEN_BOOK_SYSTEM, final_answer, question_messages


def test_passages_are_numbered_and_the_question_stands_last() -> None:
    system, user = question_messages(" Who? ", ["First.", "Second."])
    assert system == {"role": "system", "content": OPEN_BOOK_SYSTEM}
    assert user == {"role": "user", "content": "[1] First.\n\n[2] Second.\n\nQuestion: Who?"}


def test_without_passages_the_model_is_told_to_answer_from_what_it_knows() -> None:
    system, user = question_messages("Who?")
    assert system["content"] == CLOSED_BOOK_SYSTEM
    assert user["content"] == "Question: Who?"


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("The battery holds 5000 mAh.\nAnswer: 5000 mAh", "5000 mAh"),
        ("Answer: 12\nAnswer: 13.", "13"),
        ("答案：“三年”。", "三年"),
        ("answer: yes\nBecause it is so.", "yes"),
        ("Simply Germany.", "Simply Germany"),
        ("I think so.\nAnswer:", ""),
        ("", ""),
        ("Answer: 3.5", "3.5"),
        ('Answer: 6.7"', '6.7"'),
        ("Answer: 'ThinkPad'", "ThinkPad"),
        ('Answer: "X" and "Y"', '"X" and "Y"'),
        ("**Answer:** 28 h", "28 h"),
        ("**Answer**: 28 h", "28 h"),
        ("Answer:\n28 h\nas stated", "28 h"),
        ("Answer:\n- razr 60;\n- Moto G55\n\nThat is all.", "razr 60; Moto G55"),
        ("Answer: 1. Release the area\n2. Close the order", "Release the area; Close the order"),
        ("Answer: - 5 °C", "- 5 °C"),
        ("答案：「三年」", "三年"),
    ],
)
def test_the_final_answer_follows_the_last_mark(said: str, meant: str) -> None:
    assert final_answer(said) == meant
