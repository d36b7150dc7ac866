"""All runs of a repository, newest first."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from orchestrator.journal.state import RunState, TaskState
from orchestrator.views.styles import FAINT, HEADING, style_of
from orchestrator.views.words import dollars, moment, one_line

_IN = {TaskState.LANDED, TaskState.READY, TaskState.MERGED}


def runs_view(states: Iterable[RunState]) -> Iterator[RenderableType]:
    """A line for each run."""
    table = Table(box=None, pad_edge=False, header_style=HEADING)
    table.add_column("RUN", overflow="fold")
    table.add_column("STATUS", no_wrap=True)
    table.add_column("TASKS", no_wrap=True, justify="right")
    table.add_column("COST", no_wrap=True, justify="right")
    table.add_column("STARTED", no_wrap=True)
    for state in states:
        table.add_row(
            one_line(state.run),
            Text(_status(state), style=style_of(state.status)),
            f"{_finished(state)}/{len(state.tasks)}",
            dollars(state.total.cost, unpriced_tokens=state.total.unpriced_tokens),
            Text(moment(state.started_at)[:16], style=FAINT),
        )
    yield table


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


def _status(state: RunState) -> str:
    return f"{state.status}, asks" if state.waiting and state.status == "running" else state.status


def _finished(state: RunState) -> int:
    return sum(task.state in _IN for task in state.tasks.values())
