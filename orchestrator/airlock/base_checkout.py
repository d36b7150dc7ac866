"""One checkout of each base commit, which every task's overlay lies over; made once, and never changed."""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from orchestrator.airlock.git_index import index_bytes, shared_name
from orchestrator.airlock.hub import Hub
from orchestrator.airlock.layout import AGE_SECONDS, give, give_all, lay_out
from orchestrator.airlock.locks import locked
from orchestrator.airlock.refs import require_oid
from orchestrator.airlock.removal import GRAVE_PREFIX, empty_grave, remove_worktree
from orchestrator.airlock.trees import list_tree

_MAKING = ".making-"


@dataclass(frozen=True, slots=True, kw_only=True)
class BaseCheckout:
    """The checkout of a commit: `files` is what sandboxes see, with an index in its `.git` and nothing else."""

    commit: str
    files: Path

    @property
    def paths(self) -> list[bytes]:
        """The paths of the commit in the order of its index, with those of submodules."""
        listing = (self.files.parent / "paths").read_bytes()
        return listing.split(b"\0")[:-1]

    @property
    def mtime(self) -> int:
        """When its files say that they were changed, in seconds: all of them the same."""
        return int((self.files.parent / "paths").stat().st_mtime)


def base_checkout(hub: Hub, commit: str, *, owner_uid: int) -> BaseCheckout:
    """The checkout of a base commit, made if it is not there yet by whoever comes first; others wait.

    The caller's run must be in the journal: `remove_checkouts` leaves alone what its run may need.
    Raises UnsafeTree, GitFailed, OSError.
    """
    top = _place(hub.directory.parent)
    found = BaseCheckout(commit=commit, files=top / require_oid(commit) / "files")
    if found.files.is_dir():
        return found
    with locked(top.with_suffix(".lock")):
        if not found.files.is_dir():
            _make(hub, top, commit, owner_uid)
    return found


def remove_checkouts(state: Path, in_use: Callable[[], set[str]]) -> list[str]:
    """Remove the checkouts of commits that are not in use, and what a crash left of making one; names the commits.

    Raises OSError.
    """
    top, removed = _place(state), []
    if not top.is_dir():
        return []
    with locked(top.with_suffix(".lock")):
        kept = (
            in_use()
        )  # asked within the lock: a run that begins meanwhile finds its checkout gone, and makes it again
        for found in sorted(top.iterdir()):
            if found.name.startswith(GRAVE_PREFIX):
                empty_grave(found)
            elif found.name not in kept:
                remove_worktree(found)
                removed += [] if found.name.startswith(_MAKING) else [found.name]
    return removed


def _place(state: Path) -> Path:
    return state / "checkouts"


def _make(hub: Hub, top: Path, commit: str, owner_uid: int) -> None:
    top.mkdir(exist_ok=True, mode=0o700)
    directory = Path(tempfile.mkdtemp(prefix=_MAKING, dir=top))
    try:
        _fill(hub, directory, commit, owner_uid)
        directory.rename(top / commit)
    except BaseException:
        remove_worktree(directory)
        raise


def _fill(hub: Hub, directory: Path, commit: str, owner_uid: int) -> None:
    files, mtime = directory / "files", int(time.time()) - AGE_SECONDS
    files.mkdir()
    object_format = "sha256" if len(commit) == 64 else "sha1"
    entries = list_tree(hub.git, commit)
    lay_out(hub.git, entries, files, owner_uid=owner_uid, mtime=mtime)
    laid_out = {entry.path: entry for entry in entries}
    index = index_bytes([files], entries, laid_out, object_format=object_format)
    git = files / ".git"
    git.mkdir()
    (git / "index").write_bytes(index)
    (git / shared_name(index, object_format=object_format)).hardlink_to(git / "index")
    give_all(git, owner_uid)
    give(os.fsencode(files), owner_uid)
    files.chmod(0o755)
    listing = directory / "paths"
    listing.write_bytes(b"".join(entry.path + b"\0" for entry in sorted(entries, key=lambda entry: entry.path)))
    os.utime(listing, (mtime, mtime))
