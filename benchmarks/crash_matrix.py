"""Kills the program at its commits, at every kind of event, on both backends, and has each run finished by `resume`.

usage: python -m benchmarks.crash_matrix [COUNT] [FIRST_SEED]

COUNT crashes at least, half of them on each backend. What does not hold ends it with the chain that showed it.
"""

from __future__ import annotations

import sys
import tempfile
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.figures import Figure, table
from tests.crashes.matrix import Chain, Zygote, carry_out, zygote

COUNT = 200
BACKENDS = ("bubblewrap", "docker")


def measure(count: int = COUNT, first_seed: int = 1) -> list[Figure]:
    """Carry chains of crashes out, a line for each, until there were enough and at every kind; sum them up."""
    figures = []
    with zygote() as started:
        for backend in BACKENDS:
            matrix = _Matrix(backend=backend, started=started)
            seed = first_seed
            while sum(matrix.kinds.values()) < count / len(BACKENDS):
                matrix.carry_out(Chain(backend=backend, seed=seed))
                seed += 1
            for kind in sorted(matrix.whole - matrix.kinds.keys()):
                matrix.carry_out(Chain(backend=backend, seed=seed, kind=kind))
                seed += 1
            figures += matrix.figures()
    return figures


@dataclass(slots=True, kw_only=True)
class _Matrix:
    """The crashes on one backend: how many were at which kind of event, of all those that its runs have."""

    backend: str
    started: Zygote
    kinds: Counter[str] = field(default_factory=Counter)
    whole: set[str] = field(default_factory=set)
    interrupted: int = 0

    def carry_out(self, chain: Chain) -> None:
        with tempfile.TemporaryDirectory(prefix="mimo-crash-", dir="/var/tmp") as place:
            survived = carry_out(chain, Path(place), self.started)
        print(f"{chain.backend}, seed {chain.seed}: {len(survived.kinds)} crashes, then the end", flush=True)
        self.kinds.update(survived.kinds)
        self.whole |= survived.whole
        self.interrupted += survived.interrupted

    def figures(self) -> list[Figure]:
        print("; ".join(f"{kind} {times}" for kind, times in self.kinds.most_common()))
        return [
            Figure(name=f"crashes survived, {self.backend}", value=sum(self.kinds.values())),
            Figure(name=f"kinds of events crashed at, {self.backend}", value=len(self.kinds)),
            Figure(name=f"kinds missed, {self.backend}", value=len(self.whole - self.kinds.keys()), bar=0),
            Figure(name=f"commands interrupted and done again, {self.backend}", value=self.interrupted),
        ]


if __name__ == "__main__":
    numbers = [int(word) for word in sys.argv[1:]]
    print(table(measure(*numbers)))
