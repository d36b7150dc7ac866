"""Kills the program, a supervisor, a container or an engine of its own in the middle of runs: what becomes of it.

usage: python -m benchmarks.kills [COUNT] [FIRST_SEED]
"""

from __future__ import annotations

import sys
from collections import defaultdict

from benchmarks.figures import Figure, table
from tests.kills.campaign import carried_out, kills
from tests.kills.kill import Aftermath, Kill

COUNT = 100
BAR_SECONDS = 10.0
"""The longest until all that was the victim's is gone by itself."""


def measure(count: int = COUNT, first_seed: int = 1) -> list[Figure]:
    """Carry the kills out, a line for each, and sum them up."""
    found: dict[str, list[Aftermath]] = defaultdict(list)
    for kill, aftermath in carried_out(kills(count, first_seed=first_seed)):
        found[f"{kill.victim}, {kill.backend}"].append(aftermath)
        print(told(kill, aftermath), flush=True)
    figures = []
    for victim, each in found.items():
        struck = [aftermath for aftermath in each if aftermath.hit]
        figures.append(Figure(name=f"kills: {victim}: killed while it ran", value=len(struck)))
        longest = max((aftermath.seconds for aftermath in struck), default=0.0)
        figures.append(Figure(name=f"kills: {victim}: all gone, longest", value=longest, unit="s", bar=BAR_SECONDS))
    waiting = sum(aftermath.never_started for each in found.values() for aftermath in each)
    figures.append(Figure(name="kills: containers never started, gone at the next command", value=waiting))
    return figures


def told(kill: Kill, aftermath: Aftermath) -> str:
    """A kill and what came of it."""
    after, seconds = kill.moment
    end = "the run went on" if aftermath.went_on else "the run ended" if aftermath.hit else "it was over before"
    when = f"{seconds:.2f} s after {after} requests"
    return f"seed {kill.seed}: {kill.victim}, {kill.backend}, {when}: gone in {aftermath.seconds:.2f} s, {end}"


if __name__ == "__main__":
    numbers = [int(word) for word in sys.argv[1:]]
    print(table(measure(*numbers)))
