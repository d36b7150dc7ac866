"""The states of tasks in the order in which people want to hear of them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from orchestrator.journal.state import TaskProgress, TaskState

ORDER = (
    TaskState.LANDED,
    TaskState.MERGED,
    TaskState.READY,
    TaskState.PENDING,
    TaskState.SKIPPED,
    TaskState.WAITING,
    TaskState.REFUSED,
    TaskState.FAILED,
    TaskState.QUEUED,
    TaskState.GATED,
    TaskState.WORKING,
)
"""From what is settled to what goes on: the end of a page is what is seen of it."""

AT_WORK = frozenset({TaskState.WORKING, TaskState.GATED, TaskState.QUEUED})
SETTLED_WELL = frozenset({TaskState.LANDED, TaskState.MERGED, TaskState.READY})


REVERTED = "reverted"
"""What is said of a task that landed and was taken back: to its reader it is no longer there."""


def state_word(task: TaskProgress) -> str:
    """A task's state in a word."""
    return REVERTED if task.reverted is not None else task.state.value


def is_quiet(task: TaskProgress) -> bool:
    """Whether its state says all that there is to say of a task."""
    return task.reverted is None and task.state in SETTLED_WELL | {TaskState.PENDING, TaskState.SKIPPED}


def in_tree(tasks: dict[str, TaskProgress]) -> list[tuple[TaskProgress, int]]:
    """The tasks in the plan's order with their depth: the parts of a split under the task whose place they take."""
    shown: list[tuple[TaskProgress, int]] = []

    def add(task: TaskProgress, depth: int) -> None:
        shown.append((task, depth))
        for part in task.parts:
            if part in tasks:
                add(tasks[part], depth + 1)

    for task in tasks.values():
        if task.part_of not in tasks:
            add(task, 0)
    return shown


def forked(origin: Mapping[str, Any]) -> str:
    """Where a run comes from that is a fork of another."""
    return f"forked from {origin['run']}, at checkpoint {origin['checkpoint']} of {origin['task']}"
