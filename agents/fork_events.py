"""What a run that was forked from another begins with: where it comes from, what was done there, and what was said."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from agents.model import Message
from agents.step_events import JournalEvent


class ForkedFrom(BaseModel):
    """The checkpoint that a run was forked at; `head` is the hash of the event that tells of it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    run: str
    task: str
    checkpoint: int
    commit: str
    head: str


class TaskTakenOver(JournalEvent):
    """A task was done already where the run was forked: it counts as done here, `landed` at the same commit."""

    kind: Literal["task taken over"] = "task taken over"
    state: Literal["merged", "landed", "ready"]
    commit: str | None = None
    landed: str | None = None
    result: dict[str, Any] | None = None
    why: str | None = None


class ConversationTakenOver(JournalEvent):
    """What an agent had said and heard up to `step` of a round where the run was forked: it goes on from there.

    `answered` counts its answers, also those that were folded away, `ceiling` is the most tokens a prompt may have.
    """

    kind: Literal["conversation taken over"] = "conversation taken over"
    agent: str
    step: int
    round: int
    answered: int = 0
    ceiling: int | None = None
    messages: list[Message] = Field(default_factory=list)
