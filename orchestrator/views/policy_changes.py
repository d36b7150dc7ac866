"""How a judged change looks on a terminal."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from rich.console import RenderableType
from rich.text import Text

from orchestrator.views.decision import decision_view
from orchestrator.views.styles import FAINT
from orchestrator.views.words import plural


def changes_view(decision: Mapping[str, Any]) -> Iterator[RenderableType]:
    """The verdict, then each finding with its rule, place and reason; of the files without any how many there are."""
    found = [part for part in decision["parts"] if part["verdict"] != "allow"]
    others = len(decision["parts"]) - len(found)
    yield from decision_view({**decision, "parts": found})
    if others:
        yield Text(f"{plural(others, 'file')} that no rule stops", style=FAINT)
