"""The limits of a run and its tasks, the wall clock among them."""

from __future__ import annotations

import time
from collections.abc import Callable

from agents.account import Account
from agents.budget import LimitReached, Reservation
from agents.model import Usage
from orchestrator.journal.state import RunState, Tally
from orchestrator.plan.models import Limits, TaskLimits


class TimedBudget:
    """An account with a wall clock: what an agent of one task, or the run itself, may still use."""

    def __init__(
        self,
        account: Account,
        *,
        wall_seconds: float | None,
        used_seconds: float = 0.0,
        name: str = "",
        parent: TimedBudget | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """`used_seconds` is what earlier processes of the same run took."""
        self._account = account
        self._wall_seconds = wall_seconds
        self._started = clock() - used_seconds
        self._name = name
        self._parent = parent
        self._clock = clock

    def step(self) -> None:
        """Count one step; raises LimitReached."""
        self._check_wall()
        self._account.step()

    def reserve(self, *, prompt_tokens: int, max_tokens: int) -> Reservation:
        """Set tokens aside; raises LimitReached."""
        return self._account.reserve(prompt_tokens=prompt_tokens, max_tokens=max_tokens)

    def settle(self, reservation: Reservation, *, usage: Usage, cost: float | None) -> None:
        """Replace a reservation by what was used."""
        self._account.settle(reservation, usage=usage, cost=cost)

    def _check_wall(self) -> None:
        used = self._clock() - self._started
        if self._wall_seconds is not None and used >= self._wall_seconds:
            raise LimitReached(f"{self._name}.wall" if self._name else "wall", self._wall_seconds, used)
        if self._parent is not None:
            self._parent._check_wall()

    def for_task(self, task: str, limits: TaskLimits, *, used: Tally, used_seconds: float) -> TimedBudget:
        """The budget of a task of this run; every charge to it is one to the run."""
        bounds = {"steps": limits.steps, "tokens": limits.tokens, "cost": limits.cost}
        known = {key: float(value) for key, value in bounds.items() if value is not None}
        account = Account(known, parent=self._account, used=_used(used), name=task)
        return TimedBudget(
            account,
            wall_seconds=limits.wall_seconds,
            used_seconds=used_seconds,
            name=task,
            parent=self,
            clock=self._clock,
        )


def run_budget(limits: Limits, state: RunState) -> TimedBudget:
    """The budget of a run, less what its earlier processes used."""
    bounds = {"steps": float(limits.steps), "tokens": float(limits.tokens), "cost": limits.cost}
    account = Account(bounds, used=_used(state.total))
    return TimedBudget(account, wall_seconds=limits.wall_seconds, used_seconds=state.seconds)


def _used(tally: Tally) -> dict[str, float]:
    return {"steps": tally.steps, "tokens": tally.prompt + tally.completion, "cost": tally.cost}
