"""The time of day, for commits."""

import time


def now() -> int:
    """Whole seconds since 1970."""
    return int(time.time())
