"""Removes a worktree whatever an agent made of it: depth, modes, links and names don't matter."""

# ruff: noqa: PTH101, PTH208  (names are relative to open directories here)

from __future__ import annotations

import errno
import fcntl
import os
import stat
import tempfile
import time
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from itertools import count
from pathlib import Path

_DIRECTORY = os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
GRAVE_PREFIX = ".removing-"

ENDING_SECONDS = 20.0
"""How long processes of a sandbox whose program was killed may take to end: until then they make and remove files."""

POLL_SECONDS = 0.02
_SOMEBODY_IS_THERE = {errno.ENOTEMPTY, errno.EEXIST, errno.ENOENT, errno.ENOTDIR, errno.ELOOP, errno.EBUSY}


def remove_worktree(destination: Path) -> None:
    """Remove a worktree that nobody begins to work in any more; nothing to do if it isn't there. Raises OSError.

    It is gone from its place at once, under a name that begins with GRAVE_PREFIX until all of it is removed.
    """
    while os.path.lexists(destination):
        grave = Path(tempfile.mkdtemp(prefix=GRAVE_PREFIX, dir=destination.parent))
        try:
            with _held(grave, wait=True) as top:
                if _moved(destination, top):
                    _empty_all(top)
                grave.rmdir()
        except FileNotFoundError:
            if grave.exists():
                raise
            # Whoever sweeps took the new grave for an old one, before it was held.


def empty_grave(grave: Path, *, wait: bool = True) -> bool:
    """Finish a removal, also one that a crash interrupted; False where another process is at it. Raises OSError.

    No link is followed and nothing recurses: each directory is moved up beside the others before it is emptied.
    """
    try:
        with _held(grave, wait=wait) as top:
            _empty_all(top)
            with suppress(FileNotFoundError):  # another process was first
                grave.rmdir()
    except BlockingIOError:
        return False
    return True


@contextmanager
def _held(grave: Path, *, wait: bool) -> Iterator[int]:
    """The grave's descriptor, as long as nobody else is at it; raises BlockingIOError where that is not waited for."""
    top = os.open(grave, os.O_RDONLY | _DIRECTORY)
    try:
        fcntl.flock(top, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
        yield top
    finally:
        os.close(top)


def _moved(destination: Path, top: int) -> bool:
    """Move it into its grave; False where another process was first."""
    parent = os.open(destination.parent, os.O_RDONLY | _DIRECTORY)
    try:
        # Moving a directory elsewhere takes the right to write in it.
        if _is_directory(parent, destination.name):
            _make_ours(parent, destination.name)
        os.rename(destination.name, "0", src_dir_fd=parent, dst_dir_fd=top)
    except FileNotFoundError:
        if os.path.lexists(destination):
            raise
        return False
    finally:
        os.close(parent)
    return True


def _empty_all(top: int) -> None:
    """Remove what is in a grave, though processes of a killed sandbox may still be ending in there."""
    deadline = time.monotonic() + ENDING_SECONDS
    while True:
        try:
            _empty_once(top)
        except OSError as error:
            if error.errno not in _SOMEBODY_IS_THERE or time.monotonic() > deadline:
                raise
            time.sleep(POLL_SECONDS)
        else:
            return


def _empty_once(top: int) -> None:
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
