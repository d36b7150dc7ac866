"""The seam to limits: reserved before a model is asked, settled after it answered."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from agents.model import Bill, Usage

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
    steps: int = 1

    def of(self, limit: str) -> float:
        """What it holds of `steps`, `tokens` or `cost`."""
        return {"steps": self.steps, "tokens": self.prompt_tokens + self.max_tokens, "cost": self.cost}[limit]

    @property
    def in_full(self) -> Bill:
        """All of it, as a bill: what is charged where nobody can tell any more how much of it was used."""
        usage = Usage(prompt=self.prompt_tokens, completion=self.max_tokens)
        return Bill(usage=usage, cost=self.cost or None)


class Budget(Protocol):
    """What an agent may still use. None of these waits, so that parallel agents can't overshoot together."""

    def reserve(self, *, prompt_tokens: int, max_tokens: int, steps: int = 1) -> Reservation:
        """Set aside what a request may use, fewer tokens for the answer if it must be (never under 256).

        Raises LimitReached, also where the time is up. What is asked besides the conversation is no step.
        """
        ...

    def command(self) -> None:
        """See that there is time left for a command; raises LimitReached."""
        ...

    def seconds_left(self) -> float:
        """How long until a limit of time is reached; infinite where there is none."""
        ...

    def settle(self, reservation: Reservation, bill: Bill, *, answered: bool) -> None:
        """Replace a reservation by what was used; a request that was not answered is no step."""
        ...
