"""What a script would do, item by item: the flat list that the walk makes and the judge judges."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import TypeAlias

from policies.shell.words import Word
from policies.verdict import Verdict


class Stdin(StrEnum):
    """Where a command's standard input comes from."""

    INHERITED = "inherited"
    PIPE = "a pipe"
    FILE = "a file"
    DATA = "a here-string"
    HEREDOC = "a here-document"
    QUOTED_HEREDOC = "a quoted here-document"


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """Where a command stands: directories it may run in (None: any), its input, functions that are surely defined."""

    cwds: frozenset[str | None]
    stdin: Stdin = Stdin.INHERITED
    functions: frozenset[str] = field(default_factory=frozenset)
    body: str = ""
    """The text of a here-document that is its input."""

    def fed_by(self, stdin: Stdin, body: str = "") -> Context:
        """The same with another input."""
        return replace(self, stdin=stdin, body=body)


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """A simple command: its name and arguments."""

    text: str
    words: tuple[Word, ...]
    context: Context


@dataclass(frozen=True, slots=True, kw_only=True)
class Redirection:
    """A redirection from or to a file; `writes` is true for all but `<`."""

    text: str
    target: Word
    writes: bool
    context: Context


@dataclass(frozen=True, slots=True, kw_only=True)
class Assignment:
    """A variable that is set, exported or unset; `values` are the words it may get."""

    text: str
    name: str
    values: tuple[Word, ...]
    context: Context


@dataclass(frozen=True, slots=True, kw_only=True)
class Mention:
    """Words that stand somewhere without being an argument: a loop's list, a case's pattern, a default value."""

    text: str
    words: tuple[Word, ...]
    context: Context


@dataclass(frozen=True, slots=True, kw_only=True)
class Function:
    """A function that is defined."""

    text: str
    name: str
    context: Context


@dataclass(frozen=True, slots=True, kw_only=True)
class Fixed:
    """A construct whose verdict is the same in every policy."""

    text: str
    verdict: Verdict
    rule: str
    why: str


Item: TypeAlias = Command | Redirection | Assignment | Mention | Function | Fixed
