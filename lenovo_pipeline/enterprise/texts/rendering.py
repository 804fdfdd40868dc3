"""How values are written in texts: one canonical form per kind of value, so that an answer can be found verbatim.

Belongs here: rendering of single values. Gold renders its answers with the same functions.
Does not belong here: sentences.
"""

from datetime import date, datetime
from typing import Any

LIST_SEPARATORS = {"en": ", ", "zh-Hans": "、", "zh-Hant": "、"}

# Units that are words and so depend on the language: (English singular, English plural, zh-Hans, zh-Hant).
_WORDS: dict[str, tuple[str, str, str, str]] = {
    "month": ("month", "months", "个月", "個月"),
    "week": ("week", "weeks", "周", "週"),
    "day": ("day", "days", "天", "天"),
    "year": ("year", "years", "年", "年"),
    "h": ("hour", "hours", "小时", "小時"),
    "minute": ("minute", "minutes", "分钟", "分鐘"),
    "user": ("user", "users", "名用户", "名使用者"),
    "unit": ("unit", "units", "台", "台"),
    "byte": ("byte", "bytes", "字节", "位元組"),
    "line": ("line", "lines", "行", "行"),
    "channel": ("channel", "channels", "条通道", "條通道"),
    "lane": ("lane", "lanes", "条通道", "條通道"),
    "attempt": ("attempt", "attempts", "次", "次"),
    "record": ("record", "records", "条", "條"),
    "session": ("session", "sessions", "个会话", "個工作階段"),
    "event": ("event", "events", "个事件", "個事件"),
    "job": ("job", "jobs", "个任务", "個任務"),
    "device": ("device", "devices", "台", "台"),
    "cycle": ("cycle", "cycles", "次", "次"),
    "block": ("block", "blocks", "块", "塊"),
    "entry": ("entry", "entries", "项", "項"),
    "slot": ("slot", "slots", "个", "個"),
    "probe": ("probe", "probes", "次", "次"),
    "point": ("point", "points", "分", "分"),
    "command": ("command", "commands", "条命令", "條命令"),
    "character": ("character", "characters", "个字符", "個字元"),
    "password": ("password", "passwords", "个密码", "個密碼"),
    "ticket": ("ticket", "tickets", "张工单", "張工單"),
    "cores": ("core", "cores", "核", "核"),
}

# How the names of document facts end, and the unit that the ending stands for.
_FACT_UNITS = {
    "usd": "USD",
    "months": "month",
    "weeks": "week",
    "days": "day",
    "years": "year",
    "hours": "h",
    "minutes": "minute",
    "percent": "%",
    "celsius": "°C",
    "watts": "W",
    "decibels": "dB",
    "units": "unit",
    "metres": "m",
    "gb": "GB",
    "count": "",
    "score": "",
}


def missing(value: Any) -> bool:
    """Whether a cell is empty: None, NaN or NaT."""
    return value is None or value != value


def number(value: float | int) -> str:
    """A number as plainly as possible: 1299.0 -> "1299", 1.36 -> "1.36"; no thousands separators, at most 4 decimals."""
    if float(value).is_integer():
        return str(int(value))
    return f"{float(value):.4f}".rstrip("0")


def quantity(value: float | int, unit: str | None, language: str = "en") -> str:
    """A number with its unit: "5000 mAh", "1299 USD", "36 months", "95 %"; word units follow the language ("36 个月")."""
    if not unit:
        return number(value)
    if unit in _WORDS:
        singular, plural, simplified, traditional = _WORDS[unit]
        if language == "en":
            return f"{number(value)} {singular if value == 1 else plural}"
        return f"{number(value)} {simplified if language == 'zh-Hans' else traditional}"
    return f"{number(value)} {unit}"


def share(value: float) -> str:
    """A share of one as a percentage: 0.95 -> "95 %"."""
    return f"{number(round(value * 100, 4))} %"


def rating(value: int) -> str:
    """A survey answer from 1 to 5: 4 -> "4/5"."""
    return f"{int(value)}/5"


def day(value: date | datetime) -> str:
    """A day as ISO 8601: "2026-03-05"."""
    return f"{value.year:04d}-{value.month:02d}-{value.day:02d}"


def moment(value: datetime) -> str:
    """A moment to the minute, UTC: "2026-03-05 14:20"."""
    return f"{day(value)} {value.hour:02d}:{value.minute:02d}"


def listing(values: list[str], language: str = "en") -> str:
    """Names in a row: "HDMI, RJ-45" (Chinese: "HDMI、RJ-45")."""
    return LIST_SEPARATORS[language].join(values)


def sentence(value: str, language: str = "en") -> str:
    """A recorded sentence as texts hold it: verbatim, closed by a full stop if it has none."""
    value = value.strip()
    if value and value[-1] in ".!?。！？":
        return value
    return value + ("." if language == "en" else "。")


def fact_unit(name: str) -> str:
    """The unit that the name of a document fact ends with: approval_limit_usd -> "USD". Raises KeyError without one."""
    return _FACT_UNITS[name.rpartition("_")[2]]


def fact_label(name: str) -> str:
    """A document fact as an English noun, without its unit: approval_limit_usd -> "approval limit".

    Counts and scores keep their last word's sense: findings_count -> "number of findings", pass_score -> "pass score".
    """
    stem, _, ending = name.rpartition("_")
    if ending == "count":
        return "number of " + stem.replace("_", " ")
    return (name if ending == "score" else stem).replace("_", " ")


def fact_value(name: str, value: float | int, language: str = "en") -> str:
    """A document fact with the unit in its name: ("approval_limit_usd", 25000) -> "25000 USD"."""
    return quantity(value, fact_unit(name), language)
