"""Writes a tree into a new directory, byte for byte: no filter, no conversion, no git."""

# ruff: noqa: PTH101, PTH102, PTH211  (paths are bytes here)

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path

from orchestrator.airlock.errors import UnsafeTree
from orchestrator.airlock.git import Git
from orchestrator.airlock.trees import EXECUTABLE, FILE, GITLINK, LINK, TreeFile, read_reply

AGE_SECONDS = 10
"""Files are laid out so much older than the index, so that git need not read them to know that they are unchanged."""


def lay_out(git: Git, entries: Sequence[TreeFile], top: Path, *, owner_uid: int, mtime: int) -> None:
    """Write the files of a tree below `top`, an empty directory of ours that nobody else can reach yet.

    Everything belongs to `owner_uid` (if we may give it away) and is as old as `mtime`, in seconds.
    Raises UnsafeTree for a name that is not one of a file below `top`, OSError.
    """
    for entry in entries:
        _require_safe(entry)
    root = os.fsencode(top)
    parents = {entry.path if entry.mode == GITLINK else entry.path.rpartition(b"/")[0] for entry in entries}
    make_directories(root, parents, owner_uid)
    # Links come last, so that none can be on the way to a file.
    contents = [entry for entry in entries if entry.mode != GITLINK]
    contents.sort(key=lambda entry: entry.mode == LINK)
    for entry, data in zip(contents, _read_all(git, contents), strict=True):
        path = root + b"/" + entry.path
        if entry.mode == LINK:
            os.symlink(data, path)
            give(path, owner_uid)
            os.utime(path, (mtime, mtime), follow_symlinks=False)
        else:
            mode = 0o755 if entry.mode == EXECUTABLE else 0o644
            _write_file(path, data, mode=mode, owner_uid=owner_uid, mtime=mtime)


def give(path: bytes, owner_uid: int) -> None:
    """Make a path the owner's, if we are root; a link itself, never what it points to."""
    if os.getuid() == 0:
        os.chown(path, owner_uid, owner_uid, follow_symlinks=False)


def give_all(directory: Path, owner_uid: int) -> None:
    """Make a directory of ours and everything in it the owner's, if we are root."""
    for top, _, names in os.walk(os.fsencode(directory)):
        for path in (top, *(top + b"/" + name for name in names)):
            give(path, owner_uid)


def _require_safe(entry: TreeFile) -> None:
    parts = entry.path.split(b"/")
    if any(part in {b"", b".", b".."} or part.lower() == b".git" for part in parts):
        raise UnsafeTree(entry.path, "no file of a working tree may have this name")
    if entry.mode not in {FILE, EXECUTABLE, LINK, GITLINK}:
        raise UnsafeTree(entry.path, f"unknown mode {entry.mode:o}")


def make_directories(root: bytes, wanted: Iterable[bytes], owner_uid: int) -> None:
    """Make directories below `root`, and those above them, as far as they are not there; raises OSError."""
    every: set[bytes] = set()
    for directory in wanted:
        while directory and directory not in every:
            every.add(directory)
            directory = directory.rpartition(b"/")[0]
    for directory in sorted(every):
        path = root + b"/" + directory
        with suppress(FileExistsError):
            os.mkdir(path, 0o755)
            os.chmod(path, 0o755)  # noqa: S103  (whatever the umask says: like a file of git's)
            give(path, owner_uid)


def _write_file(path: bytes, data: bytes, *, mode: int, owner_uid: int, mtime: int) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, mode)
    with os.fdopen(descriptor, "wb") as file:
        file.write(data)
        file.flush()
        os.fchmod(descriptor, mode)  # whatever the umask says
        if os.getuid() == 0:
            os.fchown(descriptor, owner_uid, owner_uid)
        os.utime(descriptor, (mtime, mtime))


def _read_all(git: Git, entries: Sequence[TreeFile]) -> Iterator[bytes]:
    """The content of each entry, one after the other, never two in memory."""
    with tempfile.TemporaryFile() as requests:
        requests.write("".join(f"{entry.oid}\n" for entry in entries).encode())
        requests.seek(0)
        with git.output(["cat-file", "--batch", "--buffer"], stdin=requests) as replies:
            for _ in entries:
                yield read_reply(replies)[1]
