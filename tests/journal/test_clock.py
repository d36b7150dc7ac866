"""A clock that jumps changes no duration, no limit, and no order of a process's events."""

from __future__ import annotations

from pathlib import Path

import pytest

from agents.budget import LimitReached
from agents.events import PlanMade, RunEnded, RunResumed, RunStarted, TaskEnded, TaskStarted
from orchestrator.journal.clock import SteadyClock
from orchestrator.journal.fold import fold
from orchestrator.journal.state import RunState
from orchestrator.journal.store import JournalStore
from orchestrator.plan.models import Limits
from orchestrator.run.budget import run_budget
from orchestrator.views.words import duration
from tests.fakes.spending import step

YEAR = 365 * 86_400.0
STARTED = RunStarted(
    program="1",
    plan={"name": "test", "goal": "x"},
    plan_source="",
    base_branch="main",
    base_commit="0" * 40,
    policy={},
    policy_hash="",
    backend="bubblewrap",
)
PLANNED = PlanMade(tasks=[{"id": "port", "role": "editor", "goal": "x"}])
ENDED = RunEnded(status="stopped", base_after="0" * 40, moved=False)


class Machine:
    """A wall clock that can be set, and the time that passes."""

    def __init__(self) -> None:
        self.wall = 1_700_000_000.0
        self.passed = 50.0

    def passes(self, seconds: float) -> None:
        """Both go on."""
        self.wall += seconds
        self.passed += seconds

    def clock(self) -> SteadyClock:
        """That of a process that begins now."""
        return SteadyClock(wall=lambda: self.wall, passed=lambda: self.passed)


@pytest.mark.parametrize("jump", [YEAR, -YEAR])
def test_a_clock_that_is_set_moves_no_event(tmp_path: Path, jump: float) -> None:
    """Within a process events are as far apart as they were, and in the right year."""
    machine = Machine()
    with JournalStore(tmp_path / "journal.db", clock=machine.clock()) as store:
        store.append("run", [(None, STARTED), (None, PLANNED), ("port", TaskStarted(commit="0" * 40))])
        machine.passes(10)
        machine.wall += jump
        store.append("run", [("port", TaskEnded(state="waiting")), (None, ENDED)])
        state = fold(store.events("run"))
    assert (state.seconds, state.tasks["port"].seconds) == (10.0, 10.0)
    assert state.updated_at - state.started_at == 10.0


def test_a_clock_that_was_set_back_between_processes_takes_no_time_off(tmp_path: Path) -> None:
    """A run that was killed and gone on with a year earlier lasted as long as it did, and no less."""
    machine = Machine()
    with JournalStore(tmp_path / "journal.db", clock=machine.clock()) as store:
        store.append("run", [(None, STARTED), (None, PLANNED), ("port", TaskStarted(commit="0" * 40))])
        machine.passes(10)
    machine.wall -= YEAR
    with JournalStore(tmp_path / "journal.db", clock=machine.clock()) as store:
        store.append("run", [("port", TaskEnded(state="waiting")), (None, RunResumed(program="1"))])
        machine.passes(5)
        store.append("run", [(None, ENDED)])
        state = fold(store.events("run"))
    assert (state.seconds, state.tasks["port"].seconds) == (5.0, 0.0)
    assert duration(-YEAR) == "0.0s"


def test_a_limit_of_time_counts_what_passes() -> None:
    """As the events do: a limit that the journal would find reached is reached, and no other."""
    machine = Machine()
    limits = Limits.model_validate({"wall": "60s"})
    budget = run_budget(limits, RunState(run="run"), clock=lambda: machine.passed)
    machine.wall += YEAR
    agent = budget.for_agent("editor")
    step(agent)
    assert agent.seconds_left() == 60.0
    machine.passes(61)
    assert agent.seconds_left() == 0.0
    with pytest.raises(LimitReached, match="wall"):
        step(agent)
