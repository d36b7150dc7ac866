"""A tool as an agent has it: what a model sees of it, what it takes, and what it does."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel, ConfigDict

from agents.execution import Edited, JudgedSandbox, NotStarted, Place, Ran, Refused
from agents.past import Past

Outcome = Ran | NotStarted | Edited | Refused | str
"""What came of a call; a text of ours is shown as it is, and nothing happened in the sandbox."""


class Arguments(BaseModel):
    """Base of what a tool takes: a model's word, so checked, and without anything more."""

    model_config = ConfigDict(frozen=True, extra="forbid")


@dataclass(frozen=True, slots=True, kw_only=True)
class Reach:
    """What a call of `agent` can reach: the judged sandbox, what was before, and its own place in that."""

    agent: str
    sandbox: JudgedSandbox
    past: Past
    place: Place


@dataclass(frozen=True, slots=True, kw_only=True)
class Tool:
    """One tool. `act` is given `arguments` that were checked; with `writes` only roles that change files have it.

    `act` goes to the sandbox through `Reach.sandbox` alone, and lets SandboxLost through.
    """

    name: str
    description: str
    arguments: type[Arguments]
    act: Callable[[Any, Reach], Awaitable[Outcome]]
    writes: bool = False
