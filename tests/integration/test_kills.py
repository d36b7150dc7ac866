"""Something is killed outright in the middle of a run: what was its own goes by itself, and nothing of the user's."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.kills.campaign import kills
from tests.kills.engine import OwnEngine, can_be_had, own_engine
from tests.kills.kill import Kill, carry_out

pytestmark = [pytest.mark.slow, pytest.mark.real, pytest.mark.timeout(600)]

COUNT = 6
"""One of each; `python -m benchmarks.kills` does a hundred, and measures how long it takes."""


@pytest.fixture(scope="module")
def engine() -> Iterator[OwnEngine]:
    """An engine that may be killed."""
    if not can_be_had():
        pytest.skip("starting a Docker engine of the test's own takes root, dockerd and unshare")
    with own_engine() as started:
        yield started


def _named(kill: Kill) -> object:
    marks = [pytest.mark.docker] if kill.backend == "docker" else []
    return pytest.param(kill, id=f"{kill.backend}-{kill.victim}-seed{kill.seed}", marks=marks)


@pytest.mark.parametrize("kill", [_named(kill) for kill in kills(COUNT)])
def test_what_is_killed_leaves_nothing(kill: Kill, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    """Its processes, containers, mounts and volumes go; `clean` removes the rest, once; `resume` finishes the run."""
    carry_out(kill, tmp_path, request.getfixturevalue("engine") if kill.victim == "engine" else None)
