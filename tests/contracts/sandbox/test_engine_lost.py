"""The Docker engine goes away in the middle, or says nothing."""

from __future__ import annotations

from pathlib import Path

import anyio
import pytest

from sandbox import engine
from sandbox.docker import DockerBackend
from sandbox.engine import Engine
from sandbox.errors import SandboxLost, SandboxUnavailable
from sandbox.sandbox import Command
from tests.contracts.sandbox.conftest import make_spec
from tests.contracts.sandbox.processes import bearing, canary, eventually, sleeper
from tests.contracts.sandbox.relay import Relay, relay

__all__ = ["relay"]

pytestmark = pytest.mark.docker


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


def test_an_engine_that_says_nothing_is_not_waited_for_without_end(
    relay: Relay, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A call ends with the reason and with what else there is; the next one that is answered is as good as ever."""
    monkeypatch.setenv("DOCKER_HOST", relay.url)
    slow = Engine()
    known = slow.about()["ServerVersion"]
    with monkeypatch.context() as impatient, relay.held():
        impatient.setattr(engine, "CALL_SECONDS", 0.5)
        with pytest.raises(SandboxUnavailable, match=r"went away.*timed out") as told:
            slow.about()
    assert "--backend bubblewrap" in told.value.remedy
    assert slow.about()["ServerVersion"] == known
