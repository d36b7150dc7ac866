"""What a benchmark says: figures, each with the bar that it must hold, and how they are shown."""

from __future__ import annotations

import math
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

import anyio

DISK = "/var/tmp"
"""Where benchmarks keep their files: on a disk, where /tmp may be memory and make every commit free."""

PAUSE_SECONDS = 0.05

PROGRAM = "mimo-orchestrate"


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """One measured value; `bar` is the most that it may be, None where it is for comparison only.

    `ratio` says that the value is a part of something, and is shown as 1/N.
    """

    name: str
    value: float
    unit: str = ""
    bar: float | None = None
    ratio: bool = False

    @property
    def held(self) -> bool:
        """Whether the bar is held; what has none holds it."""
        return self.bar is None or self.value <= self.bar

    def row(self) -> tuple[str, str, str, str]:
        """Name, value, bar and verdict, as the table shows them."""
        if self.bar is None:
            return self.name, self._shown(self.value), "", ""
        return self.name, self._shown(self.value), self._shown(self.bar), "held" if self.held else "NOT HELD"

    def _shown(self, value: float) -> str:
        if self.ratio:
            return f"1/{1 / value:.1f}"
        return f"{value:g} {self.unit}".rstrip() if value == int(value) else f"{value:.2f} {self.unit}"


def table(figures: Sequence[Figure]) -> str:
    """The figures in aligned columns, below a heading."""
    rows = [("figure", "value", "at most", ""), *(figure.row() for figure in figures)]
    widths = [max(len(row[at]) for row in rows) for at in range(4)]
    lines = [f"{row[0]:{widths[0]}}  {row[1]:>{widths[1]}}  {row[2]:>{widths[2]}}  {row[3]}".rstrip() for row in rows]
    return "\n".join([lines[0], "-" * max(map(len, lines)), *lines[1:]])


def percentile(times: Sequence[float], percent: int) -> float:
    """The value that so many percent of the times don't exceed."""
    ordered = sorted(times)
    return ordered[max(0, math.ceil(len(ordered) * percent / 100) - 1)]


async def interleaved(
    rounds: int, ways: dict[str, Callable[[int], Awaitable[object]]], *, in_a_row: int
) -> dict[str, list[float]]:
    """The times of each way in milliseconds; every round has all ways, so that a slow moment meets all alike.

    A way is taken so many times `in_a_row`, after a pause: an engine is still busy with an exec when that has returned.
    It is given a number that no other has; the first round is not counted.
    """
    times: dict[str, list[float]] = {name: [] for name in ways}
    for number in range(rounds + 1):
        for name, way in ways.items():
            await anyio.sleep(PAUSE_SECONDS)
            for again in range(in_a_row):
                began = time.perf_counter()
                await way(number * in_a_row + again)
                if number > 0:
                    times[name].append((time.perf_counter() - began) * 1000)
    return times
