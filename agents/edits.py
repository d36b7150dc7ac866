"""Exact edits: which file is meant, and what its text becomes."""

from __future__ import annotations

import posixpath

from sandbox.errors import FileRefused
from sandbox.sandbox import WORKSPACE, Sandbox

LARGEST_FILE_BYTES = 4 * 1024**2


class EditRefused(Exception):
    """An edit that can't be made as asked; its text tells the model why."""


def workspace_path(path: str) -> str:
    """The absolute, normal path of a file of the worktree; raises EditRefused for any other."""
    if not path.isprintable():
        raise EditRefused("the path has control characters")
    absolute = posixpath.normpath(posixpath.join(WORKSPACE, path))
    if not absolute.startswith(f"{WORKSPACE}/"):
        raise EditRefused(f"{path} is not below {WORKSPACE}")
    return absolute


async def read_text(sandbox: Sandbox, path: str, *, missing_ok: bool) -> str | None:
    """The text of a file, None where it can't be read and `missing_ok`; raises EditRefused, FileRefused."""
    try:
        data = await sandbox.read_file(path, max_bytes=LARGEST_FILE_BYTES)
    except FileRefused:
        # Whether it is missing or refused shows when the new file is made: that never replaces anything.
        if missing_ok:
            return None
        raise
    try:
        return data.decode()
    except UnicodeDecodeError as error:
        raise EditRefused(f"{path} is not UTF-8 text; change it with shell") from error


def creating(before: str | None, new: str) -> str:
    """The text of a new file; raises EditRefused where there is one with content."""
    if before:
        raise EditRefused("the file exists already; give the text to replace as `old`")
    return new


def replaced(before: str, old: str, new: str) -> str:
    """The text with its only occurrence of `old` replaced; raises EditRefused where there is not exactly one."""
    if old == new:
        raise EditRefused("`old` and `new` are the same")
    place = before.find(old)
    if place < 0:
        raise EditRefused("`old` does not occur in the file; read the file again and copy it exactly")
    if before.find(old, place + 1) >= 0:
        raise EditRefused("`old` occurs more than once; take more lines around it, so that it occurs once")
    return before[:place] + new + before[place + len(old) :]
