"""The state of a run as a pure fold over its events: the only place that gives events a meaning."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from agents import events as e
from agents.step_events import HANDOVER
from orchestrator.journal.chain import Recorded
from orchestrator.journal.clock import between
from orchestrator.journal.proposals import command_text
from orchestrator.journal.reading import KINDS, is_of_today
from orchestrator.journal.reading import event_of as event_of
from orchestrator.journal.state import (
    Activity,
    DecisionState,
    GateResult,
    InterruptedState,
    QuestionState,
    ReachedLimit,
    RunState,
    TaskProgress,
    TaskState,
)
from orchestrator.journal.taken_over import conversation_taken_over, task_taken_over
from orchestrator.journal.tallies import add, tallies


def fold(events: Iterable[Recorded], state: RunState | None = None) -> RunState:
    """The state after all these events of one run, oldest first; raises ValueError where there are none.

    A `state` that is given is that of the events before them, and is moved on.
    """
    for recorded in events:
        state = state or RunState(run=recorded.run, started_at=recorded.time)
        apply(state, recorded)
    if state is None:
        msg = "a run without events has no state"
        raise ValueError(msg)
    return state


def apply(state: RunState, recorded: Recorded) -> None:
    """Move `state` on by one event."""
    task = state.tasks.get(recorded.task) if recorded.task is not None else None
    kind = KINDS.get(recorded.kind)
    if kind is None or _RULES[kind] is not _nothing or not is_of_today(recorded):
        event = event_of(recorded)
        _RULES[type(event)](state, task, event, recorded)
    state.events, state.head = recorded.seq, recorded.hash
    state.updated_at = recorded.time


def _run_started(state: RunState, _: TaskProgress | None, event: e.RunStarted, recorded: Recorded) -> None:
    state.name, state.goal = str(event.plan.get("name", "")), str(event.plan.get("goal", ""))
    state.plan, state.plan_source, state.plan_file = event.plan, event.plan_source, event.plan_file
    state.policy, state.policy_hash = event.policy, event.policy_hash
    state.backend, state.image, state.options = event.backend, event.image, dict(event.options)
    state.base_branch, state.base_before = event.base_branch, event.base_commit
    state.base_after = state.tip = event.base_commit
    state.started_at = state.session_started_at = recorded.time
    state.forked_from = event.forked_from.model_dump() if event.forked_from is not None else None


def _run_resumed(state: RunState, _: TaskProgress | None, event: e.RunResumed, recorded: Recorded) -> None:
    if state.status == "running":
        # The process before was killed: what it had lasted until its last event counts.
        state.seconds += between(state.session_started_at, state.updated_at)
    state.status, state.why, state.why_not = "running", None, None
    # What was granted once stays granted.
    granted = [*state.options.get("limits", ()), *event.options.get("limits", ())]
    state.options.update({**event.options, **({"limits": granted} if granted else {})})
    state.limits_reached.clear()
    state.reached.clear()
    state.run_limit_reached = False
    _stop_agents(state, state.updated_at)
    state.session_started_at = recorded.time
    state.activity = None
    for task in state.tasks.values():
        if task.state not in KEPT_ON_RESUME:
            task.seconds += 0.0 if task.started_at is None else between(task.started_at, state.updated_at)
            task.state, task.why, task.started_at = TaskState.PENDING, None, None
            _idle(task)


KEPT_ON_RESUME = {TaskState.LANDED, TaskState.READY, TaskState.MERGED, TaskState.FAILED, TaskState.REFUSED}
"""The outcomes at which a task stays when the run goes on."""


def _run_ended(state: RunState, _: TaskProgress | None, event: e.RunEnded, recorded: Recorded) -> None:
    if state.status == "running":
        state.seconds += between(state.session_started_at, recorded.time)
    state.status, state.why, state.activity = event.status, event.why, None
    state.base_after, state.moved, state.why_not = event.base_after, event.moved, event.why_not
    _stop_agents(state, recorded.time)


def _store_remade(state: RunState, _: TaskProgress | None, event: e.StoreRemade, __: Recorded) -> None:
    state.tip = event.tip
    for name in event.lost:
        task = state.tasks[name]
        task.state, task.why = TaskState.PENDING, None
        task.landed = task.commit = task.checkpoint = task.checkpoint_ref = None


def _plan_made(state: RunState, _: TaskProgress | None, event: e.PlanMade, __: Recorded) -> None:
    state.planned, state.activity = event.source, None
    for task in event.tasks:
        state.tasks[task["id"]] = _progress(task)
        if event.source == "coordinator":
            state.made_tasks[task["id"]] = task


def _progress(task: dict[str, Any], *, part_of: str | None = None) -> TaskProgress:
    needs = list(task.get("needs", []))
    return TaskProgress(id=task["id"], role=task["role"], goal=task["goal"], needs=needs, part_of=part_of)


def _decision_made(state: RunState, task: TaskProgress | None, event: e.DecisionMade, _: Recorded) -> None:
    if task is None:
        return
    task.decisions.append(DecisionState(attempt=event.attempt, choice=event.choice, why=event.why, advice=event.advice))
    for part in event.parts:
        task.parts.append(part["id"])
        state.tasks[part["id"]] = _progress(part, part_of=task.id)
        state.made_tasks[part["id"]] = part


def _sandbox_prepared(state: RunState, *_: object) -> None:
    state.activity = None


def _base_verified(state: RunState, _: TaskProgress | None, event: e.VerifiedBase, __: Recorded) -> None:
    state.base_green, state.activity = event.green, None


def _task_started(_: RunState, task: TaskProgress | None, event: e.TaskStarted, recorded: Recorded) -> None:
    if task is not None:
        task.state, task.start_commit, task.started_at = TaskState.WORKING, event.commit, recorded.time
        task.why = None


def _task_ended(_: RunState, task: TaskProgress | None, event: e.TaskEnded, recorded: Recorded) -> None:
    if task is None:
        return
    task.state, task.why = TaskState(event.state), event.why
    task.commit = event.commit or task.commit
    _idle(task)
    _stop_clock(task, recorded)


def _idle(task: TaskProgress) -> None:
    task.doing = task.activity = None


def _stop_clock(task: TaskProgress, recorded: Recorded) -> None:
    if task.started_at is not None:
        task.seconds += between(task.started_at, recorded.time)
        task.started_at = None


def _attempt_started(state: RunState, task: TaskProgress | None, event: e.AttemptStarted, recorded: Recorded) -> None:
    # On a fresh sandbox after a lost one the same agent starts again.
    state.agents_since.setdefault(f"{recorded.task}/{event.agent}", (event.role, recorded.time))
    if task is None and event.role == "coordinator":
        state.plannings = max(state.plannings, event.attempt)
    if task is not None and event.role == task.role:
        task.state = TaskState.WORKING
        task.attempts, task.rounds = max(task.attempts, event.attempt), event.round


def _stop_agents(state: RunState, when: float, *agents: str) -> None:
    """Add up the time of these agents, all where none is named."""
    for agent in agents or list(state.agents_since):
        if (at_work := state.agents_since.pop(agent, None)) is not None:
            role, since = at_work
            state.role_seconds[role] = state.role_seconds.get(role, 0.0) + between(since, when)


def _attempt_ended(state: RunState, task: TaskProgress | None, event: e.AttemptEnded, recorded: Recorded) -> None:
    _stop_agents(state, recorded.time, f"{recorded.task}/{event.agent}")
    (task or state).activity = None
    if task is not None and event.agent.split(".")[0] == task.role:
        task.result = event.result or task.result
        task.commit = event.commit or task.commit
        task.doing = None


def _model_asked(state: RunState, task: TaskProgress | None, event: e.ModelAsked, recorded: Recorded) -> None:
    (task or state).activity = Activity(
        who=event.agent, step=event.step, tool=None, text=event.model, since=recorded.time
    )
    _does(task, recorded, f"{event.agent} step {event.step}: asks {event.model}")


def _does(task: TaskProgress | None, recorded: Recorded, what: str) -> None:
    if task is not None:
        task.doing, task.doing_since = what, recorded.time


def _model_answered(state: RunState, task: TaskProgress | None, event: e.ModelAnswered, __: Recorded) -> None:
    for tally in tallies(state, task, event.role):
        tally.steps += not event.agent.endswith(f".{HANDOVER}")
        add(tally, event.usage, event.cost)


def _command_proposed(state: RunState, task: TaskProgress | None, event: e.CommandProposed, recorded: Recorded) -> None:
    (task or state).activity = Activity(
        who=event.agent or event.source, step=event.step, tool=event.tool, text=event.arguments, since=recorded.time
    )
    who = f"{event.agent} step {event.step}" if event.source == "agent" else event.source
    _does(task, recorded, f"{who}: {'$' if event.tool == 'shell' else event.tool} {command_text(event)}")


def _command_run(state: RunState, task: TaskProgress | None, event: e.CommandRun, __: Recorded) -> None:
    for tally in tallies(state, task, event.agent.split(".")[0] if event.agent is not None else None):
        tally.cpu_seconds += event.cpu_seconds
    # Nothing tells of the end of a setup; an agent's next event follows at once.
    if task is None and event.source != "agent":
        state.activity = None


def _command_interrupted(state: RunState, task: TaskProgress | None, event: e.CommandInterrupted, _: Recorded) -> None:
    name = task.id if task is not None else None
    state.interrupted.append(
        InterruptedState(task=name, agent=event.agent, step=event.step, command=event.command, why=event.why)
    )


def _checkpoint(_: RunState, task: TaskProgress | None, event: e.CheckpointTaken, __: Recorded) -> None:
    if task is not None:
        task.checkpoint, task.checkpoint_ref = event.commit, event.ref


def _gate_started(_: RunState, task: TaskProgress | None, event: e.GateStarted, recorded: Recorded) -> None:
    _does(task, recorded, f"at its gate: {event.gate}")
    if task is not None:
        task.state, task.activity = TaskState.GATED, None
        if not any((each.gate, each.commit, each.passed) == (event.gate, event.commit, None) for each in task.gates):
            task.gates.append(GateResult(gate=event.gate, commit=event.commit))


def _gate_passed(_: RunState, task: TaskProgress | None, event: e.GatePassed, __: Recorded) -> None:
    _settle(task, event, passed=True, why=None)


def _gate_failed(_: RunState, task: TaskProgress | None, event: e.GateFailed, __: Recorded) -> None:
    _settle(task, event, passed=False, why=event.why)


def _settle(task: TaskProgress | None, event: e.GatePassed | e.GateFailed, *, passed: bool, why: str | None) -> None:
    """A word on one commit is none on another that the same gate has begun to look at."""
    for result in reversed(task.gates if task is not None else []):
        if (result.gate, result.commit, result.passed) == (event.gate, event.commit, None):
            result.passed, result.why, result.evidence = passed, why, event.evidence
            return


def _question_asked(state: RunState, task: TaskProgress | None, event: e.QuestionAsked, recorded: Recorded) -> None:
    _does(task, recorded, "waits for your answer")
    parts = [part.model_dump() for part in event.parts]
    state.questions[event.id] = QuestionState(
        id=event.id, task=recorded.task, about=event.about, subject=event.subject, parts=parts, bound=event.bound
    )


def _question_answered(
    state: RunState, task: TaskProgress | None, event: e.QuestionAnswered, recorded: Recorded
) -> None:
    question = state.questions.get(event.id)
    if question is not None:
        question.allowed, question.by, question.why = event.allowed, event.by, event.why
        _does(task, recorded, f"was {'allowed' if event.allowed else 'refused'}: {question.subject}")


def _change_queued(_: RunState, task: TaskProgress | None, event: e.ChangeQueued, recorded: Recorded) -> None:
    _does(task, recorded, "waits for its turn to be merged")
    if task is not None:
        task.state, task.commit, task.activity = TaskState.QUEUED, event.commit, None


def _change_merged(state: RunState, task: TaskProgress | None, event: e.ChangeMerged, recorded: Recorded) -> None:
    state.tip = event.landed
    if task is not None:
        task.state, task.commit, task.landed = TaskState.MERGED, event.commit, event.landed
        task.lost_lines, task.reverted, task.why = event.lost_lines, None, None
        _idle(task)
        _stop_clock(task, recorded)


def _change_refused(_: RunState, task: TaskProgress | None, event: e.ChangeRefused, __: Recorded) -> None:
    if task is not None:
        task.why = event.why


def _change_reverted(_: RunState, task: TaskProgress | None, event: e.ChangeReverted, __: Recorded) -> None:
    if task is not None:
        task.reverted = event.commit


def _publish_started(state: RunState, _: TaskProgress | None, event: e.PublishStarted, __: Recorded) -> None:
    state.intended = dict(event.refs)


def _publish_ended(state: RunState, _: TaskProgress | None, event: e.PublishEnded, __: Recorded) -> None:
    state.published.update(event.refs)


def _limit_reached(state: RunState, _: TaskProgress | None, event: e.LimitReached, recorded: Recorded) -> None:
    state.reached.append(ReachedLimit(name=event.limit, value=event.value, used=event.used, task=recorded.task))
    state.limits_reached.append(f"{event.limit}: {event.used:g} of {event.value:g}")
    state.run_limit_reached = state.run_limit_reached or event.limit in _RUN_LIMITS


_RUN_LIMITS = {"steps", "tokens", "cost", "wall", "cpu"}
"""Those of the run are named without a task before them; `context` is always one agent's."""


def _fault_met(state: RunState, task: TaskProgress | None, event: e.FaultMet, __: Recorded) -> None:
    state.faults.append(f"{event.where}: {event.why}")
    if event.usage is not None:
        for tally in tallies(state, task, event.agent.partition(".")[0] if event.agent else None):
            add(tally, event.usage, event.cost)


def _nothing(*_: object) -> None:
    """For kinds that `log` shows and the state doesn't need."""


_RULES: dict[type[Any], Callable[..., None]] = {
    e.RunStarted: _run_started,
    e.RunResumed: _run_resumed,
    e.RunEnded: _run_ended,
    e.StoreRemade: _store_remade,
    e.PlanMade: _plan_made,
    e.SandboxPrepared: _sandbox_prepared,
    e.VerifiedBase: _base_verified,
    e.TaskStarted: _task_started,
    e.TaskEnded: _task_ended,
    e.AttemptStarted: _attempt_started,
    e.AttemptEnded: _attempt_ended,
    e.DecisionMade: _decision_made,
    e.ModelAsked: _model_asked,
    e.ModelAnswered: _model_answered,
    e.CommandProposed: _command_proposed,
    e.CommandJudged: _nothing,
    e.CommandRun: _command_run,
    e.CommandInterrupted: _command_interrupted,
    e.NetworkAsked: _nothing,
    e.NetworkUsed: _nothing,
    e.CheckpointTaken: _checkpoint,
    e.ContextRebuilt: _nothing,
    e.TaskTakenOver: task_taken_over,
    e.ConversationTakenOver: conversation_taken_over,
    e.NoteLearnt: _nothing,
    e.GateStarted: _gate_started,
    e.GatePassed: _gate_passed,
    e.GateFailed: _gate_failed,
    e.QuestionAsked: _question_asked,
    e.QuestionAnswered: _question_answered,
    e.ChangeQueued: _change_queued,
    e.ChangeMerged: _change_merged,
    e.ChangeRefused: _change_refused,
    e.ChangeReverted: _change_reverted,
    e.PublishStarted: _publish_started,
    e.PublishEnded: _publish_ended,
    e.LimitReached: _limit_reached,
    e.FaultMet: _fault_met,
    e.FaultRetried: _nothing,
}
