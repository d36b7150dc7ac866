"""Laying out the files of a checkpoint in a directory of the user's: byte for byte, whole or not at all."""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from orchestrator.airlock.errors import GitFailed, UnsafeTree
from orchestrator.airlock.git import Git
from orchestrator.airlock.layout import AGE_SECONDS, lay_out
from orchestrator.airlock.paths import refuse_link
from orchestrator.airlock.removal import remove_worktree
from orchestrator.airlock.trees import GITLINK, LINK, TreeFile, list_tree, object_reader
from orchestrator.airlock.worktree import disk_faults
from orchestrator.errors import CannotRun, UsageProblem


@dataclass(frozen=True, slots=True, kw_only=True)
class Restored:
    """What was laid out: the tree's id, and how many files and links it has; submodules are empty directories."""

    tree: str
    files: int
    links: int
    submodules: int


def restore(hub: Path, commit: str, directory: Path, *, base: str) -> Restored:
    """Lay the files of `commit` out as `directory`, which must not exist or be empty.

    Nothing of them is read as a setting, run or followed. Links may lead out of the tree only where the user's own
    `base` commit has them. Raises UsageProblem, CannotRun where the hub lacks the commit, UnsafeTree, DiskFull.
    """
    with _usable(directory):
        _require_free(directory)
    git = Git(git_dir=hub)
    tree, entries = _read(git, hub, commit)
    _require_inside(git, entries, base)
    with _usable(directory), disk_faults(directory):
        directory.parent.mkdir(parents=True, exist_ok=True)
        # Beside the place that is asked for, and closed to others until it is all there.
        made = Path(tempfile.mkdtemp(prefix=f".{directory.name[:100]}-", dir=directory.parent))
        try:
            lay_out(git, entries, made, owner_uid=os.getuid(), mtime=int(time.time()) - AGE_SECONDS)
            made.chmod(0o777 & ~_umask())
            # The last step, which either happens or does not: in the place of nothing, or of an empty directory.
            made.rename(directory)
        except BaseException:
            remove_worktree(made)
            raise
    count = partial(_count, entries)
    submodules = count(GITLINK)
    return Restored(tree=tree, files=len(entries) - count(LINK) - submodules, links=count(LINK), submodules=submodules)


def _count(entries: list[TreeFile], mode: int) -> int:
    return sum(entry.mode == mode for entry in entries)


def _require_free(directory: Path) -> None:
    hint = "name one that does not exist yet, or an empty one"
    if directory.is_symlink() or (directory.exists() and not directory.is_dir()):
        raise UsageProblem(f"{directory} is there and is no directory", hint=hint)
    if not directory.exists():
        return
    if any(directory.iterdir()):
        raise UsageProblem(f"{directory} is not empty, and nothing in it is written over", hint=hint)
    with suppress(FileNotFoundError):
        if directory.samefile(Path.cwd()):
            raise UsageProblem(f"{directory} is where you stand, and would be replaced", hint="name another directory")


@contextmanager
def _usable(directory: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        why = error.strerror or str(error)
        raise UsageProblem(f"{directory} can't be made: {why}", hint="name a directory that does not exist") from error


def _read(git: Git, hub: Path, commit: str) -> tuple[str, list[TreeFile]]:
    try:
        tree = git.line(["rev-parse", "--verify", "--end-of-options", f"{commit}^{{tree}}"])
        return tree, list_tree(git, tree)
    except GitFailed as failed:
        what = f"{hub} does not have commit {commit[:12]}, or not all of it"
        raise CannotRun(what, "it was removed or damaged; other checkpoints may be there still") from failed


def _require_inside(git: Git, entries: list[TreeFile], base: str) -> None:
    """An agent's links were judged when they were saved; whoever lays files out for the user looks once more."""
    links = [entry for entry in entries if entry.mode == LINK]
    if not links:
        return
    own = set(list_tree(git, base))
    with object_reader(git) as reader:
        for entry in links:
            if entry not in own and (reason := refuse_link(entry.path, reader.read(entry.oid))) is not None:
                raise UnsafeTree(entry.path, reason)


def _umask() -> int:
    mask = os.umask(0o077)
    os.umask(mask)
    return mask
