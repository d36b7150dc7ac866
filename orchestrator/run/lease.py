"""Locks between processes that the kernel drops when their holder dies: who works on a run, who lands on a base."""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack, asynccontextmanager, contextmanager
from pathlib import Path

POLL_SECONDS = 0.1
"""How often a waiting lander looks again: a landing lasts as long as its tests, so nobody notices a tenth."""

LOOK_SECONDS = 0.002
LOOKERS_SECONDS = 5.0
"""How long it may take until nobody looks at a lock any more: each does for a moment."""


def run_lock(state_directory: Path, run: str) -> Path:
    """The lock that whoever works on a run holds."""
    return state_directory / "locks" / run


class Held(Exception):
    """Another process has the lock; `pid` is its process id, 0 where it is not known."""

    def __init__(self, path: Path, pid: int) -> None:
        self.path = path
        self.pid = pid
        super().__init__(f"process {pid} holds {path}")


@contextmanager
def lease(path: Path) -> Iterator[None]:
    """Hold the lock at `path` until the end; raises Held where somebody has it."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        patience = time.monotonic() + LOOKERS_SECONDS
        while not _taken(descriptor, fcntl.LOCK_EX):
            if not _taken(descriptor, fcntl.LOCK_SH) or time.monotonic() > patience:
                raise Held(path, _written_pid(descriptor))
            fcntl.flock(descriptor, fcntl.LOCK_UN)  # somebody only looks, and is about to be done
            time.sleep(LOOK_SECONDS)
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, str(os.getpid()).encode(), 0)
        yield
    finally:
        os.close(descriptor)


@asynccontextmanager
async def turn(path: Path) -> AsyncIterator[None]:
    """Wait for the lock at `path`, then hold it until the end."""
    import anyio  # the rest of this module is for whoever only looks, as `status` does

    with ExitStack() as held:
        while True:
            try:
                held.enter_context(lease(path))
                break
            except Held:
                await anyio.sleep(POLL_SECONDS)
        yield


def holder(path: Path) -> int | None:
    """The process that holds the lock at `path`; None where nobody does, 0 where it is not known who.

    Looking is in nobody's way, and nobody who looks is taken for a holder.
    """
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CLOEXEC)
    except FileNotFoundError:
        return None
    try:
        return None if _taken(descriptor, fcntl.LOCK_SH) else _written_pid(descriptor)
    finally:
        os.close(descriptor)


def _taken(descriptor: int, kind: int) -> bool:
    try:
        fcntl.flock(descriptor, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _written_pid(descriptor: int) -> int:
    text = os.pread(descriptor, 20, 0)
    return int(text) if text.isdigit() else 0
