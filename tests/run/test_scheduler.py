"""The order of tasks: needs first, never more than allowed at once, never twice, whatever fails."""

from __future__ import annotations

from collections.abc import Collection, Sequence

import anyio
from hypothesis import given, settings
from hypothesis import strategies as st

from orchestrator.journal.state import TaskState
from orchestrator.run.scheduler import SETTLED_WELL, Node, Scheduler

OUTCOMES = [TaskState.MERGED, TaskState.MERGED, TaskState.MERGED, TaskState.FAILED, TaskState.WAITING]


@st.composite
def graphs(draw: st.DrawFn) -> tuple[list[Node], dict[str, TaskState], int]:
    """A random acyclic graph, each task's outcome, and how many may run at once."""
    count = draw(st.integers(0, 8))
    nodes = []
    for n in range(count):
        needs = draw(st.sets(st.integers(0, n - 1))) if n else set()
        nodes.append(Node(id=f"t{n}", needs=tuple(f"t{m}" for m in sorted(needs))))
    outcomes = {node.id: draw(st.sampled_from(OUTCOMES)) for node in nodes}
    return draw(st.permutations(nodes)), outcomes, draw(st.integers(1, 4))


class World:
    """Carries tasks out by name and watches what happens meanwhile."""

    def __init__(self, nodes: list[Node], outcomes: dict[str, TaskState]) -> None:
        self.needs = {node.id: node.needs for node in nodes}
        self.outcomes = outcomes
        self.finished: dict[str, TaskState] = {}
        self.started: list[str] = []
        self.skipped: dict[str, str] = {}
        self.running = self.most = 0

    async def work(self, task: str) -> TaskState:
        """Carry a task out; its needs must be there."""
        assert all(self.finished.get(need) in SETTLED_WELL for need in self.needs[task])
        self.started.append(task)
        self.running += 1
        self.most = max(self.most, self.running)
        await anyio.lowlevel.checkpoint()
        self.running -= 1
        self.finished[task] = self.outcomes[task]
        return self.outcomes[task]

    async def skip(self, task: str, why: str) -> None:
        """Note a task that can't start."""
        self.skipped[task] = why


def drive(nodes: list[Node], world: World, parallel: int, done: dict[str, TaskState]) -> dict[str, TaskState]:
    """Run the scheduler to its end."""

    async def main() -> dict[str, TaskState]:
        scheduler = Scheduler(nodes, parallel=parallel, work=world.work, skip=world.skip, stopped=lambda: False)
        return await scheduler.run(done)

    return anyio.run(main)


@settings(deadline=None)
@given(graphs())
def test_every_task_ends_once_and_in_order(case: tuple[list[Node], dict[str, TaskState], int]) -> None:
    """Each task is carried out once after its needs, or skipped with the need that failed."""
    nodes, outcomes, parallel = case
    world = World(nodes, outcomes)
    result = drive(nodes, world, parallel, {})
    assert set(result) == {node.id for node in nodes}
    assert sorted([*world.started, *world.skipped]) == sorted(result)
    assert world.most <= parallel
    for task in world.skipped:
        assert any(result[need] not in SETTLED_WELL for need in world.needs[task])


@settings(deadline=None)
@given(graphs(), st.data())
def test_done_work_is_not_done_again(case: tuple[list[Node], dict[str, TaskState], int], data: st.DataObject) -> None:
    """What an earlier process finished is built on and not repeated."""
    nodes, outcomes, parallel = case
    done = {node.id: TaskState.MERGED for node in nodes if data.draw(st.booleans())}
    world = World(nodes, outcomes)
    world.finished.update(done)
    drive(nodes, world, parallel, done)
    assert not set(world.started) & set(done)


async def test_nothing_starts_after_a_stop() -> None:
    """Once stopped, tasks under way end and no other starts."""
    stopped = False
    started: list[str] = []

    async def work(task: str) -> TaskState:
        nonlocal stopped
        started.append(task)
        stopped = True
        return TaskState.MERGED

    async def skip(task: str, why: str) -> None:
        raise AssertionError(task, why)

    nodes = [Node(id="a"), Node(id="b", needs=("a",))]
    outcomes = await Scheduler(nodes, parallel=2, work=work, skip=skip, stopped=lambda: stopped).run({})
    assert started == ["a"]
    assert outcomes == {"a": TaskState.MERGED}


def test_what_starts_next_is_told() -> None:
    """Whoever prepares hears of those that wait for a place alone, then of those behind tasks that leave main alone."""
    nodes = [
        Node(id="looks", moves_main=False),
        Node(id="edits"),
        Node(id="behind-edits", needs=("edits",)),
        Node(id="behind-looks", needs=("looks",)),
        Node(id="waits"),
    ]
    told: list[tuple[list[str], set[str]]] = []

    async def soon(tasks: Sequence[str], working: Collection[str]) -> None:
        told.append((list(tasks), set(working)))

    async def main() -> None:
        world = World(nodes, {node.id: TaskState.MERGED for node in nodes})
        scheduler = Scheduler(nodes, parallel=2, work=world.work, skip=world.skip, stopped=lambda: False, soon=soon)
        await scheduler.run({})

    anyio.run(main)
    assert told[0] == (["waits", "behind-looks"], {"looks", "edits"})
    assert told[-1][0] == []
