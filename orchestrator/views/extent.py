"""How far a change goes: its files with their lines, and the tests that it adds and takes away."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from policies.census import count_tests

_NOWHERE = b"/dev/null"


@dataclass(slots=True, kw_only=True)
class FileChange:
    """One file of a patch."""

    path: str
    added: int = 0
    removed: int = 0
    binary: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Extent:
    """All of a patch; tests are counted by the form of their definitions, as the gates count them."""

    files: tuple[FileChange, ...] = ()
    tests_added: int = 0
    tests_removed: int = 0

    @property
    def added(self) -> int:
        """Lines that are new."""
        return sum(file.added for file in self.files)

    @property
    def removed(self) -> int:
        """Lines that are gone."""
        return sum(file.removed for file in self.files)

    @property
    def tests_fewer(self) -> int:
        """How many tests there are less than before; 0 where there are as many or more."""
        return max(0, self.tests_removed - self.tests_added)


@dataclass(slots=True)
class _Part:
    """The part of one file while it is read."""

    change: FileChange
    old: bytes = b""
    new: bytes = b""
    gone: list[bytes] = field(default_factory=list)
    come: list[bytes] = field(default_factory=list)
    in_head: bool = True


def extent_of(patch: bytes) -> Extent:
    """The extent of a unified patch as git writes it."""
    parts: list[_Part] = []
    for line in patch.split(b"\n"):
        if line.startswith(b"diff --git "):
            parts.append(_Part(FileChange(path=_named(line.removeprefix(b"diff --git ")))))
        elif parts:
            _take(parts[-1], line)
    for part in parts:
        _settle(part)
    return Extent(
        files=tuple(part.change for part in parts),
        tests_added=count_tests(_sources((part.new, part.come) for part in parts)),
        tests_removed=count_tests(_sources((part.old, part.gone) for part in parts)),
    )


def _named(both: bytes) -> str:
    """The path of a head that names both sides: all there is of a binary file, or of one whose mode alone is new."""
    half = len(both) // 2
    old, new = both[:half], both[half + 1 :]
    path = new[2:] if old[2:] == new[2:] and (old[:2], new[:2]) == (b"a/", b"b/") else both
    return path.decode(errors="replace")


def _take(part: _Part, line: bytes) -> None:
    # In a hunk a line that begins with `--- ` is a removed one, so heads end at the first hunk.
    if line.startswith(b"@@"):
        part.in_head = False
    elif part.in_head:
        _take_head(part, line)
    elif line.startswith(b"+"):
        part.come.append(line[1:])
    elif line.startswith(b"-"):
        part.gone.append(line[1:])


def _take_head(part: _Part, line: bytes) -> None:
    for start, side in ((b"--- ", "old"), (b"+++ ", "new"), (b"rename from ", "old"), (b"rename to ", "new")):
        if line.startswith(start):
            path = line.removeprefix(start).rstrip(b"\t").strip(b'"')
            setattr(part, side, path if path == _NOWHERE or start.startswith(b"rename") else path[2:])
    part.change.binary |= line.startswith((b"Binary files ", b"GIT binary patch"))


def _settle(part: _Part) -> None:
    part.change.added, part.change.removed = len(part.come), len(part.gone)
    names = [name.decode(errors="replace") for name in (part.old, part.new) if name and name != _NOWHERE]
    if names:
        part.change.path = names[0] if names[0] == names[-1] else f"{names[0]} => {names[-1]}"


def _sources(sides: Iterable[tuple[bytes, list[bytes]]]) -> Iterable[tuple[bytes, bytes]]:
    return ((path, b"\n".join(lines)) for path, lines in sides)
