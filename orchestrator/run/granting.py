"""What a run that stopped at a limit has to be granted before it can go on."""

from __future__ import annotations

from agents.dimensions import DIMENSIONS
from orchestrator.errors import UsageProblem
from orchestrator.journal.fold import KEPT_ON_RESUME
from orchestrator.journal.state import ReachedLimit, RunState, Tally, TaskProgress
from orchestrator.plan.models import Bounds, Plan
from orchestrator.plan.units import format_duration
from orchestrator.run.grants import Grant, read_grant
from orchestrator.run.options import RunOptions, overlay
from orchestrator.run.owners import role_owner, task_owner
from orchestrator.run.scheduler import SETTLED_WELL
from orchestrator.run.usage import amounts_of, used_by_task


def require_enough(state: RunState, plan: Plan, options: RunOptions) -> None:
    """See that each new grant is more than what is used of it by now; raises UsageProblem with the figure."""
    for text in options.limits:
        grant = read_grant(text, plan)
        if grant.key not in DIMENSIONS:
            continue
        amount = _bound(overlay(plan, RunOptions(limits=(text,))), grant)
        used = max([_used(state, grant), *_clocked(state, grant)])
        if amount is not None and amount <= used:
            raise UsageProblem(
                f"--limit {text}: {_shown(grant.key, used)} of it is used already", hint="grant more than that"
            )


def in_the_way(state: RunState, plan: Plan) -> list[ReachedLimit]:
    """The limits that the run stopped at and that `plan` does not raise; none where a task can go on all the same."""
    reached = [each for each in state.reached if not _is_raised(each, plan)]
    if any(_is_the_runs(each, plan) for each in reached):
        return reached
    stuck = {each.task for each in reached}
    if state.planned is None or any(_can_go_on(state, task, stuck) for task in state.tasks.values()):
        return reached if None in stuck else []
    return reached


def _is_the_runs(reached: ReachedLimit, plan: Plan) -> bool:
    grant = read_grant(f"{reached.name}=0", plan)
    return grant.task is None and grant.role is None


def _is_raised(reached: ReachedLimit, plan: Plan) -> bool:
    if reached.name.rpartition(".")[2] not in DIMENSIONS:
        return True  # a context that was full is begun anew
    try:
        bound = _bound(plan, read_grant(f"{reached.name}=0", plan))
    except UsageProblem:
        return True  # the plan has no place for it any more
    return bound is None or bound > reached.value


def _bound(plan: Plan, grant: Grant) -> float | None:
    bounds: Bounds | None = plan.limits
    if grant.task is not None:
        bounds = plan.task(grant.task).limits
    elif grant.role is not None:
        bounds = getattr(plan.limits.roles, grant.role, None)
    return bounds.amounts().get(grant.key) if bounds is not None else None


def _can_go_on(state: RunState, task: TaskProgress, stuck: set[str | None]) -> bool:
    if task.state in KEPT_ON_RESUME or task.id in stuck:
        return False
    if task.parts:
        return any(_can_go_on(state, state.tasks[part], stuck) for part in task.parts)
    needs = [state.tasks[need] for need in task.needs if need in state.tasks]
    return all(need.state in SETTLED_WELL or _can_go_on(state, need, stuck) for need in needs)


def _used(state: RunState, grant: Grant) -> float:
    tally, seconds = state.total, state.seconds
    if grant.task is not None and grant.task in state.tasks:
        tally, seconds = used_by_task(state, grant.task), state.tasks[grant.task].seconds
    elif grant.role is not None:
        tally, seconds = state.roles.get(grant.role, Tally()), state.role_seconds.get(grant.role, 0.0)
    return amounts_of(tally, seconds)[grant.key]


def _clocked(state: RunState, grant: Grant) -> list[float]:
    """What the clock said that stopped it: it began a moment before the journal's did."""
    owner = "" if grant.task is None else f"{task_owner(grant.task)}."
    owner = owner if grant.role is None else f"{role_owner(grant.role, state.tasks)}."
    return [each.used for each in state.reached if grant.key == "wall" and each.name == f"{owner}wall"]


def _shown(key: str, used: float) -> str:
    if key == "cost":
        return f"${used:.4f}"
    return format_duration(used) if key in {"wall", "cpu"} else f"{used:.0f}"
