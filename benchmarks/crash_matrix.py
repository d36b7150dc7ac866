"""Kills the program at its commits, at every kind of event, on both backends, and has each run finished by `resume`.

usage: python -m benchmarks.crash_matrix [COUNT] [FIRST_SEED]

COUNT crashes at least, half of them on each backend. What does not hold ends it with the chain that showed it.
"""

from __future__ import annotations

import sys
import tempfile
from collections import Counter
from pathlib import Path

from benchmarks.figures import Figure, table
from tests.crashes.matrix import Chain, carry_out, zygote

COUNT = 200
BACKENDS = ("bubblewrap", "docker")


def measure(count: int = COUNT, first_seed: int = 1) -> list[Figure]:
    """Carry chains of crashes out, a line for each, until there were enough; sum them up."""
    figures = []
    kinds: Counter[str] = Counter()
    with zygote() as started:
        for backend in BACKENDS:
            crashes, interrupted, seed = 0, 0, first_seed
            while crashes < count / len(BACKENDS):
                with tempfile.TemporaryDirectory(prefix="mimo-crash-", dir="/var/tmp") as place:
                    survived = carry_out(Chain(backend=backend, seed=seed), Path(place), started)
                print(f"{backend}, seed {seed}: {len(survived.kinds)} crashes, then the end", flush=True)
                kinds.update(survived.kinds)
                crashes, interrupted, seed = crashes + len(survived.kinds), interrupted + survived.interrupted, seed + 1
            figures.append(Figure(name=f"crashes survived, {backend}", value=crashes))
            figures.append(Figure(name=f"commands interrupted and done again, {backend}", value=interrupted))
    print("last event before each crash:", ", ".join(f"{kind} {times}" for kind, times in kinds.most_common()))
    figures.append(Figure(name="kinds of events that were the last before a crash", value=len(kinds)))
    return figures


if __name__ == "__main__":
    numbers = [int(word) for word in sys.argv[1:]]
    print(table(measure(*numbers)))
