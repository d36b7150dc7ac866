"""The words that open a conversation, and those that send it into another round."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from agents.assignment import Assignment, Inspection, Note
from agents.fence import cut, fence
from agents.model import Message
from agents.remembered import remembered
from agents.roles import ROLES
from agents.section import Section

NOTE_CHARS = 12_000
DIFF_CHARS = 60_000
OUTPUT_CHARS = 12_000


def opening(assignment: Assignment) -> tuple[Message, ...]:
    """System prompt and task: the goals verbatim and first, then what others wrote, marked as data."""
    return opened(sections(assignment))


def opened(parts: Iterable[Section]) -> tuple[Message, Message]:
    """The first two messages: the first section is the system prompt, and the others are the task."""
    role, *task = parts
    system = Message(role="system", content=role.text)
    return system, Message(role="user", content="\n\n".join(part.text for part in task if part.text))


def sections(assignment: Assignment) -> tuple[Section, ...]:
    """All that a conversation opens with, part by part; those that are empty are left out, but for the first two."""
    seen, notes = assignment.inspection, assignment.findings
    parts = [
        Section(name="role", source="the program", text=ROLES[assignment.role].system_prompt()),
        Section(name="task", source="the plan", text=_joined(_goals(assignment))),
        Section(name="inspection", source="the change", text=_joined(_inspection(seen)) if seen is not None else ""),
        Section(name="reasons", source=_sources(assignment.reasons), text=_joined(map(_reason, assignment.reasons))),
        Section(name="findings", source=_sources(notes), text=_joined(_note("Found by ", note) for note in notes)),
        Section(name="memory", source=_remembered_from(assignment), text=_joined(remembered(assignment))),
    ]
    return tuple(part for place, part in enumerate(parts) if place < 2 or part.text)


def next_round(assignment: Assignment) -> Message:
    """What an agent is told that finished before and whose work came back."""
    sections = [
        f"Round {assignment.round}: your work came back. The files at /workspace are as they stand now.",
        *_goals(assignment),
        *_told(assignment),
        "Mend what the reasons name, then finish again.",
    ]
    return Message(role="user", content="\n\n".join(sections))


def _goals(assignment: Assignment) -> Iterator[str]:
    yield f"# The goal of the whole run\n{assignment.run_goal}"
    yield f"# The goal of your task, {assignment.task}\n{assignment.task_goal}"
    if assignment.paths:
        yield f"What may be changed: {', '.join(assignment.paths)}. Anything else is refused."
    if assignment.hosts:
        hosts = ", ".join(assignment.hosts)
        yield f"Network: commands reach these hosts and no other, through the proxy of their environment: {hosts}."
    if assignment.advice:
        yield f"# How to go about it this time\n{cut(assignment.advice, NOTE_CHARS)}"


def _told(assignment: Assignment) -> Iterator[str]:
    if assignment.inspection is not None:
        yield from _inspection(assignment.inspection)
    yield from map(_reason, assignment.reasons)
    for note in assignment.findings:
        yield _note("Found by ", note)


def _reason(note: Note) -> str:
    return _note("How it ended: " if note.kind == "attempt" else "Why it came back: ", note)


def _note(kind: str, note: Note) -> str:
    return fence(kind + note.source, cut(note.text, NOTE_CHARS))


def _joined(texts: Iterable[str]) -> str:
    return "\n\n".join(texts)


def _sources(notes: Iterable[Note]) -> str:
    return ", ".join(dict.fromkeys(note.source for note in notes))


def _remembered_from(assignment: Assignment) -> str:
    files = ["AGENTS.md"] if assignment.instructions else []
    return ", ".join([*files, *(note.source for note in assignment.memory)])


def _inspection(seen: Inspection) -> Iterator[str]:
    if seen.summary:
        yield fence("The editor's own summary", cut(seen.summary, NOTE_CHARS))
    if seen.tests_before is not None and seen.tests_after is not None:
        fewer = " FEWER TESTS THAN BEFORE: find out why." if seen.tests_after < seen.tests_before else ""
        yield f"Tests: {seen.tests_before} before the change, {seen.tests_after} after it.{fewer}"
    if seen.stat:
        yield fence("Files changed", cut(seen.stat, OUTPUT_CHARS))
    if seen.verify_output:
        yield fence("Output of the task's checks", cut(seen.verify_output, OUTPUT_CHARS))
    yield fence("The diff", cut(seen.diff, DIFF_CHARS, hint=", see the files at /workspace"))
