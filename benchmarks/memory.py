"""Which processes belong together, and what they hold of this machine's memory."""

from __future__ import annotations

import subprocess
from pathlib import Path


def tree_of(pid: int) -> set[int]:
    """A process and all that descend from it."""
    found = {pid}
    for listing in Path(f"/proc/{pid}/task").glob("*/children"):
        for child in listing.read_text().split():
            found |= tree_of(int(child))
    return found


def pss_of(pids: set[int]) -> float:
    """MiB: what is theirs alone, and their part of what they share with others. Needs root for others' processes."""
    kib = 0
    for pid in pids:
        rollup = Path(f"/proc/{pid}/smaps_rollup").read_text()
        kib += next(int(line.split()[1]) for line in rollup.splitlines() if line.startswith("Pss:"))
    return kib / 1024


def shims_of(containers: list[str]) -> set[int]:
    """The processes of the engine that stand above these containers' first ones."""
    shown = subprocess.run(
        ["docker", "inspect", "--format", "{{.State.Pid}}", *containers], capture_output=True, text=True, check=True
    )
    return {_parent(int(pid)) for pid in shown.stdout.split()}


def _parent(pid: int) -> int:
    status = Path(f"/proc/{pid}/status").read_text()
    return next(int(line.split()[1]) for line in status.splitlines() if line.startswith("PPid:"))
