"""The round trip of one command: our supervisor against a fresh `docker exec`, printed as ratios.

usage: python benchmarks/command_roundtrip.py [ROUNDS]
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

import anyio

from sandbox.backends import BACKENDS
from sandbox.identity import sandbox_uid
from sandbox.sandbox import Command, SandboxSpec

SCRIPT = "echo hi"


async def median_ms(rounds: int, once: Callable[[], Awaitable[object]]) -> float:
    """The median time of a call, in milliseconds, after one that warms up."""
    await once()
    times = []
    for _ in range(rounds):
        start = time.perf_counter()
        await once()
        times.append(time.perf_counter() - start)
    return statistics.median(times) * 1000


async def bare() -> None:
    """The same command on the host itself, in no sandbox."""
    subprocess.run(["bash", "-c", SCRIPT], stdout=subprocess.DEVNULL, check=True)  # noqa: ASYNC221 - nothing else runs


async def measure(rounds: int, place: Path) -> dict[str, float]:
    """Medians by name."""
    worktree, objects = place / "worktree", place / "objects"
    worktree.mkdir()
    objects.mkdir()
    os.chown(worktree, sandbox_uid(), -1)
    spec = SandboxSpec(run="benchmark", task="task", worktree=worktree, base_objects=objects)
    medians = {"host": await median_ms(rounds, bare)}
    for name in ("docker", "bubblewrap"):
        async with BACKENDS[name]().open(spec) as sandbox:
            medians[name] = await median_ms(rounds, lambda: sandbox.execute(Command(script=SCRIPT)))
            if name == "docker":
                execute = ["docker", "exec", sandbox.name, "bash", "-c", SCRIPT]
                medians["docker exec"] = await median_ms(rounds, lambda: anyio.run_process(execute))  # noqa: B023
    return medians


async def main() -> None:
    """Measure, and print each median with its ratio to `docker exec`."""
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 50
    with tempfile.TemporaryDirectory() as place:
        medians = await measure(rounds, Path(place))
    slowest = medians["docker exec"]
    for name, median in sorted(medians.items(), key=lambda item: item[1]):
        print(f"{name:12} {median:8.2f} ms   1/{slowest / median:.1f} of docker exec")


anyio.run(main)
