"""Durations ("10m", "1h30m") and sizes ("2g", "512m") as people write them, in seconds and in bytes."""

from __future__ import annotations

import re
from decimal import Decimal

DURATION_PATTERN = r"^([0-9]+(\.[0-9]+)?(ms|s|m|h|d))+$"
"""What a duration looks like; also shown in the JSON Schema."""

ZERO_DURATION = re.compile(r"(0+(\.0+)?(ms|s|m|h|d))+")
"""No time at all: a duration of a limit, and of nothing else."""

SIZE_PATTERN = r"^[0-9]+(\.[0-9]+)?([bB]|[kKmMgGtT]([iI]?[bB])?)$"
"""What a size looks like; also shown in the JSON Schema. Units are powers of 1024, as for docker."""

_DURATION_PART = re.compile(r"([0-9]+(?:\.[0-9]+)?)(ms|s|m|h|d)")
_SECONDS = {"ms": Decimal("0.001"), "s": Decimal(1), "m": Decimal(60), "h": Decimal(3600), "d": Decimal(86400)}
_BYTES = {"b": 1, "k": 1024, "m": 1024**2, "g": 1024**3, "t": 1024**4}
_LONGEST_SECONDS = 366 * 86400
_LARGEST_BYTES = 1024**5
_LONGEST_TEXT = 40


class UnitError(ValueError):
    """A text that is no duration or no size, with what one looks like."""


def parse_duration(text: str) -> float:
    """The seconds that `text` stands for; raises UnitError."""
    if len(text) > _LONGEST_TEXT or re.fullmatch(DURATION_PATTERN, text) is None:
        raise UnitError("must be a duration, a number and a unit (ms, s, m, h, d) such as 90s, 10m or 1h30m")
    exact = sum((Decimal(number) * _SECONDS[unit] for number, unit in _DURATION_PART.findall(text)), Decimal())
    seconds = round(exact, 3)
    if not 0 < seconds <= _LONGEST_SECONDS:
        raise UnitError("must be a duration between 1ms and 366d")
    return float(seconds)


def parse_size(text: str) -> int:
    """The bytes that `text` stands for; raises UnitError."""
    if len(text) > _LONGEST_TEXT or re.fullmatch(SIZE_PATTERN, text) is None:
        raise UnitError("must be a size, a number and a unit (b, k, m, g, t) such as 512m or 2g")
    number = text.rstrip("bBiIkKmMgGtT")
    size = int(Decimal(number) * _BYTES[text[len(number)].lower()])
    if not 0 < size <= _LARGEST_BYTES:
        raise UnitError("must be a size between 1b and 1024t")
    return size


def format_duration(seconds: float) -> str:
    """A duration in its largest whole units, such that parse_duration gives `seconds` back to the millisecond."""
    milliseconds = round(seconds * 1000)
    parts = []
    for unit in ("d", "h", "m", "s", "ms"):
        count, milliseconds = divmod(milliseconds, int(_SECONDS[unit] * 1000))
        if count:
            parts.append(f"{count}{unit}")
    return "".join(parts) or "0s"


def format_size(size_bytes: int) -> str:
    """A size in the largest unit that divides it, such that parse_size gives `size_bytes` back."""
    for unit in ("t", "g", "m", "k"):
        if size_bytes and size_bytes % _BYTES[unit] == 0:
            return f"{size_bytes // _BYTES[unit]}{unit}"
    return f"{size_bytes}b"
