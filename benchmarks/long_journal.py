"""What a long run costs to look at: a journal of 200,000 events, folded to a state, and `status` on it.

usage: python -m benchmarks.long_journal [EVENTS]
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

from agents import events as e
from agents.model import Message, ToolCall, Usage
from benchmarks.figures import DISK, PROGRAM, Figure, table
from benchmarks.own_time import make_repository
from orchestrator.airlock.repository import UserRepository
from orchestrator.journal.fold import fold
from orchestrator.journal.snapshots import state_now
from orchestrator.journal.store import JournalStore

EVENTS = 200_000
FOLD_BAR = 5.0
"""The most seconds that a fold of them may take."""

STATUS_BAR = 0.3
"""The most seconds that `status` may take, from the start of the program to its end."""

ROUNDS = 10
TASKS = 8
RUN = "long-20260101-000000-abcd"
OUTPUT = "tests/test_module.py::test_that_it_holds PASSED                   [ 42%]\n" * 20
"""What a command puts out, and what the model is shown of it the next time: about 1,500 characters."""


def task_name(number: int) -> str:
    """The id of a task."""
    return f"part-{number}"


def beginning() -> list[tuple[str | None, e.Event]]:
    """The run starts, with its tasks."""
    tasks = [{"id": task_name(number), "role": "editor", "goal": "Port a part."} for number in range(TASKS)]
    started = e.RunStarted(
        program="0",
        plan={"version": 1, "name": "long", "goal": "Port all of it.", "model": "m", "tasks": tasks},
        plan_source="{}",
        base_branch="main",
        base_commit="0" * 40,
        policy={},
        policy_hash="0" * 64,
        backend="bubblewrap",
    )
    events: list[tuple[str | None, e.Event]] = [(None, started), (None, e.PlanMade(tasks=tasks))]
    return [*events, *((task_name(number), e.TaskStarted(commit="0" * 40)) for number in range(TASKS))]


def step(task: str, number: int) -> list[tuple[str | None, e.Event]]:
    """All that one step of an editor leaves."""
    agent, id = "editor.1", f"editor.1.{number}.1"
    script = f"python -m pytest -q tests/test_{number}.py"
    call = ToolCall(id=f"call_{number}", name="shell", arguments=f'{{"command": "{script}"}}')
    part = e.JudgedPart(text=script, verdict="allow", rule="tests", file="standard.yaml", line=12, why="it is the work")
    events: list[e.Event] = [
        e.ModelAsked(
            agent=agent,
            role="editor",
            step=number,
            model="openai/gpt",
            added=[Message(role="tool", content=OUTPUT, tool_call_id=f"call_{number - 1}")],
            prompt_estimate=20_000,
            max_tokens=4096,
        ),
        e.ModelAnswered(
            agent=agent,
            role="editor",
            step=number,
            model="openai/gpt",
            message=Message(role="assistant", content="Let me see what the tests say. " * 5, tool_calls=(call,)),
            finish_reason="tool_calls",
            usage=Usage(prompt=20_000, completion=80, cached=19_000),
            cost=0.001,
            latency_seconds=2.0,
            client_ms=4.0,
        ),
        e.CommandProposed(id=id, agent=agent, step=number, tool="shell", arguments=call.arguments),
        e.CommandJudged(id=id, verdict="allow", allowed=True, parts=[part]),
        e.CommandRun(
            id=id,
            agent=agent,
            step=number,
            sandbox="sandbox",
            command=script,
            exit_code=0,
            stdout=OUTPUT,
            wall_seconds=1.0,
            cpu_seconds=0.9,
        ),
        e.CheckpointTaken(
            agent=agent, step=number, ref=f"refs/mimo/runs/{RUN}/{task}/{number}", commit="1" * 40, files=["a.py"]
        ),
    ]
    return [(task, event) for event in events]


def story(count: int) -> Iterator[tuple[str | None, e.Event]]:
    """So many events: tasks that go on side by side."""

    def endless() -> Iterator[tuple[str | None, e.Event]]:
        yield from beginning()
        number = 0
        while True:
            number += 1
            for task in range(TASKS):
                yield from step(task_name(task), number)

    return islice(endless(), count)


def write(store: JournalStore, count: int) -> None:
    """Fill a journal, a thousand events at once."""
    events = story(count)
    while batch := list(islice(events, 1000)):
        store.append(RUN, batch)


def seconds_of(words: list[str], where: Path, environment: dict[str, str]) -> float:
    """What a command takes from its start to its end; raises CalledProcessError."""
    began = time.perf_counter()
    subprocess.run(words, cwd=where, env=environment, check=True, capture_output=True)
    return time.perf_counter() - began


def status_seconds(repository: UserRepository, state_home: Path, rounds: int) -> list[float]:
    """What some calls of `status` take, after one that fills the caches."""
    words = [str(Path(sys.executable).with_name(PROGRAM)), "status", "last"]
    environment = {**os.environ, "XDG_STATE_HOME": str(state_home)}
    return [seconds_of(words, repository.top, environment) for _ in range(rounds + 1)][1:]


def measure(count: int = EVENTS, rounds: int = ROUNDS) -> list[Figure]:
    """A fold from the first event, and the program's own answer with the snapshot that a run leaves."""
    with tempfile.TemporaryDirectory(dir=DISK) as name:
        place = Path(name)
        repository = make_repository(place / "repository")
        state_home = place / "state"
        with JournalStore(state_home / PROGRAM / repository.repo_hash / "journal.db") as store:
            write(store, count)
            began = time.perf_counter()
            state = fold(store.events(RUN))
            folded = time.perf_counter() - began
            ended = e.RunEnded(status="done", base_after="0" * 40, moved=False)
            store.append(RUN, [(None, ended)])
            began = time.perf_counter()
            state_now(store, RUN)
            first = time.perf_counter() - began
            kept = status_seconds(repository, state_home, rounds)
            # A run that is going on has always a few events more than its snapshot.
            store.append(RUN, [(None, e.RunResumed(program="0")), *step(task_name(0), count)])
            following = status_seconds(repository, state_home, rounds)
    if state.events != count:
        raise RuntimeError(f"{state.events} events of {count}")
    return [
        Figure(name=f"journal: fold of {count:,} events", value=folded, unit="s", bar=FOLD_BAR),
        Figure(name="journal: its state without a snapshot, which keeps one", value=first, unit="s"),
        Figure(name="journal: status, the whole program", value=statistics.median(kept), unit="s", bar=STATUS_BAR),
        Figure(name="journal: status of a run that goes on", value=statistics.median(following), unit="s"),
    ]


if __name__ == "__main__":
    print(table(measure(int(sys.argv[1]) if len(sys.argv) > 1 else EVENTS)))
