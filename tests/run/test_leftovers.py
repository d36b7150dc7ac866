"""What nobody works on any more goes; what a living program works with stays."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path

import pytest

from agents import events as e
from orchestrator.airlock.removal import GRAVE_PREFIX
from orchestrator.journal.store import JournalStore
from orchestrator.run import leftovers
from orchestrator.run.lease import lease, run_lock
from orchestrator.run.leftovers import remove_leftovers
from orchestrator.telling.files import log_file, runs_with_logs
from tests.views import story


@pytest.fixture
def state(tmp_path: Path) -> Path:
    """A state directory with the worktree of one run, and one removal that has not come to its end."""
    for place in ("runs/run-1/task/abc", f"runs/{GRAVE_PREFIX}xyz/0/deep"):
        (tmp_path / place).mkdir(parents=True)
        (tmp_path / place / "file").write_text("text\n")
    return tmp_path


def left(state: Path) -> list[Path]:
    """What is there of any run."""
    return list((state / "runs").iterdir())


async def test_twice_is_as_good_as_once(state: Path) -> None:
    """The first time all of it is removed and named, the second time there is nothing."""
    named = ["worktrees of run-1", f"worktrees of {GRAVE_PREFIX}xyz"]
    assert sorted(await remove_leftovers(state, ())) == sorted(named)
    assert left(state) == []
    assert await remove_leftovers(state, ()) == []


async def test_a_run_that_is_worked_on_stays(state: Path) -> None:
    """Nothing is taken from a run whose lock somebody holds."""
    with lease(run_lock(state, "run-1")):
        await remove_leftovers(state, ())
        assert (state / "runs/run-1/task/abc/file").exists()


async def test_a_removal_under_way_is_left_to_whoever_is_at_it(state: Path) -> None:
    """Two programs never empty the same directory: one of them would fail at what the other has removed."""
    grave = state / "runs" / f"{GRAVE_PREFIX}xyz"
    handle = os.open(grave, os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        assert await remove_leftovers(state, ()) == ["worktrees of run-1"]
        assert (grave / "0/deep/file").exists()
    finally:
        os.close(handle)
    assert await remove_leftovers(state, ()) == [f"worktrees of {GRAVE_PREFIX}xyz"]


def logged(state: Path, *runs: str) -> None:
    """Make logs of these runs, the first the oldest."""
    for age, run in enumerate(reversed(runs)):
        path = log_file(state, run)
        path.parent.mkdir(exist_ok=True)
        path.write_text("{}\n")
        os.utime(path, (1_700_000_000 - age, 1_700_000_000 - age))


async def test_logs_of_runs_that_are_over_go(state: Path) -> None:
    """`clean` removes them and names them; of a run that can be gone on with, or is worked on, they stay."""
    over = e.RunEnded(status="done", base_after=story.BASE, moved=False)
    with JournalStore(state / "journal.db") as store:
        store.append("over", [*story.started(), (None, over)])
        store.append("stopped", [*story.started(), (None, over.model_copy(update={"status": "stopped"}))])
        store.append("under-way", [*story.started(), (None, over)])
    logged(state, "over", "stopped", "under-way")
    with lease(run_lock(state, "under-way")):
        assert "the log of over" in await remove_leftovers(state)
        assert set(runs_with_logs(state)) == {"stopped", "under-way"}


async def test_logs_are_bounded_when_a_run_begins(state: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The oldest go, without a word, and never that of a run that can be gone on with."""
    monkeypatch.setattr(leftovers, "MOST_RUNS", 4)
    with JournalStore(state / "journal.db") as store:
        store.append("first", story.started())
    logged(state, "first", "second", "third", "fourth", "fifth", "sixth")
    assert not [name for name in await remove_leftovers(state, ()) if "log" in name]
    assert set(runs_with_logs(state)) == {"first", "fourth", "fifth", "sixth"}
