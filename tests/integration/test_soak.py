"""Hundreds of steps in parallel, in one of twenty of which something goes wrong: the right files, each step once."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.soak.soaking import TASKS, soak

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]

STEPS = 400
"""`python -m benchmarks.soak` does two thousand, and measures what the program holds."""


async def test_a_soak_ends_on_the_right_tree(tmp_path: Path) -> None:
    """Each line is there once and in order, each step is counted once, and the journal is whole; nothing piles up."""
    soaked = await soak(tmp_path, steps=STEPS, seed=6)
    assert soaked.status == "done"
    assert set(soaked.lines) == {f"task-{number}" for number in range(TASKS)}
    for task, lines in soaked.lines.items():
        assert lines == [str(number) for number in range(STEPS // TASKS)], task
    assert sum(soaked.met.values()) >= STEPS * 0.03
    assert soaked.counted == soaked.answers
    assert soaked.journal is not None
    assert (soaked.journal.closed, soaked.journal.broken_at) == (True, None)
    first, second = soaked.peaks()
    assert second.threads <= first.threads + TASKS
    assert second.files <= 2 * first.files
