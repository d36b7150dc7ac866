"""A page in two forms: whole, and folded for a screen that the whole one would scroll off."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from rich.console import Console, ConsoleOptions, Group, RenderableType, RenderResult

from orchestrator.views.indent import lines_of

_PROMPT_LINES = 2
"""What the shell needs of the screen: the command that was typed, and the prompt after the page."""


@dataclass(frozen=True, slots=True)
class Fitting:
    """The whole page where it fits on the screen or is no terminal's, else the folded one."""

    whole: Sequence[RenderableType]
    folded: Sequence[RenderableType]

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """Render the form that fits."""
        yield from self.whole if self._fits(console, options) else self.folded

    def _fits(self, console: Console, options: ConsoleOptions) -> bool:
        if not console.is_terminal:
            return True
        lines = sum(1 for _ in lines_of(console, Group(*self.whole), options))
        return lines + _PROMPT_LINES <= console.height
