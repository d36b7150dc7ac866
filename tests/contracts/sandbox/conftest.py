"""Sandboxes of both backends, for the one suite that runs over them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from sandbox.backends import BACKENDS
from sandbox.sandbox import Backend, Limits, Sandbox, SandboxSpec
from tests.contracts.sandbox.ground import worksite


def make_spec(place: Path, *, limits: Limits | None = None, run: str = "contract-run") -> SandboxSpec:
    """A worktree with two files, and a base store with one object."""
    return worksite(place, limits or Limits(), run=run)


@pytest.fixture(
    scope="module", params=[pytest.param(name, marks=[pytest.mark.docker] * (name == "docker")) for name in BACKENDS]
)
def backend(request: pytest.FixtureRequest) -> Backend:
    """Each backend in turn."""
    return BACKENDS[request.param]()


@pytest.fixture(scope="module")
async def shared(backend: Backend, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Sandbox]:
    """One sandbox for all tests of a module that leave nothing behind in it."""
    async with backend.open(make_spec(tmp_path_factory.mktemp("shared"))) as sandbox:
        yield sandbox


@pytest.fixture
def spec(tmp_path: Path) -> SandboxSpec:
    """What a fresh sandbox stands on."""
    return make_spec(tmp_path)


@pytest.fixture
async def fresh(backend: Backend, spec: SandboxSpec) -> AsyncIterator[Sandbox]:
    """A sandbox of the test's own, on `spec`."""
    async with backend.open(spec) as sandbox:
        yield sandbox
