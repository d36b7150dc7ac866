"""Wildcards that a command holds: whether what they expand to can be a path that may not be read."""

from __future__ import annotations

import re
from collections.abc import Sequence
from fnmatch import fnmatchcase
from functools import lru_cache

from policies.paths import anchored

WILD = re.compile(r"[*?\[]")

_CLASS = re.compile(r"\[.[^\]]*\]|[*?]")
# Where a secret may lie in any directory, a wildcard is held against its name when it spells out so many characters:
# a dot is enough for one that begins with it.
_SPELT = 2


def may_name(path: str, guarded: str) -> bool:
    """Whether a resolved path with wildcards can name what a glob of the policy such as `~/.ssh/**` is about."""
    anywhere = guarded.startswith("**/")
    return _meets(path.lower().split("/")[1:], _segments(guarded), least=_SPELT if anywhere else 0)


def spelt(segment: str) -> int:
    """How many characters of a segment are no wildcard."""
    return len(_CLASS.sub("", segment))


@lru_cache(maxsize=512)
def _segments(guarded: str) -> tuple[str, ...]:
    whole = guarded if guarded.startswith("**/") else anchored(guarded)
    return tuple(whole.lower().removeprefix("/").split("/"))


def _meets(path: Sequence[str], guarded: tuple[str, ...], *, least: int) -> bool:
    reached = {0}
    for segment in guarded:
        if segment == "**":
            reached = set(range(min(reached, default=len(path) + 1), len(path) + 1))
        else:
            reached = {at + 1 for at in reached if at < len(path) and _segment(path[at], segment, least)}
    return len(path) in reached


def _segment(given: str, guarded: str, least: int) -> bool:
    if guarded == "*" or WILD.search(given) is None:
        return fnmatchcase(given, guarded)
    name = guarded.replace("*", "")
    if name.startswith(".") and not given.startswith("."):
        # A wildcard leaves out what begins with a dot.
        return False
    least = min(least, 1) if name.startswith(".") else least
    return least <= spelt(given) <= len(name) and fnmatchcase(name, given.replace("[^", "[!"))
