"""What is written when a run goes on: that it does, what was lost with the program, and with the store of the runs."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field

from agents.step_events import JournalEvent, Source


class RunResumed(JournalEvent):
    """The run goes on in a new process; `options` holds what was granted or changed."""

    kind: Literal["run resumed"] = "run resumed"
    program: str
    options: dict[str, Any] = Field(default_factory=dict)


class CommandInterrupted(JournalEvent):
    """A command whose effect was lost with the program; written when the run goes on, and told to its agent."""

    kind: Literal["command interrupted"] = "command interrupted"
    id: str
    source: Source = "agent"
    agent: str | None = None
    step: int | None = None
    command: str
    why: str


class StoreRemade(JournalEvent):
    """The store of what the runs made was gone or broken: the run goes on from `tip`, the `lost` tasks begin anew."""

    kind: Literal["store remade"] = "store remade"
    tip: str
    lost: list[str] = Field(default_factory=list)
    why: str
