"""Who pays: the run, its task and its role, for each answer and each command."""

from __future__ import annotations

from agents.model import Usage
from orchestrator.journal.state import RunState, Tally, TaskProgress


def tallies(state: RunState, task: TaskProgress | None, role: str | None) -> list[Tally]:
    """Everyone's who pays for what an agent of that role did, or for what was done without one."""
    tallies = [state.total]
    if task is not None:
        tallies.append(task.used)
    if role is not None:
        tallies.append(state.roles.setdefault(role, Tally()))
    return tallies


def add(tally: Tally, usage: Usage, cost: float | None) -> None:
    """Count tokens that were paid for; without a cost their price is not known."""
    tally.prompt += usage.prompt
    tally.completion += usage.completion
    tally.cached += usage.cached
    if cost is None:
        tally.unpriced_tokens += usage.prompt + usage.completion
    else:
        tally.cost += cost
