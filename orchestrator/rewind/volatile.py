"""What two runs of one command may print differently and yet have done the same: a short list, and nothing else."""

from __future__ import annotations

import re

_MONTHS = "Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec"

_ZONE = r"(?:Z| ?[+-]\d\d:?\d\d)?"
_UNITS = "ns|us|µs|ms|s|secs?|milliseconds?|seconds?|minutes?"

VOLATILE: tuple[tuple[str, str], ...] = (
    (rf"\b\d{{4}}-\d\d-\d\d(?:[T ]\d\d:\d\d(?::\d\d(?:[.,]\d+)?)?{_ZONE})?", "<time>"),
    (rf"\b(?:{_MONTHS}) +\d{{1,2}} +(?:\d\d:\d\d(?::\d\d)?(?: \d{{4}})?|\d{{4}})\b", "<time>"),
    (r"\b\d\d:\d\d:\d\d(?:[.,]\d+)?\b", "<time>"),
    (r"\b\d+m\d+(?:\.\d+)?s\b", "<duration>"),
    (rf"\b\d+(?:\.\d+)? ?(?:{_UNITS})\b", "<duration>"),
    (r"/tmp/(?:tmp\w{6,}|tmp\.\w{6,})", "/tmp/<name>"),  # noqa: S108 - a name in a text
    (r"\b0x[0-9a-fA-F]{6,16}\b", "<address>"),
)
"""Times, durations, names that mktemp and Python give to temporary files, addresses in memory: what is looked for, and
what stands for it in both texts. The guide on replays has the same list."""

_PATTERNS = tuple((re.compile(pattern), kind) for pattern, kind in VOLATILE)


def settled(text: str) -> str:
    """A text with what is volatile in it replaced by its kind."""
    for pattern, kind in _PATTERNS:
        text = pattern.sub(kind, text)
    return text
