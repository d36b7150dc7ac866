"""What `run --json` prints at the end, and the exit code that goes with it."""

from __future__ import annotations

from typing import Any

from orchestrator.journal.state import RunState, TaskProgress, TaskState

OUTCOMES = frozenset({"landed", "ready", "failed", "refused", "skipped", "waiting"})
"""The states of formats.md §5; a task on its way counts as waiting."""

EXIT_CODES = {"done": 0, "partial": 1, "failed": 1, "stopped": 3, "interrupted": 130}
"""Exit codes of formats.md §1 for each status of a run that has ended."""


def result(state: RunState) -> dict[str, Any]:
    """The JSON object of formats.md §5."""
    return {
        "run": state.run,
        "status": state.status,
        "base": {
            "branch": state.base_branch,
            "before": state.base_before,
            "after": state.base_after,
            "moved": state.moved,
            "why_not": state.why_not,
        },
        "result": f"refs/heads/mimo/{state.run}/main",
        "tasks": [_task(state, task) for task in state.tasks.values()],
        "totals": {
            "steps": state.total.steps,
            "tokens": state.total.tokens(),
            "cost": round(state.total.cost, 6),
            "unpriced_tokens": state.total.unpriced_tokens,
            "seconds": round(state.seconds, 3),
        },
    }


def _task(state: RunState, task: TaskProgress) -> dict[str, Any]:
    return {
        "id": task.id,
        "role": task.role,
        "state": outcome(task.state),
        "attempts": task.attempts,
        "branch": state.branch(task.id),
        "commit": task.landed or task.commit,
        "steps": task.used.steps,
        "tokens": task.used.tokens(),
        "cost": round(task.used.cost, 6),
        "seconds": round(task.seconds, 3),
        "why": task.why,
    }


def outcome(state: TaskState) -> str:
    """A task's state in the words of the contract: what is merged but not published is ready."""
    if state is TaskState.MERGED:
        return "ready"
    return state.value if state.value in OUTCOMES else "waiting"
