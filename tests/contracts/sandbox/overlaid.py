"""A worktree of the contract suite as an overlay: its files become the directory below."""

from __future__ import annotations

import os
from dataclasses import replace

from sandbox.identity import sandbox_uid
from sandbox.overlay import make_layers
from sandbox.sandbox import SandboxSpec


def overlaid(spec: SandboxSpec) -> SandboxSpec:
    """The same worktree over what is now `lower`, with its private `.git` in the task's own layer."""
    worktree, lower = spec.worktree, spec.worktree.with_name("lower")
    worktree.rename(lower)
    worktree.mkdir()
    make_layers(worktree, sandbox_uid())
    (lower / ".git").rename(worktree / "upper" / ".git")
    for path in (lower, *lower.rglob("*"), worktree, *worktree.rglob("*")):
        os.chown(path, sandbox_uid(), sandbox_uid(), follow_symlinks=False)
    return replace(spec, lower=lower)
