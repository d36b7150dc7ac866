"""What `mimo-orchestrate --help` costs: the processor time of the whole process, and what it imports for it.

usage: python -m benchmarks.help_time [ROUNDS]
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
from pathlib import Path

from benchmarks.figures import PROGRAM, Figure, table

ROUNDS = 10
BAR_SECONDS = 0.4

HEAVY = ("litellm", "docker", "detect_secrets", "tree_sitter", "pydantic", "ruamel", "rich", "sqlite3", "anyio")
"""Modules that a command is to import only when it needs them."""

LOADED = (
    "import sys; from orchestrator.cli.main import run_program; run_program(['--help']);"
    f"print(len(sys.modules), len(set({HEAVY!r}) & set(sys.modules)), file=sys.stderr)"
)


def processor_seconds(words: list[str]) -> float:
    """User and system time of one process, its children included; raises RuntimeError if it fails."""
    with Path(os.devnull).open("w") as nowhere:
        process = subprocess.Popen(words, stdout=nowhere, stderr=nowhere)
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        raise RuntimeError(f"{words}: exit code {process.returncode}")
    return usage.ru_utime + usage.ru_stime


def measure(rounds: int = ROUNDS) -> list[Figure]:
    """The median of some starts, after one that fills the caches."""
    words = [str(Path(sys.executable).with_name(PROGRAM)), "--help"]
    processor_seconds(words)
    times = [processor_seconds(words) for _ in range(rounds)]
    bare = statistics.median(processor_seconds([sys.executable, "-c", "pass"]) for _ in range(rounds))
    ran = subprocess.run([sys.executable, "-c", LOADED], check=True, capture_output=True, text=True)
    loaded, heavy = map(float, ran.stderr.split())
    return [
        Figure(name="--help: processor time", value=statistics.median(times), unit="s", bar=BAR_SECONDS),
        Figure(name="--help: of that, the bare interpreter", value=bare, unit="s"),
        Figure(name="--help: heavy modules imported", value=heavy, bar=0),
        Figure(name="--help: modules imported", value=loaded),
    ]


if __name__ == "__main__":
    print(table(measure(int(sys.argv[1]) if len(sys.argv) > 1 else ROUNDS)))
