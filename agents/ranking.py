"""Which of many texts answer a query best, looked at one by one, so that a long run fits through."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from math import log

from agents.fence import one_line
from agents.past import Found, Hit

MOST_HITS = 12
MOST_LINES = 5
LINE_CHARS = 300
MOST_KEPT = 1000
"""Places that are remembered while others are looked at."""


@dataclass(slots=True, kw_only=True)
class _Place:
    """What is known of one: the words that it has, and its best lines with how many of them each has."""

    name: str
    order: int
    words: set[str] = field(default_factory=set)
    lines: list[tuple[int, int, str]] = field(default_factory=list)

    def wants(self, count: int) -> bool:
        """Whether a line with so many words is better than one that is there."""
        return len(self.lines) < MOST_LINES or count > self.lines[-1][0]

    def take(self, count: int, text: str, near: int) -> None:
        """Take a line in; of lines that are as good the first ones stay."""
        if (count, text) not in ((known, line) for known, _, line in self.lines):
            self.lines.append((count, near, text))
            self.lines.sort(key=lambda line: -line[0])
            del self.lines[MOST_LINES:]


class Ranking:
    """Best is a line with all words, then a place with all words, then one with the rarer words; then what came first.

    A text may come in several pieces under the same place.
    """

    def __init__(self, words: Sequence[str]) -> None:
        """Look for any of `words`, whatever their case."""
        self._words = tuple(dict.fromkeys(word.lower() for word in words))
        self._places: dict[str, _Place] = {}
        self._seen: Counter[str] = Counter()
        self._looked = 0
        self._dropped = 0

    def look(self, place: str, text: str, *, named: bool = False) -> None:
        """Look at a text, or at a `named` one with its place; what is looked at first wins over what is as good."""
        self._looked += 1
        low = f"{place}\n{text}".lower() if named else text.lower()
        words = {word for word in self._words if word in low}
        if not words:
            return
        known = self._places.setdefault(place, _Place(name=place, order=self._looked))
        self._seen.update(words - known.words)
        known.words |= words
        for number, line in enumerate(text.splitlines()):
            low = line.lower()
            starts = [at for word in words if (at := low.find(word)) >= 0]
            if starts and known.wants(len(starts)):
                known.take(len(starts), _around(line, min(starts)), number)
        if not known.lines:
            known.take(0, _around(text.strip().split("\n", 1)[0], 0), 0)
        if len(self._places) > 2 * MOST_KEPT:
            self._prune()

    def found(self) -> Found:
        """The best places so far."""
        best = sorted(self._places.values(), key=self._worth, reverse=True)
        hits = tuple(
            Hit(place=place.name, lines=tuple(line for _, _, line in sorted(place.lines, key=lambda line: line[1])))
            for place in best[:MOST_HITS]
        )
        return Found(hits=hits, more=len(best) - len(hits) + self._dropped)

    def _worth(self, place: _Place) -> tuple[int, int, float, int]:
        rarity = sum(log(1 + self._looked / self._seen[word]) for word in sorted(place.words))
        return (max((count for count, _, _ in place.lines), default=0), len(place.words), rarity, -place.order)

    def _prune(self) -> None:
        best = sorted(self._places.values(), key=self._worth, reverse=True)
        self._dropped += len(best) - MOST_KEPT
        self._places = {place.name: place for place in best[:MOST_KEPT]}


def _around(line: str, start: int) -> str:
    """A line, or as much of a long one as is around where a word begins."""
    begin = max(0, start - LINE_CHARS // 3) if len(line) > LINE_CHARS else 0
    return one_line(("…" if begin else "") + line[begin:].strip(), LINE_CHARS)
