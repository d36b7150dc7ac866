"""A journal says which commands ran in which sandbox, on which files, and what came of each."""

from __future__ import annotations

from agents import events as e
from orchestrator.rewind.recording import Recording, recording
from tests.rewind import told
from tests.views import story

A, B, C = "a" * 40, "b" * 40, "c" * 40


def read(*events: e.Event, task: str | None = "port") -> Recording:
    """The recording of one task's events."""
    return recording(told.rows((task, event) for event in events))


def test_a_stay_begins_with_each_sandbox() -> None:
    """A round, a lost sandbox and a resumed run each have files of their own to begin with."""
    read_twice = read(
        told.began(A, tree=B),
        told.answered(1, "make", "make test"),
        told.proposed("editor.1.1.1"),
        told.judged("editor.1.1.1"),
        told.ran("editor.1.1.1"),
        told.saved(1, 1, C),
        told.proposed("editor.1.1.2"),
        told.judged("editor.1.1.2"),
        told.began(C),
        told.proposed("editor.1.1.2.r2"),
        told.judged("editor.1.1.2.r2"),
        told.ran("editor.1.1.2.r2"),
        told.asked(2),
    )
    first, second = read_twice.stays
    assert [(stay.commit, stay.tree, stay.head) for stay in read_twice.stays] == [(A, B, A), (C, None, A)]
    assert [(done.proposed.id, done.came_to_an_end) for done in first.steps[0].done] == [
        ("editor.1.1.1", True),
        ("editor.1.1.2", False),
    ]
    assert first.steps[0].saved is not None
    assert first.steps[0].answer == second.steps[0].answer is not None
    assert [done.proposed.id for done in second.steps[0].done] == ["editor.1.1.2.r2"]
    assert [stay.steps[0].whole for stay in read_twice.stays] == [False, True]


def test_a_checkpoint_counts_for_what_ran_before_it() -> None:
    """One that was taken in the middle of a step says nothing of the files after its last command."""
    events = (
        told.began(A),
        told.answered(1, "make", "make test"),
        told.proposed("editor.1.1.1"),
        told.judged("editor.1.1.1"),
        told.ran("editor.1.1.1"),
        told.saved(1, 1, B),
        told.proposed("editor.1.1.2"),
        told.judged("editor.1.1.2"),
        told.ran("editor.1.1.2"),
    )
    assert read(*events).stays[0].steps[0].saved is None
    (stay,) = read(*events, told.saved(1, 2, C)).stays
    assert stay.steps[0].saved is not None
    assert stay.steps[0].saved.commit == C


def test_a_refusal_is_an_outcome() -> None:
    """What did not run because it might not is judged again; what was cut off has nothing to be held against."""
    (stay,) = read(
        told.began(A),
        told.answered(1, "git push", "make"),
        told.proposed("editor.1.1.1"),
        told.judged("editor.1.1.1", allowed=False),
        told.proposed("editor.1.1.2"),
    ).stays
    assert [done.came_to_an_end for done in stay.steps[0].done] == [True, False]


def verifying(id: str) -> tuple[e.Event, ...]:
    """The plan's tests, run once."""
    more = {"step": None, "source": "verify"}
    return told.proposed(id, **more), told.ran(id, **more)  # type: ignore[arg-type]


def test_what_follows_tests_says_what_they_ran_on() -> None:
    """A gate has its commit, a landing its tree, a merge that was sent back its two sides; the base stands alone."""
    read_all = read(
        e.GateStarted(gate="verify", commit=A),
        *verifying("verify.1"),
        e.GatePassed(gate="verify", commit=A),
        *verifying("verify.2"),
        e.ChangeRefused(commit=B, onto=A, why="red"),
        *verifying("verify.3"),
        e.GatePassed(gate="reviewer", commit=A),
        e.ChangeMerged(commit=B, onto=A, landed=C, tree=C),
        *verifying("verify.4"),
    )
    placed = [(stay.commit, stay.tree, stay.merged) for stay in read_all.stays]
    assert placed == [(A, None, None), (A, None, B), (A, C, None)]
    assert read_all.left_out == 1
    (base,) = read(*verifying("verify.1"), e.VerifiedBase(commit=A, green=True), task=None).stays
    assert (base.task, base.agent, base.role, base.commit) == (None, "verify", None, A)


def test_stays_stand_in_the_order_in_which_they_were_begun() -> None:
    """Whatever tells later what they were run on; whoever did nothing in a sandbox has none."""
    read_all = recording(
        told.rows(
            [
                ("port", told.began(A)),
                ("port", verifying("verify.1")[0]),
                ("docs", told.began(A)),
                ("docs", told.answered(1, "make")),
                ("docs", told.proposed("editor.1.1.1")),
                ("docs", told.ran("editor.1.1.1")),
                ("port", e.GateFailed(gate="verify", commit=A, why="red")),
                (None, e.QuestionAnswered(id="q", allowed=True, by="ada")),
            ]
        )
    )
    assert [(stay.task, stay.agent) for stay in read_all.stays] == [("port", "verify"), ("docs", "editor.1")]
    assert set(read_all.answers) == {"q"}
    assert recording(told.rows(story.whole_story())).left_out == 0
