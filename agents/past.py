"""The seam to what was before: an agent's steps, what others found for it, and what is remembered between runs.

Nothing of it is kept in a conversation, so that it outlasts a rebuilt context and another process.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from agents.work_done import WorkDone


@dataclass(frozen=True, slots=True, kw_only=True)
class Deed:
    """One call of a step: `what` was called with its arguments, and what came `out`, as far as the journal has it."""

    what: str
    out: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Hit:
    """A place where words of a search stand: a step, a task's findings, a file, a note; its best lines, in order."""

    place: str
    lines: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """The best places of a search, best first, and how many `more` there are."""

    hits: tuple[Hit, ...] = ()
    more: int = 0


class Past(Protocol):
    """What one agent can look back at; all that comes from it is data.

    That is its own steps and those of others of its role at the same task, what the needed tasks handed over, the
    memory of the repository, and the notes that a human kept. What another task did is not in it.
    """

    async def step(self, agent: str, number: int) -> tuple[Deed, ...]:
        """What a step did, call by call; empty where there is none, or none that may be seen."""
        ...

    async def text(self, name: str) -> str | None:
        """The whole text that has this name: a needed task, a file of the memory, a note; None where there is none."""
        ...

    async def search(self, words: Sequence[str], *, before: int) -> Found:
        """Where the words stand, whatever their case; of the agent's own steps in those `before` this one."""
        ...

    async def work_done(self) -> WorkDone:
        """What the agent did so far, in all its steps: what a rebuilt context stands on."""
        ...


def named(told: Mapping[str, str], name: str) -> str | None:
    """Of texts by their names the one that is called so; behind a name may stand in brackets where it comes from."""
    return told.get(name) or next((text for full, text in told.items() if full.startswith(f"{name} (")), None)


class NoPast:
    """For an agent that nothing is written down of."""

    async def step(self, agent: str, number: int) -> tuple[Deed, ...]:
        """There is none."""
        return ()

    async def text(self, name: str) -> str | None:
        """There is none."""
        return None

    async def search(self, words: Sequence[str], *, before: int) -> Found:
        """Nothing is found."""
        return Found()

    async def work_done(self) -> WorkDone:
        """Nothing is known of any step, so that no context can be rebuilt on it."""
        return WorkDone(agent="")
