"""The one way into the user's repository: objects first, then our branches, then the base branch, if it may move."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from orchestrator.airlock.checkouts import Checkout, checkouts
from orchestrator.airlock.errors import AirlockError, DiskFull, GitFailed, RefMoved, readable
from orchestrator.airlock.fast_forward import fast_forward, reflog_identity
from orchestrator.airlock.fetching import copy_objects
from orchestrator.airlock.git import Git
from orchestrator.airlock.hub import Hub
from orchestrator.airlock.intent import publishing
from orchestrator.airlock.locks import locked
from orchestrator.airlock.refs import require_oid, require_ours
from orchestrator.airlock.repository import Base, UserRepository
from orchestrator.airlock.standing import Standing, WhyNot
from orchestrator.airlock.store import RefChange, change_refs, read_ref


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """Where the base branch shall go: from the commit that it had to `commit`, a descendant of it."""

    base: Base
    commit: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PublishResult:
    """What was published. `refs` are our branches as they are now, `left` those that could not be moved and why.

    `moved` tells whether the base branch is at the target; where it isn't, `reason` and `why_not` tell why and what
    to type, and nothing of the branch or its checkout has changed.
    """

    refs: Mapping[str, str] = field(default_factory=dict)
    left: Mapping[str, str] = field(default_factory=dict)
    moved: bool = False
    reason: WhyNot | None = None
    why_not: str | None = None


def publish(
    repository: UserRepository, hub: Hub, branches: Sequence[RefChange], *, target: Target | None = None
) -> PublishResult:
    """Publish branches below refs/heads/mimo/ and, with a target, move the base branch.

    Doing it again is safe: what is where it should be already counts as done. Nothing of the user's runs: no hook, no
    filter. Raises UnsafeName, GitFailed, DiskFull; the user's refs are as they were then.
    """
    for change in branches:
        require_ours(change.ref)
    wanted = sorted(
        {require_oid(oid) for oid in [*(change.new for change in branches), target and target.commit] if oid}
    )
    places = checkouts(repository)
    note = hub.directory.with_name("publishing.json")
    common = Git(git_dir=repository.common_dir, env=reflog_identity(repository))
    with (
        locked(hub.directory.with_suffix(".publish.lock")),
        publishing(note, _locks(repository, places, branches, target)),
    ):
        copy_objects(common, hub.directory, wanted)
        published, left = _publish_branches(common, branches, places)
        if target is None:
            return PublishResult(refs=published, left=left)
        holders = [place for place in places if place.branch == target.base.branch]
        standing = _move_base(repository, common, target, holders)
    if standing is None:
        return PublishResult(refs=published, left=left, moved=True)
    return PublishResult(refs=published, left=left, reason=standing.reason, why_not=standing.text)


def _publish_branches(
    git: Git, branches: Sequence[RefChange], places: Sequence[Checkout]
) -> tuple[dict[str, str], dict[str, str]]:
    """Move each of our branches by itself; tells which are there now, and which were left alone and why."""
    held = {f"refs/heads/{place.branch}": place.top for place in places}
    published: dict[str, str] = {}
    left: dict[str, str] = {}
    for change in branches:
        if read_ref(git, change.ref) != change.new:
            if change.ref in held:
                left[change.ref] = f"it is checked out in {held[change.ref]}"
                continue
            try:
                change_refs(git, [change])
            except (RefMoved, GitFailed) as error:
                left[change.ref] = _words(error)
                continue
        if change.new is not None:
            published[change.ref] = change.new
    return published, left


def _move_base(repository: UserRepository, git: Git, target: Target, holders: Sequence[Checkout]) -> Standing | None:
    """Move the base branch; None if it is at the target now."""
    base = target.base
    current = read_ref(git, base.ref)
    if current == target.commit:
        return None
    if current != base.commit:
        return Standing(WhyNot.MOVED, f"{base.branch} moved to {current or 'nothing'} meanwhile")
    if git.attempt(["merge-base", "--is-ancestor", base.commit, target.commit]).code:
        return Standing(WhyNot.MOVED, f"{target.commit} does not build on {base.branch}")
    if len(holders) > 1:
        places = ", ".join(str(holder.top) for holder in holders)
        return Standing(WhyNot.BUSY, f"{base.branch} is checked out in more than one place: {places}")
    if holders:
        return fast_forward(repository, holders[0], base, target.commit)
    finished = git.attempt(["update-ref", "-m", "mimo-orchestrate", base.ref, target.commit, base.commit])
    if not finished.code:
        return None
    failure = finished.failure()
    if isinstance(failure, DiskFull):
        raise failure
    return Standing(WhyNot.FAILED, readable(finished.stderr))


def _words(error: AirlockError) -> str:
    return readable(error.stderr) if isinstance(error, GitFailed) else str(error)


def _locks(
    repository: UserRepository, places: Sequence[Checkout], branches: Sequence[RefChange], target: Target | None
) -> list[Path]:
    """The lock files that git takes in the user's repository while we publish."""
    names = ["packed-refs", *(change.ref for change in branches)]
    found = [repository.common_dir / f"{name}.lock" for name in names]
    if target is not None:
        found.append(repository.common_dir / f"{target.base.ref}.lock")
        for place in places:
            if place.branch == target.base.branch:
                found += [place.git_dir / f"{name}.lock" for name in ("index", "HEAD", "ORIG_HEAD")]
    return found
