"""The command line's word goes over the plan's, and nothing that does not fit gets through."""

from __future__ import annotations

import pytest

from orchestrator.errors import UsageProblem
from orchestrator.plan.models import Plan
from orchestrator.run.options import RunOptions, overlay

PLAN = Plan.rebuilt(
    {
        "version": 1,
        "name": "sample",
        "goal": "all of it",
        "model": "openai/one",
        "models": {"reviewer": "openai/two"},
        "tasks": [{"id": "one", "role": "editor", "goal": "do it"}],
    }
)


def test_nothing_said_changes_nothing() -> None:
    """Without options the plan is what was written."""
    assert overlay(PLAN, RunOptions()) == PLAN


def test_limits_of_the_run_and_of_a_task() -> None:
    """KEY=VALUE is the run's, TASK.KEY=VALUE the task's; the last one counts."""
    plan = overlay(PLAN, RunOptions(limits=("cost=20", "wall=90s", "one.steps=7", "steps=5", "steps=9")))
    assert (plan.limits.cost, plan.limits.wall_seconds, plan.limits.steps) == (20.0, 90.0, 9)
    assert plan.task("one").limits.steps == 7


def test_a_model_named_is_every_roles() -> None:
    """`--model` replaces the roles' own, so that no other provider is asked."""
    plan = overlay(PLAN, RunOptions(model="openai/three"))
    assert {plan.models_of(role) for role in ("editor", "reviewer", "tester")} == {("openai/three",)}


def test_hold_parallel_and_backend() -> None:
    """The other options land where the plan has them."""
    plan = overlay(PLAN, RunOptions(hold=True, parallel=9, backend="bubblewrap"))
    assert (plan.merge.mode, plan.limits.parallel, plan.sandbox.backend) == ("hold", 9, "bubblewrap")


@pytest.mark.parametrize(
    ("limit", "words"),
    [
        ("cost", "write KEY=VALUE"),
        ("cost=", "write KEY=VALUE"),
        ("budget=1", "one of"),
        ("two.steps=1", "no task two"),
        ("one.parallel=1", "one of"),
        ("steps=many", "limits.steps"),
        ("wall=5", "limits.wall"),
        ("cost=-1", "limits.cost"),
        ("cost=nan", "limits.cost"),
    ],
)
def test_a_limit_that_does_not_fit_is_refused(limit: str, words: str) -> None:
    """The message names the option and what would be right."""
    with pytest.raises(UsageProblem, match=words):
        overlay(PLAN, RunOptions(limits=(limit,)))


def test_a_backend_that_there_is_not_is_refused() -> None:
    """A name that no backend has is answered with those that there are."""
    with pytest.raises(UsageProblem, match="host"):
        overlay(PLAN, RunOptions(backend="host"))
