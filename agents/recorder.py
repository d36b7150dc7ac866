"""The seam to the journal: whoever acts records first."""

from __future__ import annotations

from typing import Protocol

from agents.events import Event


class Recorder(Protocol):
    """Takes events of one task (or of the run itself)."""

    async def record(self, *events: Event) -> None:
        """Commit the events, in order and together, before their effect is relied upon."""
        ...
