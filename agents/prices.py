"""What tokens cost, where the plan says so."""

from __future__ import annotations

from dataclasses import dataclass

from agents.model import Usage


@dataclass(frozen=True, slots=True, kw_only=True)
class Price:
    """US dollars per million tokens; the parts of a prompt that are read from the provider's cache or written to it
    have prices of their own, by default the input's."""

    input: float
    output: float
    cached: float | None = None
    cache_write: float | None = None

    def cost(self, usage: Usage) -> float:
        """Dollars of one call."""
        cached = self.input if self.cached is None else self.cached
        written = self.input if self.cache_write is None else self.cache_write
        fresh = max(0, usage.prompt - usage.cached - usage.cache_written)
        prompt = fresh * self.input + usage.cached * cached + usage.cache_written * written
        return (prompt + usage.completion * self.output) / 1_000_000

    def most(self, *, prompt: int = 0, completion: int = 0) -> float:
        """The most dollars that so many tokens cost, whatever the provider's cache does."""
        dearest = max(self.input, self.cached or 0.0, self.cache_write or 0.0)
        return (prompt * dearest + completion * self.output) / 1_000_000
