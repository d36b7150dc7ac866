"""What all tests share: a test that needs a Docker engine is skipped without one, or fails where one is required."""

from __future__ import annotations

import functools
import os

import pytest

from sandbox.engine import Engine
from sandbox.errors import SandboxUnavailable


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
