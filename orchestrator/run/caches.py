"""What is made once and kept for later runs: images, and what setups left; one at a time makes each."""

from __future__ import annotations

import fcntl
import hashlib
import os
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import anyio

PATIENCE_SECONDS = 0.2
"""How often who waits looks whether it may go on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Caches:
    """The caches of a user: `root` is beside the directories of their repositories, which share them."""

    root: Path
    say: Callable[[str], None]

    @property
    def maker(self) -> str:
        """What images of ours are labelled with: the place whose caches they are."""
        return hashlib.sha256(os.fsencode(self.root.resolve())).hexdigest()[:16]

    def setup(self, key: str) -> Path:
        """Where what a setup left is kept, for backends that have no images."""
        return self.root / "setup" / key

    @asynccontextmanager
    async def alone(self, name: str, what: str) -> AsyncIterator[None]:
        """Make `what`, known as `name`, alone: whoever comes second waits, says so, and finds it made."""
        path = lock_of(self.root, name)
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            if not taken(descriptor):
                self.say(f"waiting for another run, which is making {what}")
                while not taken(descriptor):  # noqa: ASYNC110 - the kernel tells nobody
                    await anyio.sleep(PATIENCE_SECONDS)
            yield
        finally:
            os.close(descriptor)


def caches_of(state_directory: Path, say: Callable[[str], None] = lambda _: None) -> Caches:
    """The caches beside a repository's own directory."""
    return Caches(root=state_directory.parent / "caches", say=say)


def lock_of(root: Path, name: str) -> Path:
    """The lock that whoever makes something holds, and that the kernel drops with its process."""
    return root / "locks" / name.replace("/", "-").replace(":", "-")


def taken(descriptor: int) -> bool:
    """Take a lock, if nobody has it."""
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
