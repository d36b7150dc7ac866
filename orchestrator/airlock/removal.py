"""Removes a worktree whatever an agent made of it: depth, modes, links and names don't matter."""

# ruff: noqa: PTH101, PTH208  (names are relative to open directories here)

from __future__ import annotations

import contextlib
import fcntl
import os
import stat
import tempfile
from collections import deque
from collections.abc import Iterator
from itertools import count
from pathlib import Path

_DIRECTORY = os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
GRAVE_PREFIX = ".removing-"


def remove_worktree(destination: Path) -> None:
    """Remove a worktree in which nobody is at work any more; nothing to do if it isn't there. Raises OSError.

    It is gone from its place at once, under a name that begins with GRAVE_PREFIX until all of it is removed.
    """
    if not os.path.lexists(destination):
        return
    parent = os.open(destination.parent, os.O_RDONLY | _DIRECTORY)
    try:
        # Moving a directory elsewhere takes the right to write in it.
        if _is_directory(parent, destination.name):
            _make_ours(parent, destination.name)
    finally:
        os.close(parent)
    grave = Path(tempfile.mkdtemp(prefix=GRAVE_PREFIX, dir=destination.parent))
    destination.rename(grave / "0")
    empty_grave(grave)


def empty_grave(grave: Path, *, wait: bool = True) -> bool:
    """Finish a removal, also one that a crash interrupted; False where another process is at it. Raises OSError.

    No link is followed and nothing recurses: each directory is moved up beside the others before it is emptied.
    """
    top = os.open(grave, os.O_RDONLY | _DIRECTORY)
    try:
        try:
            fcntl.flock(top, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
        except BlockingIOError:
            return False
        taken = set(os.listdir(top))
        names = filter(lambda name: name not in taken, map("d{}".format, count()))
        pending = deque(sorted(taken))
        while pending:
            name = pending.popleft()
            if not _is_directory(top, name):
                os.unlink(name, dir_fd=top)
                continue
            pending += _empty(top, name, names)
            os.rmdir(name, dir_fd=top)
        with contextlib.suppress(FileNotFoundError):  # another process was first
            grave.rmdir()
    finally:
        os.close(top)
    return True


def _empty(top: int, name: str, names: Iterator[str]) -> list[str]:
    """Unlink the files of a directory and move its directories up to `top`; tells their new names."""
    moved = []
    directory = os.open(name, os.O_RDONLY | _DIRECTORY, dir_fd=top)
    try:
        for child in os.listdir(directory):
            if _is_directory(directory, child):
                _make_ours(directory, child)
                moved.append(next(names))
                os.rename(child, moved[-1], src_dir_fd=directory, dst_dir_fd=top)
            else:
                os.unlink(child, dir_fd=directory)
    finally:
        os.close(directory)
    return moved


def _is_directory(parent: int, name: str) -> bool:
    return stat.S_ISDIR(os.stat(name, dir_fd=parent, follow_symlinks=False).st_mode)


def _make_ours(parent: int, name: str) -> None:
    """Give ourselves the right to empty and move a directory, without following a link."""
    handle = os.open(name, os.O_PATH | _DIRECTORY, dir_fd=parent)
    try:
        os.chmod(f"/proc/self/fd/{handle}", 0o700)
    finally:
        os.close(handle)
