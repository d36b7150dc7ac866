"""The command line's word goes over the plan's, and nothing that does not fit gets through."""

from __future__ import annotations

import pytest

from orchestrator.errors import UsageProblem
from orchestrator.plan.models import Limits, Plan
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


def test_limits_of_a_role() -> None:
    """ROLE.KEY=VALUE is that role's, beside what the plan and earlier options set."""
    written = Plan.rebuilt({**PLAN.dumped(), "limits": {"roles": {"reviewer": {"tokens": 5, "wall": "1m"}}}})
    plan = overlay(written, RunOptions(limits=("reviewer.tokens=9", "roles.editor.cpu=90s")))
    roles = plan.dumped()["limits"]["roles"]
    assert roles == {"reviewer": {"tokens": 9, "wall": "1m"}, "editor": {"cpu": "1m30s"}}


def test_a_task_and_a_role_of_one_name_are_told_apart() -> None:
    """The short form is refused, and the message says what to write."""
    named = {**PLAN.dumped(), "tasks": [{"id": "tester", "role": "editor", "goal": "do it"}]}
    with pytest.raises(UsageProblem) as caught:
        overlay(Plan.rebuilt(named), RunOptions(limits=("tester.steps=5",)))
    assert caught.value.hint == "write tasks.tester.steps or roles.tester.steps"
    plan = overlay(Plan.rebuilt(named), RunOptions(limits=("tasks.tester.steps=5", "roles.tester.steps=7")))
    assert plan.task("tester").limits.steps == 5
    assert plan.dumped()["limits"]["roles"] == {"tester": {"steps": 7}}


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
        ("one.roles=1", "one of"),
        ("roles=1", "one of"),
        ("reviewer.rounds=1", "one of"),
        ("roles.one.steps=1", "no role one"),
        ("tasks.reviewer.steps=1", "no task reviewer"),
        ("cpu=5", "cpu takes a time"),
        ("steps=many", "steps takes a whole number"),
        ("steps=1e3", "steps takes a whole number"),
        ("one.wall=5", "--limit one.wall=1h30m"),
        ("roles.editor.tokens=-1", "--limit roles.editor.tokens=8000000"),
        ("rounds=0", "rounds takes a whole number from 1 up"),
        ("cost=-1", "cost takes a number of US dollars"),
        ("cost=nan", "--limit cost=20"),
    ],
)
def test_a_limit_that_does_not_fit_is_refused(limit: str, words: str) -> None:
    """The message names the option and what would be right."""
    with pytest.raises(UsageProblem, match=words):
        overlay(PLAN, RunOptions(limits=(limit,)))


@pytest.mark.parametrize("key", [spec.alias or name for name, spec in Limits.model_fields.items() if name != "roles"])
def test_the_example_of_a_limit_is_one_that_it_takes(key: str) -> None:
    """Whoever writes what the message shows is not told of it again."""
    with pytest.raises(UsageProblem) as caught:
        overlay(PLAN, RunOptions(limits=(f"{key}=many",)))
    assert str(caught.value).startswith(f"--limit {key}=many: {key} takes ")
    overlay(PLAN, RunOptions(limits=(str(caught.value.hint).rpartition("--limit ")[2],)))


def test_a_backend_that_there_is_not_is_refused() -> None:
    """A name that no backend has is answered with those that there are."""
    with pytest.raises(UsageProblem, match="host"):
        overlay(PLAN, RunOptions(backend="host"))
