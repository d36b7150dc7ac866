"""Who told an agent what at the beginning of a round, in the order in which it reads it."""

from __future__ import annotations

from collections.abc import Iterator

from agents.assignment import Assignment
from agents.events import NoteKind, Told
from agents.fence import one_line

SHORT_CHARS = 160
"""Enough to know a text again; the whole of it is in the request."""


def told(assignment: Assignment) -> list[Told]:
    """All that others said and that `agents.briefing` puts before the agent in this round."""
    return [*_from_above(assignment), *_from_others(assignment)]


def _from_above(given: Assignment) -> Iterator[Told]:
    if given.advice:
        yield _told("the coordinator", "advice", given.advice)
    if given.instructions and given.round == 1:
        yield _told("AGENTS.md", "instructions", given.instructions)


def _from_others(given: Assignment) -> Iterator[Told]:
    if given.inspection is not None:
        yield _told(given.task, "change", given.inspection.summary)
    for note in (*given.reasons, *given.findings):
        yield _told(note.source, note.kind, note.text)
    for note in given.memory if given.round == 1 else ():
        yield _told(note.source, "memory", note.text)


def _told(source: str, kind: NoteKind, text: str) -> Told:
    return Told(source=source, kind=kind, text=one_line(" ".join(text.split()), SHORT_CHARS), chars=len(text))
