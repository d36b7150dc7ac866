"""The program, installed, in an empty home."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from orchestrator.run.caches import caches_of
from sandbox.engine import Engine
from tests.conftest import engine_fault
from tests.contracts.sandbox.relay import relay
from tests.crashes.forked import Zygote, zygote
from tests.integration import terminal
from tests.integration.program import Program, make_program
from tests.server.fixture import ScriptedServer, scripted_server

__all__ = ["relay", "scripted_server"]

MakeProgram = Callable[[dict[str, str]], Program]


@pytest.fixture(scope="session")
def loaded() -> Iterator[Zygote]:
    """The program, loaded once."""
    with zygote() as process:
        yield process


@pytest.fixture
def make(tmp_path: Path, scripted_server: ScriptedServer, loaded: Zygote) -> MakeProgram:
    """Makes a repository with the given files, and the program in it."""
    return lambda files: replace(make_program(tmp_path, scripted_server, files), zygote=loaded)


@pytest.fixture(autouse=True)
def no_terminal_is_left() -> Iterator[None]:
    """A test that failed in the middle takes its program with it, and no other test trips over what it left."""
    yield
    while terminal.STARTED:
        terminal.STARTED[-1].close()


@pytest.fixture
def _no_images_left(tmp_path: Path) -> Iterator[None]:
    """Images that the program made in a test are gone after it; those of tests beside it are theirs."""
    yield
    if engine_fault() is not None:
        return
    images = Engine().images
    for tag in images.made_by(caches_of(tmp_path / "state/mimo-orchestrate/one").maker):
        images.remove(tag)


@pytest.fixture(params=["bubblewrap", pytest.param("docker", marks=pytest.mark.docker)])
def backend(request: pytest.FixtureRequest) -> str:
    """Each of the backends."""
    return str(request.param)
