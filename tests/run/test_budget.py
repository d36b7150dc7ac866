"""A task's budget is part of its run's and of its role's, and time counts for all."""

from __future__ import annotations

from typing import Any, get_args

import pytest

from agents.budget import LimitReached
from agents.events import Role
from agents.model import Bill, Usage
from agents.prices import Price
from orchestrator.journal.state import RunState, Tally, TaskProgress
from orchestrator.plan.models import Limits, TaskLimits
from orchestrator.run.budget import TimedBudget, run_budget
from orchestrator.run.owners import ROLES
from tests.fakes.spending import step


class Clock:
    """A clock that a test moves."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def limits(**more: object) -> Limits:
    """Limits of a run."""
    return Limits.model_validate(more)


def task_of(run: TimedBudget, name: str, **bounds: Any) -> TimedBudget:
    """The budget of a task that used nothing yet."""
    return run.for_task(name, TaskLimits.model_validate(bounds), used=Tally(), used_seconds=0)


def test_tasks_share_the_steps_of_their_run() -> None:
    """Two tasks together can't take more steps than the run has."""
    run = run_budget(limits(steps=3), RunState(run="r"))
    one, two = (task_of(run, name).for_agent("editor") for name in ("one", "two"))
    step(one)
    step(two)
    step(one)
    with pytest.raises(LimitReached) as caught:
        step(two)
    assert caught.value.limit == "steps"


def test_a_tasks_own_limit_names_the_task() -> None:
    """What parks one task leaves the run's budget to the others."""
    run = run_budget(limits(steps=10), RunState(run="r"))
    task = task_of(run, "one", steps=1).for_agent("editor")
    step(task)
    with pytest.raises(LimitReached) as caught:
        step(task)
    assert caught.value.limit == "one.steps"
    step(task_of(run, "two").for_agent("editor"))


def test_attempts_share_out_of_their_task() -> None:
    """What one attempt used is gone for the next one, whatever its agent."""
    task = task_of(run_budget(limits(), RunState(run="r")), "one", tokens=1000)
    first = task.for_agent("editor")
    used = Bill(usage=Usage(prompt=100, completion=600))
    first.settle(first.reserve(prompt_tokens=100, max_tokens=700), used, answered=True)
    assert task.for_agent("reviewer").reserve(prompt_tokens=20, max_tokens=4096).max_tokens == 280


def test_a_role_has_one_limit_for_all_tasks() -> None:
    """A task parks where its reviewer finds the role's limit reached; an editor goes on."""
    run = run_budget(limits(roles={"reviewer": {"steps": 1}}), RunState(run="r"))
    one, two = task_of(run, "one"), task_of(run, "two")
    step(one.for_agent("reviewer"))
    with pytest.raises(LimitReached) as caught:
        step(two.for_agent("reviewer"))
    assert caught.value.limit == "reviewer.steps"
    step(two.for_agent("editor"))


def test_a_role_and_a_task_of_that_name_are_told_apart() -> None:
    """The names are those that the command line takes."""
    state = RunState(run="r", tasks={"tester": TaskProgress(id="tester", role="tester", goal="Test.")})
    run = run_budget(limits(roles={"tester": {"steps": 1}}), state)
    with pytest.raises(LimitReached) as caught:
        step(task_of(run, "tester", steps=0).for_agent("editor"))
    assert caught.value.limit == "tasks.tester.steps"
    agent = task_of(run, "other").for_agent("tester")
    step(agent)
    with pytest.raises(LimitReached) as caught:
        step(agent)
    assert caught.value.limit == "roles.tester.steps"


@pytest.mark.parametrize("bounds", [{"cost": 0.0}, {"tokens": 0}, {"steps": 0}, {"wall": "0s"}, {"cpu": "0s"}])
def test_zero_means_zero(bounds: dict[str, Any]) -> None:
    """A run that may use nothing asks nothing."""
    agent = run_budget(limits(**bounds), RunState(run="r")).for_agent("editor")
    with pytest.raises(LimitReached):
        agent.reserve(prompt_tokens=10, max_tokens=10)


def test_what_earlier_processes_used_counts() -> None:
    """After a resume every tally goes on where it was: the run's, the role's."""
    state = RunState(run="r", total=Tally(steps=2, prompt=900, cost=0.5), seconds=50.0)
    state.roles["editor"] = Tally(steps=2, prompt=900)
    agent = run_budget(limits(steps=9, tokens=2000, roles={"editor": {"steps": 3}}), state).for_agent("editor")
    reservation = agent.reserve(prompt_tokens=300, max_tokens=4096)
    assert reservation.max_tokens == 800
    agent.settle(reservation, Bill(usage=Usage(prompt=300, completion=1), cost=0.1), answered=True)
    with pytest.raises(LimitReached) as caught:
        step(agent)
    assert caught.value.limit == "editor.steps"


def test_money_is_set_aside_by_the_price_of_the_role() -> None:
    """What an editor's model costs at most is held against the run's dollars before it is asked."""
    dear = Price(input=1.0, output=1000.0)
    run = run_budget(limits(cost=1.0), RunState(run="r"), price_of=lambda role: dear if role == "editor" else None)
    assert run.for_agent("editor").reserve(prompt_tokens=0, max_tokens=4096).max_tokens == 1000
    assert run.for_agent("tester").reserve(prompt_tokens=0, max_tokens=4096).max_tokens == 4096


def test_the_clock_of_the_run_stops_its_tasks() -> None:
    """Wall time that earlier processes took is part of it."""
    clock = Clock()
    run = run_budget(limits(wall="60s"), RunState(run="r", seconds=50.0), clock=clock)
    agent = task_of(run, "one").for_agent("editor")
    step(agent)
    clock.now = 10.0
    with pytest.raises(LimitReached) as caught:
        step(agent)
    assert (caught.value.limit, caught.value.used) == ("wall", 60.0)


def test_a_roles_clock_runs_for_each_of_its_agents() -> None:
    """Two reviewers at work for ten seconds took twenty, and none at work takes none."""
    clock = Clock()
    state = RunState(run="r", role_seconds={"reviewer": 5.0})
    run = run_budget(limits(roles={"reviewer": {"wall": "25s"}}), state, clock=clock)
    agent = task_of(run, "one").for_agent("reviewer")
    with run.at_work("reviewer"), run.at_work("reviewer"):
        clock.now = 9.0
        step(agent)
        clock.now = 10.0
    clock.now = 1000.0
    with pytest.raises(LimitReached) as caught:
        step(agent)
    assert (caught.value.limit, caught.value.used) == ("reviewer.wall", 25.0)


def test_cpu_time_is_what_the_journal_holds() -> None:
    """The state of the run goes on while its budget is used: what commands took is seen at once, parts included."""
    state = RunState(run="r")
    state.tasks["one"] = TaskProgress(id="one", role="editor", goal="Port.", parts=["one-a"])
    state.tasks["one-a"] = TaskProgress(id="one-a", role="editor", goal="Port a.", part_of="one")
    run = run_budget(limits(), state)
    whole = task_of(run, "one", cpu="30s")
    part = task_of(whole, "one-a").for_agent("editor")
    part.command()
    state.tasks["one-a"].used.cpu_seconds = 31.0
    with pytest.raises(LimitReached) as caught:
        part.command()
    assert caught.value.limit == "one.cpu"


def test_the_roles_that_limits_name_are_those_of_agents() -> None:
    """Who has a limit of their own is said twice, and means the same."""
    assert set(ROLES) == set(get_args(Role))
