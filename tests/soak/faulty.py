"""What goes wrong in a soak, seeded: a model that breaks off or talks nonsense, and sandboxes that are lost."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import AsyncIterator, Collection, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from random import Random

from agents.errors import ModelFault
from agents.model import Bill, Message, ModelReply, ModelRequest, ToolCall, Usage
from orchestrator.run.context import Worksites
from sandbox.errors import SandboxLost
from sandbox.sandbox import Command, CommandResult, Record
from sandbox.starting import StartingSandbox

OF_MODELS = ("429", "429 with a wait", "500", "cut", "nonsense", "empty", "failed")
OF_SANDBOXES = ("lost before", "lost after", "lost late")


@dataclass(slots=True, kw_only=True)
class Chance:
    """Which steps have which fault: the same for the same seed, however the tasks are interleaved."""

    seed: int
    share: float
    met: Counter[str] = field(default_factory=Counter)
    _left: dict[tuple[str, int], str] = field(default_factory=dict)
    _seen: set[tuple[str, int]] = field(default_factory=set)

    def meets(self, task: str, step: int, *kinds: str) -> str | None:
        """The fault that this step of a task has, if it is one of these; it is met once."""
        place = (task, step)
        if place not in self._seen:
            self._seen.add(place)
            dice = Random(f"{self.seed} {task} {step}")
            if dice.random() < self.share:
                self._left[place] = dice.choice(OF_MODELS + OF_SANDBOXES)
        kind = self._left.get(place)
        if kind not in kinds:
            return None
        del self._left[place]
        self.met[kind] += 1
        return kind


@dataclass(slots=True, kw_only=True)
class FaultyModel:
    """One agent's: writes a line at each step, until there are as many as there should be.

    It counts its own answers: a conversation that is rebuilt holds no longer all of them.
    """

    task: str
    steps: int
    chance: Chance
    step: int = 0
    id: str = "soak/model"
    window: int | None = None

    async def ask(self, request: ModelRequest) -> ModelReply:
        """The next line, or what goes wrong instead."""
        if request.tools == () or not any(tool.name == "shell" for tool in request.tools):
            return self._answers()  # asked for a checkpoint, of which the journal's own takes the place
        match self.chance.meets(self.task, self.step, *OF_MODELS):
            case "nonsense":
                return self._answers(ToolCall(id="call", name="shell", arguments='{"command": "echo'))
            case "empty":
                return self._answers()
            case "failed":
                return self._answers(self._writes("; exit 3"))
            case None:
                return self._answers(self._finishes() if self.step >= self.steps else self._writes())
            case kind:
                fault = ModelFault(self.id, kind, retry_after_seconds=0.01 if "wait" in kind else None)
                fault.bill = Bill(usage=Usage(prompt=100, completion=1), cost=0.0) if kind == "cut" else Bill()
                raise fault

    def _writes(self, more: str = "") -> ToolCall:
        command = f"echo {self.step} >> {self.task}.txt{more}"
        self.step += 1
        # The same id each time, as some servers give it.
        return ToolCall(id="call", name="shell", arguments=json.dumps({"command": command}))

    def _finishes(self) -> ToolCall:
        return ToolCall(id="call", name="finish", arguments='{"summary": "done"}')

    def _answers(self, *calls: ToolCall) -> ModelReply:
        message = Message(role="assistant", tool_calls=calls)
        usage = Usage(prompt=100, completion=10)
        return ModelReply(model=self.id, message=message, finish_reason="stop", usage=usage, cost=0.0)


class FragileSandbox(StartingSandbox):
    """Is lost before or after a command, or while its files are saved."""

    def __init__(self, task: str, inner: StartingSandbox, chance: Chance) -> None:
        super().__init__(inner.name)
        self._task = task
        self._inner = inner
        self._chance = chance
        self._step = 0
        self.opened(inner)

    async def execute(self, command: Command) -> CommandResult:
        """Run it, and perhaps be lost."""
        words = command.script.split()
        self._step = int(words[1]) if words[:1] == ["echo"] else self._step
        self._lose("lost before")
        result = await self._inner.execute(command)
        self._lose("lost after")
        return result

    async def snapshot(self) -> AsyncIterator[Record]:
        """Tell what changed, and perhaps be lost before."""
        self._lose("lost late")
        async for record in self._inner.snapshot():
            yield record

    def _lose(self, kind: str) -> None:
        if self._chance.meets(self._task, self._step, kind):
            raise SandboxLost(self.name, kind)


@dataclass(frozen=True, slots=True, kw_only=True)
class FragileWorksites:
    """The worksites of a run, with sandboxes that are lost."""

    inner: Worksites
    chance: Chance

    @asynccontextmanager
    async def at(
        self, task: str, commit: str, *, tree: str | None = None, read_only: bool = False
    ) -> AsyncIterator[StartingSandbox]:
        """One of the run's own."""
        async with self.inner.at(task, commit, tree=tree, read_only=read_only) as sandbox:
            yield FragileSandbox(task, sandbox, self.chance)

    async def expect(self, tasks: Sequence[str], commit: str, *, working: Collection[str] = ()) -> None:
        """As the run's own."""
        await self.inner.expect(tasks, commit, working=working)

    async def over(self) -> None:
        """As the run's own."""
        await self.inner.over()
