"""A task's worktree as an overlay over the checkout of its run's base: only what differs from the base is laid out."""

from __future__ import annotations

import os
import stat
import time
from collections.abc import Collection
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from orchestrator.airlock import refs
from orchestrator.airlock.base_checkout import BaseCheckout
from orchestrator.airlock.git import Git
from orchestrator.airlock.git_index import index_bytes, split_index_bytes
from orchestrator.airlock.hub import Hub
from orchestrator.airlock.included import directories_of
from orchestrator.airlock.layout import AGE_SECONDS, give, lay_out, make_directories
from orchestrator.airlock.private_git import make_private_git
from orchestrator.airlock.removal import remove_worktree
from orchestrator.airlock.trees import DIRECTORY, TreeFile, canonical, list_tree
from orchestrator.airlock.worktree import disk_faults
from sandbox.overlay import UPPER_NAME, make_layers

SPLIT_FROM = 5_000
"""From so many files on, an index that differs from the base's is written as what differs: some libraries that read
indexes do not know that form, so a small one is written whole."""


@dataclass(slots=True)
class _Changes:
    """What another tree has in the place of the base's: new and changed files, and what is gone, directories as one."""

    files: dict[bytes, TreeFile] = field(default_factory=dict)
    deleted: set[bytes] = field(default_factory=set)
    """Every file that is gone."""
    hidden: set[bytes] = field(default_factory=set)
    """What is to be hidden for that: those files, or the directories that went with them."""


def prepare_overlay(
    hub: Hub,
    destination: Path,
    checkout: BaseCheckout,
    *,
    task: str,
    head: str,
    owner_uid: int,
    tree: str | None = None,
    included: Collection[bytes] = (),
) -> None:
    """As `prepare_worktree`, in time and space that depend on what differs from the base and not on its size.

    What is at the paths `included` is laid in afterwards: the directories that the base has for them stay open.

    Raises what that does, and OSError where this user may not mark a file as gone.
    """
    refs.require_task(task)
    refs.require_oid(head)
    destination.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    destination.mkdir(mode=0o700)
    try:
        with disk_faults(destination):
            make_layers(destination, owner_uid)
            make = partial(_fill, hub, destination / UPPER_NAME, checkout, included=included)
            make(task=task, head=head, owner_uid=owner_uid, tree=tree)
            give(os.fsencode(destination), owner_uid)
    except BaseException:
        remove_worktree(destination)
        raise


def _fill(
    hub: Hub,
    upper: Path,
    checkout: BaseCheckout,
    *,
    included: Collection[bytes],
    task: str,
    head: str,
    owner_uid: int,
    tree: str | None,
) -> None:
    wanted = {above for path in included for above in directories_of(path)}
    at_head = _changes(hub.git, checkout.commit, head, wanted)
    shown = at_head if tree is None else _changes(hub.git, checkout.commit, refs.require_oid(tree), wanted)
    _lay_out(hub.git, shown, upper, owner_uid=owner_uid, lower_mtime=checkout.mtime)
    make_private_git(
        hub.git,
        upper / ".git",
        task=task,
        head=head,
        base=checkout.commit,
        extra=[] if tree is None else [tree],
        index=_index(hub.git, upper, checkout, head, at_head, shown),
        owner_uid=owner_uid,
    )


def _changes(git: Git, base: str, tree: str, wanted: Collection[bytes]) -> _Changes:
    """How a tree differs from the base's; a directory that is `wanted` is not hidden as a whole."""
    changes = _Changes()
    if tree == base:
        return changes
    words = git.run(["diff-tree", "-r", "-t", "-z", "--raw", "--no-renames", "--no-abbrev", base, tree]).split(b"\0")
    gone: set[bytes] = set()
    for head, path in zip(words[0:-1:2], words[1::2], strict=True):
        old, new, _, oid, _ = head.decode().removeprefix(":").split(" ")
        old_mode, mode = canonical(int(old, 8)), canonical(int(new, 8))
        if mode not in {0, DIRECTORY}:
            changes.files[path] = TreeFile(path=path, mode=mode, oid=oid)
        elif mode == 0:
            gone.add(path)
            if old_mode != DIRECTORY:
                changes.deleted.add(path)
    present = {above for path in changes.files for above in _with_parents(path)}
    changes.deleted -= changes.files.keys()
    gone.difference_update(path for path in wanted if path not in changes.files)
    for path in gone - present:
        if not any(above in gone for above in _with_parents(path.rpartition(b"/")[0])):
            changes.hidden.add(path)
    return changes


def _with_parents(path: bytes) -> list[bytes]:
    found = []
    while path:
        found.append(path)
        path = path.rpartition(b"/")[0]
    return found


def _lay_out(git: Git, changes: _Changes, upper: Path, *, owner_uid: int, lower_mtime: int) -> None:
    mtime = int(time.time()) - AGE_SECONDS
    # Never as old as the file it hides: git is to see by its time that it is another.
    lay_out(git, list(changes.files.values()), upper, owner_uid=owner_uid, mtime=mtime - (mtime == lower_mtime))
    root = os.fsencode(upper)
    make_directories(root, {path.rpartition(b"/")[0] for path in changes.hidden}, owner_uid)
    for path in changes.hidden:
        os.mknod(root + b"/" + path, stat.S_IFCHR, os.makedev(0, 0))


def _index(
    git: Git, upper: Path, checkout: BaseCheckout, head: str, at_head: _Changes, shown: _Changes
) -> bytes | None:
    """The index of `head`; None where the one of the base, in its checkout, is it."""
    if not (at_head.files or at_head.deleted):
        return None
    object_format = "sha256" if len(head) == 64 else "sha1"
    paths = checkout.paths
    if len(paths) >= SPLIT_FROM:
        base = (checkout.files / ".git/index").read_bytes()
        changed = list(at_head.files.values())
        return split_index_bytes(
            upper, changed, shown.files, base=base, paths=paths, deleted=at_head.deleted, object_format=object_format
        )
    entries = list_tree(git, head)
    laid_out = dict(shown.files)
    laid_out |= {entry.path: entry for entry in entries if _is_as_in_base(entry.path, at_head, shown)}
    return index_bytes([upper, checkout.files], entries, laid_out, object_format=object_format)


def _is_as_in_base(path: bytes, at_head: _Changes, shown: _Changes) -> bool:
    return not any(path in known for known in (at_head.files, shown.files, shown.deleted))
