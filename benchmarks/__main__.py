"""All benchmarks in one run and one table; the exit code is 1 if a bar is not held."""

from __future__ import annotations

import os
import platform
import sys

import anyio

from benchmarks import (
    client_time,
    command_roundtrip,
    flood,
    help_time,
    long_journal,
    own_memory,
    own_time,
    policy_judging,
    sandbox_start,
    worktrees,
)
from benchmarks.figures import Figure, table


def main() -> int:
    """Measure everything, show it, and say whether every bar is held."""
    machine = f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}"
    print(f"{machine}, load {os.getloadavg()[0]:.1f} at the start")
    alone = [*help_time.measure(), *policy_judging.measure(), *long_journal.measure(), *anyio.run(client_time.measure)]
    sandboxes = [*anyio.run(command_roundtrip.measure), *anyio.run(sandbox_start.measure), *flood.measure()]
    steps = [*anyio.run(own_time.measure), *own_memory.measure()]
    figures = [*alone, *sandboxes, *steps, *anyio.run(worktrees.measure)]
    print(table([*figures, compared(figures)]))
    return 0 if all(figure.held for figure in figures) else 1


def compared(figures: list[Figure]) -> Figure:
    """A step's own time in round trips of a command."""
    values = {figure.name: figure.value for figure in figures}
    times = values[own_time.OWN_TIME] / values[command_roundtrip.ROUND_TRIP]
    return Figure(name="step: own time in round trips of a command", value=times)


sys.exit(main())
