"""Lost sandboxes: how many are an accident."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

import pytest

from agents.events import AttemptStarted, FaultMet, FaultRetried
from agents.model import Message
from orchestrator.journal.fold import event_of
from orchestrator.run.faults import TRIES, outlasting_faults
from sandbox.errors import SandboxLost
from sandbox.sandbox import Command, CommandResult
from tests.fakes.judges import FakeRecorder
from tests.fakes.model import call, calling, finish, shell
from tests.fakes.sandbox import FakeSandbox
from tests.run.whole_run import Asked, WholeRun, no_sandboxes

__all__ = ["no_sandboxes"]


class Work:
    """Loses its sandbox so often; between two losses so many steps are done."""

    def __init__(self, *, losses: int, steps: int) -> None:
        self.losses = losses
        self.steps = steps
        self.done = 0

    async def __call__(self) -> str:
        """Work, and be lost or not."""
        if self.losses == 0:
            return "finished"
        self.losses -= 1
        self.done += self.steps
        raise SandboxLost("sandbox-1", "it was killed")


async def test_what_is_lost_now_and_then_is_tried_again() -> None:
    """A hundred losses with work between them are a hundred accidents, each in the journal with its retry."""
    recorder, work = FakeRecorder(), Work(losses=100, steps=1)
    assert await outlasting_faults(recorder, "editor.1", work, done=lambda: work.done) == "finished"
    assert len(recorder.of(FaultRetried)) == 100
    assert all(fault.retryable for fault in recorder.of(FaultMet))


async def test_what_is_lost_in_a_row_is_not() -> None:
    """Where nothing was done between them, the third loss ends it, and the journal says so."""
    recorder, work = FakeRecorder(), Work(losses=TRIES, steps=0)
    with pytest.raises(SandboxLost):
        await outlasting_faults(recorder, "editor.1", work, done=lambda: work.done)
    assert [fault.retryable for fault in recorder.of(FaultMet)] == [True] * (TRIES - 1) + [False]


class Frail(FakeSandbox):
    """Ready at once, and lost once for all of its kind."""

    lost: ClassVar[list[str]] = []

    async def ready(self) -> Frail:
        """It is."""
        return self

    async def execute(self, command: Command) -> CommandResult:
        """Run it, or be lost."""
        if not self.lost:
            self.lost.append(command.script)
            raise SandboxLost("sandbox-1", "it was killed")
        return await super().execute(command)


@pytest.mark.slow
@pytest.mark.usefixtures("no_sandboxes")
async def test_git_restores_what_it_would_have_on_a_fresh_sandbox_too(tmp_path: Path) -> None:
    """HEAD stays where the round began, though the files go on from what was saved."""

    def answer(asked: Asked) -> Message:
        if asked.turn == 0:
            return calling(call("edit", {"path": "new.txt", "old": "", "new": "new\n"}))
        return shell("git restore .") if asked.turn == 1 else finish(summary="done")

    Frail.lost.clear()
    run = WholeRun(place=tmp_path, answer=answer, sandbox=Frail)
    state = await run.run({"id": "port", "role": "editor", "goal": "Write new.txt.", "gates": []})
    assert state.status == "done"
    assert Frail.lost == ["git restore ."]
    first, second = [event for row in run.rows if isinstance(event := event_of(row), AttemptStarted)]
    assert first.commit != second.commit
    assert run.heads == [first.commit, first.commit]
