"""A sandbox on an empty worktree: whether one opens here, and whether what is needed is in it."""

from __future__ import annotations

import os
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

from sandbox.errors import SandboxUnavailable
from sandbox.identity import sandbox_uid
from sandbox.sandbox import Backend, Command, Sandbox, SandboxSpec


@contextmanager
def empty_worktree(place: Path | None = None) -> Iterator[Path]:
    """A directory that belongs to the user that commands run as; raises SandboxUnavailable where that can't be.

    It is made in `place`, or among the temporary files.
    """
    with tempfile.TemporaryDirectory(prefix="mimo-probe-", dir=place) as directory:
        try:
            os.chown(directory, sandbox_uid(), -1)
        except OSError as error:
            raise SandboxUnavailable(
                f"this root can't give files to the sandbox's user, {sandbox_uid()} ({error.strerror})",
                "run it as an ordinary user, or where more than one user id is mapped",
            ) from error
        yield Path(directory)


@asynccontextmanager
async def trial(backend: Backend, place: Path | None = None) -> AsyncIterator[Sandbox]:
    """Open a sandbox that has nothing to work on, its worktree in `place`; raises SandboxUnavailable.

    An engine may see the user's home and no temporary files, or the other way round: `place` is where runs have theirs.
    """
    with empty_worktree(place) as worktree:
        spec = SandboxSpec(run="probe", task="probe", worktree=worktree, base_objects=worktree)
        async with backend.open(spec) as sandbox:
            yield sandbox


async def works_in(backend: Backend, script: str, place: Path | None = None) -> bool:
    """Whether a command of the program's own succeeds in a sandbox; raises SandboxUnavailable, SandboxLost."""
    async with trial(backend, place) as sandbox:
        return (await sandbox.execute(Command(script=script))).ok
