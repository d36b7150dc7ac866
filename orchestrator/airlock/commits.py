"""Commits: made by us of trees we built, onto refs we chose, with a message in which a model's words are only words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from orchestrator.airlock import refs
from orchestrator.airlock.hub import Hub
from orchestrator.airlock.pack import NewObject
from orchestrator.airlock.user_config import Identity

COMMITTER = Identity(name="mimo-orchestrate", email="mimo-orchestrate@localhost")
"""Who makes every commit; the author is the user."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CommitInfo:
    """What a commit object says, as far as we use it."""

    oid: str
    tree: str
    parents: tuple[str, ...]
    message: bytes


def commit(hub: Hub, *, tree: str, parents: Sequence[str], message: str, author: Identity, when: int) -> str:
    """Make a commit object, on no ref yet; `when` is in seconds since 1970. Raises GitFailed, DiskFull.

    The same arguments give the same commit.
    """
    ancestry = [word for parent in parents for word in ("-p", refs.require_oid(parent))]
    return hub.git.line(
        ["commit-tree", *ancestry, "-F", "-", refs.require_oid(tree)],
        stdin=message.encode(errors="replace"),
        env=_people(author, when),
    )


def author_words(hub: Hub, author: Identity) -> bytes:
    """`Name <email>` as git writes it into a commit by this author; raises GitFailed."""
    ident = hub.git.run(["var", "GIT_AUTHOR_IDENT"], env=_people(author, 0))
    return ident[: ident.rindex(b">") + 1]


def commit_object(*, tree: str, parent: str, message: str, author: bytes, when: int) -> NewObject:
    """The commit that `commit` would make, on its way into a store; `author` as `author_words` gives it."""
    committer = f"{COMMITTER.name} <{COMMITTER.email}>".encode()
    head = [
        f"tree {refs.require_oid(tree)}".encode(),
        f"parent {refs.require_oid(parent)}".encode(),
        b"author %b %d +0000" % (author, when),
        b"committer %b %d +0000" % (committer, when),
    ]
    return NewObject("commit", b"\n".join([*head, b"", message.encode(errors="replace")]))


def read_commit(hub: Hub, oid: str) -> CommitInfo:
    """Read a commit; raises GitFailed."""
    data = hub.git.run(["cat-file", "commit", refs.require_oid(oid)])
    head, _, message = data.partition(b"\n\n")
    fields = [line.split(b" ", 1) for line in head.split(b"\n") if b" " in line]
    return CommitInfo(
        oid=oid,
        tree=next(value.decode() for key, value in fields if key == b"tree"),
        parents=tuple(value.decode() for key, value in fields if key == b"parent"),
        message=message,
    )


def _people(author: Identity, when: int) -> dict[str, str]:
    date = f"@{when} +0000"
    return {
        "GIT_AUTHOR_NAME": author.name,
        "GIT_AUTHOR_EMAIL": author.email,
        "GIT_AUTHOR_DATE": date,
        "GIT_COMMITTER_NAME": COMMITTER.name,
        "GIT_COMMITTER_EMAIL": COMMITTER.email,
        "GIT_COMMITTER_DATE": date,
    }
