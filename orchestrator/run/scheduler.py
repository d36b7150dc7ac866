"""Which task runs when: each starts once its needs have landed, so many at a time, and never twice."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass

import anyio

from orchestrator.journal.state import TaskState

SETTLED_WELL = frozenset({TaskState.MERGED, TaskState.LANDED, TaskState.READY})
"""The outcomes on which a task that needs this one may build."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """A task as the scheduler sees it; `moves_main` says that others start elsewhere when it has landed."""

    id: str
    needs: tuple[str, ...] = ()
    moves_main: bool = True


async def _nobody_prepares(_: Sequence[str], __: Collection[str]) -> None:
    return None


class Scheduler:
    """Drives a graph of tasks to its end."""

    def __init__(
        self,
        nodes: Sequence[Node],
        *,
        parallel: int,
        work: Callable[[str], Awaitable[TaskState]],
        skip: Callable[[str, str], Awaitable[None]],
        stopped: Callable[[], bool],
        soon: Callable[[Sequence[str], Collection[str]], Awaitable[None]] = _nobody_prepares,
    ) -> None:
        """`work` carries out a task; `skip` hears of one that can't start, and why; `stopped` ends all starts.

        `soon` hears, whenever something has changed, which tasks are to start next from where main is now, and which
        have started.
        """
        self._nodes = {node.id: node for node in nodes}
        self._parallel = parallel
        self._work = work
        self._skip = skip
        self._stopped = stopped
        self._soon = soon
        self._changed = anyio.Event()

    async def run(self, done: Mapping[str, TaskState]) -> dict[str, TaskState]:
        """Work on everything that is not in `done`; returns the outcome of every task that has one."""
        outcomes = dict(done)
        working: set[str] = set()
        async with anyio.create_task_group() as group:
            while True:
                await self._skip_blocked(outcomes, working)
                for task in self._ready(outcomes, working):
                    working.add(task)
                    group.start_soon(self._one, task, outcomes, working)
                if not working:
                    break
                await self._soon(self._next(outcomes, working), frozenset(working))
                await self._changed.wait()
                self._changed = anyio.Event()
        return outcomes

    async def _one(self, task: str, outcomes: dict[str, TaskState], working: set[str]) -> None:
        outcomes[task] = await self._work(task)
        working.discard(task)
        self._changed.set()

    def _ready(self, outcomes: Mapping[str, TaskState], working: set[str]) -> list[str]:
        if self._stopped():
            return []
        waiting = [node for node in self._nodes.values() if node.id not in outcomes and node.id not in working]
        free = [node.id for node in waiting if all(outcomes.get(need) in SETTLED_WELL for need in node.needs)]
        return free[: max(0, self._parallel - len(working))]

    def _next(self, outcomes: Mapping[str, TaskState], working: set[str]) -> list[str]:
        """What waits for a place alone, then what waits for tasks at work that leave main where it is."""
        if self._stopped():
            return []
        near = {task for task in working if not self._nodes[task].moves_main}
        waiting = [node for node in self._nodes.values() if node.id not in outcomes and node.id not in working]
        missing = {node.id: {need for need in node.needs if outcomes.get(need) not in SETTLED_WELL} for node in waiting}
        return sorted((task for task in missing if missing[task] <= near), key=lambda task: bool(missing[task]))

    async def _skip_blocked(self, outcomes: dict[str, TaskState], working: set[str]) -> None:
        while blocked := self._blocked(outcomes, working):
            task, need = blocked
            outcomes[task] = TaskState.SKIPPED
            await self._skip(task, f"it needs {need}, which is {outcomes[need]}")

    def _blocked(self, outcomes: Mapping[str, TaskState], working: set[str]) -> tuple[str, str] | None:
        for node in self._nodes.values():
            if node.id in outcomes or node.id in working:
                continue
            for need in node.needs:
                if need in outcomes and outcomes[need] not in SETTLED_WELL:
                    return node.id, need
        return None
