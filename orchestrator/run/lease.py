"""Locks between processes that the kernel drops when their holder dies: who works on a run, who lands on a base."""

from __future__ import annotations

import fcntl
import os
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack, asynccontextmanager, contextmanager
from pathlib import Path

import anyio

POLL_SECONDS = 0.1
"""How often a waiting lander looks again: a landing lasts as long as its tests, so nobody notices a tenth."""


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
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise Held(path, _written_pid(descriptor)) from None
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, str(os.getpid()).encode(), 0)
        yield
    finally:
        os.close(descriptor)


@asynccontextmanager
async def turn(path: Path) -> AsyncIterator[None]:
    """Wait for the lock at `path`, then hold it until the end."""
    with ExitStack() as held:
        while True:
            try:
                held.enter_context(lease(path))
                break
            except Held:
                await anyio.sleep(POLL_SECONDS)
        yield


def holder(path: Path) -> int | None:
    """The process that holds the lock at `path`; None where nobody does, 0 where it is not known who."""
    try:
        with lease(path):
            return None
    except Held as held:
        return held.pid


def _written_pid(descriptor: int) -> int:
    text = os.pread(descriptor, 20, 0)
    return int(text) if text.isdigit() else 0
