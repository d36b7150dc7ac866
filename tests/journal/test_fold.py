"""A run's state is what its events say, and nothing else."""

from __future__ import annotations

import typing
from pathlib import Path

from agents import events as e
from agents.model import Message, Usage
from orchestrator.journal.fold import _RULES, apply, fold
from orchestrator.journal.state import RunState, TaskState
from orchestrator.journal.store import JournalStore

RUN = "sample-20260101-000000-abcd"

STARTED = e.RunStarted(
    program="0",
    plan={"name": "sample", "goal": "all of it"},
    plan_source="plan",
    base_branch="main",
    base_commit="base",
    policy={},
    policy_hash="h",
    backend="docker",
)
PLAN = e.PlanMade(
    tasks=[
        {"id": "a", "role": "editor", "goal": "first"},
        {"id": "b", "role": "editor", "goal": "second", "needs": ["a"]},
    ]
)


def answered(*, cost: float | None) -> e.ModelAnswered:
    """An answer of 10 prompt and 5 completion tokens."""
    return e.ModelAnswered(
        agent="editor.1",
        role="editor",
        step=1,
        model="m",
        message=Message(role="assistant"),
        finish_reason="stop",
        usage=Usage(prompt=10, completion=5, cached=2),
        cost=cost,
        latency_seconds=0,
        client_ms=0,
    )


def state_of(tmp_path: object, *events: tuple[str | None, e.Event]) -> RunState:
    """The state after these events were written and read back."""
    with JournalStore(typing.cast("typing.Any", tmp_path) / "journal.db") as store:
        store.append(RUN, [(None, STARTED), (None, PLAN), *events])
        return fold(store.events(RUN))


def test_every_kind_of_event_has_a_meaning() -> None:
    """No event can be added without saying what it does to the state."""
    kinds = set(typing.get_args(typing.get_args(e.Event)[0]))
    assert kinds == set(_RULES)


def test_a_new_run_waits(tmp_path: object) -> None:
    """Before anything happened all tasks are pending and the tip is the base."""
    state = state_of(tmp_path)
    assert [task.state for task in state.tasks.values()] == [TaskState.PENDING] * 2
    assert (state.tip, state.base_after, state.status) == ("base", "base", "running")


def test_what_a_model_used_counts_for_task_and_run(tmp_path: object) -> None:
    """Tokens and priced cost add up in both places; the unpriced part is counted apart."""
    state = state_of(tmp_path, ("a", answered(cost=0.25)), ("a", answered(cost=None)))
    for tally in (state.total, state.tasks["a"].used):
        assert (tally.steps, tally.prompt, tally.cost, tally.unpriced_tokens) == (2, 20, 0.25, 15)
    assert state.tasks["b"].used.steps == 0


def test_a_handover_is_paid_and_no_step(tmp_path: object) -> None:
    """What an agent writes down before its context is rebuilt costs tokens, and counts against no limit of steps."""
    aside = answered(cost=0.25).model_copy(update={"agent": "editor.1.handover"})
    state = state_of(tmp_path, ("a", answered(cost=0.25)), ("a", aside))
    assert (state.total.steps, state.total.prompt, state.total.cost) == (1, 20, 0.5)


def test_a_merged_task_moves_the_tip(tmp_path: object) -> None:
    """What landed is the tip that the next task starts from."""
    merged = e.ChangeMerged(commit="c", onto="base", landed="l", tree="t", lost_lines=["x"])
    state = state_of(tmp_path, ("a", e.TaskStarted(commit="base")), ("a", merged))
    assert (state.tip, state.tasks["a"].state, state.tasks["a"].landed) == ("l", TaskState.MERGED, "l")
    assert state.tasks["a"].lost_lines == ["x"]


def test_resuming_keeps_what_is_done_and_retakes_the_rest(tmp_path: object) -> None:
    """After `resume` merged work stays merged; parked and half-done work waits to be taken again."""
    state = state_of(
        tmp_path,
        ("a", e.ChangeMerged(commit="c", onto="base", landed="l", tree="t")),
        ("b", e.TaskStarted(commit="l")),
        ("b", e.TaskEnded(state="waiting", why="limit")),
        (None, e.LimitReached(limit="steps", value=1, used=1)),
        (None, e.RunEnded(status="stopped", base_after="base", moved=False)),
        (None, e.RunResumed(program="0", options={"steps": 5})),
    )
    assert (state.tasks["a"].state, state.tasks["b"].state) == (TaskState.MERGED, TaskState.PENDING)
    assert (state.status, state.limits_reached, state.options) == ("running", [], {"steps": 5})


def test_questions_wait_until_answered(tmp_path: object) -> None:
    """An open question is listed as waiting; an answered one is not."""
    ask = [("a", e.QuestionAsked(id=f"q{n}", about="command", subject="make")) for n in (1, 2)]
    state = state_of(tmp_path, *ask, (None, e.QuestionAnswered(id="q1", allowed=True, by="human")))
    assert [question.id for question in state.waiting] == ["q2"]
    assert state.questions["q1"].allowed is True


def test_what_a_task_does_is_known_with_its_time(tmp_path: object) -> None:
    """Each thing that begins replaces the one before: a request, a command, a question and its answer, a gate."""
    asked = e.ModelAsked(agent="editor.1", role="editor", step=3, model="m", prompt_estimate=1, max_tokens=1)
    shell = e.CommandProposed(id="1", agent="editor.1", step=3, tool="shell", arguments='{"command": "make test"}')
    edit = e.CommandProposed(id="2", agent="editor.1", step=3, tool="edit", arguments='{"path": "/workspace/a"}')
    verify = e.CommandProposed(id="3", source="verify", tool="shell", arguments='{"command": "make all"}')
    told: list[tuple[e.Event, str]] = [
        (asked, "editor.1 step 3: asks m"),
        (shell, "editor.1 step 3: $ make test"),
        (edit, "editor.1 step 3: edit /workspace/a"),
        (e.QuestionAsked(id="q", about="command", subject="make docs"), "waits for your answer"),
        (e.QuestionAnswered(id="q", allowed=True, by="ada"), "was allowed: make docs"),
        (e.GateStarted(gate="verify", commit="c"), "at its gate: verify"),
        (verify, "verify: $ make all"),
        (e.ChangeQueued(commit="c"), "waits for its turn to be merged"),
    ]
    with JournalStore(typing.cast("typing.Any", tmp_path) / "journal.db") as store:
        store.append(RUN, [(None, STARTED), (None, PLAN)])
        for event, does in told:
            (row,) = store.append(RUN, [("a", event)])
            task = fold(store.events(RUN)).tasks["a"]
            assert (task.doing, task.doing_since) == (does, row.time)


def test_a_gates_last_word_counts(tmp_path: object) -> None:
    """A gate that looked twice is there twice, each with its own outcome."""
    events: list[tuple[str | None, e.Event]] = [
        ("a", e.GateStarted(gate="reviewer", commit="c1")),
        ("a", e.GateFailed(gate="reviewer", commit="c1", why="no")),
        ("a", e.GateStarted(gate="reviewer", commit="c2")),
        ("a", e.GatePassed(gate="reviewer", commit="c2", evidence={"k": 1})),
    ]
    gates = state_of(tmp_path, *events).tasks["a"].gates
    assert [(gate.passed, gate.why) for gate in gates] == [(False, "no"), (True, None)]


def test_a_word_on_one_commit_is_none_on_another(tmp_path: Path) -> None:
    """A gate that was stopped on one commit and asked again about another has passed exactly that one."""
    events: list[tuple[str | None, e.Event]] = [
        (None, PLAN),
        ("a", e.GateStarted(gate="reviewer", commit="c1")),
        ("a", e.GateStarted(gate="reviewer", commit="c2")),
        ("a", e.GateStarted(gate="reviewer", commit="c1")),
        ("a", e.GatePassed(gate="reviewer", commit="c1")),
    ]
    gates = state_of(tmp_path, *events).tasks["a"].gates
    assert [(gate.commit, gate.passed) for gate in gates] == [("c1", True), ("c2", None)]


def asks(agent: str, role: e.Role) -> e.ModelAsked:
    """An agent asks its model."""
    return e.ModelAsked(agent=agent, role=role, step=3, model="m", prompt_estimate=1, max_tokens=1)


def runs(source: e.Source) -> e.CommandProposed:
    """A command of the plan's is about to run."""
    return e.CommandProposed(id="v", source=source, tool="shell", arguments="{}")


def ran(source: e.Source) -> e.CommandRun:
    """It ended."""
    return e.CommandRun(id="v", source=source, sandbox="s", command="true", exit_code=0, wall_seconds=0)


def seen(tmp_path: Path, task: str | None, *events: tuple[str | None, e.Event]) -> list[str | None]:
    """Who was at work for a task, or for the run itself, after each of these events."""
    state, who = RunState(run=RUN), []
    with JournalStore(tmp_path / "journal.db") as store:
        store.append(RUN, list(events))
        for recorded in store.events(RUN):
            apply(state, recorded)
            activity = state.activity if task is None else state.tasks[task].activity
            who.append(f"{activity.who} {activity.tool or 'asks'} {activity.text}" if activity else None)
    return who


def test_a_task_does_what_its_agents_were_last_seen_doing(tmp_path: Path) -> None:
    """It asks a model or runs a command; an agent that ended, a gate that begins and the queue are moments of rest."""
    told = seen(
        tmp_path,
        "a",
        (None, PLAN),
        ("a", asks("editor.1", "editor")),
        ("a", runs("verify")),
        ("a", e.GateStarted(gate="tester", commit="c")),
        ("a", asks("tester.1", "tester")),
        ("a", e.AttemptEnded(agent="tester.1", outcome="finished")),
        ("a", runs("verify")),
        ("a", e.ChangeQueued(commit="c")),
        ("a", runs("verify")),
        ("a", e.ChangeMerged(commit="c", onto="base", landed="l", tree="t")),
    )
    verify = "verify shell {}"
    assert told == [None, "editor.1 asks m", verify, None, "tester.1 asks m", None, verify, None, verify, None]


def test_the_run_has_work_of_its_own(tmp_path: Path) -> None:
    """Setup, planning and the tests of the base belong to no task, and each is over when its result is there."""
    told = seen(
        tmp_path,
        None,
        (None, STARTED),
        (None, runs("setup")),
        (None, ran("setup")),
        (None, asks("coordinator.1", "coordinator")),
        (None, PLAN),
        (None, runs("verify")),
        (None, e.VerifiedBase(commit="base", green=True)),
        ("a", asks("editor.1", "editor")),
    )
    assert told == [None, "setup shell {}", None, "coordinator.1 asks m", None, "verify shell {}", None, None]
