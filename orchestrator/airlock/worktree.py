"""An agent's worktree: a directory of ours with a tree laid out raw and a private git in it."""

from __future__ import annotations

import errno
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from orchestrator.airlock import refs
from orchestrator.airlock.errors import DiskFull
from orchestrator.airlock.git_index import index_bytes
from orchestrator.airlock.hub import Hub
from orchestrator.airlock.layout import AGE_SECONDS, give, lay_out
from orchestrator.airlock.private_git import make_private_git
from orchestrator.airlock.removal import remove_worktree
from orchestrator.airlock.trees import list_tree

_FULL = {errno.ENOSPC, errno.EDQUOT}


def prepare_worktree(
    hub: Hub, destination: Path, *, task: str, head: str, base: str, owner_uid: int, tree: str | None = None
) -> None:
    """Make a worktree at `destination`, which must not exist, for the user id of a sandbox.

    `head` is the commit that the agent's git shows, `base` a commit of the base store. With `tree` the files are
    those of another tree (a merge with its markers), and show as changes. What the host commits later has the parents
    that the host chooses, whatever happens in there.
    Raises UnsafeName, UnsafeTree, GitFailed, DiskFull, FileExistsError; nothing is left of a failed one.
    """
    refs.require_task(task)
    for oid in (head, base):
        refs.require_oid(oid)
    destination.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    destination.mkdir(mode=0o700)
    try:
        with disk_faults(destination):
            _fill(hub, destination, task=task, head=head, base=base, tree=tree, owner_uid=owner_uid)
    except BaseException:
        remove_worktree(destination)
        raise


def _fill(hub: Hub, top: Path, *, task: str, head: str, base: str, tree: str | None, owner_uid: int) -> None:
    at_head = list_tree(hub.git, head)
    shown = at_head if tree is None else list_tree(hub.git, refs.require_oid(tree))
    lay_out(hub.git, shown, top, owner_uid=owner_uid, mtime=int(time.time()) - AGE_SECONDS)
    index = index_bytes(
        [top],
        at_head,
        {entry.path: entry for entry in shown},
        object_format="sha256" if len(head) == 64 else "sha1",
    )
    make_private_git(
        hub.git,
        top / ".git",
        task=task,
        head=head,
        base=base,
        extra=[] if tree is None else [tree],
        index=index,
        owner_uid=owner_uid,
    )
    give(os.fsencode(top), owner_uid)


@contextmanager
def disk_faults(path: Path) -> Iterator[None]:
    """Turn the system's "disk full" into ours, which says where."""
    try:
        yield
    except OSError as error:
        if error.errno not in _FULL:
            raise
        raise DiskFull(f"{path}: {error.strerror}") from error
