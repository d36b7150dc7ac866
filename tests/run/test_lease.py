"""A run has one driver, a base one lander, and a dead holder holds nothing."""

from __future__ import annotations

import fcntl
import os
import subprocess
import sys
import threading
from pathlib import Path

import anyio
import pytest

from orchestrator.run.lease import Held, holder, lease, turn

HOLD = "import sys; from pathlib import Path; from orchestrator.run.lease import lease\n" + (
    "with lease(Path(sys.argv[1])): print('held', flush=True); sys.stdin.read()"
)


def test_a_second_holder_is_told_who_has_it(tmp_path: Path) -> None:
    """The lock excludes, and names the process that has it."""
    with lease(tmp_path / "lock"):
        with pytest.raises(Held) as caught, lease(tmp_path / "lock"):
            pass
        assert caught.value.pid == os.getpid()
        assert holder(tmp_path / "lock") == os.getpid()
    assert holder(tmp_path / "lock") is None


def test_looking_is_in_nobodys_way(tmp_path: Path) -> None:
    """A lock that somebody only looks at can be taken, and who looks is never named as its holder."""
    path = tmp_path / "lock"
    path.write_text("4711")
    with path.open() as looked_at:
        fcntl.flock(looked_at, fcntl.LOCK_SH)
        assert holder(path) is None
        done_looking = threading.Timer(0.1, fcntl.flock, (looked_at, fcntl.LOCK_UN))
        done_looking.start()
        with lease(path):
            assert holder(path) == os.getpid()
        done_looking.join()
    assert path.read_text() == str(os.getpid())


def test_a_killed_holder_lets_go(tmp_path: Path) -> None:
    """After `kill -9` of its holder the lock is free."""
    command = [sys.executable, "-c", HOLD, str(tmp_path / "lock")]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.readline()
        assert holder(tmp_path / "lock") == process.pid
        process.kill()
    assert holder(tmp_path / "lock") is None


async def test_turns_are_taken_one_after_another(tmp_path: Path) -> None:
    """Of many that want to land only one is at it at any time, and all get their turn."""
    inside = most = done = 0

    async def land() -> None:
        nonlocal inside, most, done
        async with turn(tmp_path / "lock"):
            inside += 1
            most = max(most, inside)
            await anyio.lowlevel.checkpoint()
            inside -= 1
            done += 1

    async with anyio.create_task_group() as group:
        for _ in range(5):
            group.start_soon(land)
    assert (most, done) == (1, 5)


async def test_waiting_for_a_turn_can_be_cancelled(tmp_path: Path) -> None:
    """Ctrl-C while another run lands does not hang."""
    with lease(tmp_path / "lock"), anyio.move_on_after(0.05) as scope:
        async with turn(tmp_path / "lock"):
            raise AssertionError
    assert scope.cancelled_caught
