"""Two thousand steps over eight parallel tasks, in one of twenty of which something goes wrong: is memory flat?

usage: python -m benchmarks.soak [STEPS] [SEED]
"""

from __future__ import annotations

import sys
import tempfile
from functools import partial
from pathlib import Path

import anyio

from benchmarks.figures import DISK, Figure, table
from tests.soak.soaking import TASKS, Soaked, soak

STEPS = 2000
SEED = 1
BAR_GROWTH = 1.10
"""What the program holds at most in the second half of the steps, in parts of what it held at most in the first."""


def measure(steps: int = STEPS, seed: int = SEED) -> list[Figure]:
    """Soak, and say what came of it; raises RuntimeError where the files are not the right ones."""
    with tempfile.TemporaryDirectory(dir=DISK) as name:
        soaked = anyio.run(partial(soak, Path(name), steps=steps, seed=seed))
    require_right(soaked, steps)
    first, second = soaked.peaks()
    return [
        Figure(name="soak: steps", value=soaked.counted),
        Figure(name="soak: faults", value=sum(soaked.met.values())),
        Figure(name="soak: a step, all tasks together", value=soaked.seconds / soaked.counted * 1000, unit="ms"),
        Figure(name="soak: memory, first half", value=first.memory_mib, unit="MiB"),
        Figure(name="soak: memory, second half to first", value=second.memory_mib / first.memory_mib, bar=BAR_GROWTH),
        Figure(name="soak: open files, second half to first", value=second.files / first.files, bar=1.5),
        Figure(name="soak: threads, second half to first", value=second.threads / first.threads, bar=1.5),
    ]


def require_right(soaked: Soaked, steps: int) -> None:
    """See that each step was done once, and counted once."""
    expected = [str(number) for number in range(steps // TASKS)]
    wrong = [task for task, lines in soaked.lines.items() if lines != expected]
    whole = soaked.journal is not None and soaked.journal.closed and soaked.journal.broken_at is None
    if soaked.status != "done" or wrong or not whole or soaked.counted != soaked.answers:
        raise RuntimeError(f"{soaked.status}; wrong: {wrong}; journal: {soaked.journal}; {soaked.counted} counted")


if __name__ == "__main__":
    print(table(measure(*[int(word) for word in sys.argv[1:]])))
