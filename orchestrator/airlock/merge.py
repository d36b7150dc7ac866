"""Merging in memory: a clean tree, or the conflicts as data beside a tree that has their markers."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from orchestrator.airlock.commits import commit, read_commit
from orchestrator.airlock.git import Finished
from orchestrator.airlock.hub import Hub
from orchestrator.airlock.refs import require_oid
from orchestrator.airlock.trees import GITLINK, list_tree, object_reader
from orchestrator.airlock.user_config import Identity

_NOBODY = Identity(name="merge", email="merge@localhost")


@dataclass(frozen=True, slots=True)
class Stage:
    """One version of a conflicted path: 1 the common one, 2 ours, 3 theirs."""

    number: int
    mode: int
    oid: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Conflict:
    """A path that both sides changed; `kind` is git's name for it ("CONFLICT (contents)")."""

    path: bytes
    kind: str
    stages: tuple[Stage, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Merged:
    """The tree of a merge; `clean` if the two sides went together, else it has conflict markers."""

    tree: str
    conflicts: tuple[Conflict, ...]
    messages: tuple[str, ...]
    clean: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class LostLines:
    """Lines that a side had brought to a conflicted file and its resolution lacks, without trailing blanks."""

    path: bytes
    ours: tuple[bytes, ...]
    theirs: tuple[bytes, ...]


def merge(hub: Hub, *, ours: str, theirs: str) -> Merged:
    """Merge two commits on their own common ancestor, touching no ref and no file; raises GitFailed."""
    finished = hub.git.attempt(
        ["merge-tree", "--write-tree", "-z", "--messages", require_oid(ours), require_oid(theirs)]
    )
    if finished.code not in {0, 1}:
        raise finished.failure()
    return _parse(finished)


def merge_on(hub: Hub, *, base: str, ours: str, theirs: str) -> Merged:
    """Merge two commits as if `base` were their common ancestor; raises GitFailed.

    With a commit as base and its parent as theirs, this takes the commit back.
    """
    # `merge-tree --merge-base` came with git 2.40; commits without history of their own do the same.
    root = _alone(hub, base, [])
    return merge(hub, ours=_alone(hub, ours, [root]), theirs=_alone(hub, theirs, [root]))


def revert(hub: Hub, *, landed: str, tip: str) -> Merged:
    """What `tip` becomes without what `landed` brought over its first parent; raises GitFailed."""
    return merge_on(hub, base=landed, ours=tip, theirs=read_commit(hub, landed).parents[0])


def lost_lines(hub: Hub, merged: Merged, resolution: str) -> tuple[LostLines, ...]:
    """For each conflict, the lines that a side added and the resolving commit (or tree) lacks, blank ones left out.

    A line counts as often as it stands in a file; a path that the resolution lacks lost all of them. Raises GitFailed.
    """
    kept = {entry.path: entry.oid for entry in list_tree(hub.git, resolution)}
    found = []
    with object_reader(hub.git) as reader:

        def lines(oid: str | None) -> Counter[bytes]:
            text = reader.read(oid) if oid is not None else b""
            return Counter(line.rstrip() for line in text.split(b"\n") if line.strip())

        for conflict in merged.conflicts:
            versions = {stage.number: stage.oid for stage in conflict.stages if stage.mode != GITLINK}
            common, result = lines(versions.get(1)), lines(kept.get(conflict.path))
            ours, theirs = (tuple((lines(versions.get(side)) - common - result).elements()) for side in (2, 3))
            if ours or theirs:
                found.append(LostLines(path=conflict.path, ours=ours, theirs=theirs))
    return tuple(found)


def _alone(hub: Hub, commitish: str, parents: list[str]) -> str:
    return commit(hub, tree=hub.tree_of(commitish), parents=parents, message="merge\n", author=_NOBODY, when=0)


def _parse(finished: Finished) -> Merged:
    """The tree, the conflicted stages and the messages of `merge-tree -z`."""
    fields = finished.stdout.split(b"\0")
    position, stages = _stages(fields)
    kinds, messages = _messages(fields, position + 1)
    # Exit code 1 is a conflict, even one that left no stages behind.
    paths = stages.keys() | (kinds.keys() if finished.code else set())
    conflicts = tuple(
        Conflict(path=path, kind=kinds.get(path, "CONFLICT"), stages=tuple(stages.get(path, ())))
        for path in sorted(paths)
    )
    return Merged(tree=fields[0].decode(), conflicts=conflicts, messages=messages, clean=not finished.code)


def _stages(fields: list[bytes]) -> tuple[int, dict[bytes, list[Stage]]]:
    """The conflicted paths with their stages, and the position of the empty field behind them."""
    stages: dict[bytes, list[Stage]] = {}
    position = 1
    while position < len(fields) and fields[position]:
        head, path = fields[position].split(b"\t", 1)
        mode, oid, number = head.decode().split(" ")
        stages.setdefault(path, []).append(Stage(int(number), int(mode, 8), oid))
        position += 1
    return position, stages


def _messages(fields: list[bytes], position: int) -> tuple[dict[bytes, str], tuple[str, ...]]:
    """The first conflict's kind for each path that the messages name, and their text."""
    kinds: dict[bytes, str] = {}
    messages: list[str] = []
    while position < len(fields) and fields[position]:
        count = int(fields[position])
        paths = fields[position + 1 : position + 1 + count]
        kind, message = fields[position + 1 + count : position + 3 + count]
        if kind.startswith(b"CONFLICT"):
            kinds |= {path: kind.decode() for path in paths if path not in kinds}
        messages.append(message.decode(errors="backslashreplace").strip())
        position += 3 + count
    return kinds, tuple(messages)
