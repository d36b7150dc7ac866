"""Writes a tree into a new directory, byte for byte: no filter, no conversion, no git."""

# ruff: noqa: PTH101, PTH102, PTH211  (paths are bytes here)

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

from orchestrator.airlock.errors import UnsafeTree
from orchestrator.airlock.git import Git
from orchestrator.airlock.trees import EXECUTABLE, FILE, GITLINK, LINK, TreeFile, read_reply


def lay_out(git: Git, entries: Sequence[TreeFile], top: Path, *, owner_uid: int, mtime: int) -> None:
    """Write the files of a tree below `top`, an empty directory of ours that nobody else can reach yet.

    Everything belongs to `owner_uid` (if we may give it away) and is as old as `mtime`, in seconds.
    Raises UnsafeTree for a name that is not one of a file below `top`, OSError.
    """
    for entry in entries:
        _require_safe(entry)
    root = os.fsencode(top)
    _make_directories(root, entries, owner_uid)
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


def _require_safe(entry: TreeFile) -> None:
    parts = entry.path.split(b"/")
    if any(part in {b"", b".", b".."} or part.lower() == b".git" for part in parts):
        raise UnsafeTree(entry.path, "no file of a working tree may have this name")
    if entry.mode not in {FILE, EXECUTABLE, LINK, GITLINK}:
        raise UnsafeTree(entry.path, f"unknown mode {entry.mode:o}")


def _make_directories(root: bytes, entries: Sequence[TreeFile], owner_uid: int) -> None:
    wanted: set[bytes] = {entry.path for entry in entries if entry.mode == GITLINK}
    for entry in entries:
        directory = entry.path.rpartition(b"/")[0]
        while directory and directory not in wanted:
            wanted.add(directory)
            directory = directory.rpartition(b"/")[0]
    for directory in sorted(wanted):
        path = root + b"/" + directory
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
