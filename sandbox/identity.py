"""Whose files a sandbox works on: the one user id that owns worktrees and runs the agents' commands."""

from __future__ import annotations

import os

FIXED_UID = 61317
"""The user id of sandboxes when the program itself runs as root; unprivileged and assigned to nobody."""


def sandbox_uid() -> int:
    """The user id (and group id) of worktrees and of processes in sandboxes: our own, or FIXED_UID when we are root."""
    return os.getuid() or FIXED_UID
