"""Limits as a tree: what is set aside, what is charged to whom, and which limit is named."""

from __future__ import annotations

import pytest

from agents.account import Account
from agents.budget import LimitReached, Reservation
from agents.model import Bill, Usage
from agents.prices import Price
from tests.fakes.spending import step


def test_a_childs_use_is_the_parents_too() -> None:
    """What a task uses is charged to the run."""
    run = Account({"tokens": 10_000})
    task = Account({}, above=[run], name="port")
    bill = Bill(usage=Usage(prompt=100, completion=50), cost=0.5)
    task.settle(task.reserve(prompt_tokens=100, max_tokens=4096), bill, answered=True)
    assert run.used == {"steps": 1.0, "tokens": 150.0, "cost": 0.5}
    assert run.reserved("tokens") == 0


def test_the_answer_is_lowered_to_what_fits() -> None:
    """Near the limit a shorter answer is asked for, and under 256 tokens none."""
    account = Account({"tokens": 1000})
    assert account.reserve(prompt_tokens=400, max_tokens=4096) == Reservation(prompt_tokens=400, max_tokens=600)
    with pytest.raises(LimitReached, match="limit tokens reached"):
        account.reserve(prompt_tokens=0, max_tokens=4096)


@pytest.mark.parametrize("limit", ["tokens", "cost"])
def test_zero_means_zero(limit: str) -> None:
    """A limit of nothing allows nothing."""
    with pytest.raises(LimitReached):
        Account({limit: 0}).reserve(prompt_tokens=1, max_tokens=4096)


def test_steps_are_counted_all_or_none() -> None:
    """A step that the run has no room for is not charged to the task; the limit that was hit is named."""
    run = Account({"steps": 1})
    task = Account({"steps": 5}, above=[run], name="port")
    step(task)
    with pytest.raises(LimitReached) as caught:
        step(task)
    assert caught.value.limit == "steps"
    assert task.used["steps"] == 1


def test_a_request_on_its_way_holds_its_step() -> None:
    """Nobody else takes the last one meanwhile; where no answer comes it is free again, and what broke off is paid."""
    run = Account({"steps": 1})
    one, two = (Account({}, above=[run], name=name) for name in ("one", "two"))
    held = one.reserve(prompt_tokens=100, max_tokens=300)
    with pytest.raises(LimitReached, match="limit steps reached: 1 of 1"):
        step(two)
    one.settle(held, Bill(usage=Usage(prompt=100)), answered=False)
    assert (run.used["steps"], run.used["tokens"]) == (0, 100)
    step(two)
    assert (run.used["steps"], one.used["steps"], two.used["steps"]) == (1, 0, 1)


def test_what_is_asked_besides_the_conversation_is_no_step() -> None:
    """A handover is paid for, also where no step is left."""
    account = Account({"steps": 0})
    account.settle(
        account.reserve(prompt_tokens=10, max_tokens=300, steps=0), Bill(usage=Usage(prompt=9)), answered=True
    )
    assert (account.used["steps"], account.used["tokens"]) == (0, 9)


def test_a_tasks_own_limit_names_the_task() -> None:
    """`port.steps` is what `--limit` takes."""
    with pytest.raises(LimitReached) as caught:
        step(Account({"steps": 0}, above=[Account({})], name="port"))
    assert caught.value.limit == "port.steps"


def test_a_role_stands_beside_the_tasks() -> None:
    """What two tasks' reviewers use adds up in the role's account, and once in the run's."""
    run = Account({"steps": 10})
    role = Account({"steps": 2}, above=[run], name="reviewer")
    tasks = [Account({}, above=[run], name=name) for name in ("one", "two")]
    agents = [Account({}, above=[task, role]) for task in tasks]
    for agent in agents:
        step(agent)
    with pytest.raises(LimitReached) as caught:
        step(agents[0])
    assert caught.value.limit == "reviewer.steps"
    assert (run.used["steps"], tasks[0].used["steps"]) == (2, 1)


def test_money_is_set_aside_at_the_models_price() -> None:
    """The prompt at its dearest and the whole answer; near the limit a shorter answer is asked for, at last none."""
    run = Account({"cost": 10.0})
    agent = Account({}, above=[run], price=Price(input=1000, output=2000, cached=100, cache_write=1250))
    first = agent.reserve(prompt_tokens=1000, max_tokens=2000)
    assert (first.max_tokens, round(first.cost, 9)) == (2000, 1.25 + 4.0)
    second = agent.reserve(prompt_tokens=1000, max_tokens=4096)
    assert (second.max_tokens, round(second.cost, 9)) == (1750, 1.25 + 3.5)
    with pytest.raises(LimitReached) as caught:
        agent.reserve(prompt_tokens=1000, max_tokens=4096)
    assert caught.value.limit == "cost"
    for held in (first, second):
        agent.settle(held, Bill(usage=Usage(prompt=1000, completion=10), cost=0.1), answered=True)
    assert (run.reserved("cost"), run.used["cost"]) == (0, 0.2)


def test_a_model_of_unknown_price_is_bounded_by_what_is_known() -> None:
    """Nothing can be set aside for it; once the money is used up it is not asked either."""
    run = Account({"cost": 1.0})
    unknown = Account({}, above=[run])
    unknown.settle(unknown.reserve(prompt_tokens=10, max_tokens=4096), Bill(), answered=True)
    assert run.used["cost"] == 0
    unknown.settle(unknown.reserve(prompt_tokens=10, max_tokens=4096), Bill(cost=1.0), answered=True)
    with pytest.raises(LimitReached):
        unknown.reserve(prompt_tokens=10, max_tokens=4096)


@pytest.mark.parametrize("limit", ["wall", "cpu"])
def test_a_clock_that_has_run_out_ends_steps_and_commands(limit: str) -> None:
    """Seconds are read, and what is read is shown; an account without a limit on them asks nothing."""
    run = Account({limit: 60.0}, gauges={"wall": lambda: 61.0, "cpu": lambda: 61.0})
    task = Account({}, above=[run], gauges={"wall": lambda: 99.0, "cpu": lambda: 99.0}, name="port")
    for use in (step, Account.command):
        with pytest.raises(LimitReached) as caught:
            use(task)
        assert (caught.value.limit, caught.value.used) == (limit, 61.0)
    assert task.used["steps"] == 0
