"""What a crash left half done between git and the journal is found, and not done once more."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from agents.events import ChangeMerged, ChangeReverted, CommandProposed, Event, PlanMade
from agents.model import Message
from orchestrator.journal.chain import Recorded
from orchestrator.journal.fold import event_of
from orchestrator.journal.store import JournalStore
from orchestrator.plan.models import Task
from orchestrator.plan.proposal import ProposalRefused, planned
from orchestrator.run import planning
from orchestrator.run.drive import drive
from orchestrator.run.landing import Landing
from orchestrator.run.lease import holder, run_lock
from orchestrator.run.left_off import last_queued
from orchestrator.run.onto_base import take_back
from tests.fakes.model import call, calling, finish
from tests.run.whole_run import Asked, WholeRun, no_sandboxes

__all__ = ["no_sandboxes"]

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("no_sandboxes")]


class Crash(Exception):
    """The process is gone."""


def crash_at(monkeypatch: pytest.MonkeyPatch, comes: Callable[[Event], bool]) -> None:
    """Have nothing come into the journal any more once an event `comes`."""
    append = JournalStore.append
    gone: list[bool] = []

    def dying(self: JournalStore, run: str, events: Sequence[tuple[str | None, Event]]) -> list[Recorded]:
        if gone or any(comes(event) for _, event in events):
            gone.append(True)
            raise Crash
        return append(self, run, events)

    monkeypatch.setattr(JournalStore, "append", dying)


def editor(task: str) -> dict[str, Any]:
    """An editor without gates."""
    return {"id": task, "role": "editor", "goal": "Write it.", "gates": []}


def writes(asked: Asked) -> Message:
    """A file of its own, for each task."""
    if asked.turn % 2 == 0:
        return calling(call("edit", {"path": f"{asked.task}.txt", "old": "", "new": "new\n"}))
    return finish(summary="done")


def log(run: WholeRun) -> list[str]:
    """The subjects on main, newest first."""
    command = ["git", "-C", str(run.place / "repository"), "log", "--format=%s", "main"]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.splitlines()


async def test_what_was_taken_back_is_not_taken_back_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A second try after a crash finds the commits of the first, journals them, and makes no empty ones."""
    run = WholeRun(place=tmp_path, answer=writes)
    await run.run(editor("one"), editor("two"))
    with monkeypatch.context() as until_then:
        crash_at(until_then, lambda event: isinstance(event, ChangeReverted))
        with pytest.raises((Crash, ExceptionGroup)):
            async with run.again(resume=False) as ctx:
                await take_back(ctx, ["one", "two"])
    taken_back = log(run)
    assert len(taken_back) == 5
    async with run.again(resume=False) as ctx:
        await take_back(ctx, ["one", "two"])
        assert {name: bool(task.reverted) for name, task in ctx.state.tasks.items()} == {"one": True, "two": True}
    assert log(run) == taken_back
    told = [event.commit for event in map(event_of, run.rows) if isinstance(event, ChangeReverted)]
    assert len(set(told)) == 2


def checks(rows: Sequence[Recorded]) -> int:
    """How often the plan's checks were begun."""
    return sum(isinstance(event, CommandProposed) and event.source == "verify" for event in map(event_of, rows))


async def test_a_change_that_passed_is_not_tested_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A crash between the plan's checks and the move of the branch costs no second run of them."""

    def crash(*_: object) -> None:
        raise Crash

    run = WholeRun(place=tmp_path, answer=writes)
    with monkeypatch.context() as until_then:
        until_then.setattr(Landing, "_write", crash)
        with pytest.raises((Crash, ExceptionGroup)):
            await run.run(editor("one"), verify=["true"])
    assert checks(run.rows) == 1
    async with run.again(resume=True) as ctx:
        await drive(ctx)
        assert ctx.state.status == "done"
    assert checks(run.rows) == 1


@pytest.mark.parametrize(("since", "passed"), [(0, ("true",)), (99, ())])
async def test_tests_count_on_the_branch_that_they_ran_on(since: int, passed: tuple[str, ...], tmp_path: Path) -> None:
    """What passed before another change landed says nothing of both."""
    run = WholeRun(place=tmp_path, answer=writes)
    await run.run(editor("one"), verify=["true"])
    found = last_queued([row for row in run.rows if row.task == "one"], onto="tip", since=since)
    assert found is not None
    assert found.passed == passed


async def test_a_landing_found_later_tells_what_was_lost(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One that a crash kept from being journalled lists the lines of the conflict that its resolution lacks."""
    told: list[list[str]] = []

    def answer(asked: Asked) -> Message:
        if asked.turn % 2 == 0:
            new = f"{asked.task} {asked.turn}\n"
            return calling(call("edit", {"path": "same.txt", "old": "", "new": new}))
        return finish(summary="done")

    def loses(event: Event) -> bool:
        if isinstance(event, ChangeMerged) and event.lost_lines:
            told.append(event.lost_lines)
        return bool(told)

    run = WholeRun(place=tmp_path, answer=answer)
    with monkeypatch.context() as until_then:
        crash_at(until_then, loses)
        with pytest.raises((Crash, ExceptionGroup)):
            await run.run(editor("one"), editor("two"))
    assert told
    async with run.again(resume=True) as ctx:
        await drive(ctx)
        assert ctx.state.status == "done"
    merged = [event.lost_lines for event in map(event_of, run.rows) if isinstance(event, ChangeMerged)]
    assert merged == [[], told[0]]


async def test_an_answer_that_does_not_hold_any_more_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A plan that was handed over before a crash and does not fit now goes back, and everybody hears why."""
    part = {"id": "one", "role": "investigator", "goal": "Look."}

    def answer(asked: Asked) -> Message:
        if asked.role == "investigator":
            return finish(findings="none")
        return finish(decision="tasks", why="It is little.", tasks=[part])

    run = WholeRun(place=tmp_path, answer=answer)
    with monkeypatch.context() as until_then:
        crash_at(until_then, lambda event: isinstance(event, PlanMade))
        with pytest.raises(Crash):
            await run.run()
    refusals = [ProposalRefused("there is a task of that name")] * 2

    def planned_then(*given: Any, **more: Any) -> tuple[Task, ...]:
        if refusals:
            raise refusals.pop()
        return planned(*given, **more)

    monkeypatch.setattr(planning, "planned", planned_then)
    async with run.again(resume=True) as ctx:
        await drive(ctx)
        assert ctx.state.status == "done"
        assert any("there is a task of that name" in fault for fault in ctx.state.faults)
    assert any("there is a task of that name" in line for line in run.said)
    assert "there is a task of that name" in next(asked for asked in reversed(run.asked) if asked.task == "main").text


class Looking(WholeRun):
    """Looks who works on the run when that is read."""

    def settle(self, store: JournalStore) -> Any:
        assert holder(run_lock(self.place / "state", self.rows[0].run)) == os.getpid()
        self.said.append("read")
        return super().settle(store)


async def test_a_run_is_read_once_it_is_ours(tmp_path: Path) -> None:
    """Whoever worked on it until then may have made tasks: nobody else may write it any more."""
    run = Looking(place=tmp_path, answer=writes)
    await run.run(editor("one"))
    async with run.again(resume=False):
        assert "read" in run.said
