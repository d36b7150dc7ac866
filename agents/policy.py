"""The seams to the judge and to the human: what may run, and who is asked where a rule says so."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

from policies.verdict import Decision


class Policy(Protocol):
    """Judges what is issued. It answers for every text, however hostile, and raises nothing."""

    def for_task(self, paths: Sequence[str]) -> Policy:
        """The policy for a task that may change these paths of the repository; none: any."""
        ...

    def judge_command(self, script: str, *, role: str, cwd: str) -> Decision:
        """Whether a role may run a script in `cwd`."""
        ...

    def judge_edit(self, path: str, *, role: str) -> Decision:
        """Whether a role may write a file; `path` is absolute and normal, inside the sandbox."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What a human is asked: the exact command or path, and the rules that want it asked.

    `id` is what `approve` and `deny` take; the same command of a resumed run has the same one.
    """

    id: str
    task: str
    role: str
    subject: str
    decision: Decision
    about: Literal["command", "change"] = "command"


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What the human, or the run's `--ask`, said."""

    allowed: bool
    by: str
    why: str | None = None


class Unanswered(Exception):
    """No answer will come while this process runs: the task is parked with its question."""


class Asker(Protocol):
    """Gets an answer. The events of asking are recorded by the caller."""

    async def ask(self, question: Question) -> Answer:
        """Wait for the answer; raises Unanswered where none will come."""
        ...
