"""One way out of the sandbox, and what came of trying it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from sandbox.sandbox import CommandResult, LimitHit, Limits, Sandbox

if TYPE_CHECKING:
    from sandbox.attacks.scene import Scene


class Verdict(StrEnum):
    """What came of an escape."""

    HELD = "held"
    BROKEN = "broken"
    NOT_TRIED = "not tried"


class Group(StrEnum):
    """What an escape goes for; the order is that of the table."""

    FILES = "files"
    SYMLINKS = "symlinks"
    SOCKETS = "sockets"
    NETWORK = "network"
    PROC = "/proc"
    NAMESPACES = "namespaces"
    RESOURCES = "resources"
    GIT = "git"
    TERMINAL = "terminal"


Afterwards = Callable[["Scene", Sandbox, CommandResult], Awaitable[str | None]]
"""The host's part, after the script: what got through, None if nothing did."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Escape:
    """One way out: `script` is what runs inside, in sh or, where `python`, in that; see `scripts` for its words.

    It has held only if the script says so, nothing on this side was read, changed or reached, and `afterwards` finds
    nothing. With `limits` it has a sandbox of its own; `contained_by` is the limit that has to end or cut it.
    """

    name: str
    group: Group
    tries: str
    script: str
    python: bool = False
    afterwards: Afterwards | None = None
    limits: Limits | None = None
    contained_by: LimitHit | None = None
    timeout_seconds: float = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What came of one escape; `reason` may hold words of the sandbox's, and is hostile."""

    name: str
    group: Group
    tries: str
    verdict: Verdict
    reason: str


def outcome(escape: Escape, verdict: Verdict, reason: str) -> Outcome:
    """What came of an escape."""
    return Outcome(name=escape.name, group=escape.group, tries=escape.tries, verdict=verdict, reason=reason)
