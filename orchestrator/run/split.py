"""A task that was split: its parts one after the other, what they used, and what becomes of the task by them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Iterator
from dataclasses import dataclass

from structlog.contextvars import bound_contextvars

from agents.events import TaskEnded
from agents.recorder import Recorder
from orchestrator.journal.fold import KEPT_ON_RESUME
from orchestrator.journal.state import RunState, TaskState
from orchestrator.plan.models import Task
from orchestrator.run.context import RunContext
from orchestrator.run.scheduler import SETTLED_WELL


@dataclass(frozen=True, slots=True, kw_only=True)
class _Stopped:
    """The part that kept the others from starting."""

    part: str
    state: TaskState


async def work_parts(
    ctx: RunContext, task: str, recorder: Recorder, work: Callable[[Task], Awaitable[TaskState]]
) -> TaskState:
    """Work on the parts that have no outcome yet, in their order; the task's own outcome is journalled here.

    Those behind a part that a provider keeps waiting are not given up: the task comes back for all of them.
    """
    stopped: _Stopped | None = None
    for part in ctx.state.tasks[task].parts:
        if stopped is not None:
            if stopped.state is TaskState.WAITING and back_in_seconds(ctx, stopped.part) is not None:
                break
            why = f"it needs {stopped.part}, which is {stopped.state}"
            await ctx.journal.recorder(part).record(TaskEnded(state="skipped", why=why))
            continue
        known = ctx.state.tasks[part].state
        with bound_contextvars(task=part):
            state = known if known in KEPT_ON_RESUME else await work(ctx.plan.task(part))
        if state not in SETTLED_WELL:
            stopped = _Stopped(part=part, state=state)
    ended = _ended(ctx.state, task, stopped)
    await recorder.record(ended)
    return TaskState(ended.state)


def _ended(state: RunState, task: str, stopped: _Stopped | None) -> TaskEnded:
    parts = state.tasks[task].parts
    if stopped is None:
        landed = [commit for part in parts if (commit := state.tasks[part].landed) is not None]
        why = f"split into {', '.join(parts)}"
        return TaskEnded(state="ready", why=why, commit=landed[-1] if landed else None)
    why = f"its part {stopped.part} is {stopped.state}"
    match stopped.state:
        case TaskState.FAILED:
            return TaskEnded(state="failed", why=why)
        case TaskState.REFUSED:
            return TaskEnded(state="refused", why=why)
        case _:
            return TaskEnded(state="waiting", why=why)


def back_in_seconds(ctx: RunContext, task: str) -> float | None:
    """When a task whose provider was away, or that of one of its parts, may try once more; None where none was."""
    waits = [ctx.circuits.back_in_seconds(each) for each in leaves(ctx.state, [task])]
    return min((wait for wait in waits if wait is not None), default=None)


def leaves(state: RunState, tasks: Iterable[str]) -> Iterator[str]:
    """The tasks that did the work: each itself, or its parts where it was split."""
    for task in tasks:
        parts = state.tasks[task].parts
        if parts:
            yield from leaves(state, parts)
        else:
            yield task


def whole(state: RunState) -> list[str]:
    """The tasks that wait to land and whose parts have all landed meanwhile, the inner ones first."""
    found: list[str] = []
    for task in reversed(state.tasks.values()):
        landed = [part in found or state.tasks[part].state is TaskState.LANDED for part in task.parts]
        if task.state is TaskState.READY and task.parts and all(landed):
            found.append(task.id)
    return found
