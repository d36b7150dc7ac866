"""What a command that writes 10 GB costs: the memory of the program that asked for it, and the time.

usage: python -m benchmarks.flood [BYTES]
"""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import tempfile
from functools import partial
from pathlib import Path

import anyio

from benchmarks.command_roundtrip import made_spec
from benchmarks.figures import DISK, Figure, table
from sandbox.backends import BACKENDS
from sandbox.sandbox import Command, LimitHit

BYTES = 10 * 10**9
MEMORY_BAR = 400.0
"""Megabytes that the program may hold at its peak, however much a command writes."""


async def flood(backend: str, size: int, place: Path) -> float:
    """The seconds that a command takes whose output is so long, when all of it is read and next to nothing kept."""
    async with BACKENDS[backend]().open(made_spec(place)) as sandbox:
        result = await sandbox.execute(Command(script=f"head -c {size} /dev/zero"))
    kept = len(result.stdout.head) + len(result.stdout.tail)
    if result.limit is not LimitHit.OUTPUT or kept + result.stdout.dropped_bytes != size:
        raise RuntimeError(f"not all of it came: {result.limit}, {kept} kept, {result.stdout.dropped_bytes} dropped")
    return result.wall_seconds


def flooded(backend: str, size: int) -> dict[str, float]:
    """Both figures, of this process: to be run in one of its own, since a peak of memory never falls."""
    with tempfile.TemporaryDirectory(dir=DISK) as place:
        seconds = anyio.run(partial(flood, backend, size, Path(place) / "flood"))
    return {"seconds": seconds, "megabytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1000}


def measure(size: int = BYTES) -> list[Figure]:
    """Memory at its peak, and time, of a flood in each backend."""
    figures = []
    for backend in BACKENDS:
        command = [sys.executable, "-m", "benchmarks.flood", str(size), backend]
        took = json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)
        name = f"flood: {size / 10**9:g} GB of output, {backend}"
        figures.append(Figure(name=f"{name}: host memory", value=took["megabytes"], unit="MB", bar=MEMORY_BAR))
        figures.append(Figure(name=f"{name}: time", value=took["seconds"], unit="s"))
    return figures


def main() -> None:
    """The table; or, told a backend, its figures for the process that asked."""
    size = int(sys.argv[1]) if len(sys.argv) > 1 else BYTES
    print(json.dumps(flooded(sys.argv[2], size)) if len(sys.argv) > 2 else table(measure(size)))


if __name__ == "__main__":
    main()
