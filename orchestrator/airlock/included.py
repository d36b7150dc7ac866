"""Untracked files of the user's working directory that its `.worktreeinclude` wants in every worktree."""

from __future__ import annotations

import errno
import os
import stat
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from orchestrator.airlock.git import Git
from orchestrator.airlock.layout import give
from orchestrator.airlock.paths import refuse_path
from orchestrator.airlock.repository import UserRepository
from orchestrator.airlock.trees import list_tree

INCLUDE_FILE = ".worktreeinclude"
MOST_FILES = 1000
MOST_BYTES = 64 * 1024**2
"""Of all files together: every worktree of every task has a copy."""

_DIRECTORY = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC


@dataclass(frozen=True, slots=True, kw_only=True)
class IncludedFile:
    """A file as it was read."""

    path: bytes
    data: bytes
    executable: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Included:
    """The files that go into every worktree, and those that were asked for and don't, each with the reason."""

    files: tuple[IncludedFile, ...] = ()
    left_out: tuple[tuple[bytes, str], ...] = ()

    @property
    def paths(self) -> frozenset[bytes]:
        """Where they are; what a command does there is no change of the task's."""
        return frozenset(file.path for file in self.files)


def read_included(
    repository: UserRepository, commit: str, patterns: bytes, refuse: Callable[[bytes, bytes], str | None]
) -> Included:
    """Read what `patterns`, with the meaning of a .gitignore, name among the untracked files of the checkout.

    `refuse` says of a path and its content why it may not be taken. Raises GitFailed, OSError.
    """
    tracked = {entry.path for entry in list_tree(repository.git, commit)}
    directories = {above for path in tracked for above in directories_of(path)}
    files: list[IncludedFile] = []
    left_out: list[tuple[bytes, str]] = []
    room = MOST_BYTES
    top = os.open(repository.top, _DIRECTORY)
    try:
        for path in _named(repository, patterns):
            if path in tracked:
                continue  # the base commit has it
            if path in directories or not tracked.isdisjoint(directories_of(path)):
                left_out.append((path, "the base commit has something else in its place"))
                continue
            found = _read(top, path, room if len(files) < MOST_FILES else None)
            why = found if isinstance(found, str) else refuse(path, found.data)
            if isinstance(found, IncludedFile) and why is None:
                files.append(found)
                room -= len(found.data)
            else:
                left_out.append((path, str(why)))
    finally:
        os.close(top)
    return Included(files=tuple(files), left_out=tuple(left_out))


def directories_of(path: bytes) -> Iterator[bytes]:
    """The directories that a file is in, the nearest first."""
    while path := path.rpartition(b"/")[0]:
        yield path


def _named(repository: UserRepository, patterns: bytes) -> list[bytes]:
    git = Git(git_dir=repository.git_dir, work_tree=repository.top)
    with tempfile.NamedTemporaryFile() as file:
        file.write(patterns)
        file.flush()
        listing = git.run(["-C", str(repository.top), "ls-files", "-z", "--others", "--ignored", "-X", file.name])
    return sorted(path for path in listing.split(b"\0") if path and not path.endswith(b"/"))


def _read(top: int, path: bytes, room: int | None) -> IncludedFile | str:
    reason = refuse_path(path)
    if reason is not None:
        return reason.value
    if room is None:
        return f"more than {MOST_FILES} files are named"
    try:
        with _parent(top, path) as (directory, name):
            descriptor = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, dir_fd=directory)
    except OSError as error:
        return "it is a link" if error.errno in {errno.ELOOP, errno.ENOTDIR} else error.strerror or "it can't be read"
    with os.fdopen(descriptor, "rb") as file:
        about = os.fstat(descriptor)
        if not stat.S_ISREG(about.st_mode):
            return "it is no regular file"
        data = file.read(room + 1)
    if len(data) > room:
        return f"the files together are larger than {MOST_BYTES // 1024**2} MiB"
    return IncludedFile(path=path, data=data, executable=bool(about.st_mode & 0o100))


def lay_in(files: Sequence[IncludedFile], worktree: Path, *, owner_uid: int) -> None:
    """Put the files into a worktree that nobody works in yet, where it has nothing at their paths; raises OSError.

    No link is followed: what the worktree holds may be an agent's work. Its git is told to overlook them.
    """
    if not files:
        return
    top = os.open(worktree, _DIRECTORY)
    try:
        for file in files:
            _lay(top, file, owner_uid)
    finally:
        os.close(top)
    with (worktree / ".git/info/exclude").open("ab") as exclude:
        exclude.writelines(b"/" + _literal(file.path) + b"\n" for file in files)


def _lay(top: int, file: IncludedFile, owner_uid: int) -> None:
    taken = {errno.EEXIST, errno.ELOOP, errno.ENOTDIR}
    try:
        with _parent(top, file.path, make_for=owner_uid) as (directory, name):
            mode = 0o755 if file.executable else 0o644
            flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
            descriptor = os.open(name, flags, mode, dir_fd=directory)
    except OSError as error:
        if error.errno in taken:
            return  # the task has something of its own there
        raise
    with os.fdopen(descriptor, "wb") as made:
        made.write(file.data)
        os.fchmod(descriptor, mode)
        if os.getuid() == 0:
            os.fchown(descriptor, owner_uid, owner_uid)


@contextmanager
def _parent(top: int, path: bytes, *, make_for: int | None = None) -> Iterator[tuple[int, bytes]]:
    """The directory of a path, opened from `top` without following a link, and the name in it."""
    *above, name = path.split(b"/")
    directory = os.dup(top)
    try:
        for part in above:
            if make_for is not None:
                _make_directory(directory, part, make_for)
            inner = os.open(part, _DIRECTORY, dir_fd=directory)
            os.close(directory)
            directory = inner
        yield directory, name
    finally:
        os.close(directory)


def _make_directory(parent: int, name: bytes, owner_uid: int) -> None:
    try:
        os.mkdir(name, 0o755, dir_fd=parent)
    except FileExistsError:
        return
    give(b"/proc/self/fd/%d/" % parent + name, owner_uid)


def _literal(path: bytes) -> bytes:
    """A path as a line of a .gitignore that names it alone."""
    return b"".join(b"\\" + bytes([byte]) if byte in b"*?[]\\ !#" else bytes([byte]) for byte in path)
