"""What a pattern is about, as the words that may stand at each place: made of commands, merged, and written out."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from policies.printable import is_unsafe

MOST_CHARACTERS = 200
"""A longer word is nothing that anybody would write into a rule."""

_NO_LITERAL = re.compile(r"[*|\0]")
_QUOTED = re.compile(r"[\s\"'\\]|^$")


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """For each word of a command what it may be; `closed` if no further word may follow."""

    words: tuple[tuple[str, ...], ...]
    closed: bool

    @property
    def text(self) -> str:
        """The pattern."""
        return " ".join([*map(_written, self.words), *(["$"] if self.closed else [])])

    def covers(self, other: Shape) -> bool:
        """Whether it matches all that another does."""
        if len(other.words) < len(self.words) or (
            self.closed and (not other.closed or len(other.words) > len(self.words))
        ):
            return False
        return all(set(theirs) <= set(ours) for ours, theirs in zip(self.words, other.words, strict=False))


def shape_of(words: Sequence[str], *, closed: bool) -> Shape | None:
    """The shape of exactly these words; None where one of them can't be meant literally by a pattern."""
    if any(_NO_LITERAL.search(word) or word == "$" or len(word) > MOST_CHARACTERS for word in words):
        return None
    if any(is_unsafe(char) for word in words for char in word):
        return None
    return Shape(words=tuple((word,) for word in words), closed=closed)


def merged(shapes: Iterable[Shape]) -> list[Shape]:
    """As few shapes as match the same commands, in order: those that differ in one place become alternatives.

    What comes before the last word is only merged where a program stands alone: `make|npm test` reads like one thing.
    """
    left = list(dict.fromkeys(shapes))
    left = [shape for shape in left if not any(other != shape and other.covers(shape) for other in left)]
    deepest = max((len(shape.words) for shape in left), default=0)
    for place in range(deepest - 1, -1, -1):
        left = _merged_at(place, left)
    return sorted(left, key=lambda shape: shape.words)


def _merged_at(place: int, shapes: Iterable[Shape]) -> list[Shape]:
    groups: dict[object, list[Shape]] = {}
    for shape in shapes:
        inside = place < len(shape.words) and (place > 0 or len(shape.words) == 1)
        rest = (*shape.words[:place], (), *shape.words[place + 1 :]) if inside else shape.words
        groups.setdefault((rest, shape.closed), []).append(shape)
    return [_union(place, group) if len(group) > 1 else group[0] for group in groups.values()]


def _union(place: int, shapes: Sequence[Shape]) -> Shape:
    words = tuple(sorted({word for shape in shapes for word in shape.words[place]}))
    first = shapes[0]
    return Shape(words=(*first.words[:place], words, *first.words[place + 1 :]), closed=first.closed)


def split(shape: Shape, *, columns: int) -> Iterator[Shape]:
    """The same in several shapes where the text of one would be longer than a line."""
    place = max(range(len(shape.words)), key=lambda at: len(shape.words[at]))
    words = shape.words[place]
    if len(shape.text) <= columns or len(words) < 2:
        yield shape
        return
    middle = len(words) // 2
    for half in (words[:middle], words[middle:]):
        words_of_half = (*shape.words[:place], half, *shape.words[place + 1 :])
        yield from split(Shape(words=words_of_half, closed=shape.closed), columns=columns)


def _written(alternatives: Sequence[str]) -> str:
    word = "|".join(alternatives)
    return "'" + word.replace("'", "'\\''") + "'" if _QUOTED.search(word) else word
