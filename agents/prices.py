"""What tokens cost, where the plan says so."""

from __future__ import annotations

from dataclasses import dataclass

from agents.model import Usage


@dataclass(frozen=True, slots=True, kw_only=True)
class Price:
    """US dollars per million tokens; `cached` is that of a prompt's cached part, by default the input's."""

    input: float
    output: float
    cached: float | None = None

    def cost(self, usage: Usage) -> float:
        """Dollars of one call."""
        cached = self.input if self.cached is None else self.cached
        fresh = max(0, usage.prompt - usage.cached)
        return (fresh * self.input + usage.cached * cached + usage.completion * self.output) / 1_000_000
