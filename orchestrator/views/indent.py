"""A part of a page that stands to the right of its margin, wrapped lines included, without padding behind it."""

from __future__ import annotations

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
        for line in console.render_lines(self.body, inner, pad=False):
            if head is not None:
                yield from head.render(console)
                yield Segment(" " * (self.columns - head.cell_len))
            elif line:
                yield Segment(" " * self.columns)
            head = None
            yield from line
            yield Segment.line()
