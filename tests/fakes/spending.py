"""What tests do with a budget."""

from __future__ import annotations

from agents.budget import Budget
from agents.model import Bill


def step(budget: Budget) -> None:
    """One request that is answered, for nothing; raises LimitReached."""
    budget.settle(budget.reserve(prompt_tokens=0, max_tokens=0), Bill(), answered=True)
