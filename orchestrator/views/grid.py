"""Rows of short cells in columns, each with a text that stands beside them where there is room, else under them."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

from rich.console import Console, ConsoleOptions, RenderableType, RenderResult
from rich.text import Text

from orchestrator.views.indent import Indented
from orchestrator.views.styles import HEADING

_GAP = 2
_BELOW = 4
"""How far a row's text stands to the right where it stands under the row."""

_ROOM = 36
"""A text beside its row in less than this is a column of single words."""


@dataclass(frozen=True, slots=True)
class Row:
    """Cells, which are never cut, and a text that wraps; no text where there is nothing to say."""

    cells: tuple[Text, ...]
    text: RenderableType | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Grid:
    """Rows under the `names` of their columns, without a heading where these are empty; `right` are those of numbers.

    `spare` are columns that a narrow terminal does without, the first to go first; those of them that `spill` stand in
    the texts instead. `text_name` is the name of the texts where they stand beside.
    """

    names: tuple[str, ...]
    rows: Sequence[Row]
    right: Collection[int] = ()
    spare: tuple[int, ...] = ()
    spill: Collection[int] = ()
    text_name: str = ""

    def __rich_console__(self, _: Console, options: ConsoleOptions) -> RenderResult:
        """Render as many columns as there is room for."""
        widths = self._widths(options.max_width)
        start = sum(width + _GAP for width in widths.values())
        beside = start if options.max_width - start >= _ROOM else None
        if any(self.names):
            title = Text(self.text_name, style=HEADING) if beside and self.text_name else None
            names = tuple(Text(name, style=HEADING) for name in self.names)
            yield from _shown(self._line(names, widths), title, beside)
        for row in self.rows:
            yield from _shown(self._line(row.cells, widths), self._text(row, widths), beside)

    def _widths(self, room: int) -> dict[int, int]:
        """The columns that are shown, and how wide they are."""
        widths = {
            at: max([len(name), *(row.cells[at].cell_len for row in self.rows)]) for at, name in enumerate(self.names)
        }
        for at in self.spare:
            if sum(widths.values()) + _GAP * (len(widths) - 1) > room:
                del widths[at]
        return widths

    def _line(self, cells: tuple[Text, ...], widths: dict[int, int]) -> Text:
        line = Text(no_wrap=True, overflow="ignore")
        for at, width in widths.items():
            cell = cells[at].copy()
            cell.align("right" if at in self.right else "left", max(width, cell.cell_len))
            line.append_text(cell).append(" " * _GAP)
        return line

    def _text(self, row: Row, widths: dict[int, int]) -> RenderableType | None:
        gone = [at for at in sorted(self.spill) if at not in widths]
        if not gone:
            return row.text
        spilt = Text(", ").join(Text(f"{self.names[at].lower()} ".lstrip()) + row.cells[at] for at in gone)
        if not isinstance(row.text, Text):
            return spilt
        return row.text.blank_copy() + spilt + Text("; ") + row.text


def _shown(line: Text, text: RenderableType | None, beside: int | None) -> Iterator[RenderableType]:
    if text is not None and beside is not None:
        yield Indented(text, beside, line)
        return
    line.rstrip()
    yield line
    if text is not None:
        yield Indented(text, _BELOW)
