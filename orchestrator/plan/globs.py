"""Path globs: `*` within a segment, `**/` none or more segments; what they match, whether two can meet in one path."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache

_STAR = "*"
_DEEP = "**"
_ANY_SEGMENT = "any"

_Chain = tuple[str, "_Chain"] | tuple[()]
"""A list from its head, so that many entries of the table can share one tail."""


def matches_any(globs: Iterable[str], path: bytes) -> bool:
    """Whether one of the globs matches a path of the repository; takes time in proportion to their lengths."""
    segments = path.decode(errors="surrogateescape").split("/")
    return any(_matches(_segments(glob), segments, star=_DEEP, same=_segment_matches) for glob in globs)


@lru_cache(maxsize=4096)
def overlap_example(first: str, second: str) -> str | None:
    """A path that both globs match, or None where there is none."""
    if _apart(first, second):
        return None
    segments = _common(_segments(first), _segments(second), star=_DEEP, meet=_common_segment)
    return None if segments is None else "/".join(segments)


def _apart(first: str, second: str) -> bool:
    """Whether what stands before the wildcards differs already, as it mostly does."""
    one, other = first.split(_STAR, 1)[0], second.split(_STAR, 1)[0]
    return not one.startswith(other) and not other.startswith(one)


def _segments(glob: str) -> tuple[str, ...]:
    segments = tuple(glob.split("/"))
    # `a/**` is what lies below `a`: one segment, and then none or more.
    return (*segments[:-1], _STAR, _DEEP) if segments[-1] == _DEEP else segments


@lru_cache(maxsize=4096)
def _common_segment(first: str, second: str) -> str | None:
    characters = _common(first, second, star=_STAR, meet=_same)
    if characters is None:
        return None
    # Only wildcards can meet in nothing, and a wildcard takes any name as well.
    return "".join(characters) or _ANY_SEGMENT


def _same(first: str, second: str) -> str | None:
    return first if first == second else None


def _segment_matches(pattern: str, segment: str) -> bool:
    return _matches(pattern, segment, star=_STAR, same=str.__eq__)


def _matches(pattern: Sequence[str], items: Sequence[str], *, star: str, same: Callable[[str, str], bool]) -> bool:
    # Only the latest star is ever gone back to: an agent chooses the path and must not choose the time as well.
    at = item = 0
    after_star, taken = -1, 0
    while item < len(items):
        if at < len(pattern) and pattern[at] == star:
            at += 1
            after_star, taken = at, item
        elif at < len(pattern) and same(pattern[at], items[item]):
            at, item = at + 1, item + 1
        elif after_star >= 0:
            taken += 1
            at, item = after_star, taken
        else:
            return False
    return all(element == star for element in pattern[at:])


_Meet = Callable[[str, str], str | None]


def _common(first: Sequence[str], second: Sequence[str], *, star: str, meet: _Meet) -> list[str] | None:
    """A sequence that both patterns match: `star` takes none or more elements, the others meet one by one."""
    # Filled from the end, so that each entry only looks at what follows; no recursion that a long glob could exhaust.
    found: dict[tuple[int, int], _Chain | None] = {}
    for i in range(len(first), -1, -1):
        for j in range(len(second), -1, -1):
            found[i, j] = _common_from(first, second, (i, j), found, star, meet)
    chain = found[0, 0]
    if chain is None:
        return None
    elements = []
    while chain:
        element, chain = chain
        elements.append(element)
    return elements


def _common_from(
    first: Sequence[str],
    second: Sequence[str],
    at: tuple[int, int],
    found: dict[tuple[int, int], _Chain | None],
    star: str,
    meet: _Meet,
) -> _Chain | None:
    i, j = at
    if i == len(first) and j == len(second):
        return ()
    one = first[i] if i < len(first) else None
    other = second[j] if j < len(second) else None
    if star in {one, other}:
        return _past_star(one, other, at, found, star, meet)
    if one is None or other is None:
        return None
    return _joined(meet(one, other), found[i + 1, j + 1])


def _past_star(
    one: str | None,
    other: str | None,
    at: tuple[int, int],
    found: dict[tuple[int, int], _Chain | None],
    star: str,
    meet: _Meet,
) -> _Chain | None:
    i, j = at
    # Either star may take nothing, or else it takes the element that the other pattern has next.
    skipped = found[i + 1, j] if one == star else None
    if skipped is None and other == star:
        skipped = found[i, j + 1]
    if skipped is not None:
        return skipped
    if one == star and other not in {star, None}:
        return _joined(meet(other, other), found[i, j + 1])
    if other == star and one not in {star, None}:
        return _joined(meet(one, one), found[i + 1, j])
    return None


def _joined(element: str | None, rest: _Chain | None) -> _Chain | None:
    return None if element is None or rest is None else (element, rest)
