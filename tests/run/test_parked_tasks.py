"""Tasks whose provider is down: others go on, and they come back as long as that is so."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

import anyio

from orchestrator.journal.state import TaskState
from orchestrator.run.scheduler import Node, Scheduler

MERGED, WAITING, SKIPPED = TaskState.MERGED, TaskState.WAITING, TaskState.SKIPPED


class Outage:
    """`port` has no provider until it is `over`; `busy` works until `port` was tried `tries` times."""

    def __init__(self, *, tries: int) -> None:
        self.over = False
        self.tries = tries
        self.worked: Counter[str] = Counter()
        self.skipped: list[str] = []
        self.stopping = False
        self.tried = anyio.Event()

    async def work(self, task: str) -> TaskState:
        """As the outage has it."""
        self.worked[task] += 1
        if task == "busy":
            await self.tried.wait()
        if task != "port" or self.over:
            return MERGED
        if self.worked[task] >= self.tries:
            self.tried.set()
        return WAITING

    async def skip(self, task: str, why: str) -> None:
        """Note it."""
        self.skipped.append(f"{task}: {why}")

    async def run(self, *tasks: Node, back: Callable[[str], float | None]) -> dict[str, TaskState]:
        """To the end."""
        scheduler = Scheduler(
            tasks,
            parallel=2,
            work=self.work,
            skip=self.skip,
            stopped=lambda: self.stopping,
            back_in_seconds=back,
        )
        with anyio.fail_after(60):
            return await scheduler.run({})


PORT, BUSY, NEXT = Node(id="port"), Node(id="busy"), Node(id="next", needs=("port",))


async def test_a_parked_task_comes_back_while_others_work() -> None:
    """It is tried again once its provider may be, and what needs it is not given up before."""
    outage = Outage(tries=3)

    def back(_: str) -> float | None:
        outage.over = outage.worked["port"] >= 3
        return 0.0

    assert await outage.run(PORT, BUSY, NEXT, back=back) == {"port": MERGED, "busy": MERGED, "next": MERGED}
    assert outage.worked == {"port": 4, "busy": 1, "next": 1}
    assert not outage.skipped


async def test_a_run_does_not_idle_for_a_provider() -> None:
    """Where nobody else is at work, or its rest is not over, a parked task waits for another process."""
    outage = Outage(tries=1)
    ended = await outage.run(PORT, BUSY, NEXT, back=lambda _: 3600.0)
    assert ended == {"port": WAITING, "busy": MERGED, "next": SKIPPED}
    assert outage.worked["port"] == 1
    assert outage.skipped == ["next: it needs port, which is waiting"]


async def test_what_waits_for_something_else_does_not_come_back() -> None:
    """A question, or a limit, is not tried again."""
    outage = Outage(tries=1)
    assert (await outage.run(PORT, BUSY, back=lambda _: None))["port"] is WAITING
    assert outage.worked["port"] == 1


async def test_a_stop_brings_nothing_back() -> None:
    """Nothing starts any more, parked or not."""
    outage = Outage(tries=1)

    def back(_: str) -> float | None:
        outage.stopping = True
        return 0.0

    assert (await outage.run(PORT, BUSY, back=back))["port"] is WAITING
    assert outage.worked["port"] == 1
