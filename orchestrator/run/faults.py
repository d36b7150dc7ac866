"""The machine's faults: a lost sandbox is tried again on a fresh one, a bounded number of times."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TypeVar

from agents.events import FaultMet, FaultRetried
from agents.recorder import Recorder
from sandbox.errors import SandboxLost

TRIES = 3
"""A sandbox that is lost three times in a row, with nothing done between, is no accident."""

T = TypeVar("T")


async def outlasting_faults(
    recorder: Recorder, where: str, work: Callable[[], Awaitable[T]], *, done: Callable[[], object] = lambda: None
) -> T:
    """Do the work, again on a fresh sandbox where one was lost; raises SandboxLost after the last try.

    `done` tells how far the work came: what is lost now and then in a thousand steps is still an accident.
    """
    attempt, came = 0, done()
    while True:
        attempt += 1
        try:
            return await work()
        except SandboxLost as lost:
            if done() != came:
                attempt, came = 1, done()
            last = attempt >= TRIES
            await recorder.record(FaultMet(where=where, why=str(lost), retryable=not last))
            if last:
                raise
            await recorder.record(FaultRetried(where=where, attempt=attempt + 1))
