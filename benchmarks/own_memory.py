"""What the program holds of memory at its peak: eight tasks side by side, through litellm, each a long conversation.

The installed program runs in a process of its own against a scripted server. Each of eight editors works 100 steps, and
each step's command puts out 100,000 bytes. Counted is the program with all that descends from it but sandboxes: PSS, so
that a library shared by ten counts a tenth in each.

usage: python -m benchmarks.own_memory [STEPS]
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from benchmarks.figures import DISK, PROGRAM, Figure, table
from benchmarks.memory import pss_of
from benchmarks.own_time import make_repository
from tests.server.fixture import ScriptedServer, serving

STEPS = 100
TASKS = 8
OUTPUT_BYTES = 100_000
BAR = round(350e6 / 2**20, 1)
"""The most MiB that the program may hold: 350 MB."""

LOOK_SECONDS = 0.2
LONGEST_SECONDS = 900.0

SANDBOXED = frozenset({"bwrap", "supervisor"})
"""Processes that are a sandbox's: the program's own are those above them."""


def plan_text(steps: int) -> str:
    """Editors without gates; JSON is YAML."""
    tasks = [{"id": f"part-{at}", "role": "editor", "goal": f"Do part {at}.", "gates": []} for at in range(TASKS)]
    return json.dumps(
        {
            "version": 1,
            "name": "own-memory",
            "goal": "Measure.",
            "model": "openai/scripted",
            "sandbox": {"backend": "bubblewrap"},
            "limits": {"steps": TASKS * (steps + 10), "parallel": TASKS, "context": 1_000_000, "tokens": 10**9},
            "tasks": tasks,
        }
    )


def play(server: ScriptedServer, steps: int) -> None:
    """Every editor does the same in files of its own."""
    conversations = []
    for at in range(TASKS):
        turns = [
            {
                "text": "I go on. " * 30,
                "shell": f"printf '%0{OUTPUT_BYTES}d\\n' {number}; echo {number} > part{at}-{number}.txt",
            }
            for number in range(steps)
        ]
        finish = {"finish": {"summary": "done"}}
        conversations.append({"contains": [f"Do part {at}."], "turns": turns, "beyond": finish})
    server.play(*conversations)


def ours(pid: int) -> set[int]:
    """The program and what descends from it, without sandboxes and what is in them."""
    found = {pid}
    words = Path(f"/proc/{pid}/cmdline").read_bytes()
    for listing in Path(f"/proc/{pid}/task").glob("*/children"):
        for child in listing.read_text().split():
            process = Path(f"/proc/{child}")
            # A child that has not become another program yet still has the memory of its parent: it would count twice.
            if (process / "comm").read_text().strip() in SANDBOXED or (process / "cmdline").read_bytes() == words:
                continue
            found |= ours(int(child))
    return found


def held(pid: int) -> float | None:
    """MiB that the program holds now; None where a process ended while it was looked at."""
    try:
        return pss_of(ours(pid))
    except (OSError, StopIteration):
        return None


def looks(process: subprocess.Popen[bytes]) -> Iterator[float]:
    """What the program holds, as long as it runs."""
    until = time.monotonic() + LONGEST_SECONDS
    while process.poll() is None:
        if time.monotonic() > until:
            process.kill()
            raise RuntimeError(f"no end within {LONGEST_SECONDS:g} s")
        if (mib := held(process.pid)) is not None:
            yield mib
        time.sleep(LOOK_SECONDS)


def measure(steps: int = STEPS) -> list[Figure]:
    """The peak, and what was held in the middle of the run and at its end."""
    with tempfile.TemporaryDirectory(dir=DISK) as name, serving(Path(name)) as server:
        place = Path(name)
        repository = make_repository(place / "repository")
        play(server, steps)
        (place / "plan.yaml").write_text(plan_text(steps))
        environment = {**os.environ, **server.env, "XDG_STATE_HOME": str(place / "state")}
        words = [str(Path(sys.executable).with_name(PROGRAM)), str(place / "plan.yaml"), "--json"]
        with (place / "err").open("wb") as err, (place / "out").open("wb") as out:
            process = subprocess.Popen(words, cwd=repository.top, env=environment, stdout=out, stderr=err)
            seen = list(looks(process))
        told = json.loads((place / "out").read_text() or "{}")
        if told.get("status") != "done":
            raise RuntimeError(f"the run ended {told.get('status')}: {(place / 'err').read_text()[-2000:]}")
    tenth = max(1, len(seen) // 10)
    middle, end = (seen[at : at + tenth] for at in (len(seen) // 2, len(seen) - 2 * tenth))
    return [
        Figure(name=f"memory: the program at its peak, {TASKS} tasks", value=max(seen), unit="MiB", bar=BAR),
        Figure(name="memory: in the middle of the run", value=statistics.median(middle), unit="MiB"),
        Figure(name="memory: near its end", value=statistics.median(end), unit="MiB"),
    ]


if __name__ == "__main__":
    print(table(measure(int(sys.argv[1]) if len(sys.argv) > 1 else STEPS)))
