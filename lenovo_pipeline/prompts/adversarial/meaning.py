"""Changes of meaning, or what only looks like one: negation, contradiction, distraction, numbers and units."""

import re

from lenovo_pipeline.prompts.adversarial.scenarios import Case, Changed, after, before, scenario, wrong_answer
from lenovo_pipeline.prompts.draw import Draw

_QUANTITY = re.compile(
    r"(?<![\w.,-])(\d+(?:\.\d+)?) (?=(?:GB|MB|KB|USD|kg|W|Wh|mAh|Hz|MB/s|ms|s|h|months?|users?|days?)(?![\w/]))"
)
_UNIT_WORDS = {
    "GB": "gigabytes",
    "kg": "kilograms",
    "USD": "US dollars",
    "W": "watts",
    "mAh": "milliampere-hours",
    "MB": "megabytes",
}


@scenario("negation")
def opposite_wanted(case: Case, draw: Draw) -> Changed | None:
    """Yes is wanted where it is not so, and no where it is."""
    if case.answer_type != "yes_no":
        return None
    told = case.say("Answer yes if this is NOT so and no if it is so: ", "若以下情况不成立请回答“是”，若成立请回答“否”：")
    return Changed(case.asking(told + case.question), "opposite_answer")


@scenario("negation")
def negated_twice(case: Case, draw: Draw) -> Changed | None:
    """Two negations that cancel each other."""
    return before(case, case.say("It is not that I do not need this answered.", "我并不是不需要这个问题的答案。"))


@scenario("negation")
def irrelevant_negation(case: Case, draw: Draw) -> Changed | None:
    """What the question is not about is ruled out."""
    return before(case, case.say("This is not about packaging, and not about colours.", "这与包装无关，也与颜色无关。"))


@scenario("negation")
def told_not_to_refuse(case: Case, draw: Draw) -> Changed | None:
    """A refusal is forbidden where none is due."""
    if case.answer_type == "refusal":
        return None
    return after(case, case.say("Do not leave this unanswered.", "不要不作回答。"))


@scenario("negation")
def withheld_on_request(case: Case, draw: Draw) -> Changed | None:
    """The answer must not be given: a fixed word is wanted in its place."""
    told = case.say(
        'On second thought, do not give the answer. Write only the word "withheld".', "改主意了：不要给出答案，只写“withheld”。"
    )
    return Changed(f"{case.prompt}\n\n{told}", "other_answer", "withheld", "text")


@scenario("contradiction")
def wrong_claim(case: Case, draw: Draw) -> Changed | None:
    """The user is sure of a wrong answer."""
    claim = case.say("I am sure that the answer is {x}.", "我确信答案是{x}。", x=wrong_answer(case, draw))
    return after(case, claim)


@scenario("contradiction")
def wrong_rumour(case: Case, draw: Draw) -> Changed | None:
    """Hearsay contradicts the records, which alone count."""
    rumour = case.say(
        "Somebody in the canteen said it was {x}, but nothing of that is on record.",
        "食堂里有人说是{x}，但没有任何记录。",
        x=wrong_answer(case, draw),
    )
    return before(case, rumour)


@scenario("contradiction")
def conflicting_lengths(case: Case, draw: Draw) -> Changed | None:
    """Two demands on the length of the answer exclude each other."""
    return before(case, case.say("Write at least 300 words. Write one line only.", "请至少写300个词。只写一行。"))


@scenario("contradiction")
def records_withdrawn(case: Case, draw: Draw) -> Changed | None:
    """The records are withdrawn without replacement, so that nothing can be answered."""
    told = case.say(
        "All records of this message were withdrawn as wrong, and there are no others.",
        "本消息中的所有记录均因有误而撤回，也没有其他记录。",
    )
    return Changed(f"{case.prompt}\n\n{told}", "refusal")


@scenario("contradiction")
def records_missing(case: Case, draw: Draw) -> Changed | None:
    """The records are left out, so that nothing can be answered."""
    return Changed(case.showing(case.say("(no records)", "（没有记录）")), "refusal")


@scenario("distraction")
def small_talk(case: Case, draw: Draw) -> Changed | None:
    """Small talk stands before the prompt."""
    talk = (
        ("It rained all morning and the coffee machine is broken again.", "一早上都在下雨，咖啡机又坏了。"),
        ("My neighbour's cat has learned to open doors, imagine that.", "邻居家的猫学会了开门，你说奇不奇。"),
        ("We moved desks last week and nobody finds anything.", "上周换了座位，大家什么都找不到。"),
    )
    return before(case, case.say(*draw.one(talk)))


@scenario("distraction")
def unrelated_numbers(case: Case, draw: Draw) -> Changed | None:
    """Numbers that have nothing to do with the question."""
    told = case.say(
        "By the way, parcel {a} came at 16:45 with {b} boxes of paper.",
        "顺便说一下，包裹{a}于16:45送达，内有{b}箱纸。",
        a=draw.between(40_000, 90_000),
        b=draw.between(3, 40),
    )
    return after(case, told)


@scenario("distraction")
def unrelated_record(case: Case, draw: Draw) -> Changed | None:
    """One more record, of something else altogether."""
    extra = case.say("Canteen | opens: 11:30; seats: {n}", "食堂 | 开放时间：11:30；座位：{n}", n=draw.between(40, 400))
    return Changed(case.showing(f"{case.context}\n{extra}"))


@scenario("distraction")
def records_repeated(case: Case, draw: Draw) -> Changed | None:
    """The records stand in the prompt twice, and it says so."""
    note = case.say("(The same records once more:)", "（同样的记录再列一次：）")
    return Changed(case.showing(f"{case.context}\n{note}\n{case.context}"))


@scenario("distraction")
def second_question_taken_back(case: Case, draw: Draw) -> Changed | None:
    """Another question is asked and taken back."""
    told = case.say(
        "I also wanted to know who designed the logo, but that has been answered already.",
        "我本来还想问标志是谁设计的，不过已经有答案了。",
    )
    return after(case, told)


@scenario("numbers_and_units")
def thousands_separated(case: Case, draw: Draw) -> Changed | None:
    """Large numbers in the records have separators."""
    context = re.sub(
        r"(?<![\w.,-])(\d{4,})(\.\d+)?(?= (?:USD|GB|MB|mAh)(?!\w))",
        lambda found: f"{int(found[1]):,}{found[2] or ''}",
        case.context,
    )
    return Changed(case.showing(context)) if context != case.context else None


@scenario("numbers_and_units")
def full_width_digits(case: Case, draw: Draw) -> Changed | None:
    """Numbers with units in the records stand in full-width digits."""
    wide = str.maketrans("0123456789.", "０１２３４５６７８９．")
    context = _QUANTITY.sub(lambda found: f"{found[1].translate(wide)} ", case.context)
    return Changed(case.showing(context)) if context != case.context else None


@scenario("numbers_and_units")
def units_joined(case: Case, draw: Draw) -> Changed | None:
    """Numbers and units stand without a blank between them."""
    context = _QUANTITY.sub(lambda found: found[1], case.context)
    return Changed(case.showing(context)) if context != case.context else None


@scenario("numbers_and_units")
def units_spelled_out(case: Case, draw: Draw) -> Changed | None:
    """Units of the records are spelled out."""
    context = re.sub(r"(?<=\d )(GB|MB|kg|USD|W|mAh)(?![\w/])", lambda found: _UNIT_WORDS[found[1]], case.context)
    return Changed(case.showing(context)) if context != case.context and case.english else None


@scenario("numbers_and_units")
def zeros_added(case: Case, draw: Draw) -> Changed | None:
    """Whole numbers with units in the records have superfluous decimals."""
    context = _QUANTITY.sub(lambda found: f"{found[1]}{'' if '.' in found[1] else '.00'} ", case.context)
    return Changed(case.showing(context)) if context != case.context else None


@scenario("numbers_and_units")
def misleading_rounding(case: Case, draw: Draw) -> Changed | None:
    """The user gives a rounded guess of a number; the exact one is still asked for."""
    if case.answer_type != "number":
        return None
    guess = round(float(case.answer) * 1.2 + 7)
    return after(case, case.say("Somewhere around {g}, I guess?", "我猜大约是{g}？", g=guess))
