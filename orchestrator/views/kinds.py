"""Kinds of entries that a log can be narrowed to; apart from the entries, for the command line is quicker without."""

from __future__ import annotations

from enum import StrEnum


class Kind(StrEnum):
    """What `log --only` takes; an entry may be of several."""

    STEPS = "steps"
    MILESTONES = "milestones"
    REFUSED = "refused"
    FAILED = "failed"
    GATES = "gates"
    DECISIONS = "decisions"
    QUESTIONS = "questions"
    MERGES = "merges"
    TOLD = "told"
    FAULTS = "faults"
