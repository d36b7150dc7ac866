"""Every row of the promise table, attacked in a sandbox of each backend."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator

import pytest

from sandbox.cgroups import CPU, places
from sandbox.sandbox import Backend, Sandbox
from tests.contracts.sandbox.ground import Ground, ground
from tests.contracts.sandbox.walls import WALLS, Wall, cpu_time_is_bounded, own_users_and_cgroups


@pytest.fixture(scope="module")
def target(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ground]:
    """What the attacks aim at."""
    with ground(tmp_path_factory.mktemp("ground")) as laid:
        yield laid


@pytest.fixture(scope="module")
async def attacked(backend: Backend, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[tuple[Sandbox, Ground]]:
    """One sandbox for all attacks of a backend: none may hurt the next."""
    with ground(tmp_path_factory.mktemp("ground")) as laid:
        async with backend.open(laid.spec) as sandbox:
            yield sandbox, laid


@pytest.mark.parametrize("wall", WALLS, ids=lambda wall: wall.__name__)
async def test_a_wall_holds(attacked: tuple[Sandbox, Ground], wall: Wall) -> None:
    """The attack breaks nothing."""
    assert await wall(*attacked) == []


async def test_cpu_time(backend: Backend, attacked: tuple[Sandbox, Ground]) -> None:
    """CPU time is bounded wherever a cgroup is to be had."""
    if backend.name == "bubblewrap" and not any(CPU in place.controllers for place in places()):
        pytest.skip("no cgroup may be made here, and `doctor` says so")
    assert await cpu_time_is_bounded(*attacked) == []


@pytest.mark.parametrize("backend", ["bubblewrap"], indirect=True)
async def test_users_and_cgroups(attacked: tuple[Sandbox, Ground]) -> None:
    """Where no engine decides about it, users and cgroups are of the sandbox's own."""
    assert await own_users_and_cgroups(*attacked) == []
