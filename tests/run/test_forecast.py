"""The forecast: of the tasks most like those of the plan, read from the journal, and a limit below it is warned of."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from agents import events as e
from agents.model import Message, Usage
from agents.prices import Price
from orchestrator.journal.store import JournalStore
from orchestrator.plan.models import Plan
from orchestrator.run.forecast import Range, forecast, too_low
from orchestrator.run.history import PastTask, Share, past_tasks

MODEL = "openai/one"


def plan(*tasks: dict[str, Any], **more: Any) -> Plan:
    """A plan of the model's."""
    return Plan.rebuilt(
        {
            "version": 1,
            "name": "port",
            "goal": "g",
            "model": MODEL,
            "tasks": [{"goal": "g", **t} for t in tasks],
            **more,
        }
    )


def done(steps: int, *, run: str = "r1", plan: str = "port", role: str = "editor", model: str = MODEL) -> PastTask:
    """A task that took so many steps, a thousand tokens, a cent and ten seconds each."""
    share = Share(model=model, steps=steps, usage=Usage(prompt=900 * steps, completion=100 * steps), cost=0.01 * steps)
    return PastTask(run=run, plan=plan, role=role, seconds=10.0 * steps, shares={role: share})


def no_price(_: str) -> Price | None:
    """Nothing is known of any."""
    return None


ALONE = {"role": "editor", "gates": []}


def test_without_history_there_is_no_forecast() -> None:
    """Neither where nothing was done yet, nor where only other roles worked, nor where the tasks are still missing."""
    assert forecast(plan({"id": "a", **ALONE}), [], no_price) is None
    assert forecast(plan({"id": "a", **ALONE}), [done(5, role="investigator")], no_price) is None
    assert forecast(plan(), [done(5)], no_price) is None


def test_tasks_of_the_same_plan_tell_most() -> None:
    """Half of the draws and nine of ten; what it stands on is said, and it is the same each time."""
    past = [*(done(steps, run=f"r{steps}") for steps in range(1, 11)), *(done(99, plan="other") for _ in range(50))]
    cast = forecast(plan({"id": "a", **ALONE}), past, no_price)
    assert cast == forecast(plan({"id": "a", **ALONE}), past, no_price)
    assert cast is not None
    assert (cast.like, cast.runs, cast.tasks, cast.unknown) == ("plan", 10, 10, ())
    assert 5 <= cast.ranges["steps"].median <= 6
    assert 9 <= cast.ranges["steps"].high <= 10
    assert cast.ranges["tokens"].median == 1000 * cast.ranges["steps"].median
    assert cast.ranges["cost"].high == pytest.approx(0.01 * cast.ranges["steps"].high)


def test_then_those_of_the_same_model_then_those_of_the_same_role() -> None:
    """Two of one kind are fewer than enough; cost is what the tokens would be at the price of today's model."""
    close, far = [done(5, plan="other")] * 3, [done(50, model="openai/two")] * 3
    few = forecast(plan({"id": "a", **ALONE}), [done(1), done(1), *close, *far], no_price)
    assert few is not None
    assert few.like == "model"
    by_model = forecast(plan({"id": "a", **ALONE}), [*close, *far], no_price)
    assert by_model is not None
    assert (by_model.like, by_model.ranges["steps"]) == ("model", Range(median=5, high=5))
    by_role = forecast(plan({"id": "a", **ALONE}), far, lambda _: Price(input=1.0, output=10.0))
    assert by_role is not None
    assert by_role.like == "role"
    assert by_role.ranges["cost"].median == pytest.approx(50 * (900 + 100 * 10) / 1e6)
    unknown = forecast(plan({"id": "a", **ALONE}), far, no_price)
    assert unknown is not None
    assert set(unknown.ranges) == {"steps", "tokens", "wall"}


def test_gates_take_their_share() -> None:
    """Of the task itself where it had that gate, else of another; one that never worked is said."""
    reviewed = done(4)
    reviewed.shares["reviewer"] = Share(model=MODEL, steps=3, usage=Usage(prompt=30), cost=0.0)
    cast = forecast(plan({"id": "a", "role": "editor"}), [reviewed, done(4), done(4)], no_price)
    assert cast is not None
    assert cast.ranges["steps"] == Range(median=7, high=7)
    assert cast.unknown == ("tester",)


def test_time_is_that_of_tasks_side_by_side() -> None:
    """Four tasks of ten seconds: two at a time take twenty, in a row forty, however many there is room for."""
    past = [done(1)] * 3
    four = [{"id": name, **ALONE} for name in "abcd"]
    row = [{**task, "needs": ["abcd"[number - 1]] if number else []} for number, task in enumerate(four)]
    for tasks, parallel, seconds in ((four, 2, 20), (four, 10**12, 10), (row, 4, 40)):
        cast = forecast(plan(*tasks, limits={"parallel": parallel}), past, no_price)
        assert cast is not None
        assert cast.ranges["wall"].median == seconds
        assert cast.ranges["steps"].median == 4


def test_a_limit_below_the_forecast_is_warned_of() -> None:
    """With how likely it is to be reached; one above it is not mentioned."""
    cast = forecast(plan({"id": "a", **ALONE}), [done(steps) for steps in range(1, 11)], no_price)
    assert cast is not None
    tight = plan({"id": "a", **ALONE}, limits={"steps": 3, "tokens": 9000, "cost": 5.0, "wall": "1h"})
    assert too_low(tight, cast) == [
        "the limit on steps may be too low: half of what is forecast or more is above it",
        "the limit on tokens may be too low: one in ten of what is forecast is above it",
    ]


def answered(agent: str, role: e.Role, *, cost: float | None = 0.5, prompt: int = 10) -> e.ModelAnswered:
    """An answer of an agent."""
    return e.ModelAnswered(
        agent=agent, role=role, step=1, model=MODEL, message=Message(role="assistant"), finish_reason="stop",
        usage=Usage(prompt=prompt, completion=1, cached=2), cost=cost, latency_seconds=0, client_ms=0,
    )  # fmt: skip


def started(forked_from: e.ForkedFrom | None = None) -> e.RunStarted:
    """The beginning of a run."""
    return e.RunStarted(
        program="1", plan={"name": "port"}, plan_source="", base_branch="main", base_commit="a" * 40, policy={},
        policy_hash="", backend="docker", forked_from=forked_from,
    )  # fmt: skip


def made(*tasks: str) -> e.PlanMade:
    """Editors' tasks."""
    return e.PlanMade(tasks=[{"id": task, "role": "editor", "goal": "g"} for task in tasks])


def test_the_journal_tells_of_tasks_that_came_to_their_end(tmp_path: Path) -> None:
    """With their gates and parts; one that waits is left out, and so is what was asked for no task. A handover is paid
    for, and no step."""
    parts = [{"id": "port-a", "role": "editor", "goal": "g"}]
    with JournalStore(tmp_path / "journal.db") as store:
        assert past_tasks(store) == []
        store.append("r1", [
            (None, started()), (None, answered("coordinator.1", "coordinator")), (None, made("port", "parked")),
            ("port", e.TaskStarted(commit="a" * 40)), ("port", answered("editor.1", "editor")),
            ("port", e.DecisionMade(agent="coordinator.1", attempt=1, choice="split", why="w", parts=parts)),
            ("port-a", e.TaskStarted(commit="a" * 40)), ("port-a", answered("editor.1", "editor", cost=None)),
            ("port-a", answered("editor.1.handover", "editor")),
            ("port-a", answered("reviewer.1", "reviewer", prompt=40)), ("port-a", e.TaskEnded(state="ready")),
            ("parked", e.TaskStarted(commit="a" * 40)), ("parked", answered("editor.1", "editor")),
            ("parked", e.TaskEnded(state="waiting")), ("port", e.TaskEnded(state="ready")),
        ])  # fmt: skip
        store.append("r2", [(None, started()), (None, made("one"))])
        (port,) = past_tasks(store)
    assert (port.run, port.plan, port.role) == ("r1", "port", "editor")
    assert port.seconds >= 0
    assert port.shares == {
        "editor": Share(model=MODEL, steps=2, usage=Usage(prompt=30, completion=3, cached=6), cost=None),
        "reviewer": Share(model=MODEL, steps=1, usage=Usage(prompt=40, completion=1, cached=2), cost=0.5),
    }


def test_a_task_that_a_fork_went_on_with_tells_nothing(tmp_path: Path) -> None:
    """A part of what it took is in another run; what the fork began anew is whole, and so is a task forked at 0."""
    fork = e.ForkedFrom(run="r0", task="one", checkpoint=3, commit="a" * 40, head="b" * 64)
    with JournalStore(tmp_path / "journal.db") as store:
        for run, origin in (("r1", fork), ("r2", fork.model_copy(update={"checkpoint": 0}))):
            store.append(run, [
                (None, started(origin)), (None, made("one", "two")),
                *((task, event) for task in ("one", "two") for event in (
                    e.TaskStarted(commit="a"), answered("editor.1", "editor"), e.TaskEnded(state="landed"))),
            ])  # fmt: skip
        assert sorted((task.run, len(task.shares)) for task in past_tasks(store)) == [("r1", 1), ("r2", 1), ("r2", 1)]


def test_only_the_newest_runs_are_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """However many there are, and fewer where they are long."""
    monkeypatch.setattr("orchestrator.run.history.MOST_RUNS", 3)
    with JournalStore(tmp_path / "journal.db") as store:
        for number in range(5):
            end = [("one", answered("editor.1", "editor"))] * 2
            store.append(
                f"r{number}",
                [(None, started()), (None, made("one")), ("one", e.TaskStarted(commit="a")), *end,
                 ("one", e.TaskEnded(state="landed"))],
            )  # fmt: skip
        assert [task.run for task in past_tasks(store)] == ["r4", "r3", "r2"]
        monkeypatch.setattr("orchestrator.run.history.MOST_ANSWERS", 3)
        assert [task.run for task in past_tasks(store)] == ["r4", "r3"]
