"""Who answers an `ask` verdict: the human at the terminal, one who types `approve` elsewhere, or nobody."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

import anyio
from anyio import to_thread

from agents.events import QuestionAnswered
from agents.policy import Answer, Asker, Question
from orchestrator.journal.fold import event_of
from orchestrator.journal.store import JournalStore

POLL_SECONDS = 0.5
"""How often a waiting agent looks for an answer given by another process."""

Choice = Literal["once", "run", "never"]
"""What a human at the terminal may say: this time, every time in this run, or no."""

Prompt = Callable[[Question], Choice]
"""Shows a question and blocks until it is answered."""


class DenyAsker:
    """Nobody is there: every question is answered with no."""

    async def ask(self, question: Question) -> Answer:
        """Refuse, and say why."""
        return Answer(allowed=False, by="--ask deny", why="it needs a human's leave, and this run has nobody to ask")


class PromptAsker:
    """Asks the human at the terminal, one question at a time; a yes for the run holds for the same text and role."""

    def __init__(self, prompt: Prompt) -> None:
        """Show questions by `prompt`, which is called in a thread."""
        self._prompt = prompt
        self._one_at_a_time = anyio.Lock()
        self._granted: set[tuple[str, str, str]] = set()

    async def ask(self, question: Question) -> Answer:
        """Wait for the human."""
        key = (question.about, question.role, question.subject)
        async with self._one_at_a_time:
            if key in self._granted:
                return Answer(allowed=True, by="human", why="allowed for the whole run")
            choice = await to_thread.run_sync(self._prompt, question, abandon_on_cancel=True)
        if choice == "run":
            self._granted.add(key)
        return Answer(allowed=choice != "never", by="human")


class WaitAsker:
    """Waits until somebody types `mimo-orchestrate approve` or `deny`; other tasks go on meanwhile."""

    def __init__(self, store: JournalStore, run: str) -> None:
        """Look for answers in the journal of `run`."""
        self._store = store
        self._run = run

    async def ask(self, question: Question) -> Answer:
        """Wait for the answer of another process."""
        while True:
            answer = await to_thread.run_sync(self._answered, question.id)
            if answer is not None:
                return answer
            await anyio.sleep(POLL_SECONDS)

    def _answered(self, question_id: str) -> Answer | None:
        return answered(self._store, self._run, question_id)


class RememberingAsker:
    """Uses an answer that a human gave before (`approve` on a parked run), and else asks."""

    def __init__(self, store: JournalStore, run: str, asker: Asker) -> None:
        """Answers stand in the journal of `run`; `asker` is asked where there is none."""
        self._store = store
        self._run = run
        self._asker = asker

    async def ask(self, question: Question) -> Answer:
        """The human's earlier answer to this very question, or that of the asker behind."""
        earlier = await to_thread.run_sync(answered, self._store, self._run, question.id)
        return earlier or await self._asker.ask(question)


def answered(store: JournalStore, run: str, question_id: str) -> Answer | None:
    """A human's answer in the journal; None where there is none yet."""
    for recorded in store.of_kind(run, "question answered"):
        event = event_of(recorded)
        if isinstance(event, QuestionAnswered) and event.id == question_id and event.by == "human":
            return Answer(allowed=event.allowed, by="human", why=event.why)
    return None
