"""A policy, a human and a journal that do what the test says."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

from pydantic import BaseModel

from agents.events import Event
from agents.policy import Answer, Question
from policies.verdict import Decision, Part, Verdict

E = TypeVar("E", bound=BaseModel)


class FakePolicy:
    """Denies what contains "forbidden", asks about what contains "careful", allows the rest."""

    def __init__(self) -> None:
        self.judged: list[str] = []
        self.paths: tuple[str, ...] = ()

    def for_task(self, paths: Sequence[str]) -> FakePolicy:
        """The same, which remembers the paths."""
        self.paths = tuple(paths)
        return self

    def judge_command(self, script: str, *, role: str, cwd: str) -> Decision:
        """By the words of the script."""
        self.judged.append(script)
        return _decide(script)

    def scripts_named(self, script: str, *, cwd: str) -> tuple[str | None, ...]:
        """Each word that ends like one; `$` can't be known."""
        words = script.split()
        return tuple(None if word == "$" else f"{cwd}/{word}" for word in words if word == "$" or word.endswith(".py"))

    def judge_edit(self, path: str, *, role: str) -> Decision:
        """By the words of the path."""
        self.judged.append(f"edit {path}")
        return _decide(path)


def _decide(text: str) -> Decision:
    verdict = Verdict.DENY if "forbidden" in text else Verdict.ASK if "careful" in text else Verdict.ALLOW
    part = Part(
        text=text,
        verdict=verdict,
        rule=f"{verdict.value}: test",
        file="/home/someone/policy.yaml",
        line=7,
        why="the test says so",
        instead="use git status" if verdict is Verdict.DENY else None,
    )
    return Decision(parts=(part,))


class FakeAsker:
    """Gives the same answer to every question."""

    def __init__(self, *, allowed: bool = False) -> None:
        self.allowed = allowed
        self.questions: list[Question] = []

    async def ask(self, question: Question) -> Answer:
        """Answer at once."""
        self.questions.append(question)
        return Answer(allowed=self.allowed, by="human", why=None if self.allowed else "not today")


class FakeRecorder:
    """Keeps the events, and which came together."""

    def __init__(self) -> None:
        self.batches: list[tuple[Event, ...]] = []

    @property
    def events(self) -> list[Event]:
        """All events in order."""
        return [event for batch in self.batches for event in batch]

    @property
    def kinds(self) -> list[str]:
        """Their kinds."""
        return [event.kind for event in self.events]

    async def record(self, *events: Event) -> None:
        """Keep them."""
        self.batches.append(events)

    def of(self, kind: type[E]) -> list[E]:
        """The events of one class."""
        return [event for event in self.events if isinstance(event, kind)]
