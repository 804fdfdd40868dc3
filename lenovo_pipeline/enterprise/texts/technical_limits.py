"""Units and limits of the parameters that technical documents state.

Belongs here: numbers. The names of topics and parameters stand in the banks `technical_terms`, in the same order.
"""

from random import Random
from typing import TypeAlias

Limit: TypeAlias = tuple[str, float, float, float]
"""Unit, lowest minimum, highest maximum, step."""

LIMITS: dict[str, tuple[tuple[Limit, Limit, Limit], ...]] = {
    "architecture": (
        (("byte", 32, 512, 32), ("MB", 4, 384, 4), ("line", 1, 32, 1)),
        (("channel", 1, 16, 1), ("KB", 1, 64, 1), ("µs", 2, 32, 0.5)),
        (("lane", 4, 160, 4), ("byte", 128, 4096, 128), ("attempt", 1, 24, 1)),
    ),
    "api_reference": (
        (("s", 1, 300, 1), ("MB", 1, 256, 1), ("record", 10, 2000, 10)),
        (("minute", 5, 720, 5), ("session", 1, 400, 1), ("s", 10, 600, 10)),
        (("event", 64, 8192, 64), ("attempt", 1, 20, 1), ("s", 5, 240, 5)),
    ),
    "deployment": (
        (("MB/s", 10, 1200, 10), ("job", 1, 128, 1), ("day", 7, 365, 1)),
        (("minute", 10, 480, 5), ("attempt", 1, 15, 1), ("day", 30, 825, 5)),
        (("device", 5, 500, 5), ("h", 1, 168, 1), ("h", 2, 96, 1)),
    ),
    "configuration": (
        (("s", 30, 3600, 30), ("W", 5, 700, 5), ("minute", 1, 120, 1)),
        (("s", 0.5, 30, 0.5), ("attempt", 1, 12, 1), ("s", 10, 900, 10)),
        (("MB", 1, 512, 1), ("day", 1, 400, 1), ("ms", 10, 5000, 10)),
    ),
    "hardware_maintenance": (
        (("N·cm", 5, 120, 1), ("cycle", 1, 40, 1), ("N·cm", 10, 300, 5)),
        (("month", 1, 36, 1), ("kPa", 50, 600, 10), ("minute", 1, 90, 1)),
        (("mm³", 5, 150, 5), ("month", 1, 48, 1), ("°C", 5, 45, 1)),
    ),
    "firmware_interface": (
        (("KB", 4, 1024, 4), ("ms", 50, 9000, 50), ("block", 1, 128, 1)),
        (("ms", 20, 6000, 20), ("°C", 0.5, 12, 0.5), ("entry", 16, 1024, 16)),
        (("attempt", 1, 10, 1), ("s", 5, 900, 5), ("slot", 1, 8, 1)),
    ),
    "networking": (
        (("byte", 576, 9216, 64), ("ms", 100, 9000, 100), ("entry", 128, 8192, 128)),
        (("h", 1, 240, 1), ("probe", 1, 12, 1), ("entry", 64, 16384, 64)),
        (("point", 1, 100, 1), ("KB", 8, 4096, 8), ("Mbit/s", 10, 40000, 10)),
    ),
    "performance_tuning": (
        (("ms", 1, 100, 1), ("µs", 10, 2000, 10), ("s", 1, 120, 1)),
        (("command", 1, 1024, 1), ("KB", 16, 8192, 16), ("ms", 100, 9900, 100)),
        (("°C", 60, 105, 1), ("rpm", 800, 9000, 50), ("°C", 1, 20, 0.5)),
    ),
    "security_hardening": (
        (("character", 8, 64, 1), ("day", 30, 400, 5), ("password", 1, 30, 1)),
        (("attempt", 2, 20, 1), ("minute", 1, 240, 1), ("minute", 1, 120, 1)),
        (("MB", 8, 1024, 8), ("day", 30, 1100, 10), ("s", 1, 300, 1)),
    ),
    "integration": (
        (("minute", 5, 1440, 5), ("record", 50, 9000, 50), ("s", 10, 1200, 10)),
        (("s", 5, 300, 5), ("day", 7, 730, 1), ("%", 50, 99, 1)),
        (("minute", 1, 240, 1), ("ticket", 10, 2500, 10), ("attempt", 1, 15, 1)),
    ),
}


def draw(limit: Limit, random: Random) -> tuple[float | int, float | int, float | int]:
    """A minimum, a value above it and a maximum above that, all different, on the limit's steps."""
    _, lowest, highest, step = limit
    count = round((highest - lowest) / step)
    low = int(random.random() * (count // 3 + 1))
    high = max(low + 2, count - int(random.random() * (count // 3 + 1)))
    middle = low + 1 + int(random.random() * (high - low - 1))
    minimum, value, maximum = (_plain(lowest + i * step) for i in (low, middle, high))
    return minimum, value, maximum


def _plain(value: float) -> float | int:
    rounded = round(value, 4)
    return int(rounded) if float(rounded).is_integer() else rounded
