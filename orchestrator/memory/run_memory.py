"""The memory of one run: what its agents are told at the start, and what each can look back at."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from agents.assignment import Assignment, Note
from agents.ranking import Ranking
from agents.redact import Redactor
from orchestrator.airlock.git import Git
from orchestrator.journal.state import RunState
from orchestrator.journal.store import JournalStore
from orchestrator.memory.notes import NoteStore
from orchestrator.memory.origins import ForkPoint, before, origins
from orchestrator.memory.past import JournalPast
from orchestrator.memory.project import ProjectMemory, read_project
from orchestrator.plan.models import MAIN

KEPT = "notes that earlier runs learnt and a human kept"
KEPT_CHARS = 4000

_WORD = re.compile(r"\w{3,}")


@dataclass(frozen=True, slots=True, kw_only=True)
class RunMemory:
    """`project` is the repository's own; `kept` are the notes of earlier runs by name, newest first.

    `origins` are the checkpoints that led to this run, where it was forked, the newest first.
    """

    run: str
    journal: Path
    project: ProjectMemory = field(default_factory=ProjectMemory)
    kept: dict[str, str] = field(default_factory=dict)
    origins: tuple[ForkPoint, ...] = ()

    @property
    def instructions(self) -> str:
        """The text of AGENTS.md at the top."""
        return self.project.instructions

    def notes(self, goal: str, paths: Sequence[str] = ()) -> tuple[Note, ...]:
        """What an agent is told besides, most important first: files for its paths, the memory, notes for its goal."""
        notes = self.project.notes(paths)
        kept = "\n".join(self._kept_for(goal))
        return (*notes, Note(source=KEPT, text=kept)) if kept else notes

    def past(self, told: Assignment) -> JournalPast:
        """What the agent of an assignment can look back at."""
        findings = {f"found by {note.source}": note.text for note in told.findings}
        return JournalPast(
            journal=self.journal,
            run=self.run,
            task=None if told.task == MAIN else told.task,
            agent=told.agent,
            told={**findings, **self.project.files, **self.kept},
            # A fork counts the conversations of its gates anew: those of before have the same names and are not these.
            before=before(self.origins, told.task) if told.inspection is None else (),
        )

    def _kept_for(self, goal: str) -> Iterator[str]:
        """A line for each note, those with words of the goal first, as many as there is room for."""
        ranking = Ranking(_WORD.findall(goal))
        for name, text in self.kept.items():
            ranking.look(name, text)
        wanted = dict.fromkeys([*(hit.place for hit in ranking.found().hits), *self.kept])
        left = KEPT_CHARS
        for number, name in enumerate(wanted):
            line = f"{name}: {self.kept[name]}"
            left -= len(line)
            if left < 0:
                yield f"({len(wanted) - number} more, which recall searches)"
                return
            yield line


def load_memory(
    state: RunState,
    state_directory: Path,
    journal: JournalStore,
    git: Git,
    *,
    redactor: Redactor,
    say: Callable[[str], None],
) -> RunMemory:
    """The memory as a run begins with it; raises GitFailed."""
    project = read_project(git, state.base_before, redactor)
    for path, why in project.left_out.items():
        say(f"note: {path} is not read: {why}")
    return RunMemory(
        run=state.run,
        journal=journal.path,
        project=project,
        origins=tuple(origins(journal, state.forked_from)),
        kept=_kept(state_directory / "memory.db", journal, project, redactor, say),
    )


def _kept(
    path: Path, journal: JournalStore, project: ProjectMemory, redactor: Redactor, say: Callable[[str], None]
) -> dict[str, str]:
    try:
        with NoteStore(path) as store:
            store.take_in(journal.all_of_kind("note learnt"))
            notes = store.notes("kept")
    except (sqlite3.Error, OSError) as error:
        # No run has to wait for what it could do without.
        say(f"note: what earlier runs learnt can't be read: {path}: {error}")
        return {}
    # A note that was taken over into a file of the memory is told by that file.
    return {
        f"{note.id} ({note.source})": redactor.text(note.text)
        for note in notes
        if not any(note.text in text for text in project.files.values())
    }
