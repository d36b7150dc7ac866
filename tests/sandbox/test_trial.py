"""A sandbox on an empty worktree, which tells what a machine's sandboxes have."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from sandbox.bubblewrap import BubblewrapBackend
from sandbox.docker import DockerBackend
from sandbox.sandbox import Backend
from sandbox.trial import works_in


@pytest.fixture(params=["bubblewrap", pytest.param("docker", marks=pytest.mark.docker)])
def backend(request: pytest.FixtureRequest) -> Backend:
    """Each of the backends."""
    return BubblewrapBackend() if request.param == "bubblewrap" else DockerBackend()


async def test_what_is_there_works(backend: Backend) -> None:
    """A command that succeeds is told from one that does not, and from one that is not there."""
    assert await works_in(backend, 'test -w /workspace && test -z "$(ls -A /workspace)"')
    assert not await works_in(backend, "false")
    assert not await works_in(backend, "no-such-program")


def test_root_of_a_single_user_is_refused_in_words() -> None:
    """Where root can't give files away, as in `unshare -r`, no sandbox opens, and it is said what does."""
    script = "import anyio; from sandbox.backends import choose; anyio.run(choose, 'bubblewrap')"
    words = ["unshare", "--user", "--map-root-user", sys.executable, "-c", script]
    ran = subprocess.run(words, cwd=Path(__file__).parents[2], capture_output=True, text=True, check=False)
    if "unshare failed" in ran.stderr:
        pytest.skip("this machine lets nobody make a user namespace")
    assert "SandboxUnavailable: this root can't give files to the sandbox's user" in ran.stderr
    assert "run it as an ordinary user" in ran.stderr
