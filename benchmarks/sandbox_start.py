"""What starting a sandbox costs: a cold one against `docker run` of its image, many at once, and one that is idle.

usage: python -m benchmarks.sandbox_start [ROUNDS]
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path

import anyio

from benchmarks.figures import DISK, Figure, interleaved, table
from benchmarks.memory import pss_of, shims_of, tree_of
from sandbox.backends import BACKENDS
from sandbox.docker import DockerBackend
from sandbox.identity import sandbox_uid
from sandbox.sandbox import Backend, Command, Sandbox, SandboxSpec

ROUNDS = 50
BAR = 1.2
"""The most that a cold sandbox may take, until its first command has answered, of `docker run` of the same."""

MANY = (1, 10, 50)
IDLE = 10
SCRIPT = "echo ready"
RUN = "benchmark-start"
OURS, THEIRS, BARE = "open, first command", "docker run, as confined", "docker run, plain"


def make_spec(place: Path, number: int) -> SandboxSpec:
    """A sandbox on an empty worktree of its own."""
    worktree = place / f"worktree{number}"
    worktree.mkdir(exist_ok=True)
    os.chown(worktree, sandbox_uid(), -1)
    return SandboxSpec(run=RUN, task="start", worktree=worktree, base_objects=place)


@asynccontextmanager
async def answered(backend: Backend, spec: SandboxSpec) -> AsyncIterator[Sandbox]:
    """A sandbox whose first command has answered."""
    async with backend.open(spec) as sandbox:
        result = await sandbox.execute(Command(script=SCRIPT))
        if not result.ok:
            raise RuntimeError(f"not run: {result}")
        yield sandbox


async def until_answered(backend: Backend, place: Path, number: int) -> float:
    """Seconds from nothing to the first command's result; its end is not among them."""
    spec = make_spec(place, number)
    began = time.perf_counter()
    async with answered(backend, spec):
        return time.perf_counter() - began


def docker_run(image: str, *options: str) -> float:
    """Seconds until `docker run` has printed what the command says; its end and removal are not among them."""
    began = time.perf_counter()
    words = ["docker", "run", "--rm", *options, image, "bash", "-c", SCRIPT]
    with subprocess.Popen(words, stdout=subprocess.PIPE, stdin=subprocess.DEVNULL) as process:
        if process.stdout is None or process.stdout.readline() != b"ready\n":
            raise RuntimeError("docker run said something else")
        return time.perf_counter() - began


def confined(place: Path) -> list[str]:
    """Options with which `docker run` makes about the walls that ours has."""
    uid = sandbox_uid()
    return [
        *("--network", "none", "--read-only", "--cap-drop", "ALL", "--security-opt", "no-new-privileges"),
        *("--user", f"{uid}:{uid}", "--memory", "2g", "--pids-limit", "256", "--cpus", "2", "--tmpfs", "/tmp"),
        *("--volume", f"{make_spec(place, 0).worktree}:/workspace", "--log-driver", "none"),
    ]


async def cold(rounds: int, place: Path) -> list[Figure]:
    """One sandbox and one `docker run` by turns, each with the machine to itself."""
    backend = DockerBackend()
    image = await backend.ensure_image()
    times: dict[str, list[float]] = {OURS: [], THEIRS: [], BARE: []}

    async def run(name: str, *options: str) -> None:
        times[name].append(await anyio.to_thread.run_sync(partial(docker_run, image, *options)))

    async def open_one(number: int) -> None:
        times[OURS].append(await until_answered(backend, place, number))

    options = confined(place)
    await interleaved(
        rounds,
        {OURS: open_one, THEIRS: lambda _: run(THEIRS, *options), BARE: lambda _: run(BARE)},
        in_a_row=1,
    )
    middle = {name: statistics.median(taken[1:]) for name, taken in times.items()}
    return [
        *(Figure(name=f"start: {name}", value=seconds * 1000, unit="ms") for name, seconds in middle.items()),
        Figure(name=f"start: {OURS} / {THEIRS}", value=middle[OURS] / middle[THEIRS], bar=BAR),
        Figure(name=f"start: {OURS} / {BARE}", value=middle[OURS] / middle[BARE], bar=BAR),
    ]


@asynccontextmanager
async def many(name: str, count: int, place: Path) -> AsyncIterator[list[str]]:
    """So many sandboxes, begun together, each of which has answered once; their names."""
    backend, names, all_ready, leave = BACKENDS[name](), list[str](), anyio.Event(), anyio.Event()

    async def one(number: int) -> None:
        async with answered(backend, make_spec(place, number)) as sandbox:
            names.append(sandbox.name)
            if len(names) == count:
                all_ready.set()
            await leave.wait()

    async with anyio.create_task_group() as group:
        for number in range(count):
            group.start_soon(one, number)
        await all_ready.wait()
        yield names
        leave.set()


async def many_at_once(name: str, count: int, place: Path) -> Figure:
    """Seconds until so many have all answered; their end is not among them."""
    began = time.perf_counter()
    async with many(name, count, place):
        took = time.perf_counter() - began
    return Figure(name=f"start: {count} at once, {name}", value=took, unit="s")


async def idle(name: str, place: Path) -> list[Figure]:
    """What a sandbox holds that does nothing: our processes of it, and apart from them the engine's."""
    before = tree_of(os.getpid())
    async with many(name, IDLE, place) as names:
        ours, shims = _processes_of(name, names, before)
        figures = [Figure(name=f"idle: the processes of one, {name}", value=pss_of(ours) / IDLE, unit="MiB")]
        if shims:
            figures.append(Figure(name="idle: the engine's shim for it", value=pss_of(shims) / IDLE, unit="MiB"))
    return figures


def _processes_of(name: str, sandboxes: list[str], before: set[int]) -> tuple[set[int], set[int]]:
    if name != "docker":
        return tree_of(os.getpid()) - before, set()
    shims = shims_of(sandboxes)
    return {pid for shim in shims for pid in tree_of(shim)} - shims, shims


async def measure(rounds: int = ROUNDS) -> list[Figure]:
    """All figures about starting."""
    with tempfile.TemporaryDirectory(dir=DISK) as name:
        place = Path(name)
        os.chmod(place, 0o755)  # noqa: PTH101 - of a benchmark, before anything is measured
        figures = await cold(rounds, place)
        for backend in BACKENDS:
            figures += [await many_at_once(backend, count, place) for count in MANY]
            figures += await idle(backend, place)
    return figures


if __name__ == "__main__":
    print(table(anyio.run(measure, int(sys.argv[1]) if len(sys.argv) > 1 else ROUNDS)))
