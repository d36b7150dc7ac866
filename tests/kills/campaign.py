"""Many kills, one after the other, and what is said of them."""

from __future__ import annotations

import itertools
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

from tests.kills.engine import can_be_had, own_engine
from tests.kills.kill import VICTIMS, Aftermath, Kill, carry_out


def kills(count: int, *, first_seed: int = 1) -> list[Kill]:
    """So many kills, each victim of each backend in turn."""
    pairs = [(backend, victim) for backend, victims in VICTIMS.items() for victim in victims]
    if not can_be_had():
        pairs.remove(("docker", "engine"))
    turns = itertools.islice(itertools.cycle(pairs), count)
    return [Kill(seed=first_seed + at, backend=backend, victim=victim) for at, (backend, victim) in enumerate(turns)]


def carried_out(planned: list[Kill]) -> Iterator[tuple[Kill, Aftermath]]:
    """Carry them out; raises AssertionError where something does not hold, after the kill was said."""
    with ExitStack() as stack:
        engine = None
        for kill in planned:
            if kill.victim == "engine" and engine is None:
                engine = stack.enter_context(own_engine())
            with tempfile.TemporaryDirectory(prefix="mimo-kill-", dir="/var/tmp") as place:
                yield kill, carry_out(kill, Path(place), engine if kill.victim == "engine" else None)
