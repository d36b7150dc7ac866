"""The tasks that a coordinator made, as a reader of a run's progress sees them."""

from __future__ import annotations

import textwrap
from typing import Any

from agents.events import PlanMade
from orchestrator.views.words import plural
from policies.printable import printable

GOAL_CHARS = 200
"""How much of a task's goal is shown; the saved plan has all of it."""


def made_plan(event: PlanMade, *, columns: int) -> str:
    """Why these tasks, and a paragraph for each: what it needs, may change and is to do; wrapped at words."""
    head = f"the coordinator made {plural(len(event.tasks), 'task')}: {event.why or ''}"
    return "\n".join([_wrapped(head, "", columns), *(_wrapped(_task(task), "  ", columns) for task in event.tasks)])


def _wrapped(text: str, indent: str, columns: int) -> str:
    line = printable(" ".join(text.split()))
    return textwrap.fill(line, columns, initial_indent=indent, subsequent_indent="    ", break_on_hyphens=False)


def _task(task: dict[str, Any]) -> str:
    facts = [task["role"]]
    facts += [f"needs {', '.join(task['needs'])}"] if task.get("needs") else []
    facts += [f"changes {', '.join(task['paths'])}"] if task.get("paths") else []
    goal = str(task["goal"])
    return f"{task['id']}: {'; '.join(facts)}: {goal if len(goal) <= GOAL_CHARS else f'{goal[:GOAL_CHARS]}…'}"
