"""The words that open a conversation, and those that send it into another round."""

from __future__ import annotations

from collections.abc import Iterator

from agents.assignment import Assignment, Inspection, Note
from agents.fence import cut, fence
from agents.model import Message
from agents.remembered import remembered
from agents.roles import ROLES

NOTE_CHARS = 12_000
DIFF_CHARS = 60_000
OUTPUT_CHARS = 12_000


def opening(assignment: Assignment) -> tuple[Message, ...]:
    """System prompt and task: the goals verbatim and first, then what others wrote, marked as data."""
    system = ROLES[assignment.role].system_prompt()
    sections = [*_goals(assignment), *_told(assignment), *remembered(assignment)]
    return Message(role="system", content=system), Message(role="user", content="\n\n".join(sections))


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
    for note in assignment.reasons:
        yield _note("How it ended: " if note.kind == "attempt" else "Why it came back: ", note)
    for note in assignment.findings:
        yield _note("Found by ", note)


def _note(kind: str, note: Note) -> str:
    return fence(kind + note.source, cut(note.text, NOTE_CHARS))


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
