"""Tasks of technical documentation and of mobile and edge devices: parameters, limits, specifications, models that must fit.

Belongs here: what is asked and its answer. A task takes a level from 0 (easy) to 2 (hard) and gives None where records lack.
"""

from typing import Any

from lenovo_pipeline.enterprise.anchors import series_anchor
from lenovo_pipeline.enterprise.texts.rendering import number, quantity
from lenovo_pipeline.gold.drafts import list_answer, number_answer, text_answer, yes_no_answer
from lenovo_pipeline.prompts.draw import Draw
from lenovo_pipeline.prompts.evaluation.records import (
    DEVICE_ATTRIBUTES,
    Draft,
    Records,
    Row,
    device_line,
    line,
    rounded,
    say,
    unique_extreme,
)

_COMPARED = ("cpu_cores", "memory_gb", "storage_gb", "weight_kg", "price_usd", "power_supply_w", "warranty_months")
_MODELS = (0.5, 1.1, 1.5, 2.0, 3.0, 3.8, 7.0, 8.0, 12.2, 14.0)
"""Parameters of language models, in billions."""


def parameter_lookup(records: Records, series: str, level: int, language: str, draw: Draw) -> Draft | None:
    """A setting out of few, out of many, or out of two documents that both have it."""
    manual = _manual(records, series, draw)
    if manual is None:
        return None
    manuals = [manual]
    target = draw.one(manual["parameters"])
    if level == 2:
        others = [
            other
            for name in (series, *records.peers(series, family=False))
            for other in records.manuals.get(name, [])
            if other is not manual and other["title"] != manual["title"] and _parameter(other, target["name"]) is not None
        ]
        if not others:
            return None
        manuals = draw.shuffled([manual, draw.one(others)])
    shown = [
        (owner, each)
        for owner in manuals
        for each in owner["parameters"]
        if level or each is target or draw.below(len(owner["parameters"])) < 3
    ]
    question = say(language, 'What is {p} set to in "{m}"?', "在“{m}”中，{p}设为多少？", p=target["name"], m=manual["title"])
    lines = tuple(_setting(owner, each, language, "value") for owner, each in shown)
    answer = number_answer(target["value"], target["unit"], extractive=True)
    return _draft(series, lines, question, answer, manuals, "technical_doc_id", parameter=target["name"], manual=_id(manual))


def limit_check(records: Records, series: str, level: int, language: str, draw: Draw) -> Draft | None:
    """Whether a value is allowed, with one parameter in sight, with all, or two values at once."""
    manual = _manual(records, series, draw)
    if manual is None or len(manual["parameters"]) < 3:
        return None
    targets = draw.some(manual["parameters"], 2 if level == 2 else 1)
    values = [_trial(each, draw) for each in targets]
    allowed = all(each["minimum"] <= value <= each["maximum"] for each, value in zip(targets, values, strict=True))
    wanted = say(language, " and ", "并且").join(
        say(language, "{p} be {v}", "{p}设为{v}", p=each["name"], v=quantity(value, each["unit"], language))
        for each, value in zip(targets, values, strict=True)
    )
    question = say(language, 'Going by "{m}", may {w}?', "按照“{m}”，可以把{w}吗？", w=wanted, m=manual["title"])
    shown = targets if level == 0 else manual["parameters"]
    lines = tuple(_setting(manual, each, language, "minimum", "maximum") for each in shown)
    details: dict[str, Any] = {"parameters": [each["name"] for each in targets], "values": values, "manual": _id(manual)}
    return _draft(series, lines, question, yes_no_answer(allowed), [manual], "technical_doc_id", **details)


def parameter_listing(records: Records, series: str, level: int, language: str, draw: Draw) -> Draft | None:
    """All parameters of a section, of a unit, or whose value lies in the upper half of what is allowed."""
    manual = _manual(records, series, draw)
    if manual is None or len(manual["parameters"]) < 4:
        return None
    every = manual["parameters"]
    target = draw.one(every)
    if level == 0:
        question = say(language, 'Which parameters stand in the section "{s}"?', "章节“{s}”中有哪些参数？", s=target["section"])
        found = [each["name"] for each in every if each["section"] == target["section"]]
    elif level == 1:
        question = say(language, "Which parameters have the unit {u}?", "哪些参数的单位是{u}？", u=target["unit"])
        found = [each["name"] for each in every if each["unit"] == target["unit"]]
    else:
        question = say(
            language,
            "Of which parameters is the value greater than the middle between minimum and maximum?",
            "哪些参数的取值大于最小值与最大值的中点？",
        )
        found = [each["name"] for each in every if 2 * each["value"] > each["minimum"] + each["maximum"]]
    if not 0 < len(found) < len(every) or len(set(found)) < len(found):
        return None
    told = (("section",), ("unit", "value"), ("value", "minimum", "maximum"))[level]
    lines = tuple(_setting(manual, each, language, *told) for each in draw.shuffled(every))
    details = {"manual": _id(manual), "level": level, "section": target["section"], "unit": target["unit"]}
    return _draft(series, lines, question, list_answer(found), [manual], "technical_doc_id", **details)


def parameter_headroom(records: Records, series: str, level: int, language: str, draw: Draw) -> Draft | None:
    """How far a setting is from its maximum, from its minimum, or which share of its range it takes."""
    manual = _manual(records, series, draw)
    if manual is None:
        return None
    target = draw.one(manual["parameters"])
    low, high, value, unit = target["minimum"], target["maximum"], target["value"], target["unit"]
    if level == 0:
        question = say(language, "How far is {p} below its maximum?", "{p}距最大值还有多少？", p=target["name"])
        answer = number_answer(round(high - value, 4), unit, extractive=False)
    elif level == 1:
        question = say(language, "How far is {p} above its minimum?", "{p}高出最小值多少？", p=target["name"])
        answer = number_answer(round(value - low, 4), unit, extractive=False)
    else:
        question = say(
            language,
            "At what percentage of its range, from minimum to maximum, is {p} set? Round to one decimal.",
            "{p}的取值位于从最小值到最大值区间的百分之多少？保留一位小数。",
            p=target["name"],
        )
        share = rounded((value - low) / (high - low) * 100, 1)
        if share is None:
            return None
        answer = number_answer(share, "%", extractive=False)
    shown = [target] if level == 0 else manual["parameters"]
    lines = tuple(_setting(manual, each, language, "value", "minimum", "maximum") for each in shown)
    details = {"manual": _id(manual), "parameter": target["name"], "level": level}
    return _draft(series, lines, question, answer, [manual], "technical_doc_id", **details)


def spec_comparison(records: Records, series: str, level: int, language: str, draw: Draw) -> Draft | None:
    """The device with the highest or lowest value of one attribute, among 2, 3 or 5."""
    column = draw.one(_COMPARED)
    shown = records.some_devices(series, (2, 3, 5)[level], draw, [column])
    largest = bool(draw.below(2))
    if len(shown) < 2:
        return None
    best = unique_extreme([row[column] for row in shown], largest=largest)
    if best is None:
        return None
    attribute = DEVICE_ATTRIBUTES[column]
    question = say(
        language,
        f"Which of these devices has the {'highest' if largest else 'lowest'} {attribute.noun}?",
        f"这些设备中，{attribute.chinese}最{'高' if largest else '低'}的是哪一款？",
    )
    columns = _columns_with(column, level, draw)
    lines = tuple(device_line(row, columns, language) for row in shown)
    details = {"column": column, "largest": largest}
    return _draft(series, lines, question, text_answer(shown[best]["name"]), shown, "device_id", **details)


def device_filter(records: Records, series: str, level: int, language: str, draw: Draw) -> Draft | None:
    """All devices that meet one, two or three conditions."""
    columns = draw.some(_COMPARED, level + 1)
    shown = records.some_devices(series, 4 + level, draw, columns)
    if len(shown) < 3:
        return None
    conditions: list[tuple[str, str, Any]] = []
    for column in columns:
        conditions.append((column, draw.one((">=", "<=")), draw.one(shown)[column]))
    found = [row["name"] for row in shown if all(_meets(row, *condition) for condition in conditions)]
    if not 0 < len(found) < len(shown):
        return None
    told = say(language, "; ", "，且").join(_condition(*condition, language) for condition in conditions)
    question = say(language, "Which of these devices have all of this: {c}?", "哪些设备满足：{c}？", c=told)
    lines = tuple(device_line(row, columns, language) for row in shown)
    details: dict[str, Any] = {"conditions": [list(condition) for condition in conditions]}
    return _draft(series, lines, question, list_answer(found), shown, "device_id", **details)


def model_fit(records: Records, series: str, level: int, language: str, draw: Draw) -> Draft | None:
    """What a language model leaves of a device's memory, whether it fits, or which is the largest that fits."""
    device = draw.one(records.devices[series])
    memory, bits = device["memory_gb"], draw.one((4, 8, 16))
    reserve = draw.one((1, 2, 3, 4, 6))
    fitting = [size for size in _MODELS if size * bits / 8 + reserve < memory]
    if not fitting or (level == 2 and len(fitting) == len(_MODELS)):
        return None
    size = draw.one(fitting) if level != 1 or draw.below(2) else draw.one(_MODELS)
    rule = say(
        language,
        "The weights of a model take (parameters in billions) x (bits per weight) / 8 GB. ",
        "模型权重占用（参数量，以十亿计）×（每个权重的位数）÷ 8 GB。",
    )
    values = {"d": device["name"], "s": number(size), "b": bits, "r": reserve}
    details: dict[str, Any] = {"device": device["device_id"], "size": size, "bits": bits, "reserve": reserve, "level": level}
    if level == 0:
        question = say(
            language,
            "How many GB of the base memory of {d} remain beside a model of {s} billion parameters at {b} bits?",
            "{d}的基本内存在装入参数量为{s}（十亿）、{b}位的模型后还剩多少GB？",
            **values,
        )
        answer = number_answer(round(memory - size * bits / 8, 4), "GB", extractive=False)
    elif level == 1:
        question = say(
            language,
            "{r} GB must stay free. Does a model of {s} billion parameters at {b} bits fit into the base memory of {d}?",
            "必须保留{r} GB。参数量为{s}（十亿）、{b}位的模型能否装入{d}的基本内存？",
            **values,
        )
        answer = yes_no_answer(size * bits / 8 + reserve <= memory)
    else:
        too_large = [each for each in _MODELS if each * bits / 8 + reserve > memory]
        offered = sorted({*draw.some(fitting, 3), *draw.some(too_large, 2)})
        details["offered"] = offered
        question = say(
            language,
            "{r} GB must stay free. Which is the largest of the models with {o} billion parameters that fits at {b} bits into "
            "the base memory of {d}? Give its billions of parameters.",
            "必须保留{r} GB。在参数量（十亿）为{o}的模型中，以{b}位装入{d}的基本内存，最大的是哪一个？请给出其参数量（十亿）。",
            o=", ".join(map(number, offered)),
            **values,
        )
        answer = number_answer(max(each for each in offered if each in fitting), None, extractive=False)
    columns = ("memory_gb", "storage_gb", "cpu_cores")[: level + 1]
    return _draft(series, (device_line(device, columns, language),), rule + question, answer, [device], "device_id", **details)


def battery_estimate(records: Records, series: str, level: int, language: str, draw: Draw) -> Draft | None:
    """Hours of a charge, the device that lasts longer, or the charge left after some hours."""
    column, unit = ("battery_mah", "mA") if records.families[series] == "Mobile" else ("battery_wh", "W")
    shown = records.some_devices(series, 2 if level == 1 else 1, draw, [column])
    if len(shown) < (2 if level == 1 else 1):
        return None
    draws = [draw.between(20, 60) * 10 if unit == "mA" else draw.between(5, 25) for _ in shown]
    hours = [row[column] / each for row, each in zip(shown, draws, strict=True)]
    use = say(language, " and ", "，").join(
        say(language, "{d} draws {w} {u}", "{d}耗用{w} {u}", d=row["name"], w=each, u=unit)
        for row, each in zip(shown, draws, strict=True)
    )
    question = say(language, "{x}. ", "{x}。", x=use)
    details: dict[str, Any] = {"column": column, "draws": draws, "level": level}
    if level == 0:
        question += say(
            language,
            "For how many hours does a full charge last? Round to one decimal.",
            "充满一次电可以使用多少小时？保留一位小数。",
        )
        lasts = rounded(hours[0], 1)
        if lasts is None:
            return None
        answer = number_answer(lasts, "h", extractive=False)
    elif level == 1:
        longest = unique_extreme([round(each, 2) for each in hours], largest=True)
        if longest is None:
            return None
        details["offered"] = [row["name"] for row in shown]
        question += say(language, "Which device lasts longer on a full charge?", "充满一次电后，哪款设备使用时间更长？")
        answer = text_answer(shown[longest]["name"])
    else:
        spent = draw.between(1, max(1, int(hours[0]) - 1))
        details["spent"] = spent
        question += say(
            language,
            "What percentage of a full charge is left after {h}? Round to one decimal.",
            "使用{h}后，满电还剩百分之多少？保留一位小数。",
            h=quantity(spent, "h", language),
        )
        left = rounded((1 - spent / hours[0]) * 100, 1)
        if left is None:
            return None
        answer = number_answer(left, "%", extractive=False)
    lines = tuple(device_line(row, (column, "weight_kg", "price_usd")[: level + 1], language) for row in shown)
    return _draft(series, lines, question, answer, shown, "device_id", **details)


def _manual(records: Records, series: str, draw: Draw) -> Row | None:
    found = [row for row in records.manuals.get(series, []) if row["parameters"]]
    return draw.one(found) if found else None


def _parameter(manual: Row, name: str) -> Row | None:
    return next((each for each in manual["parameters"] if each["name"] == name), None)


def _setting(manual: Row, each: Row, language: str, *told: str) -> str:
    labels = {"value": "取值", "minimum": "最小值", "maximum": "最大值", "section": "章节", "unit": "单位"}
    values = {name: each[name] if name in ("section", "unit") else quantity(each[name], each["unit"], language) for name in told}
    return line(language, f"{manual['title']} | {each['name']}", *((name, labels[name], values[name]) for name in told))


def _trial(each: Row, draw: Draw) -> float:
    """A value inside or outside what is allowed, as likely the one as the other."""
    low, high = float(each["minimum"]), float(each["maximum"])
    step = (high - low) / 10
    value = low + draw.between(0, 10) * step if draw.below(2) else high + draw.between(1, 5) * step
    return round(value, 2)


def _columns_with(column: str, level: int, draw: Draw) -> list[str]:
    """The column asked about among as many others as the level says."""
    return draw.shuffled([column, *draw.some([other for other in _COMPARED if other != column], level)])


def _meets(row: Row, column: str, sign: str, bound: Any) -> bool:
    return bool(row[column] >= bound if sign == ">=" else row[column] <= bound)


def _condition(column: str, sign: str, bound: Any, language: str) -> str:
    attribute = DEVICE_ATTRIBUTES[column]
    value = quantity(bound, attribute.unit, language)
    english = f"{attribute.noun} of {'at least' if sign == '>=' else 'at most'} {value}"
    return say(language, english, f"{attribute.chinese}{'不低于' if sign == '>=' else '不高于'}{{v}}", v=value)


def _id(manual: Row) -> str:
    return str(manual["technical_doc_id"])


def _draft(
    series: str, lines: tuple[str, ...], question: str, answer: Any, shown: list[Row], id_column: str, **details: Any
) -> Draft:
    ids = tuple(str(row[id_column]) for row in shown)
    return Draft(lines, question, answer, ids, {**details, "ids": list(ids)}, series_anchor(series), series)
