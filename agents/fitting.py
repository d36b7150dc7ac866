"""The sections that open a conversation, cut to budgets: the user's goals never, what others wrote as it must be."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

from agents.assignment import Assignment, Note
from agents.briefing import sections
from agents.conversation import chars_within
from agents.fence import cut
from agents.section import Section

LEAST_CHARS = 400
"""Less of a text tells nothing."""

MARKS_CHARS = 120
"""What the lines around a text that is data take."""


def fitted(told: Assignment, budgets: Mapping[str, int]) -> tuple[Section, ...]:
    """The sections, those that have a budget, in tokens by our estimate, at most about as long as that."""
    return tuple(_fitted(part, told, budgets.get(part.name)) for part in sections(told))


def _fitted(part: Section, told: Assignment, budget: int | None) -> Section:
    if budget is None or part.tokens <= budget:
        return replace(part, budget=budget)
    shorter = _SHORTER[part.name](told, chars_within(budget, part.text))
    text = next((each.text for each in sections(shorter) if each.name == part.name), "")
    note = f"cut from {part.tokens} tokens" if text else f"left out, all {part.tokens} tokens"
    return replace(part, text=text, whole=part.tokens, budget=budget, note=note)


def _reasons(told: Assignment, chars: int) -> Assignment:
    return replace(told, reasons=_notes(told.reasons, chars))


def _findings(told: Assignment, chars: int) -> Assignment:
    return replace(told, findings=_notes(told.findings, chars))


def _inspection(told: Assignment, chars: int) -> Assignment:
    seen = told.inspection
    if seen is None:
        return told
    return replace(
        told,
        inspection=replace(
            seen,
            diff=cut(seen.diff, int(chars * 0.6), hint=", see the files at /workspace"),
            stat=cut(seen.stat, int(chars * 0.1)),
            summary=cut(seen.summary, int(chars * 0.1)),
            verify_output=cut(seen.verify_output, int(chars * 0.1)),
        ),
    )


def _memory(told: Assignment, chars: int) -> Assignment:
    instructions = cut(told.instructions, chars if not told.memory else int(chars * 0.6))
    return replace(told, instructions=instructions, memory=_notes(told.memory, chars - len(instructions)))


def _notes(notes: tuple[Note, ...], chars: int) -> tuple[Note, ...]:
    """As many of the first as can be told of, each cut to its share; the others are left to `recall`."""
    most = max(0, chars // (LEAST_CHARS + MARKS_CHARS))
    told = notes[:most]
    share = chars // max(1, len(told)) - MARKS_CHARS
    hint = "; recall shows more"
    return tuple(replace(note, text=cut(note.text, share - len(hint) - 40, hint=hint)) for note in told)


_SHORTER: Mapping[str, Callable[[Assignment, int], Assignment]] = {
    "reasons": _reasons,
    "inspection": _inspection,
    "findings": _findings,
    "memory": _memory,
}
