"""What a fork's state has from the run that it comes from: tasks that were done, and one that is to be gone on with."""

from __future__ import annotations

from agents.events import TaskTakenOver
from orchestrator.journal.state import RunState, TaskProgress, TaskState


def task_taken_over(state: RunState, task: TaskProgress | None, event: TaskTakenOver, _: object) -> None:
    """A task that is done, at the same commits; the last of them to land is where the run's main branch begins."""
    state.tip = event.landed or state.tip
    if task is not None:
        task.state, task.why, task.result = TaskState(event.state), event.why, event.result
        task.commit, task.landed, task.taken_over = event.commit, event.landed, True


def conversation_taken_over(_: RunState, task: TaskProgress | None, *__: object) -> None:
    """An attempt on its way, at which nobody works yet."""
    if task is not None:
        task.state = TaskState.PENDING
