"""The budgets of a run under any interleaving, held against a list of all calls: what fits is granted, and no more."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from agents.budget import Budget, LimitReached, Reservation
from agents.events import Role
from agents.model import Bill, Usage
from agents.prices import Price
from orchestrator.journal.state import RunState, Tally, TaskProgress
from orchestrator.plan.models import Limits, TaskLimits
from orchestrator.run.budget import TimedBudget, run_budget

TINY = 2.0**-20
"""Dollars: all prices are whole ones of these a token, so that each sum is exact, in floats as in whole numbers."""

A_MILLION = 1_000_000 * TINY

ROLES: tuple[Role, ...] = ("editor", "reviewer")
TASKS = ("one", "two", "whole", "part")
"""The last is a part of the one before it."""

HIGHEST = {"steps": 5, "tokens": 15_000, "cost": 30_000, "wall": 40, "cpu": 40}
LIMITS = st.fixed_dictionaries({}, optional={key: st.integers(0, most) for key, most in HIGHEST.items()})


@dataclass(frozen=True, slots=True, kw_only=True)
class Tokens:
    """What tokens of a role cost, in tiny dollars."""

    fresh: int
    answer: int
    cached: int
    written: int

    @property
    def price(self) -> Price:
        """As a plan has it."""
        dollars = (each * A_MILLION for each in (self.fresh, self.answer, self.cached, self.written))
        return Price(**dict(zip(("input", "output", "cached", "cache_write"), dollars, strict=True)))

    @property
    def dearest(self) -> int:
        """Of a prompt."""
        return max(self.fresh, self.cached, self.written)


PRICES = st.none() | st.builds(
    Tokens, fresh=st.integers(0, 9), answer=st.integers(0, 40), cached=st.integers(0, 2), written=st.integers(0, 12)
)


@dataclass(slots=True, kw_only=True)
class Call:
    """One call: what it holds while it is on its way, and what it took once it is over; in tokens and tiny dollars."""

    of: tuple[str, ...]
    budget: Budget
    reservation: Reservation
    steps: int
    tokens: int
    cost: int
    used: dict[str, int] | None = None

    def beyond(self, limit: str) -> int:
        """What a provider counted above what was set aside for it."""
        return 0 if self.used is None else max(0, self.used[limit] - getattr(self, limit))


class BudgetTree(RuleBasedStateMachine):
    """Attempts of several tasks and roles, which ask, are answered, fail, are abandoned and gone on with in any order.

    Everybody's limits are known by name, the run's by none, and who is charged for a call is written on it: there is
    no tree in here.
    """

    @initialize(data=st.data())
    def begin(self, data: st.DataObject) -> None:
        """Nothing was used yet."""
        self.now = 0
        self.cpu = dict.fromkeys(("", *ROLES, *TASKS), 0)
        self.calls: list[Call] = []
        self.prices = {role: data.draw(PRICES) for role in ROLES}
        self.limits: dict[str, dict[str, int]] = {owner: data.draw(LIMITS) for owner in self.cpu}
        for key, most in HIGHEST.items():
            self.limits[""].setdefault(key, 10 * most)
        self.open_run()

    def open_run(self) -> None:
        """A process begins, with what the journal has."""
        self.state = RunState(run="r", total=self.tally(""), roles={role: self.tally(role) for role in ROLES})
        for task in TASKS:
            self.state.tasks[task] = TaskProgress(id=task, role="editor", goal="Port.", used=self.tally(task))
        self.state.tasks["whole"].parts = ["part"]
        part, whole = self.state.tasks["part"].used, self.state.tasks["whole"].used
        for key in ("steps", "prompt", "cost", "cpu_seconds"):
            setattr(whole, key, getattr(whole, key) - getattr(part, key))
        self.state.seconds = float(self.now)
        roles = {role: written(self.limits[role]) for role in ROLES}
        self.run = run_budget(
            Limits.model_validate({**written(self.limits[""]), "roles": roles}),
            self.state,
            price_of=lambda role: tokens.price if (tokens := self.prices.get(role)) is not None else None,
            clock=lambda: float(self.now),
        )
        self.tasks: dict[str, TimedBudget] = {}
        for task in TASKS:
            self.open_task(task)
        self.agents = {(task, role): self.tasks[task].for_agent(role) for task in TASKS for role in ROLES}

    def open_task(self, task: str) -> None:
        above = self.tasks["whole"] if task == "part" else self.run
        limits = TaskLimits.model_validate(written(self.limits[task]))
        self.tasks[task] = above.for_task(task, limits, used=self.tally(task), used_seconds=float(self.now))

    def tally(self, owner: str) -> Tally:
        """What somebody used, as the journal has it."""
        used = {key: self.used(owner, key) for key in ("steps", "tokens", "cost")}
        return Tally(
            steps=used["steps"], prompt=used["tokens"], cost=used["cost"] * TINY, cpu_seconds=float(self.cpu[owner])
        )

    def used(self, owner: str, limit: str) -> int:
        """What all calls that were charged to somebody took."""
        if limit in {"wall", "cpu"}:
            return self.now if limit == "wall" else self.cpu[owner]
        return sum(call.used[limit] for call in self.calls if owner in call.of and call.used is not None)

    def held(self, owner: str, limit: str) -> int:
        """What those on their way hold."""
        return sum(getattr(call, limit) for call in self.calls if owner in call.of and call.used is None)

    def left(self, owners: tuple[str, ...], limit: str) -> Iterator[tuple[str, int]]:
        """What each of them has left of a limit, by the limit's name."""
        for owner in owners:
            if limit in self.limits[owner]:
                room = self.limits[owner][limit] - self.used(owner, limit)
                held = 0 if limit in {"wall", "cpu"} else self.held(owner, limit)
                yield f"{owner}.{limit}".removeprefix("."), room - held

    def clocks_out(self, owners: tuple[str, ...]) -> set[str]:
        # A role's clock stands still here: nobody is said to be at work.
        out = {name for limit in ("wall", "cpu") for name, left in self.left(owners, limit) if left <= 0}
        return out - {f"{role}.wall" for role in ROLES}

    @rule(
        task=st.sampled_from(TASKS),
        role=st.sampled_from(ROLES),
        prompt=st.integers(0, 9000),
        answer=st.integers(1, 5000),
        steps=st.sampled_from([1, 1, 1, 0]),
    )
    def ask(self, task: str, role: Role, prompt: int, answer: int, steps: int) -> None:
        """A call goes out where everybody has room for it, with the longest answer that fits; a refusal names why."""
        of = charged(task, role)
        tokens = self.prices[role]
        dear, each = (tokens.dearest, tokens.answer) if tokens is not None else (0, 0)
        least, budget = min(answer, 256), self.agents[task, role]
        lacking = {name for name, left in self.left(of, "steps") if left < steps}
        lacking |= {name for name, left in self.left(of, "tokens") if left < prompt + least}
        if tokens is not None:
            lacking |= {name for name, left in self.left(of, "cost") if left < prompt * dear + least * each}
        for owner in of:
            if "cost" in self.limits[owner] and self.used(owner, "cost") >= self.limits[owner]["cost"]:
                lacking.add(f"{owner}.cost".removeprefix("."))
        lacking |= self.clocks_out(of)
        ask = partial(budget.reserve, prompt_tokens=prompt, max_tokens=answer, steps=steps)
        if lacking:
            with pytest.raises(LimitReached) as caught:
                ask()
            assert caught.value.limit in lacking
            return
        reservation = ask()
        fits = [left - prompt for _, left in self.left(of, "tokens")]
        fits += [(left - prompt * dear) // each for _, left in self.left(of, "cost") if each]
        assert reservation.max_tokens == min([answer, *fits])
        tokens_held, cost = prompt + reservation.max_tokens, prompt * dear + reservation.max_tokens * each
        self.calls.append(
            Call(of=of, budget=budget, reservation=reservation, steps=steps, tokens=tokens_held, cost=cost)
        )

    def on_their_way(self) -> list[Call]:
        return [call for call in self.calls if call.used is None]

    @precondition(lambda self: self.on_their_way())
    @rule(
        data=st.data(),
        answered=st.booleans(),
        share=st.fractions(0, 1),
        written=st.booleans(),
        greed=st.just(0) | st.integers(0, 20_000),
    )
    def settled(self, data: st.DataObject, answered: bool, share: Any, written: bool, greed: int) -> None:
        """A call ends, after whatever others: a greedy provider counts more than was set aside, and one that broke off
        wants its money as well."""
        call = data.draw(st.sampled_from(self.on_their_way()))
        tokens = self.prices[next(role for role in ROLES if role in call.of)]
        prompt = call.reservation.prompt_tokens + greed
        completion, special = int(share * call.reservation.max_tokens), int(share * prompt)
        usage = Usage(
            prompt=prompt,
            completion=completion,
            cached=0 if written else special,
            cache_written=special if written else 0,
        )
        cost = 0
        if tokens is not None:
            kind = tokens.written if written else tokens.cached
            cost = (prompt - special) * tokens.fresh + special * kind + completion * tokens.answer
        call.budget.settle(
            call.reservation,
            Bill(usage=usage, cost=None if tokens is None else tokens.price.cost(usage)),
            answered=answered,
        )
        call.used = {"steps": call.steps if answered else 0, "tokens": prompt + completion, "cost": cost}

    @precondition(lambda self: self.on_their_way())
    @rule(data=st.data())
    def failed(self, data: st.DataObject) -> None:
        """A call that never was answered costs nothing, and what it held is free again."""
        call = data.draw(st.sampled_from(self.on_their_way()))
        call.budget.settle(call.reservation, Bill(), answered=False)
        call.used = dict.fromkeys(("steps", "tokens", "cost"), 0)

    @rule(task=st.sampled_from(TASKS), role=st.sampled_from(ROLES), seconds=st.integers(0, 20))
    def command(self, task: str, role: Role, seconds: int) -> None:
        """A command runs as long as it likes, where there is time left."""
        of = charged(task, role)
        out = self.clocks_out(of)
        if out:
            with pytest.raises(LimitReached) as caught:
                self.agents[task, role].command()
            assert caught.value.limit in out
            return
        self.agents[task, role].command()
        for owner in of:
            self.cpu[owner] += seconds
        for tally in (self.state.total, self.state.roles[role], self.state.tasks[task].used):
            tally.cpu_seconds += seconds

    @rule(seconds=st.integers(0, 10))
    def time_passes(self, seconds: int) -> None:
        """For all of them."""
        self.now += seconds

    @rule(task=st.sampled_from(TASKS), role=st.sampled_from(ROLES))
    def a_new_attempt(self, task: str, role: Role) -> None:
        """Calls of the one before it may still be on their way: they are charged when they end."""
        self.agents[task, role] = self.tasks[task].for_agent(role)

    @rule(task=st.sampled_from(("one", "two", "part")))
    def a_task_comes_back(self, task: str) -> None:
        """Within the process, from what the journal has; none of its calls is on its way then."""
        if any(task in call.of for call in self.on_their_way()):
            return
        self.open_task(task)
        self.agents |= {(task, role): self.tasks[task].for_agent(role) for role in ROLES}

    @rule(grants=st.dictionaries(st.sampled_from(("", *ROLES, *TASKS)), LIMITS))
    def resumed(self, grants: dict[str, dict[str, int]]) -> None:
        """The process is killed with calls on their way, of which nothing is known, and the next is granted more."""
        self.calls = [call for call in self.calls if call.used is not None]
        for owner, more in grants.items():
            for limit, amount in more.items():
                if limit in self.limits[owner]:
                    self.limits[owner][limit] += amount
        self.open_run()

    @invariant()
    def no_limit_is_passed(self) -> None:
        """Used and held together are within every limit, but for what providers counted beyond what was set aside."""
        for owner, limits in getattr(self, "limits", {}).items():
            for limit in {"steps", "tokens", "cost"} & set(limits):
                beyond = sum(call.beyond(limit) for call in self.calls if owner in call.of)
                assert self.used(owner, limit) + self.held(owner, limit) <= limits[limit] + beyond, (owner, limit)

    def teardown(self) -> None:
        """Once all are over nothing stays reserved: what is left is what was not used."""
        for call in self.on_their_way() if hasattr(self, "calls") else ():
            call.budget.settle(call.reservation, Bill(), answered=False)
            with pytest.raises(ValueError, match="not in list"):
                call.budget.settle(call.reservation, Bill(), answered=False)


def charged(task: str, role: Role) -> tuple[str, ...]:
    """All who are charged for a call; the run has no name."""
    return ("", role, task, *(["whole"] if task == "part" else []))


def written(limits: dict[str, int]) -> dict[str, Any]:
    """As a plan has them."""
    units: dict[str, Callable[[int], Any]] = {
        "cost": lambda tiny: tiny * TINY,
        "wall": lambda seconds: f"{seconds}s",
        "cpu": lambda seconds: f"{seconds}s",
    }
    return {key: units.get(key, int)(value) for key, value in limits.items()}


def test_no_interleaving_passes_a_limit() -> None:
    """Calls that are set aside, answered, broken off and lost in any order: what fits is granted, to the last token."""
    run_state_machine_as_test(BudgetTree, settings=settings(max_examples=40, stateful_step_count=60, deadline=None))
