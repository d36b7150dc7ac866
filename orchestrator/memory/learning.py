"""What an agent proposes to remember, as events that stand under its own run and task."""

from __future__ import annotations

from agents.agent import Outcome
from agents.events import NoteLearnt


def learnt(outcome: Outcome) -> tuple[NoteLearnt, ...]:
    """The notes of a result that was accepted."""
    talk = outcome.conversation
    notes = getattr(outcome.result, "learnt", ())
    return tuple(NoteLearnt(agent=talk.agent, step=talk.step, text=note) for note in notes)
