"""What the agents of one run remember, each by what it is told."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from agents.assignment import Assignment
from orchestrator.memory.past import JournalPast
from orchestrator.plan.models import MAIN


@dataclass(frozen=True, slots=True, kw_only=True)
class RunMemory:
    """The memory of a run; `journal` is the file that its events are in."""

    run: str
    journal: Path

    def past(self, told: Assignment) -> JournalPast:
        """What the agent of an assignment can look back at."""
        return JournalPast(
            journal=self.journal,
            run=self.run,
            task=None if told.task == MAIN else told.task,
            agent=told.agent,
            told={f"found by {note.source}": note.text for note in told.findings},
        )
