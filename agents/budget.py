"""The seam to limits: reserved before a model is asked, settled after it answered."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from agents.model import Usage

USUAL_ANSWER_TOKENS = 4096
"""The most an answer may have where no limit is near."""

SMALLEST_ANSWER_TOKENS = 256
"""Less is not worth asking for: the limit counts as reached."""


class LimitReached(Exception):
    """A limit of the plan ends the work: its name, its value, and what was used (or would have been)."""

    def __init__(self, limit: str, value: float, used: float) -> None:
        self.limit = limit
        self.value = value
        self.used = used
        super().__init__(f"limit {limit} reached: {used:g} of {value:g}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Reservation:
    """What one call may use: the prompt as estimated, the longest answer, and the dollars of both where known."""

    prompt_tokens: int
    max_tokens: int
    cost: float = 0.0


class Budget(Protocol):
    """What an agent may still use. None of these waits, so that parallel agents can't overshoot together."""

    def step(self) -> None:
        """Count one step; raises LimitReached."""
        ...

    def reserve(self, *, prompt_tokens: int, max_tokens: int) -> Reservation:
        """Set tokens aside, fewer for the answer if it must be (never under 256); raises LimitReached."""
        ...

    def command(self) -> None:
        """See that there is time left for a command; raises LimitReached."""
        ...

    def seconds_left(self) -> float:
        """How long until a limit of time is reached; infinite where there is none."""
        ...

    def settle(self, reservation: Reservation, *, usage: Usage, cost: float | None) -> None:
        """Replace a reservation by what was used: nothing, where the call failed."""
        ...
