"""Moves a branch in the checkout that has it, keeping the user's own edits, without starting anything of theirs."""

from __future__ import annotations

import os
from collections.abc import Sequence

from orchestrator.airlock.checkouts import Checkout
from orchestrator.airlock.errors import readable
from orchestrator.airlock.git import Git
from orchestrator.airlock.repository import Base, UserRepository
from orchestrator.airlock.standing import Standing, WhyNot
from orchestrator.airlock.store import read_ref
from orchestrator.airlock.user_config import attribute_settings, filter_drivers, identity, no_filters

_SHOWN_PATHS = 10
_SLACK_BYTES = 16 * 1024**2
"""Room for the index and directories, beside the files that will be written."""

_MERGE = (
    "merge",
    "--ff-only",
    "--no-overwrite-ignore",  # an ignored file of the user's may be the only copy of something
    "--no-stat",
    "--quiet",
    "--no-edit",
    "--no-verify-signatures",
    "--no-autostash",
)


def fast_forward(repository: UserRepository, checkout: Checkout, base: Base, commit: str) -> Standing | None:
    """Bring the checkout and its branch to a descendant commit whose objects are there; None if that was done.

    Refused, nothing has changed: git looks at every file before it writes one, and room on the disk is looked for
    first. Hooks, filters, signature checks and the like of the user's don't run. Raises GitFailed.
    """
    advice = f"in {checkout.top} type: git merge --ff-only {commit}"
    standing = (
        _not_ready(checkout)
        or _filtered(repository, checkout, base.commit, commit, advice)
        or _no_room(repository.git, checkout, base.commit, commit)
    )
    if standing is not None:
        return standing
    finished = _git(repository, checkout, base.branch).attempt(
        [*attribute_settings(repository.git), *_MERGE, commit], env=reflog_identity(repository)
    )
    if read_ref(Git(git_dir=checkout.git_dir), base.ref) == commit:
        return None
    return _explain(finished.stderr, checkout, advice)


def _git(repository: UserRepository, checkout: Checkout, branch: str) -> Git:
    settings = (
        *no_filters(filter_drivers(repository.git)),
        # Options that the user set for their own merges, which ours must not take on.
        (f"branch.{branch}.mergeOptions", ""),
    )
    return Git(git_dir=checkout.git_dir, work_tree=checkout.top, config=settings)


def reflog_identity(repository: UserRepository) -> dict[str, str]:
    """Environment under which a ref's log names the user, and us as what moved it."""
    user = identity(repository.git)
    return {
        "GIT_COMMITTER_NAME": user.name,
        "GIT_COMMITTER_EMAIL": user.email,
        "GIT_REFLOG_ACTION": "mimo-orchestrate",
    }


def _not_ready(checkout: Checkout) -> Standing | None:
    if not checkout.top.is_dir():
        return Standing(WhyNot.BUSY, f"its checkout {checkout.top} is not there; `git worktree prune` forgets it")
    if checkout.busy is not None:
        return Standing(WhyNot.BUSY, f"{checkout.busy} is under way in {checkout.top}; end it, then run `merge`")
    return None


def _filtered(repository: UserRepository, checkout: Checkout, old: str, new: str, advice: str) -> Standing | None:
    """A change of attributes, or of a path to which a filter applies, is left to the user's own git."""
    paths = _changed_paths(repository.git, old, new)
    attributes = [path for path in paths if path.rpartition(b"/")[2] == b".gitattributes"]
    if attributes:
        return Standing(WhyNot.FILTERS, f"{_names(attributes)} would change; {advice}")
    git = Git(git_dir=checkout.git_dir, work_tree=checkout.top)
    listing = git.run(
        [*attribute_settings(repository.git), "check-attr", "-z", "--stdin", "filter"],
        stdin=b"".join(path + b"\0" for path in paths),
        env={"GIT_ATTR_NOSYSTEM": None},
    ).split(b"\0")
    triples = zip(listing[0::3], listing[2::3], strict=False)
    filtered = [path for path, value in triples if value not in {b"unspecified", b"unset"}]
    if filtered:
        return Standing(WhyNot.FILTERS, f"a filter (such as LFS) applies to {_names(filtered)}; {advice}")
    return None


def _no_room(git: Git, checkout: Checkout, old: str, new: str) -> Standing | None:
    raw = git.run(["diff-tree", "-r", "-z", "--no-renames", "--diff-filter=d", "--raw", "--no-abbrev", old, new])
    oids = [head.split(b" ")[3] for head in raw.split(b"\0")[0::2] if head]
    sizes = git.run(["cat-file", "--batch-check=%(objectsize)"], stdin=b"".join(oid + b"\n" for oid in oids))
    needed = sum(int(size) for size in sizes.split() if size.isdigit()) + _SLACK_BYTES
    disk = os.statvfs(checkout.top)
    if disk.f_bavail * disk.f_frsize >= needed:
        return None
    return Standing(WhyNot.DISK, f"{checkout.top} has no room for {needed} bytes; make room, then run `merge`")


def _changed_paths(git: Git, old: str, new: str) -> list[bytes]:
    listing = git.run(["diff-tree", "-r", "-z", "--no-renames", "--name-only", old, new])
    return [path for path in listing.split(b"\0") if path]


def _explain(stderr: bytes, checkout: Checkout, advice: str) -> Standing:
    """Git's refusal, with the files that it names: it indents them by a tab."""
    files = [line[1:] for line in stderr.split(b"\n") if line.startswith(b"\t")]
    if b"would be overwritten" in stderr:
        return Standing(
            WhyNot.OVERLAP,
            f"uncommitted work in {checkout.top} is in the way: {_names(files)}; put it aside, then {advice}",
        )
    if b"index.lock" in stderr:
        return Standing(WhyNot.BUSY, f"another git is at work in {checkout.top}; when it has ended, {advice}")
    return Standing(WhyNot.FAILED, f"git did not move the checkout {checkout.top}: {readable(stderr)}; {advice}")


def _names(paths: Sequence[bytes]) -> str:
    shown = ", ".join(readable(path) for path in paths[:_SHOWN_PATHS])
    return shown if len(paths) <= _SHOWN_PATHS else f"{shown} and {len(paths) - _SHOWN_PATHS} more"
