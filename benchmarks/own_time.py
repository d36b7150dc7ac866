"""The program's own time per step: everything between two questions to the model, but the command itself.

One editor works 200 steps of a trivial command that changes a file, so that every step is judged, run, journalled and
saved as a checkpoint: the parts of a run as they are installed, with a model that answers at once.

usage: python -m benchmarks.own_time [STEPS]
"""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import anyio

from agents.events import CommandRun, Role
from agents.model import Message, ModelReply, ModelRequest, ToolCall, Usage
from agents.recorder import Recorder
from benchmarks.figures import DISK, Figure, percentile, table
from orchestrator.airlock.repository import UserRepository
from orchestrator.journal.chain import Recorded
from orchestrator.journal.fold import event_of
from orchestrator.plan.loader import read_plan
from orchestrator.run.context import RunContext
from orchestrator.run.drive import drive
from orchestrator.run.opening import Surroundings, open_new_run
from orchestrator.run.options import RunOptions
from policies.loader import preset

STEPS = 200
BAR_MS = 15.0
GROWTH_BAR = 1.3
"""How many times as long as one of the first steps one of the last may take: more than chance makes of it is growth."""

PART = 50
"""So many steps at the beginning are compared with as many at the end."""

FILES = 500
"""How many files the repository has."""

OWN_TIME = "step: own time, median of all"


@dataclass(slots=True, kw_only=True)
class Measured:
    """What a run left to be read, in seconds: `asked` and `answered` are the times of the model, in order."""

    asked: list[float] = field(default_factory=list)
    answered: list[float] = field(default_factory=list)
    commands: dict[int, float] = field(default_factory=dict)
    """What the commands of a step took, by the step's number, as the supervisor saw it."""

    def watch(self, recorded: Recorded) -> None:
        """Take what a command took out of its event."""
        event = event_of(recorded)
        if isinstance(event, CommandRun) and event.step is not None:
            self.commands[event.step] = event.wall_seconds

    def own_ms(self) -> list[float]:
        """The program's own time of each step, in milliseconds."""
        spans = zip(self.answered, self.asked[1:], strict=False)
        return [
            (asked - answered - self.commands[step]) * 1000 for step, (answered, asked) in enumerate(spans, start=1)
        ]


class InstantModel:
    """Answers at once, so that all the time that passes is the program's and the command's."""

    id = "benchmark/instant"
    window: int | None = None

    def __init__(self, measured: Measured, steps: int) -> None:
        """Answer with a command `steps` times, then finish."""
        self._measured = measured
        self._steps = steps

    async def ask(self, request: ModelRequest) -> ModelReply:
        """The next command, or the end."""
        self._measured.asked.append(time.perf_counter())
        number = len(self._measured.asked)
        name, arguments = ("finish", {"summary": "done"})
        if number <= self._steps:
            name, arguments = ("shell", {"command": f"echo round{number} >> notes.txt; echo round{number}"})
        call = ToolCall(id=f"call_{number}", name=name, arguments=json.dumps(arguments))
        reply = ModelReply(
            model=self.id,
            message=Message(role="assistant", tool_calls=(call,)),
            finish_reason="tool_calls",
            usage=Usage(prompt=1000, completion=20),
            cost=0.0,
        )
        self._measured.answered.append(time.perf_counter())
        return reply


def make_repository(place: Path) -> UserRepository:
    """A repository of as many small files as a middling project has."""
    for number in range(FILES):
        path = place / f"package{number % 20}" / f"module{number}.py"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"VALUE = {number}\n" * 20)
    identity = ["-c", "user.name=Benchmark", "-c", "user.email=benchmark@example.org"]
    for words in (["init", "-q", "-b", "main"], ["add", "."], [*identity, "commit", "-q", "-m", "the beginning"]):
        subprocess.run(["git", "-C", str(place), *words], check=True)
    return UserRepository.locate(place)


def plan_text(steps: int, backend: str) -> str:
    """One editor, no gates; JSON is YAML."""
    plan: dict[str, Any] = {
        "version": 1,
        "name": "own-time",
        "goal": "Measure.",
        "model": InstantModel.id,
        "sandbox": {"backend": backend},
        "limits": {"steps": steps + 1},
        "tasks": [{"id": "notes", "role": "editor", "goal": "Take notes.", "gates": []}],
    }
    return json.dumps(plan)


@asynccontextmanager
async def opened(place: Path, text: str, measured: Measured) -> AsyncIterator[RunContext]:
    """A run of the plan, with its stores and journal in `place`."""
    repository = make_repository(place / "repository")
    around = Surroundings(
        repository=repository,
        state_directory=place / "state",
        options=RunOptions(),
        say=lambda line: None,
        prompt=lambda state, question, waiting, gone: "never",
        watchers=(measured.watch,),
    )
    plan = read_plan(text, file="plan.yaml")
    opening = open_new_run(around, plan, plan_source=text, base=repository.base(), policy=preset("standard"))
    async with opening as ctx:
        yield ctx


async def measure(steps: int = STEPS, backend: str = "bubblewrap") -> list[Figure]:
    """The median over all steps, and what shows whether it grows."""
    measured = Measured()
    model = InstantModel(measured, steps)

    def model_of(role: Role, *, task: str, agent: str, recorder: Recorder) -> InstantModel:
        return model

    with tempfile.TemporaryDirectory(dir=DISK) as name:
        async with opened(Path(name), plan_text(steps, backend), measured) as ctx:
            ctx.model_of = model_of
            await drive(ctx)
            status = ctx.state.status
    own = measured.own_ms()
    if status != "done" or len(own) != steps:
        raise RuntimeError(f"the run ended {status} after {len(own)} steps")
    first, last = statistics.median(own[:PART]), statistics.median(own[-PART:])
    command = statistics.median(measured.commands.values()) * 1000
    return [
        Figure(name=OWN_TIME, value=statistics.median(own), unit="ms", bar=BAR_MS),
        Figure(name="step: own time, 95 of 100 steps", value=percentile(own, 95), unit="ms"),
        Figure(name=f"step: own time, the first {PART}", value=first, unit="ms"),
        Figure(name=f"step: own time, the last {PART}, in times of the first", value=last / first, bar=GROWTH_BAR),
        Figure(name="step: the command itself", value=command, unit="ms"),
    ]


if __name__ == "__main__":
    print(table(anyio.run(measure, int(sys.argv[1]) if len(sys.argv) > 1 else STEPS)))
