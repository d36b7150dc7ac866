"""A run of the past, opened again: its plan and policy come from the journal, not from files that may have changed."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from functools import partial

from orchestrator.cli.plan_changes import plan_changes
from orchestrator.cli.selection import choose_run, read_state
from orchestrator.cli.state import open_journal
from orchestrator.errors import CannotRun, UsageProblem
from orchestrator.journal.chain import verify_chain
from orchestrator.journal.fold import KEPT_ON_RESUME
from orchestrator.journal.state import RunState, TaskState
from orchestrator.journal.store import JournalStore
from orchestrator.plan.models import Plan
from orchestrator.run.context import RunContext
from orchestrator.run.granting import in_the_way, require_enough
from orchestrator.run.opening import Surroundings, open_old_run
from orchestrator.run.options import RunOptions, overlay
from orchestrator.run.policy_source import policy_of_journal
from policies.policy import Policy

CANCELLED = "cancelled by the user"
"""Why a run ended that is not to be gone on with."""


def is_over(state: RunState) -> bool:
    """Whether a run has ended with every task at its outcome, so that there is nothing to go on with."""
    ended = state.status in {"done", "partial", "failed"}
    return ended and all(task.state in KEPT_ON_RESUME | {TaskState.SKIPPED} for task in state.tasks.values())


def why_it_stays(state: RunState, options: RunOptions) -> str | None:
    """Why `resume` would do nothing, with what these options grant; raises UsageProblem for a grant of too little."""
    if state.why == CANCELLED or state.options.get("draft"):
        return None  # that is refused, and not by us
    if is_over(state):
        return f"{state.run} has ended: there is nothing to go on with"
    plan = granted_plan(state, options)
    require_enough(state, plan, options)
    limits = in_the_way(state, plan) if state.status == "stopped" else []
    names = ", ".join(dict.fromkeys(each.name for each in limits))
    return f"nothing was started: {names} has to be raised first" if limits else None


def plan_of(state: RunState) -> Plan:
    """The plan of the file, with the tasks that the coordinator made."""
    tasks = [*state.plan.get("tasks", ()), *state.made_tasks.values()]
    return Plan.rebuilt({**state.plan, "tasks": tasks})


def require_whole(store: JournalStore, run: str) -> None:
    """See that nothing of a run's journal was changed or is missing: what is gone on with must be what happened."""
    report = verify_chain(store.events(run))
    if report.broken_at is not None:
        what = f"the journal of {run} is broken at event {report.broken_at}: {report.why}"
        remedy = f"nothing was done; what landed is on mimo/{run}/main: mimo-orchestrate audit verify {run}"
        raise CannotRun(what, remedy)


def granted_plan(state: RunState, options: RunOptions) -> Plan:
    """The plan of a run with all that was granted, last by these options; raises UsageProblem for one that is off."""
    granted = replace(options, limits=(*state.options.get("limits", ()), *options.limits))
    return overlay(plan_of(state), granted)


@asynccontextmanager
async def reopened(around: Surroundings, wanted: str, *, resume: bool = True) -> AsyncIterator[RunContext]:
    """The run that `wanted` names, with what the command line grants it; raises UsageProblem and as `open_old_run`."""
    with open_journal(around.repository) as store:
        run = choose_run(store.runs(), wanted)
    async with open_old_run(around, run, partial(_settled, around, run, resume=resume), resume=resume) as ctx:
        yield ctx


def _settled(around: Surroundings, run: str, store: JournalStore, *, resume: bool) -> tuple[RunState, Plan, Policy]:
    state = read_state(store, run)
    if state.options.get("draft"):
        raise UsageProblem(f"{run} only drafted a plan", hint="run the file that it made, or draft it anew")
    if state.why == CANCELLED:
        raise UsageProblem(f"{run} was cancelled", hint="start it anew: mimo-orchestrate PLAN.yaml")
    if resume and is_over(state):
        raise UsageProblem(f"{run} has ended meanwhile", hint=f"see what came of it: mimo-orchestrate status {run}")
    plan = granted_plan(state, around.options)
    for note in plan_changes(state):
        around.say(f"note: {note}")
    policy = policy_of_journal(run, state.policy, state.policy_hash)
    require_whole(store, run)
    return state, plan, policy
