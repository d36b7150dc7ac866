"""What litellm and its clients leave behind for the garbage collector, which comes too seldom for what it weighs.

A response of httpx holds itself, and with it the request and all that was sent: the whole conversation. Python counts
objects, not bytes, and puts a full look off until a quarter of all objects are new, of which litellm's import makes
hundreds of thousands: dozens of requests lay about by then.
"""

from __future__ import annotations

import gc
import threading

MOST_BYTES = 8 * 1024 * 1024
"""So much of what was sent may lie about."""


class Leftovers:
    """Has the collector look when so many bytes were sent since it did."""

    def __init__(self, most_bytes: int = MOST_BYTES) -> None:
        self._most_bytes = most_bytes
        self._bytes = 0
        self._lock = threading.Lock()

    def sent(self, count: int) -> None:
        """So many bytes go out, and what was sent before may be left."""
        with self._lock:
            self._bytes += count
            if self._bytes < self._most_bytes:
                return
            self._bytes = 0
        gc.collect()


LEFTOVERS = Leftovers()
"""Of this process: its collector is one."""


def keep_for_good() -> None:
    """What is there now is not looked at again, so that a full look costs milliseconds: what was imported stays."""
    gc.collect()
    gc.freeze()
