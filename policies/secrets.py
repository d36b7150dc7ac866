"""Find secrets in text: by the detectors of the library detect-secrets, and values that are known to be secret.

No service is asked whether a secret lives, and no comment in the text exempts its line: an agent could write one.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any, TypeAlias

Known: TypeAlias = Callable[[str], Iterable[tuple[str, int, int]]]
"""Finds known values in a text: the name of each, and where it begins and ends."""

# Entropy alone marks hashes and identifiers in any code; keyword detection marks every test's password.
_LEFT_OUT = frozenset({"HexHighEntropyString", "Base64HighEntropyString", "KeywordDetector", "IPPublicDetector"})
_WINDOW, _OVERLAP = 4096, 512
"""How much of a line a detector sees at once: expressions of others are not to be let loose on megabytes."""

_NEEDED = {"NpmDetector": ":_authToken="}
"""Words without which a detector finds nothing, for one whose expression tries each slash of a line with each other."""

_PRINTABLE = re.compile(rb"[\x20-\x7e]{8,}")


@dataclass(frozen=True, slots=True)
class Secret:
    """Something that may be secret: its kind, never itself, and the line of the text, counted from 0."""

    kind: str
    index: int


def no_known(_: str) -> Iterable[tuple[str, int, int]]:
    """Where no value is known to be secret."""
    return ()


def find_secrets(text: str, known: Known = no_known, *, moved: Collection[str] = frozenset()) -> Iterator[Secret]:
    """What may be secret in a text. A line that stands in `moved`, without the blanks around it, is nothing new."""
    yield from _known(text, known, moved)
    for index, line in enumerate(text.split("\n")):
        kind = _detected(line)
        if kind is not None and line.strip() not in moved:
            yield Secret(kind, index)


def strings_of(data: bytes) -> str:
    """The runs of printable characters in what is no text, a line each; those of UTF-16 as well."""
    return b"\n".join(_PRINTABLE.findall(data.replace(b"\0", b""))).decode("ascii")


def _known(text: str, known: Known, moved: Collection[str]) -> Iterator[Secret]:
    for name, begin, end in known(text):
        lines = text[text.rfind("\n", 0, begin) + 1 : end].split("\n")
        lines[-1] += text[end:].partition("\n")[0]
        if not all(line.strip() in moved for line in lines):
            yield Secret(f"the value of {name}", text.count("\n", 0, begin))


def _detected(line: str) -> str | None:
    for begin in range(0, max(1, len(line) - _OVERLAP), _WINDOW - _OVERLAP):
        window = line[begin : begin + _WINDOW]
        for detector in _detectors():
            if _NEEDED.get(type(detector).__name__, "") in window and any(detector.analyze_string(window)):
                return str(detector.secret_type)
    return None


@cache
def _detectors() -> tuple[Any, ...]:
    # Imported late: it is slow, and only a gate needs it.
    from detect_secrets.core.plugins.util import get_mapping_from_secret_type_to_class

    known: Any = get_mapping_from_secret_type_to_class()
    return tuple(kind() for kind in known.values() if kind.__name__ not in _LEFT_OUT)
