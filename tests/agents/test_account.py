"""Limits as a tree: never passed, however parallel calls fall together."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents.account import Account
from agents.budget import LimitReached, Reservation
from agents.model import Usage


def test_a_childs_use_is_the_parents_too() -> None:
    """What a task uses is charged to the run."""
    run = Account({"tokens": 10_000})
    task = Account({}, parent=run, name="port")
    task.settle(task.reserve(prompt_tokens=100, max_tokens=4096), usage=Usage(prompt=100, completion=50), cost=0.5)
    assert run.used == {"steps": 0.0, "tokens": 150.0, "cost": 0.5}
    assert run.reserved_tokens == 0


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
    task = Account({"steps": 5}, parent=run, name="port")
    task.step()
    with pytest.raises(LimitReached) as caught:
        task.step()
    assert caught.value.limit == "steps"
    assert task.used["steps"] == 1


def test_a_tasks_own_limit_names_the_task() -> None:
    """`port.steps` is what `--limit` takes."""
    with pytest.raises(LimitReached) as caught:
        Account({"steps": 0}, parent=Account({}), name="port").step()
    assert caught.value.limit == "port.steps"


@given(st.lists(st.tuples(st.integers(0, 3), st.booleans(), st.integers(0, 500), st.integers(0, 300)), max_size=60))
def test_parallel_tasks_never_pass_the_limit_together(moves: list[tuple[int, bool, int, int]]) -> None:
    """Under any interleaving of reserving and settling, used and reserved stay within the run's limit."""
    run = Account({"tokens": 5000})
    tasks = [Account({"tokens": 3000}, parent=run) for _ in range(4)]
    held: list[list[Reservation]] = [[] for _ in tasks]
    for who, reserving, prompt, answer in moves:
        task = tasks[who]
        if reserving or not held[who]:
            try:
                held[who].append(task.reserve(prompt_tokens=prompt, max_tokens=1000))
            except LimitReached:
                continue
        else:
            done = held[who].pop()
            usage = Usage(prompt=done.prompt_tokens, completion=min(answer, done.max_tokens))
            task.settle(done, usage=usage, cost=None)
        assert run.room() >= 0
        assert all(account.room() >= 0 for account in tasks)
