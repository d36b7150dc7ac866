"""The Docker engine goes away in the middle."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import anyio
import pytest

from sandbox.docker import DockerBackend
from sandbox.engine import DEFAULT_URL, Engine
from sandbox.errors import SandboxLost
from sandbox.sandbox import Command
from tests.contracts.sandbox.conftest import make_spec
from tests.contracts.sandbox.processes import bearing, canary, eventually, sleeper
from tests.contracts.sandbox.relay import Relay


@pytest.fixture
def relay(tmp_path: Path) -> Iterator[Relay]:
    """A way to the engine that can be cut."""
    cuttable = Relay(tmp_path / "engine.sock", DEFAULT_URL.removeprefix("unix://"))
    yield cuttable
    cuttable.cut()


@pytest.mark.docker
@pytest.mark.skipif(
    not Path(DEFAULT_URL.removeprefix("unix://")).exists(), reason="the engine is not on a local socket"
)
async def test_an_engine_that_goes_away_is_a_loss(
    relay: Relay, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A command under way ends in a loss, leaving the sandbox is quiet, and the container goes by itself."""
    word, run = canary(), canary()
    with monkeypatch.context() as changed:
        changed.setenv("DOCKER_HOST", relay.url)
        async with DockerBackend().open(make_spec(tmp_path, run=run)) as sandbox, anyio.create_task_group() as group:

            async def lose() -> None:
                with pytest.raises(SandboxLost):
                    await sandbox.execute(Command(script=sleeper(word)))

            group.start_soon(lose)
            assert await anyio.to_thread.run_sync(eventually, lambda: bool(bearing(word)))
            await anyio.to_thread.run_sync(relay.cut)
    assert eventually(lambda: not bearing(word))
    assert eventually(lambda: not Engine().left_over(run))
