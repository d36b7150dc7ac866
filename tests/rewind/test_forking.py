"""A fork begins as its origin stood at a checkpoint: with the same tasks done, the same files, the same words."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from agents import events as e
from agents.model import Message
from agents.retelling import retell
from orchestrator.errors import UsageProblem
from orchestrator.journal.chain import Recorded
from orchestrator.journal.fold import event_of, fold
from orchestrator.journal.state import TaskState
from orchestrator.rewind.checkpoints import checkpoints_of
from orchestrator.rewind.forking import NOT_DONE, Origin, conversation_at, landed_before, origin_of, taken_over
from orchestrator.run.left_off import left_off
from tests.rewind import told
from tests.rewind.told import EDITOR, Story
from tests.views import story

A, B, C, D = (letter * 40 for letter in "abcd")
OPENING = "Port the client."
FORK = "fork-20260102-120000-cd34"


def step(number: int, *commands: str, added: Sequence[str] = (), commit: str | None = None) -> Story:
    """One step of the editor: a request, an answer with these commands, and a checkpoint, if it changed files."""
    events: list[e.Event] = [told.asked(number, *added), told.answered(number, *commands)]
    for place in range(1, len(commands) + 1):
        events += command(number, place)
    if commit is not None:
        events.append(told.saved(number, number, commit))
    return [("port", event) for event in events]


def command(number: int, place: int, stdout: str = "fine") -> list[e.Event]:
    """A command that ran well."""
    name = f"{EDITOR}.{number}.{place}"
    return [told.proposed(name, step=number), told.judged(name), told.ran(name, stdout, step=number)]


def begun() -> Story:
    """The editor comes to its sandbox after the survey is done."""
    return [*story.started(), *story.surveyed(), ("port", e.TaskStarted(commit=A)), ("port", told.began(A))]


def long() -> Story:
    """Three steps, two of which changed files."""
    return [
        *begun(),
        *step(1, "make", added=[OPENING], commit=B),
        *step(2, "cat a", added=["answer of 1"]),
        *step(3, "make", added=["answer of 2"], commit=C),
        ("port", told.asked(4, "answer of 3")),
    ]


def origin(events: Story, number: int) -> Origin:
    """Where a fork of the editor's task begins."""
    rows = told.rows(events)
    found = [each for each in checkpoints_of(rows) if (each.task, each.number) == ("port", number)]
    return origin_of(rows, found[-1])


def texts(messages: Sequence[Message]) -> list[str]:
    """What was said, an answer as the calls that it made."""
    return [message.content or f"calls {len(message.tool_calls)}" for message in messages]


def begin(events: Story, number: int) -> list[Recorded]:
    """The journal with which a fork begins."""
    started = next(event for _, event in story.started() if isinstance(event, e.RunStarted))
    made = taken_over(origin(events, number), run=FORK, model="m/other")
    return told.rows([(None, started), *made])


@pytest.mark.parametrize(
    ("number", "said"),
    [
        (1, [OPENING, "calls 1", "answer of 1"]),
        (3, [OPENING, "calls 1", "answer of 1", "calls 1", "answer of 2", "calls 1", "answer of 3"]),
    ],
)
def test_a_conversation_is_as_it_was_then(number: int, said: list[str]) -> None:
    """With the answers to the step's own calls, and nothing of what came later."""
    talk = conversation_at(origin(long(), number))
    assert (texts(talk.messages), talk.step, talk.pending) == (said, number, None)


def test_a_step_that_was_not_told_yet_is_answered_from_the_journal() -> None:
    """A run that is killed or forked right after a checkpoint has not asked again: what ran is known all the same."""
    talk = conversation_at(origin(long()[:-1], 3))
    assert texts(talk.messages)[-2:] == ["calls 1", "exit 0\nfine"]
    assert talk.messages[-1].tool_call_id == "3.1"


def test_what_came_after_a_checkpoint_within_its_step_is_not_done() -> None:
    """A step is saved in the middle of it before a human is asked: the calls behind that are told as not done."""
    events: Story = [
        *begun(),
        ("port", told.asked(1, OPENING)),
        ("port", told.answered(1, "make", "make docs")),
        *(("port", event) for event in command(1, 1)),
        ("port", told.saved(1, 1, B)),
        *(("port", event) for event in command(1, 2)),
        ("port", told.saved(1, 2, C)),
        ("port", told.asked(2, "answer of 1", "answer of 2")),
    ]
    assert texts(conversation_at(origin(events, 1)).messages)[-2:] == ["exit 0\nfine", NOT_DONE]
    assert texts(conversation_at(origin(events, 2)).messages)[-2:] == ["answer of 1", "answer of 2"]


def test_a_rebuilt_conversation_is_the_short_one() -> None:
    """What the context was rebuilt to is what the next model goes on with, and how many answers it folded is known."""
    short = [Message(role="user", content="in short")]
    rebuilt = e.ContextRebuilt(agent=EDITOR, step=2, why="full", messages=short)
    events: Story = [
        *begun(),
        *step(1, "make", added=[OPENING], commit=B),
        *step(2, "cat a", added=["answer of 1"]),
        ("port", rebuilt),
        *step(3, "make", commit=C),
        ("port", told.asked(4, "answer of 3")),
    ]
    talk = conversation_at(origin(events, 3))
    assert texts(talk.messages) == ["in short", "calls 1", "answer of 3"]
    assert (talk.step, talk.answered) == (3, 3)


def test_the_fork_is_left_off_where_the_origin_stood() -> None:
    """Its own journal tells files, attempt, round, step and words, so that it can be killed and resumed as any run."""
    rows = begin(long(), 3)
    state = fold(rows)
    events = [event_of(row) for row in rows if row.task == "port"]
    left = left_off(events, role="editor", keeps=True)
    talk = left.talk(EDITOR)
    then = conversation_at(origin(long(), 3))
    assert talk is not None
    assert (talk.messages, talk.step, talk.round, talk.answered) == (then.messages, 3, 1, 3)
    assert talk.take_new() == []
    assert (left.where.attempt, left.where.round, left.where.start) == (1, 1, A)
    assert [(saved.commit, saved.ref) for saved in left.where.saved] == [(C, f"refs/mimo/runs/{FORK}/port/3")]
    assert state.tasks["port"].state is TaskState.PENDING
    assert (state.total.steps, state.total.cost, state.tasks["port"].used.steps) == (0, 0.0, 0)
    (started,) = [event for event in events if isinstance(event, e.AttemptStarted)]
    assert started.model == "m/other"


def test_what_was_done_is_done_at_the_same_commits() -> None:
    """Findings are there for who needs them, and what landed is the tip; what came later has not happened."""
    events: Story = [
        *begun(),
        ("docs", e.TaskStarted(commit=A)),
        ("docs", e.ChangeMerged(commit=B, onto=A, landed=D, tree=C)),
        *step(1, "make", added=[OPENING], commit=B),
        ("docs", e.ChangeReverted(landed=D, commit=A)),
    ]
    state = fold(begin(events, 1))
    assert (state.tasks["survey"].state, state.tasks["survey"].taken_over) == (TaskState.LANDED, True)
    assert state.tasks["survey"].result is not None
    assert (state.tasks["docs"].state, state.tasks["docs"].landed, state.tip) == (TaskState.MERGED, D, D)
    assert landed_before(origin(events, 1)) == {"docs": B}
    assert state.base_green


def test_what_was_not_done_begins_anew() -> None:
    """Whether it was never begun, is on its way, or failed."""
    events: Story = [
        *story.started(),
        ("survey", e.TaskStarted(commit=A)),
        ("docs", e.TaskEnded(state="failed", why="no")),
        ("port", e.TaskStarted(commit=A)),
        ("port", told.began(A)),
        *step(1, "make", added=[OPENING], commit=B),
    ]
    assert {task.state for task in fold(begin(events, 1)).tasks.values()} == {TaskState.PENDING}


def test_the_last_to_land_is_the_tip() -> None:
    """Whatever the order in the plan."""
    events: Story = [
        *story.started(),
        ("docs", e.ChangeMerged(commit=B, onto=A, landed=B, tree=C)),
        ("survey", e.ChangeMerged(commit=C, onto=B, landed=D, tree=C)),
        *begun()[-2:],
        *step(1, "make", added=[OPENING], commit=C),
    ]
    assert fold(begin(events, 1)).tip == D


def test_a_fork_is_forked_where_it_began_and_later() -> None:
    """It tells all that it stands on itself: words, files and what had landed, in its order."""
    events: Story = [
        *story.started(),
        ("docs", e.ChangeMerged(commit=B, onto=A, landed=B, tree=C)),
        ("survey", e.ChangeMerged(commit=C, onto=B, landed=D, tree=C)),
        *begun()[-2:],
        *step(1, "make", added=[OPENING], commit=C),
        ("port", told.asked(2, "answer of 1")),
    ]
    (_, started), *_ = story.started()
    fork = [(None, started), *taken_over(origin(events, 1), run=FORK, model="m/other")]
    assert fold(begin(fork, 1)).tip == D
    assert texts(conversation_at(origin(fork, 1)).messages) == [OPENING, "calls 1", "answer of 1"]
    later: Story = [*fork, *step(2, "make", commit=B), ("port", told.asked(3, "answer of 2"))]
    said = [OPENING, "calls 1", "answer of 1", "calls 1", "answer of 2"]
    assert texts(conversation_at(origin(later, 2)).messages) == said


def test_a_merge_that_was_sent_back_is_part_of_it() -> None:
    """Its change is then measured against where it was merged, in the round that the conversation is in."""
    refused = e.ChangeRefused(commit=B, onto=D, why="they conflict", conflicts=["a.py: content"])
    events: Story = [
        *long()[:-1],
        ("port", refused),
        ("port", told.began(D, round=2, tree=C)),
        *step(5, "make", added=["Round 2"], commit=B),
    ]
    rows = begin(events, 5)
    left = left_off([event_of(row) for row in rows if row.task == "port"], role="editor", keeps=True)
    assert (left.where.start, left.where.round, left.where.back, left.where.refused) == (D, 2, False, refused)
    assert [saved.commit for saved in left.where.saved] == [B]


def test_what_a_gate_sent_back_is_part_of_it() -> None:
    """Why the work came back is there when the fork's context is rebuilt, and no merge is made of it."""
    failed = e.GateFailed(gate="reviewer", commit=B, why="it leaks", evidence={"verdict": "changes"})
    events: Story = [
        *long()[:-1],
        ("port", e.GateStarted(gate="reviewer", commit=B)),
        ("port", failed),
        ("port", told.began(C, round=2)),
        *step(5, "make", added=["Round 2"], commit=B),
    ]
    rows = begin(events, 5)
    left = left_off([event_of(row) for row in rows if row.task == "port"], role="editor", keeps=True)
    assert [(note.kind, note.text) for note in left.where.reasons] == [("gate", "it leaks")]
    assert (left.where.start, left.where.round, left.where.back, left.where.refused) == (A, 2, False, None)
    assert left.where.head == C
    assert fold(rows).tasks["port"].gates == []


def test_how_the_attempt_before_ended_is_part_of_it() -> None:
    """A rebuilt context says it once more, in a fork of the fork as well; what the attempt did is not told."""
    second = "editor.2"
    events: Story = [
        *long(),
        ("port", e.AttemptEnded(agent=EDITOR, outcome="failed", why="b.py has no tests", commit=C)),
        ("port", told.began(A, agent=second)),
        ("port", told.asked(1, OPENING, agent=second)),
        ("port", told.answered(1, "make", agent=second)),
        ("port", told.saved(1, 4, D).model_copy(update={"agent": second})),
    ]
    (_, started), *_ = story.started()
    fork = [(None, started), *taken_over(origin(events, 4), run=FORK, model="m/other")]
    for rows in (told.rows(fork), begin(fork, 4)):
        left = left_off([event_of(row) for row in rows if row.task == "port"], role="editor", keeps=True)
        assert [(note.source, note.kind, note.text) for note in left.where.reasons] == [
            ("attempt 1", "attempt", "b.py has no tests")
        ]
        assert (left.where.attempt, left.where.round, left.where.start, left.where.ended) == (2, 1, A, None)
        state = fold(rows)
        assert (state.tasks["port"].attempts, state.tasks["port"].commit) == (2, None)
        assert list(state.agents_since) == ["port/editor.2"]


def test_from_the_beginning_nothing_is_told() -> None:
    """Checkpoint 0 is a task that nobody worked on yet."""
    rows = begin(long(), 0)
    assert [row.kind for row in rows if row.task == "port"] == []
    assert fold(rows).tasks["port"].state is TaskState.PENDING


def test_a_split_and_a_decision_hold() -> None:
    """Parts stay parts, done or not; the advice for the attempt that goes on is still there."""
    parts = [{"id": f"docs-{number}", "role": "editor", "goal": "A part."} for number in (1, 2)]
    made: dict[str, Any] = {"agent": "coordinator.1", "attempt": 1, "why": "so"}
    events: Story = [
        *begun()[:-1],
        ("docs", e.DecisionMade(choice="split", parts=parts, **made)),
        ("docs-1", e.ChangeMerged(commit=B, onto=A, landed=B, tree=C)),
        ("port", e.DecisionMade(choice="another approach", advice="begin with b.py", **made)),
        ("port", told.began(A)),
        *step(1, "make", added=[OPENING], commit=C),
    ]
    state = fold(begin(events, 1))
    assert state.tasks["docs"].parts == ["docs-1", "docs-2"]
    assert (state.tasks["docs-1"].state, state.tasks["docs-2"].state) == (TaskState.MERGED, TaskState.PENDING)
    assert state.tasks["port"].decisions[0].advice == "begin with b.py"


def test_a_journal_without_the_conversation_says_so() -> None:
    """One that is not there can't be gone on with."""
    events: Story = [*begun(), ("port", told.saved(1, 1, B))]
    with pytest.raises(UsageProblem, match="does not tell what"):
        conversation_at(origin(events, 1))


def test_a_conversation_taken_over_is_gone_on_with() -> None:
    """The next question adds to it, and a later fold has both."""
    message = Message(role="user", content=OPENING)
    taken = e.ConversationTakenOver(agent=EDITOR, step=7, round=2, answered=7, messages=[message])
    talk = retell([taken, told.asked(8, "more"), told.answered(8, "make")], agent=EDITOR)
    assert talk is not None
    assert (texts(talk.messages), talk.step, talk.round) == ([OPENING, "more", "calls 1"], 8, 2)
