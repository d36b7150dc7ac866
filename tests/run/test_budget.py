"""A task's budget is part of its run's, and time counts for both."""

from __future__ import annotations

import pytest

from agents.budget import LimitReached
from agents.model import Usage
from orchestrator.journal.state import RunState, Tally
from orchestrator.plan.models import Limits, TaskLimits
from orchestrator.run.budget import run_budget


def limits(**more: object) -> Limits:
    """Limits of a run."""
    return Limits.model_validate(more)


def test_tasks_share_the_steps_of_their_run() -> None:
    """Two tasks together can't take more steps than the run has."""
    run = run_budget(limits(steps=3), RunState(run="r"))
    one, two = (run.for_task(name, TaskLimits(), used=Tally(), used_seconds=0) for name in ("one", "two"))
    one.step()
    two.step()
    one.step()
    with pytest.raises(LimitReached) as caught:
        two.step()
    assert caught.value.limit == "steps"


def test_a_tasks_own_limit_names_the_task() -> None:
    """What parks one task leaves the run's budget to the others."""
    run = run_budget(limits(steps=10), RunState(run="r"))
    task = run.for_task("one", TaskLimits(steps=1), used=Tally(), used_seconds=0)
    task.step()
    with pytest.raises(LimitReached) as caught:
        task.step()
    assert caught.value.limit == "one.steps"
    run.step()


def test_zero_means_zero() -> None:
    """A run without money asks nothing."""
    run = run_budget(limits(cost=0.0), RunState(run="r"))
    with pytest.raises(LimitReached):
        run.reserve(prompt_tokens=10, max_tokens=10)


def test_what_earlier_processes_used_counts() -> None:
    """After a resume the tally goes on where it was."""
    state = RunState(run="r", total=Tally(steps=2, prompt=900, cost=0.5), seconds=50.0)
    run = run_budget(limits(steps=3, tokens=2000), state)
    reservation = run.reserve(prompt_tokens=300, max_tokens=4096)
    assert reservation.max_tokens == 800
    run.settle(reservation, usage=Usage(prompt=300, completion=1), cost=0.1)
    run.step()
    with pytest.raises(LimitReached):
        run.step()


def test_the_clock_of_the_run_stops_its_tasks() -> None:
    """Wall time that earlier processes took is part of it."""
    run = run_budget(limits(wall="60s"), RunState(run="r", seconds=61.0))
    task = run.for_task("one", TaskLimits(), used=Tally(), used_seconds=0)
    with pytest.raises(LimitReached) as caught:
        task.step()
    assert caught.value.limit == "wall"
