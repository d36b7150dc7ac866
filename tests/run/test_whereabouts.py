"""How far a task had come: each event moves it on, and nothing but its events says where it is."""

from __future__ import annotations

from agents.events import (
    AttemptEnded,
    AttemptStarted,
    ChangeRefused,
    CheckpointTaken,
    CommandProposed,
    CommandRun,
    DecisionMade,
    Event,
    GateFailed,
    GatePassed,
    GateStarted,
    Role,
)
from orchestrator.run.whereabouts import whereabouts


def began(agent: str, role: Role, *, attempt: int = 1, round: int = 1, commit: str = "base") -> AttemptStarted:
    """An agent begins or goes on."""
    return AttemptStarted(agent=agent, role=role, attempt=attempt, round=round, model="m", commit=commit, sandbox="s")


def saved(step: int, commit: str) -> CheckpointTaken:
    """The editor's files are saved."""
    return CheckpointTaken(agent="editor.1", step=step, ref=f"refs/mimo/runs/r/t/{step}", commit=commit)


def finished(agent: str = "editor.1") -> AttemptEnded:
    """An agent hands over."""
    return AttemptEnded(agent=agent, outcome="finished", result={"summary": "done", "notes": ""})


BEGUN: list[Event] = [began("editor.1", "editor"), saved(1, "c1"), saved(3, "c3")]
CLAIMED: list[Event] = [*BEGUN, finished(), GateStarted(gate="reviewer", commit="x"), began("reviewer.1", "reviewer")]
REFUSED = GateFailed(gate="reviewer", commit="x", why="it leaks", evidence={"verdict": "changes"})


def test_a_task_that_was_never_begun_is_nowhere() -> None:
    """There is no attempt to go on with."""
    assert whereabouts([], role="editor").attempt == 0


def test_an_attempt_stands_on_where_it_began_and_what_it_saved() -> None:
    """Going on with it, in another process too, changes neither."""
    where = whereabouts([*BEGUN, began("editor.1", "editor", commit="c3")], role="editor")
    assert (where.attempt, where.round, where.start, where.ended) == (1, 1, "base", None)
    assert [each.commit for each in where.saved] == ["c1", "c3"]


def test_a_claim_is_at_its_gate() -> None:
    """The round is over, and the gate's conversation is the one to go on with; its agent is not the task's."""
    where = whereabouts(CLAIMED, role="editor")
    gate = where.at_gates["reviewer"]
    assert where.ended == finished()
    assert (gate.number, gate.commit, gate.is_settled, where.back) == (1, "x", False, False)


def test_a_gate_that_refused_sends_the_work_back() -> None:
    """The next round begins with the gate's reasons, until it has begun."""
    where = whereabouts([*CLAIMED, REFUSED], role="editor")
    assert where.back
    assert [note.text for note in where.reasons] == ["it leaks"]
    assert not whereabouts([*CLAIMED, REFUSED, began("editor.1", "editor", round=2)], role="editor").back


def test_a_gate_without_a_verdict_has_decided_nothing() -> None:
    """Its agent was stopped: nothing came back to the editor."""
    stopped = GateFailed(gate="reviewer", commit="x", why="no verdict: the run is being stopped")
    where = whereabouts([*CLAIMED, stopped], role="editor")
    assert (where.back, where.at_gates["reviewer"].is_settled) == (False, False)


def test_the_conversations_of_a_gate_are_counted_on() -> None:
    """Another commit is another conversation, under a number that none had."""
    again: list[Event] = [GatePassed(gate="reviewer", commit="x"), GateStarted(gate="reviewer", commit="y")]
    gate = whereabouts([*CLAIMED, *again], role="editor").at_gates["reviewer"]
    assert (gate.number, gate.before, gate.newest) == (0, 1, 1)


def test_a_refused_merge_is_where_the_next_round_begins() -> None:
    """What was saved before it is in it; the change is measured against the commit that it met."""
    refused = ChangeRefused(commit="x", onto="tip", why="they conflict", conflicts=["a"])
    where = whereabouts([*CLAIMED, GatePassed(gate="reviewer", commit="x"), refused], role="editor")
    assert (where.start, where.saved, where.refused, where.back) == ("tip", [], refused, True)


def test_a_fresh_attempt_forgets_the_one_before() -> None:
    """All but why that one failed, and how many conversations its gates had."""
    failed = AttemptEnded(agent="editor.1", outcome="failed", why="it went round in circles")
    decided = DecisionMade(agent="coordinator.1", attempt=1, choice="another approach", why="w", advice="look first")
    before = whereabouts([*BEGUN, failed, began("coordinator.1", "coordinator"), decided], role="editor")
    assert before.decision == decided
    after = whereabouts([*BEGUN, failed, decided, began("editor.2", "editor", attempt=2, commit="tip")], role="editor")
    assert (after.attempt, after.start, after.saved, after.decision) == (2, "tip", [], None)
    assert [note.text for note in after.reasons] == ["it went round in circles"]


def test_a_check_of_the_plan_that_has_no_end_was_interrupted() -> None:
    """One that ended was not."""
    proposed = CommandProposed(id="verify.1", source="verify", tool="shell", arguments='{"command": "true"}')
    ran = CommandRun(id="verify.1", source="verify", sandbox="s", command="true", exit_code=0, wall_seconds=0.1)
    assert whereabouts([*BEGUN, proposed], role="editor").users_command == proposed
    assert whereabouts([*BEGUN, proposed, ran], role="editor").users_command is None
