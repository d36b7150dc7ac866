"""How the C library gives memory to a run, so that what was freed can be used again or goes back to the machine."""

from __future__ import annotations

import ctypes

_ARENA_MAX, _MMAP_THRESHOLD = -8, -3
"""Names of `mallopt` in glibc's malloc.h."""

ARENAS = 2
LARGE_BYTES = 256 * 1024


def use_little_heap() -> None:
    """Have all threads share two heaps, and what is large mapped by itself; where there is no glibc, nothing.

    A model is asked in a thread of its own, and glibc would give each a heap whose gaps no other fills; a request of
    some hundred KiB, once freed, would raise the size from which memory goes back, and from then on stay.
    """
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        mallopt(_ARENA_MAX, ARENAS)
        mallopt(_MMAP_THRESHOLD, LARGE_BYTES)
