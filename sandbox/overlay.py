"""A worktree that is an overlay: a directory that many share, unchanged, under one that takes what this task writes.

The kernel mounts it, for bubblewrap in the sandbox's own namespaces, for Docker as a volume of the engine's without a
name, so that it goes with the sandbox, whatever ends it. The layers are also shown by themselves, read-only: the upper
one lists what changed, and spares the supervisor a walk over the whole tree. A command may look at them too; they hold
nothing but the worktree and the base commit.
"""

from __future__ import annotations

import os
from pathlib import Path

from sandbox.sandbox import WORKSPACE, Limits, SandboxSpec

UPPER, LOWER = "/run/mimo/upper", "/run/mimo/lower"
"""Where the layers are shown inside; the supervisor has the same words."""

UPPER_NAME, WORK_NAME = "upper", "work"
"""What the directory of an overlaid worktree holds: what is written, and a place of the kernel's."""

_SEPARATORS = frozenset(",:\\\"'\n")
_FORMAT = "redirect_dir=nofollow,metacopy=off,index=off"
"""Each changed file whole and at its own name, whatever the machine's defaults are."""


def make_layers(worktree: Path, owner_uid: int) -> None:
    """Make the two directories of an overlay in an empty `worktree`; raises OSError."""
    for path in (worktree / UPPER_NAME, worktree / WORK_NAME):
        path.mkdir(mode=0o755)
        path.chmod(0o755)
        if os.getuid() == 0:
            os.chown(path, owner_uid, owner_uid)


def bubblewrap_words(worktree: str, lower: str, *, read_only: bool) -> list[str]:
    """Arguments of `bwrap` that mount the overlay and show its layers."""
    upper = f"{worktree}/{UPPER_NAME}"
    if read_only:
        words = ["--overlay-src", lower, "--overlay-src", upper, "--ro-overlay", WORKSPACE]
    else:
        words = ["--overlay-src", lower, "--overlay", upper, f"{worktree}/{WORK_NAME}", WORKSPACE]
    return [*words, "--ro-bind", upper, UPPER, "--ro-bind", lower, LOWER]


def volume_options(worktree: Path, lower: Path, *, read_only: bool) -> dict[str, str]:
    """Options of the engine's `local` driver that mount the overlay; raises ValueError for a path they can't say."""
    if _SEPARATORS & set(f"{worktree}{lower}"):
        raise ValueError(f"{worktree}: a path with a comma, a colon, a quote or a backslash")
    upper = worktree / UPPER_NAME
    # Engines refuse the option "read-only" of a volume without a name: an overlay without an upper directory is so.
    layers = (
        f"lowerdir={upper}:{lower}"
        if read_only
        else f"lowerdir={lower},upperdir={upper},workdir={worktree / WORK_NAME}"
    )
    return {"type": "overlay", "device": "overlay", "o": f"{layers},{_FORMAT}"}


def supervisor_words(spec: SandboxSpec) -> list[str]:
    """Options of the supervisor about the worktree: how it learns what changed, and how far it may grow."""
    limits: Limits = spec.limits
    words = ["--disk-bytes", str(limits.disk_bytes), "--disk-entries", str(limits.disk_entries)]
    return words if spec.lower is None else [*words, "--overlay", "1"]
