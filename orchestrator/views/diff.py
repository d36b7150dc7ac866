"""A unified diff in colour; its content is an agent's and is made harmless."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from rich.cells import cell_len, chop_cells
from rich.console import Console, ConsoleOptions, RenderResult
from rich.segment import Segment

from orchestrator.views.styles import BAD, GOOD, HEADING
from orchestrator.views.words import TAB_COLUMNS
from policies.printable import printable

_STYLES = (
    ("diff --git ", HEADING),
    ("index ", HEADING),
    ("--- ", HEADING),
    ("+++ ", HEADING),
    ("@@", "cyan"),
    ("+", GOOD),
    ("-", BAD),
)


_GOES_ON = "↪ "


@dataclass(frozen=True, slots=True)
class Diff:
    """A patch, a style for each kind of line; a line that is too long is broken where the terminal ends.

    Changes have tens of thousands of lines, which wrapping word by word takes seconds for.
    """

    patch: bytes

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """Render line by line."""
        for line, style in styled_lines(self.patch):
            for part in _broken(line, options.max_width):
                yield Segment(part, console.get_style(style) if style else None)
                yield Segment.line()


def _broken(line: str, width: int) -> list[str]:
    """A line in as many parts as it takes; that a part goes on is marked, for it could pass for a line of its own."""
    if cell_len(line) <= width:
        return [line]
    first = chop_cells(line, width)[0]
    rest = chop_cells(line[len(first) :], width - len(_GOES_ON))
    return [first, *(f"{_GOES_ON}{part}" for part in rest)]


def styled_lines(patch: bytes) -> Iterator[tuple[str, str]]:
    """The lines of a patch, harmless, each with its style."""
    in_head = True
    for raw in patch.removesuffix(b"\n").split(b"\n"):
        line = raw.decode(errors="replace").expandtabs(TAB_COLUMNS)
        in_head = line.startswith("diff --git ") or (in_head and not line.startswith("@@"))
        if in_head and line.startswith("index "):
            continue  # two object ids that no reader needs, wider than a terminal
        yield printable(line), _style(line, in_head=in_head)


def _style(line: str, *, in_head: bool) -> str:
    # A removed line that begins with `--` looks like a file's name, so the two are told apart by where they stand.
    for start, style in _STYLES:
        if line.startswith(start) and (style != HEADING or in_head):
            return style
    return ""
