"""What is used of a limit, in words."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from rich.text import Text

from orchestrator.run.usage import Used
from orchestrator.views.styles import FAINT, style_of
from orchestrator.views.words import count, dollars, duration, one_line

NEARLY = 0.8
"""The part of a limit from which on it is pointed at."""


def own_limits(rows: Iterable[Used]) -> Iterator[Text]:
    """A line for the limits of roles and tasks; those of the run are told elsewhere."""
    told = [_one(row) for row in rows if "." in row.name]
    if told:
        yield Text.assemble(("of their own: ", FAINT), Text(", ", style=FAINT).join(told))


def amount(key: str, value: float) -> str:
    """So much of a dimension."""
    match key:
        case "cost":
            return dollars(value)
        case "wall" | "cpu":
            return duration(value)
        case "tokens":
            return count(int(value))
        case _:
            return f"{value:.0f}"


def _one(row: Used) -> Text:
    said = f"{row.name} {amount(row.key, row.used)} of {amount(row.key, row.limit)}"
    return one_line(said, style_of("waiting") if row.used >= NEARLY * row.limit else FAINT)
