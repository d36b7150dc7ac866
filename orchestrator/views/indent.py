"""A part of a page that stands to the right of its margin, wrapped lines included, without blanks behind it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from rich.console import Console, ConsoleOptions, RenderableType, RenderResult
from rich.segment import Segment
from rich.text import Text

_NARROWEST = 20


@dataclass(frozen=True, slots=True)
class Indented:
    """`body`, moved to the right by `columns`; its first line begins with `head`, which is at most that wide."""

    body: RenderableType
    columns: int = 2
    head: Text | None = None

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """Render the body in what is left of the width."""
        inner = options.update(width=max(_NARROWEST, options.max_width - self.columns))
        head = self.head
        for line in lines_of(console, self.body, inner):
            before = list(head.render(console)) if head is not None else []
            before.append(Segment(" " * (self.columns - (head.cell_len if head is not None else 0))))
            head = None
            yield from _trimmed([*before, *line])
            yield Segment.line()


@dataclass(frozen=True, slots=True)
class Hanging:
    """`body`, whose first line begins with `head` and each further one with `rest`, which are equally wide."""

    body: RenderableType
    head: Text
    rest: Text

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """Render the body in what is left of the width."""
        before = self.head
        inner = options.update(width=max(_NARROWEST, options.max_width - self.head.cell_len))
        for line in lines_of(console, self.body, inner):
            yield from _trimmed([*before.render(console), *line])
            yield Segment.line()
            before = self.rest


@dataclass(frozen=True, slots=True)
class Marked:
    """Lines, each behind the same mark; where one wraps, its rest stands under its beginning."""

    body: Text
    mark: Text

    def __rich_console__(self, _: Console, __: ConsoleOptions) -> RenderResult:
        """Render line by line."""
        for line in self.body.split("\n", allow_blank=True):
            yield Indented(line, self.mark.cell_len, self.mark)


def lines_of(console: Console, body: RenderableType, options: ConsoleOptions) -> Iterator[list[Segment]]:
    """The lines of a body; one that may not be broken, as a command line, is longer than the width and stays whole."""
    return iter(Segment.split_lines(console.render(body, options)))


def _trimmed(line: Iterable[Segment]) -> Iterator[Segment]:
    kept = list(line)
    while kept and not kept[-1].text.rstrip(" "):
        kept.pop()
    yield from kept[:-1]
    for last in kept[-1:]:
        yield Segment(last.text.rstrip(" "), last.style, last.control)
