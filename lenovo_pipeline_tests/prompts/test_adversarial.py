"""Adversarial scenarios: each one is pure, seeded, changes what it says, and tells the right answer afterwards."""

import json
import re
from pathlib import Path

import pandas as pd
import pytest

from lenovo_pipeline.contracts import conform
from lenovo_pipeline.prompts.adversarial.apply import FEWEST_KINDS, PER_KIND, kinds_table, make_adversarial
from lenovo_pipeline.prompts.adversarial.forms import LONG
from lenovo_pipeline.prompts.adversarial.scenarios import KINDS, Case, outside_quotes, scenario, unquoted
from lenovo_pipeline.prompts.adversarial.slips import NEIGHBOURS
from lenovo_pipeline.prompts.adversarial.verify import missing_scenarios, wrong_answers
from lenovo_pipeline.prompts.draw import Draw
from lenovo_pipeline.prompts.tables import ADVERSARIAL, GROUPS

SEED = 11
REFERENCE = Path(__file__).resolve().parents[3] / "shared" / "reference"

_CODES = re.compile(r"\d+(?:[.,-]\d+)*|[A-Z]{3}-[0-9A-F]{4}")
SLIPS = ("typos", "keyboard_slips", "unicode_and_emoji", "mixed_languages")
REFUSED = {
    "nothing_at_all", "only_blanks", "only_punctuation", "question_missing", "records_withdrawn", "records_missing",
}  # fmt: skip


@pytest.fixture(scope="module")
def cases(prompts: pd.DataFrame) -> list[Case]:
    test = prompts[prompts["split"] == "test"]
    rows = test.groupby(["task_type", "language"]).head(1)[list(Case.__dataclass_fields__)]
    return [Case.of(row) for row in rows.to_dict("records")]


@pytest.fixture(scope="module")
def adversarial(prompts: pd.DataFrame) -> pd.DataFrame:
    return make_adversarial(prompts, SEED)


def test_there_are_fifty_kinds_in_every_group_on_enough_prompts(adversarial: pd.DataFrame, prompts: pd.DataFrame) -> None:
    conform(adversarial, ADVERSARIAL)
    assert len(KINDS) >= FEWEST_KINDS == 50
    assert {one.group for one in KINDS.values()} == set(GROUPS)
    assert missing_scenarios(adversarial) == []
    assert wrong_answers(adversarial, prompts) == []
    assert (adversarial.groupby("kind").size() == PER_KIND).all()
    assert set(adversarial["split"]) == {"test"}
    assert set(kinds_table()["kind"]) == set(adversarial["kind"])


def test_the_same_prompts_and_seed_give_the_same_changes(adversarial: pd.DataFrame, prompts: pd.DataFrame) -> None:
    pd.testing.assert_frame_equal(make_adversarial(prompts.sample(frac=1, random_state=2), SEED), adversarial)
    assert not make_adversarial(prompts, SEED + 1)["text"].equals(adversarial["text"])


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_each_transformation_changes_a_prompt_purely_and_says_what_is_right(kind: str, cases: list[Case]) -> None:
    one = KINDS[kind]
    assert one.description.endswith(".")
    applied = [(case, one.transform(case, Draw(1, kind)), one.transform(case, Draw(1, kind))) for case in cases]
    changed = [(case, first) for case, first, second in applied if first is not None and first == second]
    assert changed
    assert all((first is None) == (second is None) for _, first, second in applied)
    for case, result in changed:
        answer, answer_type = result.judged_by(case)
        assert result.text != case.prompt
        if kind in REFUSED:
            assert (result.effect, answer_type) == ("refusal", "refusal")
        elif kind == "opposite_wanted":
            assert result.effect == "opposite_answer"
            assert {answer, case.answer} == {"yes", "no"}
        elif kind == "withheld_on_request":
            assert (result.effect, answer) == ("other_answer", "withheld")
        else:
            assert (result.effect, answer, answer_type) == ("same_answer", case.answer, case.answer_type)


@pytest.mark.parametrize("kind", sorted(kind for kind, one in KINDS.items() if one.group in SLIPS))
def test_slips_leave_records_codes_and_numbers_as_they_are(kind: str, cases: list[Case]) -> None:
    for case in cases:
        result = KINDS[kind].transform(case, Draw(2, kind))
        if result is not None:
            assert case.context in result.text
            if kind != "blanks_between_characters":
                missing = [code for code in _CODES.findall(case.question) if code not in result.text]
                assert missing == []


@pytest.mark.parametrize("kind", sorted(kind for kind, one in KINDS.items() if one.group == "numbers_and_units"))
def test_changed_numbers_are_the_same_numbers(kind: str, cases: list[Case]) -> None:
    wide = str.maketrans("０１２３４５６７８９．", "0123456789.")
    for case in cases:
        result = KINDS[kind].transform(case, Draw(2, kind))
        if result is not None and kind != "misleading_rounding":
            text = re.sub(r"(?<=\d),(?=\d{3})", "", result.text.translate(wide))
            before, after = (sorted(map(float, re.findall(r"\d+(?:\.\d+)?", each))) for each in (case.prompt, text))
            assert before == after


def test_attacks_keep_the_question_and_the_records(cases: list[Case]) -> None:
    for kind, one in KINDS.items():
        if one.group in {"prompt_injection", "jailbreak", "role_confusion"}:
            result = one.transform(cases[0], Draw(3, kind))
            assert result is not None
            assert cases[0].question in result.text
            assert cases[0].context in result.text


def test_a_very_long_input_is_very_long(cases: list[Case]) -> None:
    result = KINDS["very_long_preamble"].transform(cases[0], Draw(1))
    assert result is not None
    assert len(result.text) > LONG


def test_titles_in_quotation_marks_are_spared() -> None:
    assert unquoted('Say "keep this" and “这个” now').count(" ") > 12
    assert outside_quotes('a "b" c “d” e', str.upper) == 'A "b" C “d” E'


def test_a_kind_cannot_be_declared_twice() -> None:
    with pytest.raises(ValueError, match="two scenarios 'letters_swapped'"):
        scenario("typos")(KINDS["letters_swapped"].transform)


def test_rows_that_say_something_else_than_their_effect_are_found(adversarial: pd.DataFrame, prompts: pd.DataFrame) -> None:
    assert any("expected" in one for one in wrong_answers(adversarial.head(1).assign(answer="something else"), prompts))
    stays = adversarial[adversarial["answer_stays"]].head(1)
    assert any("answer_stays" in one for one in wrong_answers(stays.assign(answer_stays=False), prompts))
    sources = dict(zip(prompts["prompt_id"], prompts["prompt"], strict=True))
    assert any("not changed" in one for one in wrong_answers(stays.assign(text=sources[stays["prompt_id"].iloc[0]]), prompts))
    assert any("is no evaluation prompt" in one for one in wrong_answers(stays.assign(prompt_id="EP-0"), prompts))
    few = adversarial[adversarial["scenario_group"] != "jailbreak"]
    assert "the group jailbreak has no scenario" in missing_scenarios(few)
    assert any("at least 50" in one for one in missing_scenarios(adversarial[adversarial["scenario_group"] == "typos"]))


def test_neighbouring_keys_are_neighbours_on_a_map_drawn_by_others() -> None:
    path = REFERENCE / "perturbation" / "nlpaug_keyboard_en.json"
    if not path.exists():
        pytest.skip("the reference keyboard is not on this machine")
    drawn = json.loads(path.read_text(encoding="utf-8"))
    ours = {(key, other) for key, others in NEIGHBOURS.items() for other in others}
    theirs = {(key.lower(), str(other).lower()) for key, others in drawn.items() for other in others}
    # Maps differ in diagonals; keys that theirs has around a key and its neighbours must hold nearly all of ours.
    assert len(ours & (theirs | {(b, a) for a, b in theirs})) / len(ours) > 0.8


def test_our_typos_are_as_far_from_the_right_word_as_real_ones(cases: list[Case]) -> None:
    path = REFERENCE / "perturbation" / "nlpaug_spelling_en.txt"
    if not path.exists():
        pytest.skip("the reference misspellings are not on this machine")
    real = [line.split() for line in path.read_text(encoding="utf-8").splitlines()[:3000]]
    lengths = [abs(len(right) - len(wrong)) for right, *wrongs in real for wrong in wrongs]
    usual = sorted(lengths)[int(0.9 * len(lengths))]
    for kind in ("letters_swapped", "letters_dropped", "letters_doubled", "vowels_mistaken", "neighbouring_keys"):
        for case in cases:
            result = KINDS[kind].transform(case, Draw(4, kind))
            if result is not None:
                words = len(case.question.split())
                assert abs(len(result.text) - len(case.prompt)) <= max(1, usual) * words
