"""All runs of a repository, newest first."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from rich.console import RenderableType
from rich.text import Text

from orchestrator.journal.state import RunState
from orchestrator.views.grid import Grid, Row
from orchestrator.views.states import SETTLED_WELL
from orchestrator.views.styles import FAINT, style_of
from orchestrator.views.words import age, dollars, one_line

_NAMES = ("RUN", "STATUS", "DONE", "COST", "AGE")


def runs_view(states: Iterable[RunState], *, now: float) -> Iterator[RenderableType]:
    """A row for each run, with the beginning of its goal; `now` is the time that ages are read at."""
    rows = [Row(_cells(state, now), _goal(state)) for state in states]
    yield Grid(names=_NAMES, rows=rows, right={2, 3, 4}, spare=(3, 4, 2, 1), spill={1, 2, 3, 4}, text_name="GOAL")


def runs_json(states: Iterable[RunState]) -> list[dict[str, Any]]:
    """The same for programs."""
    return [
        {
            "run": state.run,
            "name": state.name,
            "goal": state.goal,
            "status": state.status,
            "why": state.why,
            "base": state.base_branch,
            "tasks": {task.id: task.state.value for task in state.tasks.values()},
            "waiting": [question.id for question in state.waiting],
            "cost": round(state.total.cost, 6),
            "unpriced_tokens": state.total.unpriced_tokens,
            "started_at": state.started_at,
            "updated_at": state.updated_at,
        }
        for state in states
    ]


def _cells(state: RunState, now: float) -> tuple[Text, ...]:
    done = sum(task.state in SETTLED_WELL and task.reverted is None for task in state.tasks.values())
    return (
        one_line(state.run),
        Text(_status(state), style=style_of(state.status)),
        Text(f"{done}/{len(state.tasks)}"),
        Text(dollars(state.total.cost, unpriced_tokens=state.total.unpriced_tokens)),
        Text(age(now - state.started_at), style=FAINT),
    )


def _status(state: RunState) -> str:
    return f"{state.status}, asks" if state.waiting and state.status == "running" else state.status


def _goal(state: RunState) -> Text:
    # What fits beside or under the row is enough to know the run by; `status` has it whole.
    goal = one_line(state.goal, FAINT)
    goal.no_wrap, goal.overflow = True, "ellipsis"
    return goal
