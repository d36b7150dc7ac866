"""Questions get a human's answer, each to exactly the text that was asked, or none."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import anyio
import pytest

from agents.events import QuestionAnswered, QuestionAsked
from agents.policy import Question, Unanswered
from orchestrator.journal import JournalStore
from orchestrator.run.asker import Choice, DenyAsker, PromptAsker, RememberingAsker, WaitAsker
from policies.verdict import Decision, Part, Verdict

RUN = "sample-20260101-000000-abcd"
DECISION = Decision(parts=(Part(text="make", verdict=Verdict.ASK, rule="r", file="f", line=1, why="w"),))


def question(subject: str = "make", *, id: str = "q1", task: str = "a") -> Question:
    """A question about a command."""
    return Question(id=id, task=task, role="editor", subject=subject, decision=DECISION)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[JournalStore]:
    """An empty journal."""
    with JournalStore(tmp_path / "journal.db") as opened:
        yield opened


async def test_with_nobody_there_the_answer_is_no() -> None:
    """`--ask deny` refuses and says why."""
    answer = await DenyAsker().ask(question())
    assert not answer.allowed
    assert answer.why


async def test_a_yes_for_the_run_holds_for_the_same_text_only() -> None:
    """The human is not asked twice for the same text and role, and is for any other."""
    asked: list[str] = []
    choices: dict[str, Choice] = {"make": "run", "make install": "never"}

    def prompt(question: Question, _: threading.Event) -> Choice:
        asked.append(question.subject)
        return choices[question.subject]

    asker = PromptAsker(prompt, stopping=lambda: False)
    answers = [(await asker.ask(question(text))).allowed for text in ("make", "make", "make install", "make install")]
    assert answers == [True, True, False, False]
    assert asked == ["make", "make install", "make install"]


async def test_a_stop_ends_the_waiting_at_the_terminal() -> None:
    """Ctrl-C at a question parks it; the thread that waits for a key is told to go."""
    told = threading.Event()

    def prompt(_: Question, gone: threading.Event) -> Choice:
        gone.wait(30)
        told.set()
        return "once"

    with pytest.raises(Unanswered, match="make"):
        await PromptAsker(prompt, stopping=lambda: True).ask(question())
    assert told.wait(10)


async def test_waiting_ends_with_the_answer_of_another_process(store: JournalStore) -> None:
    """`approve` elsewhere answers the question with that id, and no other."""
    store.append(RUN, [("a", QuestionAnswered(id="q2", allowed=False, by="human"))])
    with anyio.move_on_after(0.05) as scope:
        await WaitAsker(store, RUN, stopping=lambda: False).ask(question())
    assert scope.cancelled_caught
    store.append(RUN, [("a", QuestionAnswered(id="q1", allowed=True, by="human"))])
    assert (await WaitAsker(store, RUN, stopping=lambda: False).ask(question())).allowed


async def test_a_stopped_run_parks_its_questions(store: JournalStore) -> None:
    """Ctrl-C while a question waits ends the waiting and keeps the question."""
    with pytest.raises(Unanswered, match="make"):
        await WaitAsker(store, RUN, stopping=lambda: True).ask(question())


async def test_an_answer_given_while_parked_is_used_once(store: JournalStore) -> None:
    """The approved text runs once in the task that asked; another text, task or time is asked anew."""
    store.append(RUN, [("a", QuestionAsked(id="q1", about="command", subject="make"))])
    store.append(RUN, [("a", QuestionAnswered(id="q1", allowed=True, by="human"))])
    asker = RememberingAsker(store, RUN, DenyAsker())
    assert not (await asker.ask(question("make install", id="q8"))).allowed
    assert not (await asker.ask(question(task="b", id="q8"))).allowed
    first = await asker.ask(question(id="q9"))
    assert first.allowed
    store.append(RUN, [("a", QuestionAnswered(id="q9", allowed=True, by=first.by, why=first.why))])
    assert not (await asker.ask(question(id="q9"))).allowed
    assert not (await RememberingAsker(store, RUN, DenyAsker()).ask(question(id="q10"))).allowed


async def test_an_answer_that_reached_its_agent_is_spent(store: JournalStore) -> None:
    """What `--ask wait` already handed to an agent is not used again after a resume."""
    store.append(RUN, [("a", QuestionAsked(id="q1", about="command", subject="make"))])
    store.append(RUN, [("a", QuestionAnswered(id="q1", allowed=True, by="human"))] * 2)
    assert not (await RememberingAsker(store, RUN, DenyAsker()).ask(question(id="q9"))).allowed
