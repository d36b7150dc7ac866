"""What all tests share: a test that needs a Docker engine is skipped without one, or fails where one is required."""

from __future__ import annotations

import functools
import os
from pathlib import Path

import pytest
from xdist.remote import Producer  # type: ignore[import-untyped]

from sandbox.engine import Engine
from sandbox.errors import SandboxUnavailable
from tests.scheduling import Scheduling

HERE = Path(__file__).parent

REAL = tuple(
    HERE / room for room in ("airlock", "attack", "cli", "contracts/sandbox", "sandbox", "integration", "server")
)
"""Rooms of tests that stand on real git, terminals, bubblewrap or servers: left out of the unit part."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what stands on real parts, so that `-m "not real and not slow"` is the unit part."""
    for item in items:
        if _is_real(item.path):
            item.add_marker(pytest.mark.real)


@functools.cache
def _is_real(path: Path) -> bool:
    return any(room in path.parents for room in REAL)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> Scheduling:
    """Have tests that kill programs run one after the other."""
    return Scheduling(config, log)


@functools.cache
def engine_fault() -> str | None:
    """Why no engine answers; None if one does."""
    try:
        Engine().about()
    except SandboxUnavailable as error:
        return str(error)
    return None


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Look for the engine only when a test wants it."""
    if item.get_closest_marker("docker") is None or (fault := engine_fault()) is None:
        return
    if os.environ.get("MIMO_REQUIRE_DOCKER") == "1":
        pytest.fail(f"MIMO_REQUIRE_DOCKER=1, and no Docker engine answers: {fault}", pytrace=False)
    pytest.skip(f"no Docker engine answers: {fault}")


@pytest.fixture(autouse=True)
def _no_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is printed depends on no setting of the terminal that the tests are started from."""
    for name in ("COLUMNS", "LINES", "NO_COLOR", "FORCE_COLOR"):
        monkeypatch.delenv(name, raising=False)
