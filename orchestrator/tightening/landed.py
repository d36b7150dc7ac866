"""What landed in past runs: the diff of each task, as the rules on changes judge it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

from policies.changed import Change
from policies.verdict import Verdict

Files: TypeAlias = Sequence[Change]

ReadDiff: TypeAlias = Callable[[str, str], Files | None]
"""Gives the files that differ between two commits; None where the commits are no longer there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LandedChange:
    """The diff of a task that landed; `answered_by` is who allowed it, where that was asked."""

    task: str
    role: str
    files: Files | None = field(repr=False)
    at: float
    ask: str
    answered_by: str | None = None
    above: tuple[str, ...] = ()

    @property
    def verdict(self) -> Verdict:
        """What the policy said then: nothing lands that it denies."""
        return Verdict.ALLOW if self.answered_by is None else Verdict.ASK

    @property
    def allowed(self) -> bool:
        """Whether it was let through."""
        return True
