"""Lost sandboxes: how many are an accident."""

from __future__ import annotations

import pytest

from agents.events import FaultMet, FaultRetried
from orchestrator.run.faults import TRIES, outlasting_faults
from sandbox.errors import SandboxLost
from tests.fakes.judges import FakeRecorder


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
