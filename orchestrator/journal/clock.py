"""Time that nobody sets: a clock that was set, or set back, makes no event older and no duration longer."""

from __future__ import annotations

import time
from collections.abc import Callable


def elapsed() -> float:
    """Seconds since the machine was started, its sleep included: only good for differences."""
    return time.clock_gettime(time.CLOCK_BOOTTIME)


class SteadyClock:
    """The time of day as it was when this was made, and what has passed since."""

    def __init__(self, *, wall: Callable[[], float] = time.time, passed: Callable[[], float] = elapsed) -> None:
        self._passed = passed
        self._offset = wall() - passed()

    def __call__(self) -> float:
        """Unix seconds."""
        return self._offset + self._passed()


def between(began: float, ended: float) -> float:
    """The seconds from one event to another; none where they are of processes between which the clock was set back."""
    return max(0.0, ended - began)
