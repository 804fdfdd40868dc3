"""Tasks of device support and customer service: incidents, firmware, warranty, support, quotes, routing.

Belongs here: what is asked and its answer. A task takes a level from 0 (easy) to 2 (hard) and gives None where records lack.
"""

from datetime import date, timedelta
from typing import Any

from lenovo_pipeline.enterprise.anchors import series_anchor
from lenovo_pipeline.enterprise.tables import ARTICLE_CATEGORIES, SEVERITIES
from lenovo_pipeline.enterprise.texts.rendering import day, quantity
from lenovo_pipeline.gold.drafts import date_answer, list_answer, number_answer, refusal, text_answer, yes_no_answer
from lenovo_pipeline.prompts.draw import Draw
from lenovo_pipeline.prompts.evaluation.records import Draft, Records, Row, device_line, line, rounded, say, unique_extreme


def error_code_lookup(records: Records, series: str, level: int, language: str, draw: Draw) -> Draft | None:
    """Find an incident among others, by its code or (hard) by what is known of it."""
    shown = records.some_incidents(series, (1, 3, 6)[level], draw)
    if len(shown) < (1, 2, 4)[level]:
        return None
    target, device = shown[0], records.name(shown[0]["device_id"])
    if level < 2:
        question = say(
            language,
            "Which component failed when {d} showed {c}?",
            "{d}出现{c}时，哪个部件发生了故障？",
            d=device,
            c=target["error_code"],
        )
        answer = text_answer(records.component(target["component_id"]))
    else:
        same = [r for r in shown if r["device_id"] == target["device_id"] and r["affected_users"] == target["affected_users"]]
        if len(same) > 1:
            return None
        question = say(
            language,
            "Which error code belongs to the incident on {d} that affected {n}?",
            "{d}上影响了{n}的那次故障，错误代码是什么？",
            d=device,
            n=quantity(target["affected_users"], "user", language),
        )
        answer = text_answer(target["error_code"])
    lines = tuple(_incident(records, row, language, "component", "affected") for row in draw.shuffled(shown))
    return _draft(series, lines, question, answer, shown, "incident_id", incident=target["incident_id"], level=level)


def severity_triage(records: Records, series: str, level: int, language: str, draw: Draw) -> Draft | None:
    """The incident to handle first: the highest severity, then the most affected users."""
    shown = records.some_incidents(series, (2, 4, 6)[level], draw)
    if len(shown) < 2:
        return None
    first = unique_extreme([(SEVERITIES.index(row["severity"]), row["affected_users"]) for row in shown], largest=True)
    if first is None:
        return None
    question = say(
        language,
        "Incidents of higher severity come first (low < medium < high < critical), of equal ones those with more affected users. "
        "Which error code is handled first?",
        "严重程度高的故障优先处理（low < medium < high < critical），程度相同时受影响用户多的优先。首先处理哪个错误代码？",
    )
    lines = tuple(_incident(records, row, language, "severity", "affected") for row in shown)
    return _draft(series, lines, question, text_answer(shown[first]["error_code"]), shown, "incident_id", level=level)


def fix_selection(records: Records, series: str, level: int, language: str, draw: Draw) -> Draft | None:
    """The firmware that fixes an error; hard ones may ask for a fix that no record states."""
    shown = records.some_incidents(series, (1, 3, 5)[level], draw)
    if len(shown) < (1, 2, 2)[level]:
        return None
    target = shown[0]
    fixed = target["fixed_firmware_id"]
    if level < 2 and fixed is None:
        return None
    answer = text_answer(records.world.row("firmware", fixed)["version"]) if fixed else refusal()
    question = say(
        language,
        "Which firmware version fixes {c} on {d}?",
        "哪个固件版本修复了{d}上的{c}？",
        c=target["error_code"],
        d=records.name(target["device_id"]),
    )
    lines = tuple(_incident(records, row, language, "component", "fixed") for row in draw.shuffled(shown))
    return _draft(series, lines, question, answer, shown, "incident_id", incident=target["incident_id"], level=level)


def firmware_order(records: Records, series: str, level: int, language: str, draw: Draw) -> Draft | None:
    """Releases of a device out of order: the latest, the one after another one, or how many followed one."""
    device = draw.one(records.devices[series])
    releases = records.firmware.get(device["device_id"], [])
    if len(releases) < 3 or len({row["released_on"] for row in releases}) < len(releases):
        return None
    place = draw.below(len(releases) - 1)
    version = releases[place]["version"]
    if level == 0:
        question = say(language, "Which firmware of {d} was released last?", "{d}最后发布的固件版本是什么？", d=device["name"])
        answer = text_answer(releases[-1]["version"])
        shown = releases[-draw.between(2, len(releases)) :]
    elif level == 1:
        question = say(
            language,
            "Which firmware of {d} directly followed {v}?",
            "{d}紧接{v}之后的固件版本是什么？",
            d=device["name"],
            v=version,
        )
        answer, shown = text_answer(releases[place + 1]["version"]), releases
    else:
        question = say(
            language,
            "How many firmware releases of {d} came after {v}?",
            "{d}在{v}之后发布了几个固件版本？",
            d=device["name"],
            v=version,
        )
        answer, shown = number_answer(len(releases) - 1 - place, None, extractive=False), releases
    lines = tuple(
        line(language, f"{device['name']} {row['version']}", ("released", "发布日期", day(row["released_on"])))
        for row in draw.shuffled(shown)
    )
    details = {"device": device["device_id"], "version": version, "level": level}
    return _draft(series, lines, question, answer, shown, "firmware_id", **details)


def warranty_status(records: Records, series: str, level: int, language: str, draw: Draw) -> Draft | None:
    """Whether a purchase is still covered, until when, or for how many more days."""
    device = draw.one(records.devices[series])
    bought = device["release_date"] + timedelta(days=draw.below(700))
    bought = bought.replace(day=min(bought.day, 28))
    ends = _months_later(bought, int(device["warranty_months"]))
    asked = ends + timedelta(days=draw.between(-200, -5) if level == 2 or draw.below(2) else draw.between(5, 200))
    values = {"d": device["name"], "b": day(bought), "t": day(asked)}
    rule = say(
        language,
        "The base warranty of {d} runs from the day of purchase, {b}, and ends on the same day of the last month. ",
        "{d}的基本保修自购买日{b}起算，到最后一个月的同一日为止。",
        **values,
    )
    if level == 0:
        question = say(language, "Is it still covered on {t}?", "{t}当天是否仍在保修期内？", **values)
        answer = yes_no_answer(asked <= ends)
    elif level == 1:
        question, answer = say(language, "On which day does it end?", "保修在哪一天结束？"), date_answer(ends)
    else:
        question = say(language, "How many days are left on {t}?", "从{t}算起还剩多少天？", **values)
        answer = number_answer((ends - asked).days, "day", extractive=False)
    extra = ("warranty_months", "release_date", "price_usd")[: level + 1]
    lines = (device_line(device, extra, language),)
    details = {"device": device["device_id"], "bought": day(bought), "asked": day(asked), "level": level}
    return _draft(series, lines, rule + question, answer, [device], "device_id", **details)


def support_status(records: Records, series: str, level: int, language: str, draw: Draw) -> Draft | None:
    """Whether support has ended, for which devices it has not, or how long until the first end."""
    shown = records.some_devices(series, (1, 3, 5)[level], draw)
    if len(shown) < (1, 2, 2)[level]:
        return None
    ends = sorted(row["end_of_support"] for row in shown)
    at = ends[0] + timedelta(days=draw.between(-400, 400)) if level == 0 else ends[len(ends) // 2] - timedelta(days=7)
    if level == 0:
        question = say(language, "Is {d} still supported on {t}?", "{t}时{d}是否仍在支持期内？", d=shown[0]["name"], t=day(at))
        answer = yes_no_answer(at <= ends[0])
    elif level == 1:
        question = say(language, "Which devices are still supported on {t}?", "{t}时哪些设备仍在支持期内？", t=day(at))
        answer = list_answer([row["name"] for row in shown if row["end_of_support"] >= at])
    else:
        at = ends[0] - timedelta(days=draw.between(3, 500))
        question = say(
            language,
            "How many days pass from {t} until support of the first of these devices ends?",
            "从{t}到其中第一款设备终止支持，还有多少天？",
            t=day(at),
        )
        answer = number_answer((ends[0] - at).days, "day", extractive=False)
    columns = ("release_date", "end_of_support") if level else ("end_of_support",)
    lines = tuple(device_line(row, columns, language) for row in shown)
    return _draft(series, lines, question, answer, shown, "device_id", asked=day(at), level=level)


def quote_total(records: Records, series: str, level: int, language: str, draw: Draw) -> Draft | None:
    """The price of an order: plain, with a discount, or of two devices with a discount above a threshold."""
    shown = records.some_devices(series, 2 if level == 2 else 1, draw)
    if len(shown) < (2 if level == 2 else 1):
        return None
    units = [draw.between(2, 60) for _ in shown]
    discount = (0, draw.one((5, 8, 10, 12, 15)), draw.one((5, 8, 10)))[level]
    plain = sum(row["price_usd"] * count for row, count in zip(shown, units, strict=True))
    threshold = round(plain * draw.one((0.8, 1.2)), -2)
    reduced = level == 1 or (level == 2 and plain > threshold)
    order = say(language, " and ", "和").join(
        say(language, "{n} x {d}", "{n}台{d}", n=count, d=row["name"]) for row, count in zip(shown, units, strict=True)
    )
    question = say(language, "A customer orders {o}. ", "客户订购{o}。", o=order)
    if level == 1:
        question += say(language, "The discount is {p} %. ", "折扣为{p} %。", p=discount)
    if level == 2:
        question += say(
            language,
            "Orders of more than {t} USD get {p} % off the whole order. ",
            "订单金额超过{t} USD时，整单优惠{p} %。",
            t=int(threshold),
            p=discount,
        )
    question += say(language, "What does the order cost in USD, to the cent?", "订单总价是多少USD（精确到分）？")
    total = rounded(plain * (1 - discount / 100) if reduced else plain, 2)
    if total is None:
        return None
    details: dict[str, Any] = {"units": units, "discount": discount, "threshold": int(threshold), "level": level}
    lines = tuple(device_line(row, ("price_usd", "warranty_months")[: level + 1], language) for row in shown)
    return _draft(series, lines, question, number_answer(total, "USD", extractive=False), shown, "device_id", **details)


def symptom_routing(records: Records, series: str, level: int, language: str, draw: Draw) -> Draft | None:
    """The support category of a reported symptom, among 3, 6 or all categories."""
    shown = records.some_incidents(series, 1, draw)
    if not shown:
        return None
    target = shown[0]
    others = [category for category in ARTICLE_CATEGORIES if category != target["category"]]
    offered = draw.shuffled([target["category"], *draw.some(others, (2, 5, 11)[level])])
    question = say(
        language,
        "To which support category does this report belong? Choose one of: {o}.",
        "该报告属于哪个支持类别？请从以下类别中选择一个：{o}。",
        o=", ".join(offered),
    )
    parts = [
        ("symptom", "症状", target["symptom"]),
        ("failed component", "故障部件", records.component(target["component_id"])),
    ]
    if level == 0:
        parts.append(("cause", "原因", target["cause"]))
    lines = (line(language, records.name(target["device_id"]), *parts),)
    details = {"incident": target["incident_id"], "offered": offered, "level": level}
    return _draft(series, lines, question, text_answer(target["category"]), shown, "incident_id", **details)


def _incident(records: Records, row: Row, language: str, *told: str) -> str:
    parts: list[tuple[str, str, object]] = [("error code", "错误代码", row["error_code"])]
    if "component" in told:
        parts.append(("failed component", "故障部件", records.component(row["component_id"])))
    if "severity" in told:
        parts.append(("severity", "严重程度", row["severity"]))
    if "affected" in told:
        parts.append(("affected", "影响范围", quantity(row["affected_users"], "user", language)))
    if "fixed" in told and row["fixed_firmware_id"] is not None:
        version = records.world.row("firmware", row["fixed_firmware_id"])["version"]
        parts.append(("fixed by firmware", "修复固件", version))
    return line(language, records.name(row["device_id"]), *parts)


def _months_later(start: date, months: int) -> date:
    month = start.month - 1 + months
    return start.replace(year=start.year + month // 12, month=month % 12 + 1)


def _draft(
    series: str, lines: tuple[str, ...], question: str, answer: Any, shown: list[Row], id_column: str, **details: Any
) -> Draft:
    ids = tuple(str(row[id_column]) for row in shown)
    return Draft(lines, question, answer, ids, {**details, "ids": list(ids)}, series_anchor(series), series)
