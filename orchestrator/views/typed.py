"""Command lines to type or paste: on one line, or broken as a shell takes it where the terminal is too narrow."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from dataclasses import dataclass

from rich.console import Console, ConsoleOptions, RenderResult
from rich.text import Text

from orchestrator.views.indent import Indented
from policies.printable import printable

PROGRAM = "mimo-orchestrate"

_FURTHER = 4
_BREAK = " \\"


@dataclass(frozen=True, slots=True)
class Typed:
    """A command line of ours; its words are never cut, not even where one is wider than the terminal."""

    words: tuple[str, ...]

    def __rich_console__(self, _: Console, options: ConsoleOptions) -> RenderResult:
        """Render it, every line but the last with a backslash at its end."""
        for line in broken([PROGRAM, *map(shlex.quote, self.words)], options.max_width):
            yield Text(printable(line), no_wrap=True, overflow="ignore")

    def __str__(self) -> str:
        """The command line as one line."""
        return " ".join([PROGRAM, *map(shlex.quote, self.words)])


@dataclass(frozen=True, slots=True)
class Labelled:
    """A command line or a text behind what it is; under it, where both have no room on one line.

    So no part of a text that an agent chose ever begins a line of the page's own margin.
    """

    label: Text
    body: Typed | Text

    def __rich_console__(self, _: Console, options: ConsoleOptions) -> RenderResult:
        """Render it on one line, or on several."""
        body = Text(printable(str(self.body))) if isinstance(self.body, Typed) else self.body
        line = Text.assemble(self.label, " ", body)
        if "\n" not in body.plain and line.cell_len <= options.max_width:
            yield line
        else:
            yield self.label
            yield Indented(self.body, _FURTHER)


def typed(*words: str) -> Typed:
    """The program with these arguments."""
    return Typed(words)


def broken(words: Sequence[str], width: int) -> list[str]:
    """The words in as few lines as fit `width`, joined as a shell joins them."""
    whole = " ".join(words)
    if len(whole) <= width:
        return [whole]
    lines: list[str] = []
    line = ""
    for word in words:
        longer = f"{line} {word}" if line.strip() else f"{line}{word}"
        if line.strip() and len(longer) + len(_BREAK) > width:
            lines.append(line + _BREAK)
            longer = " " * _FURTHER + word
        line = longer
    return [*lines, line]
