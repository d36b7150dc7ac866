"""The memory of the repository as an agent is told it: most important first, within a budget, as data."""

from __future__ import annotations

from collections.abc import Iterator

from agents.assignment import Assignment, Note
from agents.fence import cut, fence, one_line

INSTRUCTIONS_CHARS = 32_000
MEMORY_CHARS = 16_000
"""For what there is besides AGENTS.md: under 4,500 tokens, which every request of a conversation has."""

LEAST_CHARS = 1000
"""Less than this of a file tells nothing: it is only named."""

MOST_NAMES = 30


def remembered(told: Assignment, *, budget_chars: int = MEMORY_CHARS) -> Iterator[str]:
    """AGENTS.md, and of the other notes as many as `budget_chars` hold; what did not fit is named for `recall`."""
    if told.instructions:
        title = "AGENTS.md of the repository, how its owners want work done; the goals come first"
        yield fence(title, cut(told.instructions, INSTRUCTIONS_CHARS))
    left, unread = budget_chars, []
    for note in told.memory:
        if len(note.text) > left and left < LEAST_CHARS:
            unread.append(note)
            continue
        text = cut(note.text, left, hint=f"; recall `{one_line(note.source)}` shows more")
        yield fence(f"Memory of the repository: {one_line(note.source)}", text)
        left -= len(text)
    if unread:
        yield fence("Memory that did not fit; recall shows each by its name", _names(unread))


def _names(notes: list[Note]) -> str:
    more = [f"and {len(notes) - MOST_NAMES} more"] if len(notes) > MOST_NAMES else []
    return "\n".join([*(one_line(note.source) for note in notes[:MOST_NAMES]), *more])
