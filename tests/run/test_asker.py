"""Questions get a human's answer, each to exactly the text that was asked, or none."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path

import anyio
import pytest

from agents.events import QuestionAnswered, QuestionAsked
from agents.policy import Question, Unanswered
from orchestrator.journal.store import JournalStore
from orchestrator.run.asker import (
    NEVER,
    Choice,
    DenyAsker,
    Prompt,
    PromptAsker,
    RememberingAsker,
    WaitAsker,
    refused_for_good,
)
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


Asked = list[str]


def human(asked: Asked, **choices: Choice) -> Prompt:
    """Somebody who makes these choices, each for the command of that name, and is known to have been asked."""

    def prompt(question: Question, _: Callable[[], int], __: threading.Event) -> Choice:
        asked.append(question.subject)
        return choices[question.subject]

    return prompt


async def test_a_choice_holds_as_long_as_it_says() -> None:
    """Once is asked again; a yes and a no for the run are not, and the agent is told why it is refused."""
    asked: Asked = []
    asker = PromptAsker(human(asked, make="run", rm="never", dd="once", tox="always"), stopping=lambda: False)
    answers = [await asker.ask(question(text)) for text in ("make", "make", "rm", "rm", "dd", "dd", "tox", "tox")]
    assert [answer.allowed for answer in answers] == [True, True, False, False, True, True, True, True]
    assert asked == ["make", "rm", "dd", "dd", "tox"]
    assert "by a rule that was kept" in (answers[6].why or "")
    assert "never in this run" in (answers[2].why or "")
    assert answers[2] == answers[3]


async def test_a_choice_for_the_run_is_for_one_text_of_one_role() -> None:
    """Another role, or a change in the same words, is asked about anew."""
    asked: Asked = []
    asker = PromptAsker(human(asked, make="never"), stopping=lambda: False)
    for other in (question(), replace(question(), role="tester"), replace(question(), about="change")):
        await asker.ask(other)
    assert asked == ["make"] * 3


async def test_questions_queue_and_each_knows_how_many_wait_behind_it() -> None:
    """Several tasks ask at once: one question stands, and a choice for the run answers its like in the queue."""
    standing, most, behind = 0, 0, []

    def prompt(_: Question, waiting: Callable[[], int], __: threading.Event) -> Choice:
        nonlocal standing, most
        standing += 1
        most = max(most, standing)
        time.sleep(0.05)
        behind.append(waiting())
        standing -= 1
        return "run"

    asker = PromptAsker(prompt, stopping=lambda: False)
    async with anyio.create_task_group() as group:
        for text in ("make", "make", "rm", "make"):
            group.start_soon(asker.ask, question(text))
    assert most == 1
    assert behind == [3, 1]


async def test_a_stop_ends_the_waiting_at_the_terminal() -> None:
    """Ctrl-C at a question parks it; the thread that waits for a key is told to go."""
    told = threading.Event()
    stopping: list[bool] = []

    def prompt(_: Question, __: Callable[[], int], gone: threading.Event) -> Choice:
        stopping.append(True)
        gone.wait(30)
        told.set()
        return "once"

    with pytest.raises(Unanswered, match="make"):
        await PromptAsker(prompt, stopping=lambda: bool(stopping)).ask(question())
    assert told.wait(10)


async def test_nothing_is_asked_once_the_run_is_to_stop() -> None:
    """Questions that queued behind the one at which Ctrl-C was typed are parked unseen."""
    asked: Asked = []
    with pytest.raises(Unanswered, match="make"):
        await PromptAsker(human(asked, make="once"), stopping=lambda: True).ask(question())
    assert asked == []


async def test_never_outlasts_a_resume(store: JournalStore) -> None:
    """What a human said `never` to is refused in the rest of the run, whichever process goes on with it."""
    command, change = "a.editor.1.3.1.0123", "b.changes.4567"
    store.append(RUN, [("a", QuestionAsked(id=command, about="command", subject="rm"))])
    store.append(RUN, [("b", QuestionAsked(id=change, about="change", subject="tree 1"))])
    store.append(RUN, [("a", QuestionAsked(id="a.editor.1.4.1.89ab", about="command", subject="dd"))])
    no = partial(QuestionAnswered, allowed=False, by=NEVER.by)
    store.append(RUN, [("a", no(id=command, why=NEVER.why)), ("b", no(id=change, why=NEVER.why))])
    store.append(RUN, [("a", no(id="a.editor.1.4.1.89ab", why="not today"))])
    never = refused_for_good(store, RUN, {"a": "editor", "b": "tester"})
    asked: Asked = []
    asker = PromptAsker(human(asked, dd="once"), stopping=lambda: False, never=never)
    assert await asker.ask(question("rm")) == NEVER
    assert await asker.ask(replace(question("tree 1"), about="change", role="tester")) == NEVER
    assert (await asker.ask(question("dd"))).allowed
    assert asked == ["dd"]


async def test_what_was_said_at_the_terminal_is_not_used_a_second_time(store: JournalStore) -> None:
    """An answer reached its agent at once, so a resumed run asks again; only answers from elsewhere were parked."""
    asked: Asked = []
    store.append(RUN, [("a", QuestionAsked(id="q1", about="command", subject="make"))])
    answer = await PromptAsker(human(asked, make="once"), stopping=lambda: False).ask(question())
    store.append(RUN, [("a", QuestionAnswered(id="q1", allowed=answer.allowed, by=answer.by))])
    assert not (await RememberingAsker(store, RUN, DenyAsker()).ask(question(id="q9"))).allowed


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


async def test_an_answer_given_while_parked_keeps_its_reason(store: JournalStore) -> None:
    """The agent is told why, and the answer is spent as one without a reason is, however often the run is resumed."""
    store.append(RUN, [("a", QuestionAsked(id="q1", about="command", subject="make"))])
    store.append(RUN, [("a", QuestionAnswered(id="q1", allowed=False, by="human", why="not now: it is slow"))])
    first = await RememberingAsker(store, RUN, DenyAsker()).ask(question(id="q9"))
    assert first.why == "answered before as q1: not now: it is slow"
    store.append(RUN, [("a", QuestionAsked(id="q9", about="command", subject="make"))])
    store.append(RUN, [("a", QuestionAnswered(id="q9", allowed=False, by=first.by, why=first.why))])
    again = await RememberingAsker(store, RUN, DenyAsker()).ask(question(id="q10"))
    assert again.by == "--ask deny"


async def test_an_answer_is_for_the_role_that_asked(store: JournalStore) -> None:
    """The agent of a gate does not use up, nor get, what its task's editor was allowed."""
    store.append(RUN, [("a", QuestionAsked(id="a.editor.1.3.1.0123", about="command", subject="make"))])
    store.append(RUN, [("a", QuestionAnswered(id="a.editor.1.3.1.0123", allowed=True, by="human"))])
    asker = RememberingAsker(store, RUN, DenyAsker())
    assert not (await asker.ask(question(id="a.tester.1.1.1.0123"))).allowed
    assert (await asker.ask(question(id="a.editor.2.1.1.0123"))).allowed


async def test_an_answer_holds_for_what_it_was_bound_to(store: JournalStore) -> None:
    """A yes that was given while the run was parked, or for the whole run, is none to another text of a script."""
    seen, other = {"/workspace/x.py": "1" * 64}, {"/workspace/x.py": "2" * 64}
    asked = replace(question("python x.py"), cwd="/workspace", bound=seen)
    event = partial(QuestionAsked, about="command", subject="python x.py", cwd="/workspace", bound=seen)
    store.append(RUN, [("a", event(id="q1"))])
    store.append(RUN, [("a", QuestionAnswered(id="q1", allowed=True, by="human"))])
    asker = RememberingAsker(store, RUN, DenyAsker())
    for changed in (replace(asked, bound=other), replace(asked, cwd="/tmp"), replace(asked, bound={})):
        assert not (await asker.ask(changed)).allowed
    assert (await asker.ask(asked)).allowed

    said: Asked = []
    prompt = PromptAsker(human(said, make="run"), stopping=lambda: False)
    made = replace(asked, subject="make")
    for one in (made, made, replace(made, bound=other), replace(made, cwd="/tmp")):
        await prompt.ask(one)
    assert said == ["make"] * 3


async def test_the_coordinator_of_a_plan_gets_its_answer_too(store: JournalStore) -> None:
    """What it asked before there were tasks is answered for it, and for no task."""
    store.append(RUN, [(None, QuestionAsked(id="q1", about="command", subject="make"))])
    store.append(RUN, [(None, QuestionAnswered(id="q1", allowed=True, by="human"))])
    asker = RememberingAsker(store, RUN, DenyAsker())
    assert not (await asker.ask(question(task="a", id="q8"))).allowed
    assert (await asker.ask(question(task="main", id="q9"))).allowed


async def test_an_answer_that_reached_its_agent_is_spent(store: JournalStore) -> None:
    """What `--ask wait` already handed to an agent is not used again after a resume."""
    store.append(RUN, [("a", QuestionAsked(id="q1", about="command", subject="make"))])
    store.append(RUN, [("a", QuestionAnswered(id="q1", allowed=True, by="human"))] * 2)
    assert not (await RememberingAsker(store, RUN, DenyAsker()).ask(question(id="q9"))).allowed
