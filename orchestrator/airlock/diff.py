"""What differs between two commits or trees: by path with counts, as added text, and as a patch to read."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
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
_HUNK = re.compile(rb"@@ -\d+(?:,(\d+))? \+\d+(?:,(\d+))? @@")


class Status(StrEnum):
    """What became of a path."""

    ADDED = "added"
    MODIFIED = "modified"
    DELETED = "deleted"


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One path that differs; a mode or id of what isn't there is 0 or all zeros. Lines of a binary file count 0."""

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


def changes(git: Git, old: str, new: str) -> tuple[Change, ...]:
    """The paths that differ between two commits or trees, renames shown as both sides; raises GitFailed."""
    output = git.run(
        [*_COMMAND, "-z", "--no-renames", "--raw", "--numstat", "-p", "-U0", require_oid(old), require_oid(new)]
    )
    raws, rest = _raw_records(output)
    counts, rest = _counts(rest, len(raws))
    added = _added(rest.removeprefix(b"\0").split(b"\n"), [status for *_, status in raws])
    return tuple(
        _change(path, fields, count, text) for (path, *fields), count, text in zip(raws, counts, added, strict=True)
    )


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


def _added(lines: list[bytes], statuses: list[bytes]) -> Iterator[str]:
    """The added text of each record; the patch has one part for each, two where a file became a link or back."""
    parts = _parts(lines)
    for status in statuses:
        yield "".join(next(parts) for _ in range(2 if status == b"T" else 1))


def _parts(lines: list[bytes]) -> Iterator[str]:
    """The added text of each part of a `-U0` patch; lengths come from the hunks' heads, never from the content."""
    position = 0
    while position < len(lines) and lines[position].startswith(b"diff --git "):
        position += 1
        added: list[bytes] = []
        while position < len(lines) and not lines[position].startswith(b"diff --git "):
            hunk = _HUNK.match(lines[position])
            position += 1
            if hunk:
                removed, gained = (int(count) if count is not None else 1 for count in hunk.groups())
                position, text = _hunk(lines, position, removed, gained)
                added += text
        yield b"".join(added).decode(errors="replace")


def _hunk(lines: list[bytes], position: int, removed: int, gained: int) -> tuple[int, list[bytes]]:
    """The position after a hunk's body, and the lines that it adds."""
    added = []
    while removed or gained or (position < len(lines) and lines[position].startswith(b"\\")):
        line = lines[position]
        position += 1
        if line.startswith(b"-"):
            removed -= 1
        elif line.startswith(b"+"):
            gained -= 1
            added.append(line[1:] + b"\n")
    return position, added


def _change(path: bytes, fields: list[bytes], count: tuple[bytes, bytes], added_text: str) -> Change:
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
        added_text=added_text,
    )
