"""One thing that was looked at, and what the findings together say."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum


class Condition(StrEnum):
    """How something was found: as it should be, lacking, or worth a word."""

    OK = "ok"
    MISSING = "missing"
    NOTE = "note"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What was looked at, how it is, what was found there, and what to do about it.

    Where something `needed` is missing, no run can start.
    """

    name: str
    condition: Condition
    found: str
    remedy: str | None = None
    needed: bool = False


def ok(name: str, found: str) -> Finding:
    """It is as it should be."""
    return Finding(name=name, condition=Condition.OK, found=found)


def note(name: str, found: str, remedy: str | None = None) -> Finding:
    """A run can do without it, or with it as it is."""
    return Finding(name=name, condition=Condition.NOTE, found=found, remedy=remedy)


def missing(name: str, found: str, remedy: str | None = None, *, needed: bool = True) -> Finding:
    """It is not there, or can't be used."""
    return Finding(name=name, condition=Condition.MISSING, found=found, remedy=remedy, needed=needed)


def can_start(findings: Iterable[Finding]) -> bool:
    """Whether nothing that a run needs is missing."""
    return not any(finding.needed and finding.condition is Condition.MISSING for finding in findings)
