"""Kills the program at its commits, at every kind of event, on both backends, and has each run finished by `resume`.

What does not hold ends it with the chain that showed it, which `--backend`, `--seed`, `--kind` and a count of 1 repeat.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.figures import Figure, table
from tests.crashes.forked import Zygote, zygote
from tests.crashes.matrix import Chain, carry_out

COUNT = 200
BACKENDS = ("bubblewrap", "docker")


def measure(count: int = COUNT, first_seed: int = 1, backends: Sequence[str] = BACKENDS) -> list[Figure]:
    """Carry chains of crashes out, a line for each, until there were enough and at every kind; sum them up."""
    figures = []
    with zygote() as started:
        for backend in backends:
            matrix = _Matrix(backend=backend, started=started)
            seed = first_seed
            while sum(matrix.kinds.values()) < count / len(backends):
                matrix.carry_out(Chain(backend=backend, seed=seed))
                seed += 1
            for kind in sorted(matrix.whole - matrix.kinds.keys()):
                matrix.carry_out(Chain(backend=backend, seed=seed, kind=kind))
                seed += 1
            figures += matrix.figures()
    return figures


def measure_kind(kind: str, count: int, first_seed: int, backends: Sequence[str]) -> list[Figure]:
    """Carry out so many chains on each backend whose first crash is at an event of this kind."""
    figures = []
    with zygote() as started:
        for backend in backends:
            matrix = _Matrix(backend=backend, started=started)
            for seed in range(first_seed, first_seed + count):
                matrix.carry_out(Chain(backend=backend, seed=seed, kind=kind))
            figures.append(matrix.survived())
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
            self.survived(),
            Figure(name=f"kinds of events crashed at, {self.backend}", value=len(self.kinds)),
            Figure(name=f"kinds missed, {self.backend}", value=len(self.whole - self.kinds.keys()), bar=0),
            Figure(name=f"commands interrupted and done again, {self.backend}", value=self.interrupted),
        ]

    def survived(self) -> Figure:
        return Figure(name=f"crashes survived, {self.backend}", value=sum(self.kinds.values()))


def main() -> int:
    """As the command line says; the exit code is 1 where a kind was missed."""
    about, more = (__doc__ or "").split("\n\n")
    parser = argparse.ArgumentParser(prog="python -m benchmarks.crash_matrix", description=about, epilog=more)
    count_help = f"crashes at least, over the backends ({COUNT}); with --kind: chains on each"
    parser.add_argument("count", type=int, nargs="?", default=COUNT, help=count_help)
    parser.add_argument("--seed", type=int, default=1, help="that of the first chain (1); each next one has the next")
    parser.add_argument("--backend", choices=BACKENDS, help="only this one; both by default")
    parser.add_argument("--kind", help="crash first at an event of this kind, such as 'change merged'")
    given = parser.parse_args()
    backends = [given.backend] if given.backend else BACKENDS
    figures = (
        measure_kind(given.kind, given.count, given.seed, backends)
        if given.kind
        else measure(given.count, given.seed, backends)
    )
    print(table(figures))
    return 0 if all(figure.held for figure in figures) else 1


if __name__ == "__main__":
    sys.exit(main())
