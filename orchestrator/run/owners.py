"""Whose a limit is, as its name says it; known to what only shows, which imports no plan and no model."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from agents.dimensions import DIMENSIONS
from orchestrator.journal.state import ReachedLimit

ROLES = ("coordinator", "investigator", "editor", "tester", "reviewer")
"""As the events have them, which take long to be imported; a test holds them together."""

OF_TASKS, OF_ROLES = "tasks", "roles"
"""What stands before a name that a task and a role have."""


def to_grant(reached: Iterable[ReachedLimit]) -> list[str]:
    """The limits by name, each once, that more may be granted of."""
    names = dict.fromkeys(each.name for each in reached)
    return [name for name in names if name.rpartition(".")[2] in {*DIMENSIONS, "context"}]


def task_owner(task: str) -> str:
    """How the limits of a task are named, before the dot."""
    return f"{OF_TASKS}.{task}" if task in ROLES else task


def role_owner(role: str, tasks: Collection[str]) -> str:
    """How the limits of a role are named, before the dot, in a run with these tasks."""
    return f"{OF_ROLES}.{role}" if role in tasks else role
