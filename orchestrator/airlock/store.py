"""What our two bare repositories have in common: how they are made, and refs that only move from a known value."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path

from orchestrator.airlock.errors import DiskFull, GitFailed, RefMoved
from orchestrator.airlock.git import Git
from orchestrator.airlock.locks import locked
from orchestrator.airlock.refs import require_oid, require_ours

STALE_SECONDS = 10.0
"""A `*.lock` of git's older than this was left by a crash: git itself holds one for milliseconds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RefChange:
    """One ref from `old` to `new`; None means that it doesn't exist (before, or after)."""

    ref: str
    old: str | None
    new: str | None


def create_store(directory: Path, *, object_format: str) -> Git:
    """Make the bare repository if it isn't there, and give git on it; safe to do from many threads and processes."""
    git = Git(git_dir=directory)
    with locked(directory.with_suffix(".lock")):
        if not (directory / "HEAD").is_file():
            directory.mkdir(parents=True, exist_ok=True, mode=0o700)
            git.run(["init", "--quiet", "--bare", "--template=", f"--object-format={object_format}"])
            git.run(["config", "gc.auto", "0"])
    return git


def read_ref(git: Git, ref: str) -> str | None:
    """What the ref holds, or None if there is no such ref; raises GitFailed."""
    finished = git.attempt(["rev-parse", "--quiet", "--verify", "--end-of-options", ref])
    if finished.code not in {0, 1}:
        raise finished.failure()
    return finished.stdout.decode().strip() or None


def list_refs(git: Git, prefix: str) -> dict[str, str]:
    """All refs below a prefix that ends with a slash, with what they hold; raises GitFailed."""
    listing = git.run(["for-each-ref", "--format=%(objectname) %(refname)", prefix])
    pairs = (line.split(" ", 1) for line in listing.decode().splitlines())
    return {ref: oid for oid, ref in pairs}


def change_refs(git: Git, changes: list[RefChange]) -> None:
    """Move refs of ours, all or none, each only from the value it is said to have.

    Raises RefMoved where one has another value, UnsafeName for a ref that isn't ours, GitFailed, DiskFull.
    """
    for change in changes:
        require_ours(change.ref)
    finished = git.attempt(["update-ref", "-z", "--stdin", "-m", "mimo-orchestrate"], stdin=_transaction(changes))
    if finished.code:
        _explain(git, changes, finished.failure())


def remove_stale_locks(directory: Path, refs: list[str]) -> bool:
    """Remove the lock files that a crash left on refs of ours and on packed-refs; tells whether there were any."""
    removed = False
    for name in ["packed-refs", *refs]:
        lock = directory / f"{name}.lock"
        try:
            if time.time() - lock.lstat().st_mtime >= STALE_SECONDS:
                lock.unlink()
                removed = True
        except (FileNotFoundError, NotADirectoryError):
            continue
    return removed


def _transaction(changes: list[RefChange]) -> bytes:
    nothing = "0" * (64 if any(len(change.new or change.old or "") == 64 for change in changes) else 40)
    commands = []
    for change in changes:
        new, old = (require_oid(oid) if oid else nothing for oid in (change.new, change.old))
        commands.append(f"update {change.ref}\0{new}\0{old}\0")
    return "".join(commands).encode()


def _explain(git: Git, changes: list[RefChange], failure: GitFailed | DiskFull) -> None:
    """Raise RefMoved for the first ref that isn't where it was said to be, else the failure itself."""
    for change in changes:
        actual = read_ref(git, change.ref)
        if actual != change.old:
            raise RefMoved(change.ref, change.old, actual) from failure
    raise failure
