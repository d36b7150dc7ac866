"""What a run that stopped at a limit has to be granted, from its state alone."""

from __future__ import annotations

from typing import Any

import pytest

from orchestrator.errors import UsageProblem
from orchestrator.journal.state import ReachedLimit, RunState, Tally, TaskProgress, TaskState
from orchestrator.plan.models import Plan
from orchestrator.run.granting import in_the_way, require_enough
from orchestrator.run.options import RunOptions, overlay
from orchestrator.run.owners import to_grant
from orchestrator.run.usage import used_of_limits

DOCUMENT: dict[str, Any] = {
    "version": 1,
    "name": "sample",
    "goal": "all of it",
    "model": "openai/one",
    "limits": {"steps": 6, "wall": "2m", "roles": {"reviewer": {"tokens": 500}}},
    "tasks": [
        {"id": "one", "role": "editor", "goal": "do it", "limits": {"cpu": "10s"}},
        {"id": "two", "role": "editor", "goal": "do more"},
        {"id": "three", "role": "editor", "goal": "do the rest", "needs": ["one"]},
    ],
}


def stopped(*reached: tuple[str, float, str | None], **states: TaskState) -> RunState:
    """A run that stopped at these limits, with tasks in these states; the others wait."""
    state = RunState(run="r", status="stopped", plan=DOCUMENT, planned="file", seconds=90.0)
    for task in DOCUMENT["tasks"]:
        mine = states.get(task["id"], TaskState.WAITING)
        state.tasks[task["id"]] = TaskProgress(
            id=task["id"], role="editor", goal=task["goal"], needs=task.get("needs", []), state=mine
        )
    state.reached = [ReachedLimit(name=name, value=value, used=value, task=task) for name, value, task in reached]
    state.total = Tally(steps=6, prompt=700, completion=100, cost=0.25, cpu_seconds=12.0)
    state.tasks["one"].used = Tally(steps=6, cpu_seconds=12.0)
    state.roles["reviewer"] = Tally(steps=1, prompt=450)
    return state


def names(state: RunState, *limits: str) -> list[str]:
    """What is in the way of the run once these are granted."""
    return to_grant(in_the_way(state, overlay(Plan.rebuilt(DOCUMENT), RunOptions(limits=limits))))


def test_a_limit_of_the_run_is_in_the_way_until_it_is_raised() -> None:
    """Each name once, however many tasks met it; the same value again, or less, raises nothing."""
    state = stopped(("steps", 6, "one"), ("steps", 6, "two"))
    assert names(state) == names(state, "steps=6") == names(state, "cost=5") == ["steps"]
    assert names(state, "steps=7") == []


def test_a_tasks_limit_is_in_the_way_of_that_task() -> None:
    """Where another can go on it does; where all that is left needs that one, nothing is started."""
    assert names(stopped(("one.cpu", 10.0, "one"))) == []
    last = stopped(("one.cpu", 10.0, "one"), two=TaskState.LANDED, three=TaskState.SKIPPED)
    assert names(last) == ["one.cpu"]
    assert names(last, "one.cpu=20s") == []


def test_a_roles_limit_is_in_the_way_of_those_that_met_it() -> None:
    """A task that has not come to its reviewer yet can go on."""
    assert names(stopped(("reviewer.tokens", 500, "two"))) == []
    both = stopped(("reviewer.tokens", 500, "one"), ("reviewer.tokens", 500, "two"))
    assert names(both) == ["reviewer.tokens"]
    assert names(both, "reviewer.tokens=900") == []


def test_a_coordinator_without_tasks_yet_stops_at_its_roles_limit() -> None:
    """Nothing can go on before there are tasks."""
    state = stopped(("coordinator.steps", 6, None))
    state.planned, state.tasks = None, {}
    plan = overlay(Plan.rebuilt({**DOCUMENT, "tasks": []}), RunOptions(limits=("coordinator.steps=6",)))
    assert to_grant(in_the_way(state, plan)) == ["coordinator.steps"]


@pytest.mark.parametrize(
    ("limit", "figure"),
    [
        ("steps=6", "6 of it is used"),
        ("tokens=100", "800 of it is used"),
        ("cost=0.1", "$0.2500 of it is used"),
        ("wall=1m", "1m30s of it is used"),
        ("cpu=0s", "12s of it is used"),
        ("one.cpu=11s", "12s of it is used"),
        ("reviewer.tokens=450", "450 of it is used"),
    ],
)
def test_a_grant_that_is_used_already_is_refused(limit: str, figure: str) -> None:
    """With the figure, so that nobody has to look it up; one that is more is taken."""
    state, plan = stopped(), Plan.rebuilt(DOCUMENT)
    with pytest.raises(UsageProblem) as caught:
        require_enough(state, plan, RunOptions(limits=("steps=100", limit)))
    assert f"--limit {limit}: {figure}" in str(caught.value)
    enough = ("steps=7", "tokens=801", "cost=0.26", "wall=91s", "one.cpu=12.5s", "reviewer.tokens=451", "rounds=1")
    require_enough(state, plan, RunOptions(limits=enough))


def test_a_clock_that_stopped_it_is_believed() -> None:
    """A role's clock begins before its agent is in the journal: what was reached is used, whatever that adds up to."""
    state, plan = stopped(("reviewer.wall", 2.0, "one")), Plan.rebuilt(DOCUMENT)
    state.role_seconds["reviewer"] = 1.9
    with pytest.raises(UsageProblem, match="2s of it is used"):
        require_enough(state, plan, RunOptions(limits=("reviewer.wall=2s",)))
    require_enough(state, plan, RunOptions(limits=("reviewer.wall=3s",)))


def test_every_limit_is_shown_with_what_is_used_of_it() -> None:
    """The run's, those of roles, and those of tasks with their parts, with what was granted since."""
    state = stopped()
    state.options = {"limits": ["steps=9", "roles.reviewer.tokens=700", "tasks.one.steps=8"]}
    rows = {row.name: (row.used, row.limit) for row in used_of_limits(state, now=0.0)}
    assert rows == {
        "steps": (6, 9),
        "wall": (90, 120),
        "reviewer.tokens": (450, 700),
        "one.steps": (6, 8),
        "one.cpu": (12, 10),
    }
