"""What one command costs: through policy, sandbox and journal, against a fresh `docker exec` of the same command.

usage: python -m benchmarks.command_roundtrip [ROUNDS]
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial
from pathlib import Path

import anyio

from agents.execution import Hands, JudgedSandbox, Place, Ran
from agents.policy import Answer, Question
from agents.redact import Redactor
from benchmarks.figures import DISK, Figure, interleaved, table
from orchestrator.journal.recorder import RunJournal
from orchestrator.journal.store import JournalStore
from policies.loader import preset
from policies.policy import Policy
from sandbox.backends import BACKENDS
from sandbox.identity import sandbox_uid
from sandbox.sandbox import Command, Sandbox, SandboxSpec

ROUNDS = 10
IN_A_ROW = 10
COLD_ROUNDS = 30
BAR = 1 / 15
"""The most that our round trip, with policy and journal, may take of a fresh `docker exec`."""

ALONE_BAR = 1 / 25
"""The most that the supervisor's round trip may take of a fresh `docker exec`."""

SPAWN_BAR = 1 / 5
"""The same for bubblewrap, where a sandbox for one command is no more than a dozen times the shell that both start."""

HOST_BAR = 3.0
"""How many times as long as on the host the supervisor's round trip may take."""

HOST = "on the host, no sandbox"
EXEC = "a fresh docker exec"
SPAWN = "a fresh bubblewrap"
ALONE = "supervisor alone"
WHOLE = "policy, supervisor and journal"
ROUND_TRIP = f"command: {WHOLE}, bubblewrap"
"""What a step is compared with."""

Way = Callable[[int], Awaitable[object]]


class Nobody:
    """Asked by nobody: what is measured is allowed."""

    async def ask(self, question: Question) -> Answer:
        """Fail, because the answer would be measured with the rest."""
        raise RuntimeError(f"the policy asks about {question.subject}")


def script(number: int) -> str:
    """The command of a round: another in each, so that no cache of verdicts answers."""
    return f"echo round{number}"


async def on_the_host(number: int) -> None:
    """The command in no sandbox at all."""
    subprocess.run(["bash", "-c", script(number)], capture_output=True, check=True)  # noqa: ASYNC221 - the bare call


async def fresh_exec(container: str, number: int) -> None:
    """What starting a process in a running container costs."""
    await anyio.run_process(["docker", "exec", container, "bash", "-c", script(number)])


async def fresh_bubblewrap(spec: SandboxSpec, number: int) -> None:
    """What a sandbox of processes costs that is opened for one command."""
    async with BACKENDS["bubblewrap"]().open(spec) as sandbox:
        await sandbox.execute(Command(script=script(number)))


async def supervised(sandbox: Sandbox, number: int) -> None:
    """The supervisor alone, neither judged nor journalled."""
    await sandbox.execute(Command(script=script(number)))


async def judged(sandbox: JudgedSandbox, number: int) -> None:
    """All that an agent's command passes through."""
    ran = await sandbox.shell(script(number), place=Place(step=number, number=1))
    if not isinstance(ran, Ran) or ran.result.exit_code != 0:
        raise RuntimeError(f"not run: {ran}")


def made_spec(place: Path) -> SandboxSpec:
    """An empty worktree, and an empty store below it."""
    worktree, objects = place / "worktree", place / "objects"
    worktree.mkdir(parents=True)
    objects.mkdir()
    os.chown(worktree, sandbox_uid(), -1)
    return SandboxSpec(run="benchmark", task="roundtrip", worktree=worktree, base_objects=objects)


@asynccontextmanager
async def opened(place: Path, backend: str, policy: Policy) -> AsyncIterator[tuple[Sandbox, JudgedSandbox]]:
    """A sandbox of that backend, bare and as an agent has it, with a journal on disk."""
    spec = made_spec(place)
    with JournalStore(place / "journal.db") as store:
        journal = RunJournal(store, "benchmark", Redactor({"OPENAI_API_KEY": "sk-not-a-key-at-all"}))
        hands = Hands(
            task="roundtrip",
            role="editor",
            agent="editor.1",
            policy=policy,
            asker=Nobody(),
            recorder=journal.recorder("roundtrip"),
        )
        async with BACKENDS[backend]().open(spec) as sandbox:
            yield sandbox, JudgedSandbox(sandbox, hands)


async def ways(place: Path, stack: AsyncExitStack) -> dict[str, Way]:
    """Every way to run a command, by name."""
    policy = preset("standard")
    found: dict[str, Way] = {HOST: on_the_host, SPAWN: partial(fresh_bubblewrap, made_spec(place / "spawn"))}
    for backend in BACKENDS:
        sandbox, hands = await stack.enter_async_context(opened(place / backend, backend, policy))
        found[f"{ALONE}, {backend}"] = partial(supervised, sandbox)
        found[f"{WHOLE}, {backend}"] = partial(judged, hands)
        if backend == "docker":
            found[EXEC] = partial(fresh_exec, sandbox.name)
    return found


async def measure(rounds: int = ROUNDS) -> list[Figure]:
    """The medians, and our share of what a fresh `docker exec` takes: in a row, and one at a time after a pause."""
    with tempfile.TemporaryDirectory(dir=DISK) as place:
        async with AsyncExitStack() as stack:
            found = await ways(Path(place), stack)
            warm = medians(await interleaved(rounds, found, in_a_row=IN_A_ROW))
            cold = medians(await interleaved(COLD_ROUNDS, found, in_a_row=1))
    return [
        *(Figure(name=f"command: {name}", value=median, unit="ms") for name, median in warm.items()),
        *alone(warm),
        *(
            Figure(name=f"command: {WHOLE} / {EXEC}, {backend}", value=of_exec(warm, backend), bar=BAR, ratio=True)
            for backend in BACKENDS
        ),
        *(
            Figure(name=f"command: the same after a pause, {backend}", value=of_exec(cold, backend), ratio=True)
            for backend in BACKENDS
        ),
    ]


def alone(medians: dict[str, float]) -> list[Figure]:
    """The supervisor's round trip against what each backend would cost without one, and against the host."""
    docker, bubblewrap = (medians[f"{ALONE}, {backend}"] for backend in ("docker", "bubblewrap"))
    host = medians[HOST]
    return [
        Figure(name=f"command: {ALONE} / {EXEC}", value=docker / medians[EXEC], bar=ALONE_BAR, ratio=True),
        Figure(name=f"command: {ALONE} / {SPAWN}", value=bubblewrap / medians[SPAWN], bar=SPAWN_BAR, ratio=True),
        Figure(name=f"command: {ALONE}, in times of the host, docker", value=docker / host, bar=HOST_BAR),
        Figure(name=f"command: {ALONE}, in times of the host, bubblewrap", value=bubblewrap / host, bar=HOST_BAR),
    ]


def medians(times: dict[str, list[float]]) -> dict[str, float]:
    """The median of each way."""
    return {name: statistics.median(taken) for name, taken in times.items()}


def of_exec(medians: dict[str, float], backend: str) -> float:
    """Our part of a fresh `docker exec`."""
    return medians[f"{WHOLE}, {backend}"] / medians[EXEC]


if __name__ == "__main__":
    print(table(anyio.run(measure, int(sys.argv[1]) if len(sys.argv) > 1 else ROUNDS)))
