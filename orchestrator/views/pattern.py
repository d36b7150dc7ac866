"""Patterns of rules, `ls|cat|head`, that wrap between their alternatives and not within a word."""

from __future__ import annotations

import re
from dataclasses import dataclass

from rich.cells import cell_len
from rich.console import Console, ConsoleOptions, RenderResult
from rich.text import Text

_PIECE = re.compile(r"[^|\s]*[|\s]*")


@dataclass(frozen=True, slots=True)
class Alternatives:
    """A pattern, harmless already, in as few lines as there is room for."""

    pattern: str

    def __rich_console__(self, _: Console, options: ConsoleOptions) -> RenderResult:
        """Render it line by line."""
        line = ""
        for piece in _PIECE.findall(self.pattern):
            if line and cell_len(line + piece.rstrip()) > options.max_width:
                yield Text(line)
                line = ""
            line += piece
        yield Text(line)
