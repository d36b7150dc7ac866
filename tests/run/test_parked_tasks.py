"""Tasks whose provider is down: others go on, and they come back as long as that is so."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from pathlib import Path

import anyio
import pytest

from agents.circuit import Circuits
from agents.errors import ModelRefused, ModelUnavailable
from agents.events import AttemptStarted, ModelAnswered, Role, TaskEnded
from agents.model import Model, ModelReply, ModelRequest
from agents.recorder import Recorder
from orchestrator.journal.fold import event_of
from orchestrator.journal.state import TaskState
from orchestrator.run.scheduler import Node, Scheduler
from orchestrator.run.usage import amounts_of
from tests.fakes.model import call, calling, finish, reply
from tests.run.whole_run import WholeRun, no_sandboxes

__all__ = ["no_sandboxes"]

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


class Flaky:
    """The model of one agent, which is away once in the middle of each conversation about `port`."""

    id, window = "flaky/model", None

    def __init__(self, whole: FlakyRun, task: str, agent: str) -> None:
        self._whole = whole
        self._task = task
        self._agent = agent

    async def ask(self, request: ModelRequest) -> ModelReply:
        """The next answer; `busy` works for as long as there is something to do at `port`."""
        turn = sum(message.role == "assistant" for message in request.messages)
        if self._task == "busy":
            await self._whole.over.wait()
            return reply(finish(findings="none"))
        if turn == 1 and self._agent not in self._whole.was_away:
            self._whole.was_away.add(self._agent)
            raise ModelUnavailable(self.id, "away")
        if self._agent.startswith("editor"):
            new = calling(call("edit", {"path": "new.txt", "old": "", "new": "new\n"}))
            return reply(finish(summary="done") if turn else new)
        if turn:
            self._whole.over.set()
        passes = finish(verdict="pass", evidence=[{"command": "true", "what_happened": "nothing"}])
        return reply(passes if turn else calling(call("recall", {"query": "new"})))


class FlakyRun(WholeRun):
    """A run with such models."""

    was_away: set[str]
    over: anyio.Event

    def _model(self, role: Role, *, task: str, agent: str, recorder: Recorder) -> Model:
        return Flaky(self, task, agent)


@pytest.mark.slow
@pytest.mark.usefixtures("no_sandboxes")
async def test_a_task_that_comes_back_goes_on_where_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It has lost no step of its agent, nor of its gate's: no attempt begins anew, and no answer is paid twice. What
    the limits count in this process is what the journal holds for the next."""
    monkeypatch.setattr(Circuits, "back_in_seconds", lambda *_: 0.0)
    run = FlakyRun(place=tmp_path, answer=lambda _: pytest.fail("asked"))
    run.was_away, run.over = set(), anyio.Event()
    port = {"id": "port", "role": "editor", "goal": "Write new.txt.", "gates": ["tester"]}
    with anyio.fail_after(60):
        state = await run.run(port, {"id": "busy", "role": "investigator", "goal": "Look around."})
    assert state.status == "done"
    assert state.tasks["port"].attempts == 1
    assert run.was_away == {"editor.1", "tester.1"}
    events = [event_of(row) for row in run.rows if row.task == "port"]
    begun = [event.agent for event in events if isinstance(event, AttemptStarted)]
    assert begun == ["editor.1", "editor.1", "tester.1", "tester.1"]
    paid = [(event.agent, event.step) for event in events if isinstance(event, ModelAnswered)]
    assert paid == [("editor.1", 1), ("editor.1", 2), ("tester.1", 1), ("tester.1", 2)]
    assert run.used == {key: amount for key, amount in amounts_of(state.total, 0.0).items() if key in run.used}


class Splitting(Flaky):
    """The model of one agent, in a run whose `port` is split; the first part is away once, the last ends the wait."""

    async def ask(self, request: ModelRequest) -> ModelReply:
        """The next answer."""
        if self._task == "busy":
            return await super().ask(request)
        if self._agent.startswith("coordinator"):
            parts = [{"id": part, "role": "investigator", "goal": "Look."} for part in ("part-a", "part-b")]
            return reply(finish(decision="tasks", why="It is too much.", tasks=parts))
        if self._task == "port":
            raise ModelRefused(self.id, "too much")
        if self._task == "part-a" and self._task not in self._whole.was_away:
            self._whole.was_away.add(self._task)
            raise ModelUnavailable(self.id, "away")
        if self._task == "part-b":
            self._whole.over.set()
        return reply(finish(findings="none"))


class SplitRun(FlakyRun):
    """A run with such models."""

    def _model(self, role: Role, *, task: str, agent: str, recorder: Recorder) -> Model:
        return Splitting(self, task, agent)


@pytest.mark.slow
@pytest.mark.usefixtures("no_sandboxes")
async def test_a_part_comes_back_as_a_task_does(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The task it is a part of waits with it, the parts behind it are not given up, and all end in the same run."""
    run = SplitRun(place=tmp_path, answer=lambda _: pytest.fail("asked"))
    run.was_away, run.over = set(), anyio.Event()
    monkeypatch.setattr(Circuits, "back_in_seconds", lambda _, task: 0.0 if task in run.was_away else None)
    port = {"id": "port", "role": "investigator", "goal": "Look for it."}
    with anyio.fail_after(60):
        state = await run.run(port, {"id": "busy", "role": "investigator", "goal": "Look around."})
    assert state.status == "done"
    begun = [(row.task, event.agent) for row in run.rows if isinstance(event := event_of(row), AttemptStarted)]
    parts = [("part-a", "investigator.1")] * 2 + [("part-b", "investigator.1")]
    assert [each for each in begun if each[0] != "busy"] == [
        ("port", "investigator.1"),
        ("port", "coordinator.1"),
        *parts,
    ]
    ended = [(row.task, event.state) for row in run.rows if isinstance(event := event_of(row), TaskEnded)]
    assert [state for task, state in ended if task == "part-a"] == ["waiting", "landed"]
    assert [state for task, state in ended if task == "part-b"] == ["landed"]
