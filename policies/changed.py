"""A changed file as the rules on changes look at it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

REGULAR, SYMLINK, GITLINK = 0o100000, 0o120000, 0o160000
_TYPE = 0o170000


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One file of a diff; modes are git's, 0 where there is no file.

    `added_text` and `removed_text` are what the added and removed lines hold; `hunks` where in the new file added lines
    stand, as (first line, how many). `before` and `after` read the whole content, for rules that need it; that of a
    symbolic link is where it leads. A file that was moved is deleted and added, and was `moved_from` there.
    """

    path: bytes
    status: Literal["added", "modified", "deleted"]
    old_mode: int
    new_mode: int
    added_lines: int
    removed_lines: int
    binary: bool
    added_text: str
    removed_text: str = ""
    hunks: tuple[tuple[int, int], ...] = ()
    moved_from: bytes | None = None
    before: Callable[[], bytes] = bytes
    after: Callable[[], bytes] = bytes

    @property
    def kind(self) -> int:
        """What it is now: one of REGULAR, SYMLINK and GITLINK, something else, or 0 where it is gone."""
        return self.new_mode & _TYPE

    def line(self, index: int) -> int:
        """The number in the new file of the added line at `index`, counted from 0; 0 where it is not known."""
        for first, count in self.hunks:
            if index < count:
                return first + index
            index -= count
        return 0
