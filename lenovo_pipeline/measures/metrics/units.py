"""Units of measurement and what they are called in English and Chinese.

Belongs here: data, and finding the name of a unit at a place of a text. Month and year are a dimension of their own, since
neither is a fixed number of days; currencies are not converted.
"""

import re

COUNT = ""
"""The dimension of what is only counted: users, cores, a bare number."""

_BYTE = 1024.0
UNITS: dict[str, tuple[str, float]] = {
    "µs": ("time", 1e-6),
    "ms": ("time", 1e-3),
    "s": ("time", 1.0),
    "minute": ("time", 60.0),
    "h": ("time", 3600.0),
    "day": ("time", 86_400.0),
    "week": ("time", 604_800.0),
    "month": ("calendar", 1.0),
    "year": ("calendar", 12.0),
    "bit": ("data", 1 / 8),
    "byte": ("data", 1.0),
    "KB": ("data", _BYTE),
    "MB": ("data", _BYTE**2),
    "GB": ("data", _BYTE**3),
    "TB": ("data", _BYTE**4),
    "kbit/s": ("bit rate", 1e3),
    "Mbit/s": ("bit rate", 1e6),
    "Gbit/s": ("bit rate", 1e9),
    "KB/s": ("byte rate", _BYTE),
    "MB/s": ("byte rate", _BYTE**2),
    "GB/s": ("byte rate", _BYTE**3),
    "mm": ("length", 0.001),
    "cm": ("length", 0.01),
    "m": ("length", 1.0),
    "inch": ("length", 0.0254),
    "mm³": ("volume", 1.0),
    "cm³": ("volume", 1000.0),
    "g": ("mass", 0.001),
    "kg": ("mass", 1.0),
    "mAh": ("charge", 0.001),
    "Ah": ("charge", 1.0),
    "Wh": ("energy", 1.0),
    "kWh": ("energy", 1000.0),
    "mW": ("power", 0.001),
    "W": ("power", 1.0),
    "kW": ("power", 1000.0),
    "mV": ("voltage", 0.001),
    "V": ("voltage", 1.0),
    "mA": ("current", 0.001),
    "A": ("current", 1.0),
    "Hz": ("frequency", 1.0),
    "kHz": ("frequency", 1e3),
    "MHz": ("frequency", 1e6),
    "GHz": ("frequency", 1e9),
    "rpm": ("rotation", 1.0),
    "Pa": ("pressure", 0.001),
    "kPa": ("pressure", 1.0),
    "bar": ("pressure", 100.0),
    "N·cm": ("torque", 0.01),
    "N·m": ("torque", 1.0),
    "dB": ("level", 1.0),
    "°C": ("temperature", 1.0),
    "°F": ("temperature in Fahrenheit", 1.0),
    "%": ("share", 1.0),
    "U": ("rack height", 1.0),
    "USD": ("USD", 1.0),
    "EUR": ("EUR", 1.0),
    "GBP": ("GBP", 1.0),
    "CNY": ("CNY", 1.0),
}
"""Unit -> its dimension and its size in the dimension's base unit."""

_NAMES: dict[str, tuple[str, ...]] = {
    "µs": ("μs", "microsecond", "microseconds", "微秒"),
    "ms": ("millisecond", "milliseconds", "毫秒"),
    "s": ("sec", "secs", "second", "seconds", "秒"),
    "minute": ("min", "mins", "minutes", "分钟", "分鐘"),
    "h": ("hr", "hrs", "hour", "hours", "小时", "小時", "个小时", "個小時"),
    "day": ("days", "天"),
    "week": ("weeks", "周", "週", "个星期", "個星期", "星期"),
    "month": ("months", "个月", "個月"),
    "year": ("years", "yr", "yrs", "年"),
    "bit": ("bits", "位"),
    "byte": ("bytes", "字节", "位元組"),
    "KB": ("KiB", "kilobyte", "kilobytes"),
    "MB": ("MiB", "megabyte", "megabytes"),
    "GB": ("GiB", "gigabyte", "gigabytes"),
    "TB": ("TiB", "terabyte", "terabytes"),
    "kbit/s": ("kbps", "Kbit/s"),
    "Mbit/s": ("Mbps", "Mb/s", "megabits per second"),
    "Gbit/s": ("Gbps", "Gb/s", "gigabits per second"),
    "KB/s": ("KBps",),
    "MB/s": ("MBps", "megabytes per second"),
    "GB/s": ("GBps", "gigabytes per second"),
    "mm": ("millimetre", "millimetres", "millimeter", "millimeters", "毫米", "公釐"),
    "cm": ("centimetre", "centimetres", "centimeter", "centimeters", "厘米", "公分"),
    "m": ("metre", "metres", "meter", "meters", "米", "公尺"),
    "inch": ("inches", '"', "″", "''", "英寸", "吋"),
    "mm³": ("mm3", "mm^3", "cubic millimetres", "cubic millimeters", "立方毫米"),
    "cm³": ("cm3", "cm^3", "cubic centimetres", "cubic centimeters", "立方厘米"),
    "g": ("gram", "grams", "克"),
    "kg": ("kgs", "kilogram", "kilograms", "kilo", "kilos", "公斤", "千克"),
    "mAh": ("milliampere-hour", "milliampere-hours", "milliamp hours", "毫安时", "毫安時"),
    "Ah": ("ampere-hour", "ampere-hours", "amp hours", "安时", "安時"),
    "Wh": ("watt-hour", "watt-hours", "watt hours", "瓦时", "瓦時"),
    "kWh": ("kilowatt-hour", "kilowatt-hours", "kilowatt hours"),
    "mW": ("milliwatt", "milliwatts", "毫瓦"),
    "W": ("watt", "watts", "瓦", "瓦特"),
    "kW": ("kilowatt", "kilowatts", "千瓦"),
    "mV": ("millivolt", "millivolts", "毫伏"),
    "V": ("volt", "volts", "伏", "伏特"),
    "mA": ("milliampere", "milliamperes", "毫安"),
    "A": ("ampere", "amperes", "amps", "安培"),
    "Hz": ("hertz", "赫兹", "赫茲"),
    "kHz": ("kilohertz", "千赫"),
    "MHz": ("megahertz", "兆赫"),
    "GHz": ("gigahertz", "吉赫"),
    "rpm": ("revolutions per minute", "转/分", "轉/分"),
    "Pa": ("pascal", "pascals", "帕"),
    "kPa": ("kilopascal", "kilopascals", "千帕"),
    "bar": ("bars",),
    "N·cm": ("N cm", "Ncm", "N*cm", "newton centimetres", "牛·厘米"),
    "N·m": ("N m", "Nm", "N*m", "newton metres", "牛·米"),
    "dB": ("decibel", "decibels", "分贝", "分貝"),
    "°C": ("° C", "degrees Celsius", "degree Celsius", "degrees C", "摄氏度", "攝氏度", "℃"),
    "°F": ("° F", "degrees Fahrenheit", "degree Fahrenheit", "华氏度", "華氏度"),
    "%": ("percent", "per cent", "percentage points", "个百分点", "個百分點"),
    "U": ("RU", "rack unit", "rack units"),
    "USD": ("US dollar", "US dollars", "U.S. dollars", "dollar", "dollars", "US$", "$", "美元"),
    "EUR": ("euro", "euros", "€", "欧元", "歐元"),
    "GBP": ("pound sterling", "pounds sterling", "£", "英镑", "英鎊"),
    "CNY": ("RMB", "yuan", "人民币", "人民幣", "元"),
}

PREFIXES: dict[str, str] = {
    "$": "USD",
    "us$": "USD",
    "usd": "USD",
    "€": "EUR",
    "eur": "EUR",
    "£": "GBP",
    "gbp": "GBP",
    "¥": "CNY",
    "cny": "CNY",
    "rmb": "CNY",
    "百分之": "%",
}
"""What names a unit before its number, in lower case."""

_BY_NAME = {name: unit for unit in UNITS for name in (unit, *_NAMES.get(unit, ()))}
_LOWER: dict[str, str] = {}
for _name, _unit in _BY_NAME.items():
    _LOWER.setdefault(_name.lower(), _unit)


def _pattern(names: dict[str, str], flags: int) -> re.Pattern[str]:
    by_length = sorted(names, key=len, reverse=True)
    return re.compile(r"[ \t]*-?[ \t]*(" + "|".join(map(re.escape, by_length)) + r")(?:(?<![A-Za-z])|(?![A-Za-z]))", flags)


_EXACT = _pattern(_BY_NAME, 0)
_ANY_CASE = _pattern(_LOWER, re.IGNORECASE)


def unit_named(text: str, place: int) -> tuple[str, int] | None:
    """The canonical unit whose name stands at `place` (blanks or a hyphen before it), and where the name ends.

    The case decides where it makes a difference (Mb/s, MB/s); otherwise any case is read.
    """
    if found := _EXACT.match(text, place):
        return _BY_NAME[found[1]], found.end()
    if found := _ANY_CASE.match(text, place):
        return _LOWER[found[1].lower()], found.end()
    return None
