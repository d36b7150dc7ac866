"""Why the base branch stays where it is."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class WhyNot(StrEnum):
    """What kept the base branch from moving; only after MOVED does it help to merge again."""

    MOVED = "the base branch moved"
    BUSY = "its checkout is busy"
    OVERLAP = "uncommitted work is in the way"
    FILTERS = "a filter would have to run"
    DISK = "the disk is full"
    FAILED = "git refused"


@dataclass(frozen=True, slots=True)
class Standing:
    """The branch stands: the reason, and in words for the user with what to type."""

    reason: WhyNot
    text: str
