"""The limits of a run, its roles and its tasks: what is counted in accounts, and the clocks and CPUs that are read."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from agents.account import Account
from agents.budget import Budget
from agents.events import Role
from agents.prices import Price
from orchestrator.journal.clock import elapsed
from orchestrator.journal.state import RunState, Tally
from orchestrator.plan.models import Bounds, Limits, TaskLimits
from orchestrator.run.owners import ROLES, role_owner, task_owner
from orchestrator.run.usage import amounts_of, used_by_task

PriceOf = Callable[[Role], Price | None]
"""What a role's models cost at most, where a price is known."""


class Stopwatch:
    """Seconds of all who are at work together, those of earlier processes included."""

    def __init__(self, clock: Callable[[], float], seconds: float = 0.0) -> None:
        self._clock = clock
        self._seconds = seconds
        self._began: list[float] = []

    @contextmanager
    def running(self) -> Iterator[None]:
        """Somebody is at work."""
        began = self._clock()
        self._began.append(began)
        try:
            yield
        finally:
            self._began.remove(began)
            self._seconds += self._clock() - began

    def begin(self) -> None:
        """Somebody is at work from now to the end of the process."""
        self._began.append(self._clock())

    def seconds(self) -> float:
        """How many by now."""
        now = self._clock()
        return self._seconds + sum(now - began for began in self._began)


class TimedBudget:
    """What the run, or a task of it, may still use. `state` is read for the CPU time that the journal holds."""

    def __init__(self, account: Account, roles: _Roles, state: RunState, clock: Callable[[], float]) -> None:
        self.account = account
        self._roles = roles
        self._state = state
        self._clock = clock

    def for_task(self, task: str, limits: TaskLimits, *, used: Tally, used_seconds: float) -> TimedBudget:
        """The budget of a task of this run, or of a part of this task; every charge to it is one to this as well."""
        watch = Stopwatch(self._clock, used_seconds)
        watch.begin()
        account = Account(
            limits.amounts(),
            above=(self.account,),
            used=_used(used),
            gauges={"wall": watch.seconds, "cpu": lambda: _cpu_seconds(self._state, task)},
            name=task_owner(task),
        )
        return TimedBudget(account, self._roles, self._state, self._clock)

    def for_agent(self, role: Role) -> Budget:
        """The budget of one agent: it shares this one with the others of the task, and its role's with all of it."""
        return Account({}, above=(self.account, self._roles.accounts[role]), price=self._roles.price_of(role))

    @contextmanager
    def at_work(self, role: Role) -> Iterator[None]:
        """An agent of that role is at work: its time is the role's."""
        with self._roles.watches[role].running():
            yield


class _Roles:
    """The accounts of the roles, which stand beside those of the tasks: a reviewer works for any of them."""

    def __init__(self, limits: Limits, state: RunState, price_of: PriceOf, clock: Callable[[], float]) -> None:
        self.price_of = price_of
        self.watches = {role: Stopwatch(clock, state.role_seconds.get(role, 0.0)) for role in ROLES}
        self.accounts = {role: self._account(role, limits, state) for role in ROLES}

    def _account(self, role: str, limits: Limits, state: RunState) -> Account:
        bounds: Bounds | None = getattr(limits.roles, role, None)
        return Account(
            bounds.amounts() if bounds is not None else {},
            used=_used(state.roles.get(role, Tally())),
            gauges={
                "wall": self.watches[role].seconds,
                "cpu": lambda: state.roles[role].cpu_seconds if role in state.roles else 0.0,
            },
            name=role_owner(role, state.tasks),
        )


def _no_price(_: Role) -> Price | None:
    return None


def run_budget(
    limits: Limits,
    state: RunState,
    *,
    price_of: PriceOf = _no_price,
    clock: Callable[[], float] = elapsed,
) -> TimedBudget:
    """The budget of a run, less what its earlier processes used; `state` is the one that goes on with the run."""
    watch = Stopwatch(clock, state.seconds)
    watch.begin()
    account = Account(
        limits.amounts(),
        used=_used(state.total),
        gauges={"wall": watch.seconds, "cpu": lambda: state.total.cpu_seconds},
    )
    return TimedBudget(account, _Roles(limits, state, price_of, clock), state, clock)


def _used(tally: Tally) -> dict[str, float]:
    return {key: amount for key, amount in amounts_of(tally, 0.0).items() if key not in {"wall", "cpu"}}


def _cpu_seconds(state: RunState, task: str) -> float:
    """The CPU time of a task and of its parts, as the journal has it now."""
    return used_by_task(state, task).cpu_seconds if task in state.tasks else 0.0
