"""What differs between two commits or trees: by path with counts, as added text, and as a patch to read."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from orchestrator.airlock.git import Git
from orchestrator.airlock.refs import require_oid

_COMMAND = (
    "diff-tree",
    "-r",
    "--no-ext-diff",
    "--no-textconv",
    "--no-color",
    "--full-index",
)
_HUNK = re.compile(rb"@@ -\d+(?:,(\d+))? \+(\d+)(?:,(\d+))? @@")


class Status(StrEnum):
    """What became of a path."""

    ADDED = "added"
    MODIFIED = "modified"
    DELETED = "deleted"


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One path that differs; a mode or id of what isn't there is 0 or all zeros. Lines of a binary file count 0.

    `hunks` says where the added lines stand in the new file: (first line, how many).
    """

    path: bytes
    status: Status
    old_mode: int
    new_mode: int
    old_oid: str
    new_oid: str
    added_lines: int
    removed_lines: int
    binary: bool
    added_text: str
    removed_text: str
    hunks: tuple[tuple[int, int], ...]


@dataclass(slots=True)
class _Lines:
    """The lines of one path's patch."""

    added: list[bytes] = field(default_factory=list)
    removed: list[bytes] = field(default_factory=list)
    hunks: list[tuple[int, int]] = field(default_factory=list)


def changes(git: Git, old: str, new: str) -> tuple[Change, ...]:
    """The paths that differ between two commits or trees, renames shown as both sides; raises GitFailed."""
    output = git.run(
        [*_COMMAND, "-z", "--no-renames", "--raw", "--numstat", "-p", "-U0", require_oid(old), require_oid(new)]
    )
    raws, rest = _raw_records(output)
    counts, rest = _counts(rest, len(raws))
    lines = _lines_by_record(rest.removeprefix(b"\0").split(b"\n"), [status for *_, status in raws])
    return tuple(
        _change(path, fields, count, mine) for (path, *fields), count, mine in zip(raws, counts, lines, strict=True)
    )


def renames(git: Git, old: str, new: str) -> dict[bytes, bytes]:
    """The paths that were moved between two commits or trees, new to old, as far as git tells; raises GitFailed."""
    words = [*_COMMAND, "-z", "-M", "--diff-filter=R", "--name-status", require_oid(old), require_oid(new)]
    _, *rest = git.run(words).split(b"\0")
    return dict(zip(rest[1::3], rest[0::3], strict=False))


def patch(git: Git, old: str, new: str, paths: Sequence[bytes] = ()) -> bytes:
    """The difference as a unified patch with renames found, of all or of some paths; raises GitFailed."""
    named = [path.decode(errors="surrogateescape") for path in paths]
    return git.run([*_COMMAND, "-p", "-M", require_oid(old), require_oid(new), "--", *named])


def stat(git: Git, old: str, new: str) -> str:
    """The difference as `git diff --stat` shows it, 80 columns wide; raises GitFailed."""
    words = [*_COMMAND, "--stat=80", "-M", require_oid(old), require_oid(new)]
    return git.run(words).decode(errors="backslashreplace")


def _raw_records(output: bytes) -> tuple[list[tuple[bytes, bytes, bytes, bytes, bytes, bytes]], bytes]:
    """The `--raw` records at the start (path, modes, ids, status), and what follows them."""
    records = []
    while output.startswith(b":"):
        head, path, output = output.split(b"\0", 2)
        old_mode, new_mode, old_oid, new_oid, status = head[1:].split(b" ")
        records.append((path, old_mode, new_mode, old_oid, new_oid, status))
    return records, output


def _counts(output: bytes, number: int) -> tuple[list[tuple[bytes, bytes]], bytes]:
    counts = []
    for _ in range(number):
        line, output = output.split(b"\0", 1)
        added, removed, _ = line.split(b"\t", 2)
        counts.append((added, removed))
    return counts, output


def _lines_by_record(lines: list[bytes], statuses: list[bytes]) -> Iterator[_Lines]:
    """The lines of each record; the patch has one part for each, two where a file became a link or back."""
    position = 0
    for status in statuses:
        mine = _Lines()
        for _ in range(2 if status == b"T" else 1):
            position = _part(lines, position, mine)
        yield mine


def _part(lines: list[bytes], position: int, into: _Lines) -> int:
    """Read one part of a `-U0` patch; lengths come from the hunks' heads, never from the content."""
    if not lines[position].startswith(b"diff --git "):
        raise ValueError("the patch has no part for a path that differs")
    position += 1
    while position < len(lines) and not lines[position].startswith(b"diff --git "):
        hunk = _HUNK.match(lines[position])
        position += 1
        if hunk:
            removed, gained = (int(count) if count is not None else 1 for count in hunk.group(1, 3))
            if gained:
                into.hunks.append((int(hunk[2]), gained))
            position = _hunk(lines, position, removed, gained, into)
    return position


def _hunk(lines: list[bytes], position: int, removed: int, gained: int, into: _Lines) -> int:
    """Read a hunk's body."""
    while removed or gained or (position < len(lines) and lines[position].startswith(b"\\")):
        line = lines[position]
        position += 1
        if line.startswith(b"-"):
            removed -= 1
            into.removed.append(line[1:] + b"\n")
        elif line.startswith(b"+"):
            gained -= 1
            into.added.append(line[1:] + b"\n")
    return position


def _change(path: bytes, fields: list[bytes], count: tuple[bytes, bytes], lines: _Lines) -> Change:
    old_mode, new_mode, old_oid, new_oid, status = fields
    binary = count[0] == b"-"
    return Change(
        path=path,
        status={b"A": Status.ADDED, b"D": Status.DELETED}.get(status, Status.MODIFIED),
        old_mode=int(old_mode, 8),
        new_mode=int(new_mode, 8),
        old_oid=old_oid.decode(),
        new_oid=new_oid.decode(),
        added_lines=0 if binary else int(count[0]),
        removed_lines=0 if binary else int(count[1]),
        binary=binary,
        added_text=_text(lines.added),
        removed_text=_text(lines.removed),
        hunks=tuple(lines.hunks),
    )


def _text(lines: list[bytes]) -> str:
    return b"".join(lines).decode(errors="replace")
