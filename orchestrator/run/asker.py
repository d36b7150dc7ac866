"""Who answers an `ask` verdict: the human at the terminal, one who types `approve` elsewhere, or nobody."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from typing import Literal

import anyio
from anyio import to_thread

from agents.events import QuestionAnswered, QuestionAsked
from agents.policy import Answer, Asker, Question, Unanswered
from orchestrator.journal.fold import event_of
from orchestrator.journal.state import RunState
from orchestrator.journal.store import JournalStore
from orchestrator.plan.models import MAIN
from orchestrator.run.attention import unless_stopping

POLL_SECONDS = 0.5
"""How often a waiting agent looks for an answer given by another process."""

Choice = Literal["once", "run", "always", "never"]
"""What a human at the terminal may say: this time, every time in this run, in later runs as well, or no."""

Prompt = Callable[[Question, Callable[[], int], threading.Event], Choice]
"""Shows a question and blocks until it is answered, or until the event says that nobody waits any more.

The number is that of the questions that wait behind it.
"""

RunPrompt = Callable[[RunState, Question, Callable[[], int], threading.Event], Choice]
"""The same for questions of any run: it is told which."""

HUMAN = "human"
AT_TERMINAL = "human at the terminal"
HUMANS = (HUMAN, AT_TERMINAL)

NEVER = Answer(allowed=False, by=AT_TERMINAL, why="never in this run: asking for exactly this again is in vain")
"""What the agent is told, and the journal, where the human chose `never`."""

KEPT = "allowed for good, by a rule that was kept; in this run for exactly this"
"""The reason of a yes for which a rule was written."""

ALWAYS = Answer(allowed=True, by=AT_TERMINAL, why=KEPT)

About = tuple[str, str, str]
"""What a choice for the whole run is about: a command or a change, of a role, in these words."""


class DenyAsker:
    """Nobody is there: every question is answered with no."""

    async def ask(self, question: Question) -> Answer:
        """Refuse, and say why."""
        return Answer(allowed=False, by="--ask deny", why="it needs a human's leave, and this run has nobody to ask")


class PromptAsker:
    """Asks the human at the terminal, one question at a time; all but `once` hold for the same text and role."""

    def __init__(self, prompt: Prompt, *, stopping: Callable[[], bool], never: Iterable[About] = ()) -> None:
        """Show questions by `prompt`, which is called in a thread, until `stopping`; `never` was said before."""
        self._prompt = prompt
        self._stopping = stopping
        self._one_at_a_time = anyio.Lock()
        self._standing = dict.fromkeys(never, NEVER)
        self._waiting = 0

    async def ask(self, question: Question) -> Answer:
        """Wait for the human; raises Unanswered when the run is stopped first."""
        about = (question.about, question.role, question.binding)
        self._waiting += 1
        try:
            async with self._one_at_a_time:
                return self._standing.get(about) or await self._answered(question, about)
        finally:
            self._waiting -= 1

    async def _answered(self, question: Question, about: About) -> Answer:
        if self._stopping():
            raise _unanswered(question)
        choice = await unless_stopping(partial(self._prompt, question, lambda: self._waiting - 1), self._stopping)
        match choice:
            case None:
                raise _unanswered(question)
            case "once":
                return Answer(allowed=True, by=AT_TERMINAL)
            case "run":
                self._standing[about] = Answer(allowed=True, by=AT_TERMINAL, why="allowed for the whole run")
                return self._standing[about]
            case "always":
                self._standing[about] = ALWAYS
                return self._standing[about]
            case "never":
                self._standing[about] = NEVER
                return self._standing[about]


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

    A task that is taken up again may come to the same command at another step, so its exact text is what counts, and
    the role of who asked.
    """

    def __init__(self, store: JournalStore, run: str, asker: Asker) -> None:
        """Answers stand in the journal of `run`; `asker` is asked where there is none."""
        self._store = store
        self._run = run
        self._asker = asker
        self._unused: dict[tuple[str, str, str], QuestionAnswered] | None = None

    async def ask(self, question: Question) -> Answer:
        """The human's earlier answer to the same text of the same task and role, or that of the asker behind."""
        if self._unused is None:
            self._unused = await to_thread.run_sync(_unused_answers, self._store, self._run)
        role = _role_in(question.id, question.about)
        earlier = self._unused.pop((question.task, role, question.binding), None)
        if earlier is None:
            return await self._asker.ask(question)
        said = f": {earlier.why}" if earlier.why else ""
        return Answer(allowed=earlier.allowed, by=HUMAN, why=f"{_USED}{earlier.id}{said}")


_USED = "answered before as "


def refused_for_good(store: JournalStore, run: str, roles: Mapping[str, str]) -> Iterator[About]:
    """What a human at the terminal said `never` to before the run was resumed; `roles` are those of its tasks."""
    answers = (event_of(recorded) for recorded in store.of_kind(run, "question answered"))
    ids = {event.id for event in answers if isinstance(event, QuestionAnswered) and event.why == NEVER.why}
    for recorded in store.of_kind(run, "question asked"):
        event = event_of(recorded)
        if isinstance(event, QuestionAsked) and event.id in ids:
            yield event.about, _role_in(event.id, event.about) or roles.get(recorded.task or "", ""), event.binding


def _role_in(id: str, about: str) -> str:
    """The role that the id of a question tells; one about a change is its task's, whose role it does not name."""
    # A command's question is named TASK.AGENT..., and an agent ROLE.NUMBER.
    return id.partition(".")[2].partition(".")[0] if about == "command" else ""


def human_answers(store: JournalStore, run: str) -> list[QuestionAnswered]:
    """What humans answered in a run, oldest first."""
    events = (event_of(recorded) for recorded in store.of_kind(run, "question answered"))
    return [event for event in events if isinstance(event, QuestionAnswered) and event.by == HUMAN]


def _unused_answers(store: JournalStore, run: str) -> dict[tuple[str, str, str], QuestionAnswered]:
    """Answers that no agent has had yet, by task, role and text: whoever gets one records it a second time."""
    answers = human_answers(store, run)
    times = Counter(answer.id for answer in answers)
    unused = {answer.id: answer for answer in answers if times[answer.id] == 1}
    for used in answers:
        if (used.why or "").startswith(_USED):
            unused.pop(used.id, None)  # it is an earlier one's, and reached its agent
            unused.pop((used.why or "").removeprefix(_USED).partition(": ")[0], None)
    found = {}
    for recorded in store.of_kind(run, "question asked"):
        event = event_of(recorded)
        if isinstance(event, QuestionAsked) and event.id in unused:
            # Whoever makes the tasks asks under the one name that no task may have.
            role = _role_in(event.id, event.about)
            found[recorded.task or MAIN, role, event.binding] = unused[event.id]
    return found
