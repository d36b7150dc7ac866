"""The tree of budgets under any interleaving: no limit is passed, and nothing stays reserved."""

from __future__ import annotations

from dataclasses import dataclass, field

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

from agents.account import Account
from agents.budget import SMALLEST_ANSWER_TOKENS, LimitReached, Reservation
from agents.model import Usage
from agents.prices import Price

TASKS = 4
ROLES = 2
LIMITS = st.fixed_dictionaries(
    {},
    optional={
        "tokens": st.integers(0, 20_000),
        "cost": st.floats(0, 0.2),
        "steps": st.integers(0, 12),
        "cpu": st.floats(0, 30),
    },
)
PRICES = st.none() | st.builds(
    Price,
    input=st.floats(0, 10),
    output=st.floats(0, 50),
    cached=st.none() | st.floats(0, 1),
    cache_write=st.none() | st.floats(0, 12),
)
COUNTED = ("steps", "tokens", "cost")
ROUNDING = 1e-9


@dataclass
class Agent:
    """One agent: its account, the calls it has under way, and the price that it is charged at."""

    account: Account
    price: Price | None
    open: list[Reservation] = field(default_factory=list)

    def cost(self, usage: Usage) -> float | None:
        """What a call cost it."""
        return None if self.price is None else self.price.cost(usage)


class BudgetTree(RuleBasedStateMachine):
    """Agents of several tasks and roles that ask, are answered, fail and are cancelled in any order.

    `beyond` is what providers counted above what was set aside: by so much, and no more, a limit is passed.
    """

    @initialize(data=st.data(), run=LIMITS)
    def grow(self, data: st.DataObject, run: dict[str, float]) -> None:
        """A run, its roles and tasks, and two agents of a task for each role."""
        self.cpu = 0.0
        self.longest_command = 0.0
        gauges = {"cpu": lambda: self.cpu}
        self.run = Account(run, gauges=gauges)
        roles = [Account(data.draw(LIMITS), above=[self.run], name=f"role{number}") for number in range(ROLES)]
        tasks = [Account(data.draw(LIMITS), above=[self.run], name=f"task{number}") for number in range(TASKS)]
        self.agents = [
            Agent(Account({}, above=[task, role], price=price), price)
            for task in tasks
            for role, price in ((role, data.draw(PRICES)) for role in roles)
        ]
        self.accounts = [self.run, *roles, *tasks, *(agent.account for agent in self.agents)]
        self.beyond = dict.fromkeys(COUNTED, 0.0)

    @rule(who=st.integers(0, TASKS * ROLES - 1), prompt=st.integers(0, 9000), answer=st.integers(1, 5000))
    def ask(self, who: int, prompt: int, answer: int) -> None:
        """A call goes out where everybody above has room for it, and takes no more than was granted."""
        agent = self.agents[who]
        before = self._figures()
        try:
            reservation = agent.account.reserve(prompt_tokens=prompt, max_tokens=answer)
        except LimitReached:
            assert self._figures() == before, "a refusal takes nothing"
            return
        assert min(SMALLEST_ANSWER_TOKENS, answer) <= reservation.max_tokens <= answer
        try:
            agent.account.step()
        except LimitReached:
            agent.account.settle(reservation, usage=Usage(), cost=None)
            assert self._figures() == before, "a refusal takes nothing"
            return
        agent.open.append(reservation)

    @precondition(lambda self: any(agent.open for agent in self.agents))
    @rule(data=st.data(), share=st.floats(0, 1), written=st.booleans(), greed=st.just(0) | st.integers(0, 20_000))
    def answered(self, data: st.DataObject, share: float, written: bool, greed: int) -> None:
        """A call that is under way ends, after whatever others; a greedy provider counts more than was set aside."""
        agent, reservation = self._draw(data)
        prompt = reservation.prompt_tokens + greed
        usage = Usage(
            prompt=prompt,
            completion=int(share * reservation.max_tokens),
            cached=0 if written else int(share * prompt),
            cache_written=int(share * prompt) if written else 0,
        )
        cost = agent.cost(usage)
        agent.account.settle(reservation, usage=usage, cost=cost)
        self.beyond["tokens"] += max(
            0, usage.prompt + usage.completion - reservation.prompt_tokens - reservation.max_tokens
        )
        self.beyond["cost"] += max(0.0, (cost or 0.0) - reservation.cost)

    @precondition(lambda self: any(agent.open for agent in self.agents))
    @rule(data=st.data())
    def failed_or_cancelled(self, data: st.DataObject) -> None:
        """A call that never was answered costs nothing, and what it held is free again."""
        agent, reservation = self._draw(data)
        agent.account.settle(reservation, usage=Usage(), cost=None)

    @rule(who=st.integers(0, TASKS * ROLES - 1), seconds=st.floats(0, 20))
    def command(self, who: int, seconds: float) -> None:
        """A command runs as long as it may, where CPU time is left."""
        try:
            self.agents[who].account.command()
        except LimitReached:
            return
        assert self.cpu < self.run.limits.get("cpu", float("inf")), "none starts at a limit"
        self.cpu += seconds

    @invariant()
    def no_limit_is_passed(self) -> None:
        """Used and reserved together are within every limit, but for what a provider counted beyond its reservation."""
        for account in getattr(self, "accounts", ()):
            for limit in COUNTED:
                reserved = 0.0 if limit == "steps" else account.reserved(limit)
                held = account.used[limit] + reserved
                assert held <= account.limits.get(limit, float("inf")) + self.beyond[limit] + ROUNDING, limit

    @invariant()
    def the_run_knows_of_everything(self) -> None:
        """What all agents used and hold is what the run used and holds: nothing is charged twice or not at all."""
        if not hasattr(self, "agents"):
            return
        for limit in COUNTED:
            everybody = sum(agent.account.used[limit] for agent in self.agents)
            assert abs(self.run.used[limit] - everybody) < ROUNDING
        held = sum(each.prompt_tokens + each.max_tokens for agent in self.agents for each in agent.open)
        assert self.run.reserved("tokens") == held

    def teardown(self) -> None:
        """Once all are answered nothing stays reserved, anywhere."""
        for agent in getattr(self, "agents", ()):
            for reservation in agent.open:
                agent.account.settle(reservation, usage=Usage(), cost=None)
        for account in getattr(self, "accounts", ()):
            assert (account.reserved("tokens"), account.reserved("cost")) == (0, 0)

    def _draw(self, data: st.DataObject) -> tuple[Agent, Reservation]:
        agent = data.draw(st.sampled_from([agent for agent in self.agents if agent.open]))
        return agent, agent.open.pop(data.draw(st.integers(0, len(agent.open) - 1)))

    def _figures(self) -> list[tuple[float, ...]]:
        return [
            (*account.used.values(), account.reserved("tokens"), account.reserved("cost")) for account in self.accounts
        ]


def test_no_interleaving_passes_a_limit() -> None:
    """Tasks that ask, are answered, fail and are cancelled in any order: no limit above them is ever passed."""
    run_state_machine_as_test(BudgetTree, settings=settings(max_examples=25, stateful_step_count=40, deadline=None))
