"""Who answers an `ask` verdict: the human at the terminal, one who types `approve` elsewhere, or nobody."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable
from functools import partial
from typing import Literal

import anyio
from anyio import to_thread

from agents.events import QuestionAnswered, QuestionAsked
from agents.policy import Answer, Asker, Question, Unanswered
from orchestrator.journal.fold import event_of
from orchestrator.journal.store import JournalStore
from orchestrator.run.attention import unless_stopping

POLL_SECONDS = 0.5
"""How often a waiting agent looks for an answer given by another process."""

Choice = Literal["once", "run", "never"]
"""What a human at the terminal may say: this time, every time in this run, or no."""

Prompt = Callable[[Question, threading.Event], Choice]
"""Shows a question and blocks until it is answered, or until the event says that nobody waits any more."""


class DenyAsker:
    """Nobody is there: every question is answered with no."""

    async def ask(self, question: Question) -> Answer:
        """Refuse, and say why."""
        return Answer(allowed=False, by="--ask deny", why="it needs a human's leave, and this run has nobody to ask")


class PromptAsker:
    """Asks the human at the terminal, one question at a time; a yes for the run holds for the same text and role."""

    def __init__(self, prompt: Prompt, *, stopping: Callable[[], bool]) -> None:
        """Show questions by `prompt`, which is called in a thread, until `stopping`."""
        self._prompt = prompt
        self._stopping = stopping
        self._one_at_a_time = anyio.Lock()
        self._granted: set[tuple[str, str, str]] = set()

    async def ask(self, question: Question) -> Answer:
        """Wait for the human; raises Unanswered when the run is stopped first."""
        key = (question.about, question.role, question.subject)
        async with self._one_at_a_time:
            if key in self._granted:
                return Answer(allowed=True, by=HUMAN, why="allowed for the whole run")
            choice = await unless_stopping(partial(self._prompt, question), self._stopping)
        if choice is None:
            raise _unanswered(question)
        if choice == "run":
            self._granted.add(key)
        return Answer(allowed=choice != "never", by=HUMAN)


class WaitAsker:
    """Waits until somebody types `mimo-orchestrate approve` or `deny`; other tasks go on meanwhile."""

    def __init__(self, store: JournalStore, run: str, *, stopping: Callable[[], bool]) -> None:
        """Look for answers in the journal of `run`, until `stopping`."""
        self._store = store
        self._run = run
        self._stopping = stopping

    async def ask(self, question: Question) -> Answer:
        """Wait for the answer of another process; raises Unanswered when the run is stopped first."""
        while not self._stopping():
            for answer in await to_thread.run_sync(human_answers, self._store, self._run):
                if answer.id == question.id:
                    return Answer(allowed=answer.allowed, by=HUMAN, why=answer.why)
            await anyio.sleep(POLL_SECONDS)
        raise _unanswered(question)


def _unanswered(question: Question) -> Unanswered:
    return Unanswered(f"{question.id} waits for an answer: {question.subject}")


class RememberingAsker:
    """Uses the answer that a human gave while the run was parked, once for each, and else asks.

    A task that is taken up again may come to the same command at another step, so its exact text is what counts.
    """

    def __init__(self, store: JournalStore, run: str, asker: Asker) -> None:
        """Answers stand in the journal of `run`; `asker` is asked where there is none."""
        self._store = store
        self._run = run
        self._asker = asker
        self._unused: dict[tuple[str, str], QuestionAnswered] | None = None

    async def ask(self, question: Question) -> Answer:
        """The human's earlier answer to the same text of the same task, or that of the asker behind."""
        if self._unused is None:
            self._unused = await to_thread.run_sync(_unused_answers, self._store, self._run)
        earlier = self._unused.pop((question.task, question.subject), None)
        if earlier is None:
            return await self._asker.ask(question)
        return Answer(allowed=earlier.allowed, by=HUMAN, why=f"{_USED}{earlier.id}")


HUMAN = "human"
_USED = "answered before as "


def human_answers(store: JournalStore, run: str) -> list[QuestionAnswered]:
    """What humans answered in a run, oldest first."""
    events = (event_of(recorded) for recorded in store.of_kind(run, "question answered"))
    return [event for event in events if isinstance(event, QuestionAnswered) and event.by == HUMAN]


def _unused_answers(store: JournalStore, run: str) -> dict[tuple[str, str], QuestionAnswered]:
    """Answers that no agent has had yet, by task and text: whoever gets one records it a second time."""
    answers = human_answers(store, run)
    times = Counter(answer.id for answer in answers)
    unused = {answer.id: answer for answer in answers if times[answer.id] == 1}
    for used in answers:
        unused.pop((used.why or "").removeprefix(_USED), None)
    found = {}
    for recorded in store.of_kind(run, "question asked"):
        event = event_of(recorded)
        if isinstance(event, QuestionAsked) and event.id in unused and recorded.task is not None:
            found[recorded.task, event.subject] = unused[event.id]
    return found
