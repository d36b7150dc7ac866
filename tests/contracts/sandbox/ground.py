"""What attacks aim at: canaries of the test's own, on this machine and on nobody else's."""

from __future__ import annotations

import os
import socket
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from sandbox.identity import sandbox_uid
from sandbox.sandbox import Limits, SandboxSpec
from tests.contracts.sandbox.processes import canary

MEGABYTE = 1024**2
SMALL = Limits(
    cpus=0.5,
    memory_bytes=100 * MEGABYTE,
    pids=40,
    open_files=300,
    tmp_bytes=4 * MEGABYTE,
    disk_bytes=6 * MEGABYTE,
    timeout_seconds=60,
    output_bytes=4000,
)
"""Limits that a bomb reaches which does no harm where they do not hold."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ground:
    """What a sandbox stands on, and what of the host it must not reach."""

    spec: SandboxSpec
    word: str
    """A word that is in `outside/secret`, in the program's environment, and in nothing that a sandbox is given."""
    outside: Path
    """A directory of the host that everybody may read, with a `secret` and a `socket` that everybody may connect to."""
    port: int
    """Where something listens on the host's loopback."""
    abstract: str
    """The name of a local socket without a file."""


@contextmanager
def ground(place: Path, limits: Limits = SMALL) -> Iterator[Ground]:
    """Lay it out; what is outside is not below /tmp, which root's sandboxes have none of."""
    word, name = canary(), canary()
    before = os.environ.get("MIMO_CANARY")
    with ExitStack() as held:
        outside = Path(held.enter_context(tempfile.TemporaryDirectory(prefix="mimo-outside-", dir="/var/tmp")))
        loopback = held.enter_context(socket.create_server(("127.0.0.1", 0)))
        for address in (str(outside / "socket"), f"\0{name}"):
            local = held.enter_context(socket.socket(socket.AF_UNIX))
            local.bind(address)
            local.listen()
        outside.chmod(0o755)
        (outside / "socket").chmod(0o777)
        (outside / "secret").write_text(word)
        os.environ["MIMO_CANARY"] = word
        try:
            yield Ground(
                spec=worksite(place, limits), word=word, outside=outside, port=loopback.getsockname()[1], abstract=name
            )
        finally:
            os.environ.pop("MIMO_CANARY")
            if before is not None:
                os.environ["MIMO_CANARY"] = before


def worksite(place: Path, limits: Limits, *, run: str = "contract-run") -> SandboxSpec:
    """A worktree with two files, and a base store with one object that whoever reaches it could write."""
    worktree, objects = place / "worktree", place / "objects"
    worktree.mkdir()
    objects.mkdir()
    (objects / "object").write_text("an object of the base\n")
    (objects / "object").chmod(0o666)
    objects.chmod(0o777)
    (worktree / "kept.txt").write_text("kept\n")
    (worktree / "gone.txt").write_text("gone\n")
    (worktree / ".git").mkdir()
    for path in (worktree, *worktree.iterdir()):
        os.chown(path, sandbox_uid(), -1)
    return SandboxSpec(run=run, task="task", worktree=worktree, base_objects=objects, limits=limits)
