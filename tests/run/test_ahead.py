"""Sandboxes that start before they are needed: never on other files than asked for, never more than said, none left."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import anyio
import pytest

from orchestrator.run.ahead import MOST_AHEAD, MOST_ENDING, AheadWorksites, Place
from sandbox.errors import SandboxUnavailable
from sandbox.sandbox import Command
from tests.fakes.sandbox import FakeSandbox

LS = Command(script="ls")


class Machine:
    """Opens sandboxes when it may, ends them when it may, and remembers which are there."""

    def __init__(self) -> None:
        self.asked: list[Place] = []
        self.open: dict[str, Place] = {}
        self.may_open, self.may_end = anyio.Event(), anyio.Event()
        self.error: Exception | None = None

    @asynccontextmanager
    async def opening(self, place: Place, name: str) -> AsyncIterator[FakeSandbox]:
        """A sandbox that begins when it may."""
        self.asked.append(place)
        await self.may_open.wait()
        if self.error is not None:
            raise self.error
        self.open[name] = place
        try:
            yield FakeSandbox()
        finally:
            with anyio.CancelScope(shield=True):
                await self.may_end.wait()
                del self.open[name]

    async def let_end(self) -> None:
        """Let sandboxes end."""
        self.may_end.set()


async def tree_of(commit: str) -> str:
    """The tree of a commit."""
    return f"tree of {commit}"


@pytest.fixture
async def machine() -> Machine:
    """A machine on which nothing waits, unless the test puts an event of its own."""
    made = Machine()
    made.may_open.set()
    made.may_end.set()
    return made


@asynccontextmanager
async def worksites(machine: Machine) -> AsyncIterator[AheadWorksites]:
    """The worksites of a run, which must leave nothing."""
    async with anyio.create_task_group() as group:
        ahead = AheadWorksites("run", group, opening=machine.opening, tree_of=tree_of)
        yield ahead
        ahead.end()
    assert machine.open == {}


async def test_it_starts_while_nobody_waits(machine: Machine) -> None:
    """Entering gives a sandbox that is starting, with its name; the first command waits until it has."""
    machine.may_open = anyio.Event()
    async with worksites(machine) as ahead, ahead.at("a", "c1") as sandbox, anyio.create_task_group() as group:
        done = []

        async def command() -> None:
            done.append(await sandbox.execute(LS))

        group.start_soon(command)
        await anyio.wait_all_tasks_blocked()
        assert machine.asked == [Place(task="a", commit="c1", tree="tree of c1")]
        assert done == []
        machine.may_open.set()
        await sandbox.ready()
        assert list(machine.open) == [sandbox.name]
    assert len(done) == 1


async def test_what_keeps_it_from_opening_is_raised_by_the_first_request(machine: Machine) -> None:
    """Whoever asks for a command hears why there is no sandbox; who asks for none does not."""
    machine.error = SandboxUnavailable("no sandbox", "get one")
    async with worksites(machine) as ahead, ahead.at("a", "c1") as sandbox:
        with pytest.raises(SandboxUnavailable, match="no sandbox"):
            await sandbox.execute(LS)
        with pytest.raises(SandboxUnavailable, match="no sandbox"):
            [record async for record in sandbox.snapshot()]


async def test_left_before_it_has_started_it_is_given_up(machine: Machine) -> None:
    """An agent that finishes without a command does not wait for its sandbox, and nothing of it is left."""
    machine.may_open = anyio.Event()
    async with worksites(machine) as ahead:
        async with ahead.at("a", "c1"):
            await anyio.wait_all_tasks_blocked()
        assert len(machine.asked) == 1


async def test_leaving_does_not_wait_for_the_end(machine: Machine) -> None:
    """A sandbox ends while the work goes on; the end of the run waits for it."""
    machine.may_end = anyio.Event()
    async with worksites(machine) as ahead:
        async with ahead.at("a", "c1") as sandbox:
            await sandbox.ready()
        async with ahead.at("a", "c2") as second:
            await second.ready()
            assert len(machine.open) == 2
        machine.may_end.set()


async def test_the_end_of_all_is_awaited(machine: Machine) -> None:
    """Before a run is told to have ended, every sandbox has, those among them that were only expected."""
    machine.may_end = anyio.Event()
    async with worksites(machine) as ahead, anyio.create_task_group() as group:
        await ahead.expect(["b"], "c1")
        async with ahead.at("a", "c1") as sandbox:
            await sandbox.ready()
        await anyio.wait_all_tasks_blocked()
        assert len(machine.open) == 2
        group.start_soon(machine.let_end)
        await ahead.over()
        assert machine.open == {}


async def test_ends_that_pile_up_are_waited_for(machine: Machine) -> None:
    """Where removing is slower than the work, the work waits: the machine never fills up with used sandboxes."""
    machine.may_end = anyio.Event()
    async with worksites(machine) as ahead:
        for _ in range(MOST_ENDING):
            async with ahead.at("a", "c1") as sandbox:
                await sandbox.ready()
        with anyio.move_on_after(0.05) as waited:
            async with ahead.at("a", "c1"):
                raise AssertionError("it did not wait")
        assert waited.cancelled_caught
        machine.may_end.set()
        async with ahead.at("a", "c1") as sandbox:
            await sandbox.ready()


async def test_what_never_opened_is_not_waited_for(machine: Machine) -> None:
    """Sandboxes that could not be had leave nothing that would have to end."""
    machine.error = SandboxUnavailable("no sandbox", "get one")
    async with worksites(machine) as ahead:
        for _ in range(MOST_ENDING + 1):
            async with ahead.at("a", "c1") as sandbox:
                with pytest.raises(SandboxUnavailable):
                    await sandbox.ready()


async def test_an_expected_task_finds_its_sandbox_started(machine: Machine) -> None:
    """What was begun ahead is used where the task starts from the same files, and is used once."""
    async with worksites(machine) as ahead:
        await ahead.expect(["a"], "c1")
        await anyio.wait_all_tasks_blocked()
        (name,) = machine.open
        async with ahead.at("a", "c1", tree="tree of c1") as sandbox:
            assert sandbox.settled
            assert sandbox.name == name
        async with ahead.at("a", "c1") as another:
            assert another.name != name


async def test_a_task_that_has_just_started_finds_its_own(machine: Machine) -> None:
    """What is expected next is told while a task that was expected is on its way to its sandbox: that one stays."""
    async with worksites(machine) as ahead:
        await ahead.expect(["a", "b"], "c1")
        await ahead.expect(["b"], "c1", working={"a"})
        async with ahead.at("a", "c1") as sandbox:
            await sandbox.ready()
            assert len(machine.asked) == 2


@pytest.mark.parametrize(
    ("commit", "tree", "read_only"), [("c2", None, False), ("c1", "another", False), ("c1", None, True)]
)
async def test_what_was_begun_elsewhere_serves_nobody(
    machine: Machine, commit: str, tree: str | None, read_only: bool
) -> None:
    """A task never starts from other files than it would have without: a sandbox begun on others is thrown away."""
    async with worksites(machine) as ahead:
        await ahead.expect(["a"], "c1")
        await anyio.wait_all_tasks_blocked()
        (name,) = machine.open
        async with ahead.at("a", commit, tree=tree, read_only=read_only) as sandbox:
            await sandbox.ready()
            wanted = Place(task="a", commit=commit, tree=tree or f"tree of {commit}", read_only=read_only)
            assert machine.open == {sandbox.name: wanted}
            assert sandbox.name != name


async def test_main_moved_and_they_are_remade(machine: Machine) -> None:
    """What waits follows main: thrown away and begun again where it is now; what is no more expected goes."""
    async with worksites(machine) as ahead:
        await ahead.expect(["a", "b"], "c1")
        await anyio.wait_all_tasks_blocked()
        await ahead.expect(["b"], "c2")
        await anyio.wait_all_tasks_blocked()
        assert [(place.task, place.commit) for place in machine.open.values()] == [("b", "c2")]
        await ahead.expect(["b"], "c2")
        await anyio.wait_all_tasks_blocked()
        assert len(machine.asked) == 3
        await ahead.expect([], "c2")
        await anyio.wait_all_tasks_blocked()
        assert machine.open == {}


async def test_few_wait(machine: Machine) -> None:
    """However many tasks are ready, only so many sandboxes are idle: those of the first."""
    async with worksites(machine) as ahead:
        await ahead.expect([f"t{number}" for number in range(20)], "c1")
        await anyio.wait_all_tasks_blocked()
        assert [place.task for place in machine.open.values()] == [f"t{number}" for number in range(MOST_AHEAD)]


async def test_one_that_failed_ahead_is_begun_again(machine: Machine) -> None:
    """A fault of the machine that nobody waited for is nobody's: the task gets a fresh try."""
    machine.error = SandboxUnavailable("no sandbox", "get one")
    async with worksites(machine) as ahead:
        await ahead.expect(["a"], "c1")
        await anyio.wait_all_tasks_blocked()
        machine.error = None
        async with ahead.at("a", "c1") as sandbox:
            await sandbox.execute(LS)
