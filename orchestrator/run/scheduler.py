"""Which task runs when: each starts once its needs have landed, so many at a time, and never twice."""

from __future__ import annotations

import math
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass

import anyio

from orchestrator.journal.state import TaskState

SETTLED_WELL = frozenset({TaskState.MERGED, TaskState.LANDED, TaskState.READY})
"""The outcomes on which a task that needs this one may build."""

SHORTEST_WAIT_SECONDS = 1.0
"""A parked task that may go on and finds no place is looked at again after this long, at the latest."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """A task as the scheduler sees it; `moves_main` says that others start elsewhere when it has landed."""

    id: str
    needs: tuple[str, ...] = ()
    moves_main: bool = True


def _never(_: str) -> float | None:
    return None


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
        back_in_seconds: Callable[[str], float | None] = _never,
    ) -> None:
        """`work` carries out a task; `skip` hears of one that can't start, and why; `stopped` ends all starts.

        `soon` hears, whenever something has changed, which tasks are to start next from where main is now, and which
        have started. `back_in_seconds` says when a task that waits may be worked on once more, None where only another
        process may: it is, as long as others are at work anyway.
        """
        self._nodes = {node.id: node for node in nodes}
        self._parallel = parallel
        self._work = work
        self._skip = skip
        self._stopped = stopped
        self._soon = soon
        self._back_in_seconds = back_in_seconds
        self._parked: set[str] = set()
        self._changed = anyio.Event()

    async def run(self, done: Mapping[str, TaskState]) -> dict[str, TaskState]:
        """Work on everything that is not in `done`; returns the outcome of every task that has one."""
        outcomes = dict(done)
        working: set[str] = set()
        async with anyio.create_task_group() as group:
            while True:
                await self._skip_blocked(outcomes, working)
                for task in self._ready(outcomes, working):
                    self._parked.discard(task)
                    working.add(task)
                    group.start_soon(self._one, task, outcomes, working)
                if not working:
                    if not self._parked:
                        break
                    outcomes.update(dict.fromkeys(self._parked, TaskState.WAITING))
                    self._parked.clear()
                    continue
                await self._soon(self._next(outcomes, working), frozenset(working))
                with anyio.move_on_after(self._until_a_parked_one()):
                    await self._changed.wait()
                self._changed = anyio.Event()
        return outcomes

    async def _one(self, task: str, outcomes: dict[str, TaskState], working: set[str]) -> None:
        outcome = await self._work(task)
        if outcome is TaskState.WAITING and self._back_in_seconds(task) is not None:
            self._parked.add(task)
        else:
            outcomes[task] = outcome
        working.discard(task)
        self._changed.set()

    def _until_a_parked_one(self) -> float:
        """Seconds until a parked task may be worked on; for ever where none may."""
        waits = (self._back_in_seconds(task) for task in self._parked)
        return min((max(wait, SHORTEST_WAIT_SECONDS) for wait in waits if wait is not None), default=math.inf)

    def _ready(self, outcomes: Mapping[str, TaskState], working: set[str]) -> list[str]:
        if self._stopped():
            return []
        resting = {task for task in self._parked if self._back_in_seconds(task) != 0}
        there = [node for node in self._nodes.values() if node.id not in outcomes and node.id not in working]
        waiting = [node for node in there if node.id not in resting]
        free = [node.id for node in waiting if all(outcomes.get(need) in SETTLED_WELL for need in node.needs)]
        return free[: max(0, self._parallel - len(working))]

    def _next(self, outcomes: Mapping[str, TaskState], working: set[str]) -> list[str]:
        """What waits for a place alone, then what waits for tasks at work that leave main where it is."""
        if self._stopped():
            return []
        near = {task for task in working if not self._nodes[task].moves_main}
        there = [node for node in self._nodes.values() if node.id not in outcomes and node.id not in working]
        waiting = [node for node in there if node.id not in self._parked]
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
