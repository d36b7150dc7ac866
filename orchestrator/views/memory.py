"""What is remembered: the repository's files, the notes that were kept, and the proposals that wait."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from rich.console import RenderableType
from rich.text import Text

from agents.past import Hit
from orchestrator.memory.notes import NOTE_CHARS, StoredNote
from orchestrator.memory.project import ProjectMemory
from orchestrator.views.indent import Indented
from orchestrator.views.styles import FAINT, HEADING, style_of
from orchestrator.views.typed import Labelled, typed
from orchestrator.views.words import one_line, plural, size

PROPOSALS = "proposals, which no agent is shown until you keep them"


def memory_view(
    project: ProjectMemory | None, kept: Sequence[StoredNote], proposed: Sequence[StoredNote]
) -> Iterator[RenderableType]:
    """All of it, the proposals last with the commands that decide; without a `project` the proposals alone."""
    if project is not None:
        yield from _files(project)
        yield Text(f"notes that were kept: {len(kept) or 'none'}", HEADING)
        yield from _notes(kept)
    yield Text(f"{PROPOSALS}: {len(proposed) or 'none'}", HEADING)
    yield from _notes(proposed)
    if proposed:
        yield Labelled(Text("keep one:"), typed("memory", "keep", proposed[0].id))
        yield Labelled(Text("or drop it:"), typed("memory", "forget", proposed[0].id))


def found_view(notes: Sequence[StoredNote], hits: Sequence[Hit]) -> Iterator[RenderableType]:
    """What a search found: notes with their states, then lines of the repository's files."""
    for note in notes:
        yield from _note(note, state=True)
    for hit in hits:
        for line in hit.lines:
            yield Text.assemble(one_line(hit.place, FAINT), (": ", FAINT), one_line(line))


def memory_json(
    project: ProjectMemory, commit: str | None, kept: Sequence[StoredNote], proposed: Sequence[StoredNote]
) -> dict[str, Any]:
    """The same for programs."""
    return {
        "commit": commit,
        "files": [{"path": path, "bytes": len(text.encode())} for path, text in project.files.items()],
        "left_out": [{"path": path, "why": why} for path, why in project.left_out.items()],
        "notes": notes_json([*kept, *proposed]),
    }


def found_json(notes: Sequence[StoredNote], hits: Sequence[Hit]) -> dict[str, Any]:
    """What a search found, for programs."""
    return {
        "notes": notes_json(notes),
        "files": [{"path": hit.place, "lines": list(hit.lines)} for hit in hits],
    }


def notes_json(notes: Sequence[StoredNote]) -> list[dict[str, Any]]:
    """Notes with their sources."""
    return [
        {
            "id": note.id,
            "state": note.state,
            "text": note.text,
            "run": note.run,
            "task": note.task,
            "agent": note.agent,
            "step": note.step,
            "learnt_at": note.learnt_at,
            "kept_at": note.kept_at,
            "times": note.times,
        }
        for note in notes
    ]


def _files(project: ProjectMemory) -> Iterator[RenderableType]:
    yield Text(f"files of the repository: {len(project.files) or 'none'}", HEADING)
    for path, text in project.files.items():
        yield Indented(Text.assemble(one_line(path), (f"  {size(len(text.encode()))}", FAINT)), 2)
    for path, why in project.left_out.items():
        yield Indented(Text.assemble(one_line(path), (f"  not read: {why}", style_of("refused"))), 2)


def _notes(notes: Sequence[StoredNote]) -> Iterator[RenderableType]:
    for note in notes:
        yield from _note(note)


def _note(note: StoredNote, *, state: bool = False) -> Iterator[RenderableType]:
    yield Indented(one_line(note.text, limit=NOTE_CHARS), 8, Text(f"  {note.id}"))
    again = f", proposed {plural(note.times, 'time')}" if note.times > 1 else ""
    yield Indented(one_line(f"{f'{note.state}; ' if state else ''}{note.source}{again}", FAINT), 8)
