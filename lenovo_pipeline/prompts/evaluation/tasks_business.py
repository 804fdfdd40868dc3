"""Tasks of business scenarios and of the factory roster: journeys, documents, prices, processes, incidents over time.

Belongs here: what is asked and its answer. A task takes a level from 0 (easy) to 2 (hard) and gives None where records lack.
Tasks about processes and customers get the process family or customer in place of the series.
"""

from typing import Any

from lenovo_pipeline.enterprise.anchors import customer_anchor, process_anchor, series_anchor, split_of
from lenovo_pipeline.enterprise.texts.rendering import day, fact_label, fact_unit, fact_value, moment, number, quantity, share
from lenovo_pipeline.gold.drafts import list_answer, number_answer, text_answer, yes_no_answer
from lenovo_pipeline.prompts.draw import Draw
from lenovo_pipeline.prompts.evaluation.records import Draft, Records, Row, device_line, line, rounded, say, unique_extreme


def journey_pipeline(records: Records, customer: str, level: int, language: str, draw: Draw) -> Draft | None:
    """The value of one journey, the value of all that were won, or the share of closed ones that were won."""
    split = split_of(customer_anchor(customer))
    others = [
        row
        for name in sorted(records.journeys)
        if name != customer and split_of(customer_anchor(name)) == split
        for row in records.journeys[name]
    ]
    own = draw.one(records.journeys[customer])
    shown = draw.shuffled([own, *draw.some(others, (1, 3, 6)[level])])
    won = [row for row in shown if row["outcome"] == "won"]
    closed = [row for row in shown if row["outcome"] != "open"]
    if len(shown) < 2 or (level == 1 and not won) or (level == 2 and not closed):
        return None
    if level == 0:
        question = say(language, "What is the order value of journey {j}?", "采购过程{j}的订单金额是多少？", j=own["journey_id"])
        answer = number_answer(own["value_usd"], "USD", extractive=True)
    elif level == 1:
        question = say(language, "What is the total value of the journeys that were won?", "赢单（won）的采购过程总金额是多少？")
        answer = number_answer(round(sum(row["value_usd"] for row in won), 2), "USD", extractive=False)
    else:
        question = say(
            language,
            "Leaving out open journeys, what percentage was won? Round to one decimal.",
            "不计进行中（open）的采购过程，赢单（won）占百分之多少？保留一位小数。",
        )
        rate = rounded(len(won) / len(closed) * 100, 1)
        if rate is None:
            return None
        answer = number_answer(rate, "%", extractive=False)
    lines = tuple(
        line(
            language,
            row["journey_id"],
            ("outcome", "结果", row["outcome"]),
            ("order value", "订单金额", quantity(row["value_usd"], "USD")),
            ("units", "数量", row["units"]),
        )
        for row in shown
    )
    ids = tuple(row["journey_id"] for row in shown)
    details = {"ids": list(ids), "journey": own["journey_id"], "level": level}
    return Draft(lines, question, answer, ids, details, customer_anchor(customer))


def document_fact(records: Records, series: str, level: int, language: str, draw: Draw) -> Draft | None:
    """A fact of a document, of one of two, or how far two documents of one kind are apart in it."""
    own = records.documents.get(series, [])
    if not own:
        return None
    target = draw.one(own)
    others = [
        row
        for name in (series, *records.peers(series, family=False))
        for row in records.documents.get(name, [])
        if row is not target and row["document_type"] == target["document_type"]
    ]
    fact = draw.one(sorted(target["facts"]))
    shown = [target]
    if level:
        others = [row for row in others if fact in row["facts"] and _titled(row) != _titled(target)]
        if not others:
            return None
        shown = draw.shuffled([target, draw.one(others)])
    label = fact_label(fact)
    if level < 2:
        question = say(language, 'What is the {f} in "{t}"?', "“{t}”中的{f}是多少？", f=label, t=_titled(target))
        answer = number_answer(target["facts"][fact], fact_unit(fact) or None, extractive=True)
    else:
        first, second = shown
        question = say(
            language,
            'By how much do "{a}" and "{b}" differ in the {f}?',
            "“{a}”与“{b}”的{f}相差多少？",
            f=label,
            a=_titled(first),
            b=_titled(second),
        )
        gap = round(abs(first["facts"][fact] - second["facts"][fact]), 4)
        if gap == 0:
            return None
        answer = number_answer(gap, fact_unit(fact) or None, extractive=False)
    lines = tuple(
        f"{_titled(row)} | {fact_label(name)}: {fact_value(name, value, language)}"
        for row in shown
        for name, value in sorted(row["facts"].items())
    )
    ids = tuple(row["document_id"] for row in shown)
    details = {"ids": list(ids), "document": target["document_id"], "fact": fact, "level": level}
    return Draft(lines, question, answer, ids, details, series_anchor(series), series)


def portfolio_figures(records: Records, series: str, level: int, language: str, draw: Draw) -> Draft | None:
    """The highest list price, the mean one, or how far the highest lies above the mean."""
    shown = records.some_devices(series, (3, 4, 5)[level], draw)
    if len(shown) < 2:
        return None
    prices = [row["price_usd"] for row in shown]
    mean = sum(prices) / len(prices)
    wordings = (
        ("What is the highest list price among these devices?", "这些设备中最高的上市定价是多少？", max(prices)),
        ("What is the mean list price of these devices, to the cent?", "这些设备的上市定价平均是多少（精确到分）？", mean),
        (
            "By how much does the highest list price exceed the mean list price, to the cent?",
            "最高的上市定价比平均上市定价高多少（精确到分）？",
            max(prices) - mean,
        ),
    )
    english, chinese, value = wordings[level]
    figure = rounded(value, 2)
    if figure is None:
        return None
    answer = number_answer(figure, "USD", extractive=level == 0)
    lines = tuple(device_line(row, ("price_usd", "release_date")[: 1 + (level > 0)], language) for row in shown)
    return _about_devices(series, lines, say(language, english, chinese), answer, shown, level=level)


def price_ranking(records: Records, series: str, level: int, language: str, draw: Draw) -> Draft | None:
    """The cheapest device, the second dearest, or how many cost less than one of them."""
    shown = records.some_devices(series, (3, 4, 6)[level], draw)
    prices = [row["price_usd"] for row in shown]
    if len(shown) < 3 or len(set(prices)) < len(prices):
        return None
    ordered = sorted(shown, key=lambda row: row["price_usd"])
    target = draw.one(shown)
    if level == 0:
        question = say(language, "Which device has the lowest list price?", "上市定价最低的是哪款设备？")
        answer = text_answer(ordered[0]["name"])
    elif level == 1:
        question = say(language, "Which device has the second highest list price?", "上市定价第二高的是哪款设备？")
        answer = text_answer(ordered[-2]["name"])
    else:
        question = say(
            language, "How many of these devices cost less than {d}?", "有几款设备的上市定价低于{d}？", d=target["name"]
        )
        answer = number_answer(ordered.index(target), None, extractive=False)
    lines = tuple(device_line(row, ("price_usd", "memory_gb", "weight_kg")[: level + 1], language) for row in shown)
    return _about_devices(series, lines, question, answer, shown, device=target["device_id"], level=level)


def sla_compliance(records: Records, family: str, level: int, language: str, draw: Draw) -> Draft | None:
    """Whether a process kept its target in a month, in which months it did not, or its rate over half a year."""
    process = draw.one(records.processes[family])
    months = [row for row in records.metrics.get(process["process_id"], []) if row["completed"] > 0]
    count = (1, 4, 6)[level]
    if len(months) < count:
        return None
    start = draw.below(len(months) - count + 1)
    shown = months[start : start + count]
    target = process["target_rate"]
    kept = [1 - row["breached"] / row["completed"] >= target for row in shown]
    values = {"p": process["name"], "t": share(target), "m": f"{shown[0]['month']:%Y-%m}"}
    if level == 0:
        question = say(
            language,
            "Did {p} complete at least {t} of its cases of {m} within the agreed time?",
            "{p}在{m}是否有至少{t}的案件按时完成？",
            **values,
        )
        answer = yes_no_answer(kept[0])
    elif level == 1:
        missed = [f"{row['month']:%Y-%m}" for row, fine in zip(shown, kept, strict=True) if not fine]
        if not missed:
            return None
        question = say(
            language,
            "In which months did {p} complete less than {t} of its cases within the agreed time?",
            "{p}在哪些月份按时完成的案件不足{t}？",
            **values,
        )
        answer = list_answer(missed)
    else:
        beyond, done = (sum(row[column] for row in shown) for column in ("breached", "completed"))
        rate = rounded((1 - beyond / done) * 100, 1)
        if rate is None:
            return None
        question = say(
            language,
            "Over all these months, what percentage of the cases of {p} was completed within the agreed time? "
            "Round to one decimal.",
            "在所有这些月份中，{p}有百分之多少的案件按时完成？保留一位小数。",
            **values,
        )
        answer = number_answer(rate, "%", extractive=False)
    lines = tuple(
        line(
            language,
            f"{process['name']} {row['month']:%Y-%m}",
            ("completed cases", "完成案件", int(row["completed"])),
            ("of them beyond the agreed time", "其中超时", int(row["breached"])),
        )
        for row in shown
    )
    details = {"process": process["process_id"], "months": [day(row["month"]) for row in shown], "level": level}
    return Draft(lines, question, answer, (process["process_id"],), details, process_anchor(family))


def process_sequence(records: Records, family: str, level: int, language: str, draw: Draw) -> Draft | None:
    """The step after another one, the place of a step, or how many steps lie between two."""
    process = draw.one(records.processes[family])
    steps = list(process["steps"])
    if len(steps) < 4 or len(set(steps)) < len(steps):
        return None
    first = draw.below(len(steps) - 2)
    last = draw.between(first + 2, len(steps) - 1)
    values = {"p": process["name"], "a": steps[first], "b": steps[last]}
    if level == 0:
        question = say(language, 'In {p}, which step directly follows "{a}"?', "在{p}中，紧接“{a}”的是哪一步？", **values)
        answer = text_answer(steps[first + 1])
    elif level == 1:
        question = say(
            language, 'In {p}, as which number in the order of steps comes "{b}"?', "在{p}中，“{b}”排在第几步？", **values
        )
        answer = number_answer(last + 1, None, extractive=False)
    else:
        question = say(
            language,
            'In {p}, how many steps lie between "{a}" and "{b}", not counting these two?',
            "在{p}中，“{a}”与“{b}”之间隔着几步（不计这两步）？",
            **values,
        )
        answer = number_answer(last - first - 1, None, extractive=False)
    lines = (line(language, process["name"], ("steps in order", "步骤依次为", " > ".join(steps))),)
    details = {"process": process["process_id"], "a": steps[first], "b": steps[last], "level": level}
    return Draft(lines, question, answer, (process["process_id"],), details, process_anchor(family))


def incident_monitoring(records: Records, series: str, level: int, language: str, draw: Draw) -> Draft | None:
    """How many incidents are severe, how many users were affected in all, or how many incidents meet both limits."""
    shown = records.some_incidents(series, (3, 5, 7)[level], draw)
    if len(shown) < 2:
        return None
    bound = draw.one(shown)["affected_users"]
    severe = [row for row in shown if row["severity"] in ("high", "critical")]
    if level == 0:
        question = say(
            language,
            "How many of these incidents are of severity high or critical?",
            "其中严重程度为high或critical的故障有几次？",
        )
        answer = number_answer(len(severe), None, extractive=False)
    elif level == 1:
        question = say(language, "How many users were affected in all?", "受影响的用户总共有多少？")
        answer = number_answer(sum(row["affected_users"] for row in shown), "user", extractive=False)
    else:
        question = say(
            language,
            "How many incidents are of severity high or critical and affected at least {n}?",
            "严重程度为high或critical且影响至少{n}的故障有几次？",
            n=quantity(bound, "user", language),
        )
        answer = number_answer(sum(row["affected_users"] >= bound for row in severe), None, extractive=False)
    lines = tuple(
        line(
            language,
            f"{records.name(row['device_id'])} {row['error_code']}",
            ("severity", "严重程度", row["severity"]),
            ("affected", "影响范围", quantity(row["affected_users"], "user", language)),
        )
        for row in shown
    )
    return _about_incidents(series, lines, question, answer, shown, bound=int(bound), level=level)


def resolution_time(records: Records, series: str, level: int, language: str, draw: Draw) -> Draft | None:
    """How long a repair took, which took longest, or the mean over several."""
    shown = [row for row in records.some_incidents(series, (1, 4, 6)[level], draw) if row["resolved_at"] is not None]
    if len(shown) < (1, 2, 3)[level]:
        return None
    # Only minutes are shown, so only minutes count.
    hours = [
        (row["resolved_at"].replace(second=0) - row["detected_at"].replace(second=0)).total_seconds() / 3600 for row in shown
    ]
    if level == 0:
        question = say(
            language,
            "How many hours passed from detection to resolution of {c}? Round to one decimal.",
            "从发现到解决{c}用了多少小时？保留一位小数。",
            c=shown[0]["error_code"],
        )
        taken = rounded(hours[0], 1)
        if taken is None:
            return None
        answer = number_answer(taken, "h", extractive=False)
    elif level == 1:
        longest = unique_extreme(hours, largest=True)
        if longest is None:
            return None
        question = say(
            language, "Which error code took longest from detection to resolution?", "从发现到解决用时最长的错误代码是哪个？"
        )
        answer = text_answer(shown[longest]["error_code"])
    else:
        question = say(
            language,
            "What is the mean time from detection to resolution, in hours? Round to one decimal.",
            "从发现到解决平均用了多少小时？保留一位小数。",
        )
        mean = rounded(sum(hours) / len(hours), 1)
        if mean is None:
            return None
        answer = number_answer(mean, "h", extractive=False)
    lines = tuple(
        line(
            language,
            f"{records.name(row['device_id'])} {row['error_code']}",
            ("detected", "发现", moment(row["detected_at"])),
            ("resolved", "解决", moment(row["resolved_at"])),
        )
        for row in shown
    )
    return _about_incidents(series, lines, question, answer, shown, level=level)


def _titled(row: Row) -> str:
    return f"{row['title']}, version {number(row['version'])}"


def _about_devices(series: str, lines: tuple[str, ...], question: str, answer: Any, shown: list[Row], **details: Any) -> Draft:
    ids = tuple(row["device_id"] for row in shown)
    return Draft(lines, question, answer, ids, {**details, "ids": list(ids)}, series_anchor(series), series)


def _about_incidents(series: str, lines: tuple[str, ...], question: str, answer: Any, shown: list[Row], **details: Any) -> Draft:
    ids = tuple(row["incident_id"] for row in shown)
    return Draft(lines, question, answer, ids, {**details, "ids": list(ids)}, series_anchor(series), series)
