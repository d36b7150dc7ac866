"""What a reader gets of a page: on a terminal of some size, plain or in colour, or through a pipe."""

from __future__ import annotations

import io
from collections.abc import Iterable
from dataclasses import dataclass

from rich.console import Console, RenderableType

from orchestrator.cli.terminal import UNBOUNDED_COLUMNS


@dataclass(frozen=True, slots=True)
class Screen:
    """Where a page is shown; a pipe has no height."""

    columns: int
    lines: int | None = None


NARROW = Screen(80, 24)
TALL = Screen(80, 500)
WIDE = Screen(200, 50)
PIPE = Screen(UNBOUNDED_COLUMNS)


def shown(parts: Iterable[RenderableType], screen: Screen = TALL, *, colour: bool = False) -> str:
    """The characters that are written for a page."""
    terminal = screen.lines is not None
    console = Console(
        file=io.StringIO(),
        width=screen.columns,
        height=screen.lines,
        force_terminal=terminal,
        color_system="standard" if colour else None,
        markup=False,
        highlight=False,
        emoji=False,
        legacy_windows=False,
    )
    for part in parts:
        console.print(part, crop=False)
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()
