"""The difference between two commits as the policy judges it: contents are read when a rule wants to see them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial

import policies.changed
from orchestrator.airlock.diff import Change, Status, renames
from orchestrator.airlock.git import Git
from orchestrator.airlock.trees import GITLINK, ObjectReader, object_reader


@contextmanager
def judgeable(git: Git, changed: Sequence[Change], old: str, new: str) -> Iterator[list[policies.changed.Change]]:
    """What was `changed` from `old` to `new`, to be judged within the block; raises GitFailed, UnsafeTree."""
    kinds = {change.status for change in changed}
    moved = renames(git, old, new) if {Status.ADDED, Status.DELETED} <= kinds else {}
    by_path = {change.path: change for change in changed}
    with object_reader(git) as reader:
        yield [_judgeable(change, by_path.get(moved.get(change.path, b"")), reader) for change in changed]


def _judgeable(change: Change, source: Change | None, reader: ObjectReader) -> policies.changed.Change:
    before = source or change
    return policies.changed.Change(
        path=change.path,
        status=change.status.value,
        old_mode=change.old_mode,
        new_mode=change.new_mode,
        added_lines=change.added_lines,
        removed_lines=change.removed_lines,
        binary=change.binary,
        added_text=change.added_text,
        removed_text=change.removed_text,
        hunks=change.hunks,
        moved_from=source.path if source is not None else None,
        before=partial(_read, reader, before.old_mode, before.old_oid),
        after=partial(_read, reader, change.new_mode, change.new_oid),
    )


def _read(reader: ObjectReader, mode: int, oid: str) -> bytes:
    # A link to another repository names a commit that is not here.
    return reader.read(oid) if mode not in (0, GITLINK) else b""
