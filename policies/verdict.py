"""What a judgement is: the three verdicts, and a decision that says which rule decided each part and why."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum


class Verdict(StrEnum):
    """Allow, ask a human, or deny; ordered by strictness."""

    ALLOW = "allow"
    ASK = "ask"
    DENY = "deny"

    @property
    def strictness(self) -> int:
        """0 for allow, 1 for ask, 2 for deny."""
        return _STRICTNESS[self]


_STRICTNESS = {Verdict.ALLOW: 0, Verdict.ASK: 1, Verdict.DENY: 2}


def strictest(verdicts: Iterable[Verdict]) -> Verdict:
    """The strictest of some verdicts; allow where there are none."""
    return max(verdicts, key=lambda verdict: verdict.strictness, default=Verdict.ALLOW)


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One command, redirection, assignment, path or change, with the rule that decided it."""

    text: str
    verdict: Verdict
    rule: str
    file: str
    line: int
    why: str
    instead: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Placed:
    """A part where it stands in its script.

    `within` counts to what it stands in, among all of the script's parts; `under` are the beginnings of the loops and
    the like between the two, outermost first; `piped` is what reads the output of what stands before it.
    """

    part: Part
    within: int | None = None
    under: tuple[str, ...] = ()
    piped: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """The judgement of a whole: the strictest verdict of its parts, never without a part."""

    parts: tuple[Part, ...]

    @property
    def outline(self) -> tuple[Placed, ...]:
        """The parts in their order, each at every place where it stands."""
        return tuple(Placed(part=part) for part in self.parts)

    @property
    def verdict(self) -> Verdict:
        """The strictest verdict of all parts."""
        return strictest(part.verdict for part in self.parts)

    @property
    def deciding(self) -> Part:
        """The first part that has the strictest verdict."""
        return max(self.parts, key=lambda part: part.verdict.strictness)
