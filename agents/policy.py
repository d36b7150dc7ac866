"""The seams to the judge and to the human: what may run, and who is asked where a rule says so."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, Protocol

from agents.binding import bound_text
from policies.verdict import Decision


class Policy(Protocol):
    """Judges what is issued. It answers for every text, however hostile, and raises nothing."""

    def for_task(self, paths: Sequence[str]) -> Policy:
        """The policy for a task that may change these paths of the repository; none: any."""
        ...

    def judge_command(self, script: str, *, role: str, cwd: str) -> Decision:
        """Whether a role may run a script in `cwd`."""
        ...

    def scripts_named(self, script: str, *, cwd: str) -> tuple[str | None, ...]:
        """The absolute paths of the code that a script's commands name, None for what can't be known."""
        ...

    def judge_edit(self, path: str, *, role: str) -> Decision:
        """Whether a role may write a file; `path` is absolute and normal, inside the sandbox."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What a human is asked: the exact command or path, and the rules that want it asked.

    `id` is what `approve` and `deny` take; the same command of a resumed run has the same one. `cwd` is where a command
    would run, `bound` the hash of each script that it names, by path.
    """

    id: str
    task: str
    role: str
    subject: str
    decision: Decision
    about: Literal["command", "change"] = "command"
    cwd: str | None = None
    bound: Mapping[str, str] = field(default_factory=dict)

    @property
    def binding(self) -> str:
        """What an answer holds for: no other text, directory or content of a script."""
        return bound_text(self.subject, self.cwd, self.bound)


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
