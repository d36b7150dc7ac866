"""What an answer to a question is bound to besides its text, in words."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from rich.text import Text

from agents.absence import ABSENT
from orchestrator.views.styles import FAINT
from orchestrator.views.words import one_line

_SHOWN_DIGITS = 12


def bound_view(bound: Mapping[str, str]) -> Iterator[Text]:
    """A line for each script that a command names, as it is now, and for each that a yes can't be bound to."""
    for path, content in sorted(bound.items()):
        name = path.removeprefix("/workspace/")
        if " " in content:
            yield one_line(f"{name}: a yes is {content}", FAINT)
        elif content != ABSENT:
            yield one_line(f"with {name} as it is now (sha256 {content[:_SHOWN_DIGITS]})", FAINT)
