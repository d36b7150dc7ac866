"""Which working trees of the user's have a branch: the main one, linked ones, and ones in the middle of a rebase."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from orchestrator.airlock.git import Git
from orchestrator.airlock.repository import UserRepository

_BUSY = {
    "rebase-merge": "a rebase",
    "rebase-apply": "a rebase or `git am`",
    "MERGE_HEAD": "a merge",
    "CHERRY_PICK_HEAD": "a cherry-pick",
    "REVERT_HEAD": "a revert",
    "BISECT_LOG": "a bisection",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Checkout:
    """A working tree, its own git directory, the branch it is on (None: detached), and what is under way in it."""

    top: Path
    git_dir: Path
    branch: str | None
    busy: str | None


def checkouts(repository: UserRepository) -> list[Checkout]:
    """Every working tree of the repository, the main one first; raises GitFailed."""
    listing = Git(git_dir=repository.common_dir).run(["worktree", "list", "--porcelain", "-z"])
    found = []
    for block in listing.split(b"\0\0"):
        fields = dict(_pair(line) for line in block.split(b"\0") if line)
        if b"worktree" not in fields or b"bare" in fields:
            continue
        top = Path(os.fsdecode(fields[b"worktree"]))
        git_dir = _git_dir(top, repository.common_dir)
        branch = os.fsdecode(fields[b"branch"]).removeprefix("refs/heads/") if b"branch" in fields else None
        found.append(Checkout(top=top, git_dir=git_dir, branch=branch or _rebased(git_dir), busy=_busy(git_dir)))
    return found


def holders(repository: UserRepository, branch: str) -> list[Checkout]:
    """The working trees that have the branch, or are rebasing it; raises GitFailed."""
    return [checkout for checkout in checkouts(repository) if checkout.branch == branch]


def _pair(line: bytes) -> tuple[bytes, bytes]:
    key, _, value = line.partition(b" ")
    return key, value


def _git_dir(top: Path, common_dir: Path) -> Path:
    """The git directory of a checkout: what its `.git` file says, as far as that is one of this repository's."""
    for admin in sorted((common_dir / "worktrees").glob("*/gitdir")):
        # Newer versions of git may write this path relative to the administrative directory.
        link = os.path.normpath(admin.parent / os.fsdecode(admin.read_bytes().rstrip(b"\n")))
        if Path(link).parent == top:
            return admin.parent
    return common_dir


def _busy(git_dir: Path) -> str | None:
    return next((what for name, what in _BUSY.items() if (git_dir / name).exists()), None)


def _rebased(git_dir: Path) -> str | None:
    """The branch that a rebase or a bisection will come back to; HEAD is detached meanwhile."""
    for name in ("rebase-merge/head-name", "rebase-apply/head-name", "BISECT_START"):
        try:
            text = os.fsdecode((git_dir / name).read_bytes().strip())
        except OSError:
            continue
        return text.removeprefix("refs/heads/")
    return None
