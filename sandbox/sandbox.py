"""The seam: a sandbox executes commands and hands out files; a backend opens sandboxes."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Protocol

from sandbox.network.network import Network

WORKSPACE = "/workspace"
"""Where the agent's worktree is, in every sandbox."""

BASE_OBJECTS = "/run/mimo/base-objects"
"""Where the base store's git objects are, read-only, in every sandbox."""

HOME = "/home/agent"
"""The home of the agent's user, empty and its own, in every sandbox."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What one sandbox may use; sizes in bytes, time in seconds."""

    cpus: float = 2.0
    memory_bytes: int = 2 * 1024**3
    pids: int = 256
    open_files: int = 4096
    tmp_bytes: int = 1024**3
    disk_bytes: int = 4 * 1024**3
    disk_entries: int = 200_000
    timeout_seconds: float = 600.0
    output_bytes: int = 1024**2


@dataclass(frozen=True, slots=True, kw_only=True)
class SandboxSpec:
    """What a backend needs to open one sandbox.

    `worktree` is a directory of ours that becomes `/workspace`; `base_objects` the base store's `objects`
    directory, shown read-only at BASE_OBJECTS. `run` and `task` become labels, so that a sweep finds leftovers.
    With `read_only` the worktree can't be written either, by commands or by `write_file`. `network` is its way out.
    With `lower` it is an overlay: what `worktree` holds (sandbox/overlay.py), over that directory, which never changes.
    `prepared` is a directory with what a setup left, for backends without images; while `preparing`, it is what the
    setup fills. `name` is one from `fresh_name`, where it has to be known before the sandbox is there.
    """

    run: str
    task: str
    worktree: Path
    base_objects: Path
    lower: Path | None = None
    read_only: bool = False
    name: str | None = None
    image: str | None = None
    limits: Limits = field(default_factory=Limits)
    env: Mapping[str, str] = field(default_factory=dict)
    network: Network | None = None
    prepared: Path | None = None
    preparing: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """A script for `/bin/bash -c` (`/bin/sh` where there is no bash), run in the worktree's `cwd`."""

    script: str
    cwd: str = WORKSPACE
    timeout_seconds: float | None = None
    env: Mapping[str, str] = field(default_factory=dict)


class LimitHit(StrEnum):
    """The limit that ended or cut a command."""

    TIME = "time"
    OUTPUT = "output"
    MEMORY = "memory"
    PROCESSES = "processes"
    DISK = "disk"
    OPEN_FILES = "open files"


@dataclass(frozen=True, slots=True, kw_only=True)
class Output:
    """One stream: its head and tail as they were written, and how many bytes between them were dropped."""

    head: bytes = b""
    tail: bytes = b""
    dropped_bytes: int = 0

    def text(self) -> str:
        """The stream as text, undecodable bytes replaced, the cut marked."""
        if not self.dropped_bytes:
            return (self.head + self.tail).decode(errors="replace")
        cut = f"\n[... {self.dropped_bytes} bytes cut ...]\n"
        return self.head.decode(errors="replace") + cut + self.tail.decode(errors="replace")


@dataclass(frozen=True, slots=True, kw_only=True)
class CommandResult:
    """How one command ended, as the supervisor saw it; never parsed from output.

    `exit_code` is None where a signal ended it. `limit` names the limit that was hit.
    """

    exit_code: int | None
    signal: int | None
    stdout: Output
    stderr: Output
    wall_seconds: float
    cpu_seconds: float
    peak_memory_bytes: int
    limit: LimitHit | None = None
    cancelled: bool = False

    @property
    def ok(self) -> bool:
        """Whether the command ended by itself with exit code 0 within its limits (cut output is no failure)."""
        return self.exit_code == 0 and self.limit in {None, LimitHit.OUTPUT} and not self.cancelled


class RecordKind(StrEnum):
    """What a snapshot found at a path."""

    FILE = "file"
    LINK = "link"
    DELETED = "deleted"
    SPECIAL = "special"
    NESTED = "nested"
    TOO_LARGE = "too large"


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """One changed path of a snapshot; everything in it is the agent's word and hostile.

    `path` is relative to the worktree, bytes as the kernel gave them; `mode` the st_mode; `data` the content of a
    file or the text of a link. NESTED is a directory below the root that holds a `.git`; its content is not streamed.
    """

    path: bytes
    kind: RecordKind
    mode: int = 0
    data: bytes = b""


class Sandbox(Protocol):
    """A running sandbox. One request at a time: callers that race are served in turn.

    Every method raises SandboxLost if the sandbox dies meanwhile.
    """

    @property
    def name(self) -> str:
        """A name that is unique on this machine, for the journal."""
        ...

    async def execute(self, command: Command) -> CommandResult:
        """Run one command; cancelling the caller kills the command inside and leaves the sandbox usable."""
        ...

    def snapshot(self) -> AsyncIterator[Record]:
        """What changed in the worktree since the last snapshot (at first: since the start), `/.git` left out."""
        ...

    async def read_file(self, path: str, *, max_bytes: int) -> bytes:
        """A regular file of the worktree, no symlink followed; raises FileRefused."""
        ...

    async def write_file(self, path: str, data: bytes, *, create: bool) -> None:
        """Replace a file's content keeping its mode, or create it with its directories; raises FileRefused."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Probe:
    """One promise of the sandbox, whether this machine can keep it, and what to do where it can't, or could better."""

    promise: str
    kept: bool
    detail: str
    remedy: str | None = None


class Backend(Protocol):
    """A way to open sandboxes on this machine; `docker` and `bubblewrap` are the two."""

    @property
    def name(self) -> str:
        """`docker` or `bubblewrap`."""
        ...

    async def probe(self) -> tuple[Probe, ...]:
        """What this machine can promise with this backend; raises nothing."""
        ...

    def open(self, spec: SandboxSpec) -> AbstractAsyncContextManager[Sandbox]:
        """Start a sandbox and end it on leaving, whatever happened; raises SandboxUnavailable."""
        ...

    async def sweep(self, run: str | None = None) -> list[str]:
        """Remove what crashed runs (or one run) left, and name it; doing it twice is as good as once."""
        ...
