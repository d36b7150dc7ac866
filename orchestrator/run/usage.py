"""What is used of every limit that a run has, its roles' and its tasks' among them: a pure look at its state."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields
from typing import Any

from agents.dimensions import DIMENSIONS
from orchestrator.journal.state import RunState, Tally
from orchestrator.plan.units import ZERO_DURATION, UnitError, parse_duration
from orchestrator.run.owners import role_owner, task_owner


@dataclass(frozen=True, slots=True, kw_only=True)
class Used:
    """What is used of a limit: its name on the command line, both in its own unit, seconds where it is a time."""

    name: str
    used: float
    limit: float

    @property
    def key(self) -> str:
        """Which dimension it is about."""
        return self.name.rpartition(".")[2]


def amounts_of(tally: Tally, seconds: float) -> dict[str, float]:
    """What was used, by dimension."""
    return {
        "steps": float(tally.steps),
        "tokens": float(tally.prompt + tally.completion),
        "cost": tally.cost,
        "wall": seconds,
        "cpu": tally.cpu_seconds,
    }


def used_by_task(state: RunState, task: str) -> Tally:
    """What a task used, its parts included: its limits hold for all of it."""
    progress = state.tasks[task]
    total = Tally()
    for tally in [progress.used, *(used_by_task(state, part) for part in progress.parts)]:
        for each in fields(Tally):
            setattr(total, each.name, getattr(total, each.name) + getattr(tally, each.name))
    return total


def used_of_limits(state: RunState, *, now: float) -> list[Used]:
    """Every limit that is set: the run's first, then those of roles, then those of tasks."""
    limits: Mapping[str, Any] = state.plan.get("limits") or {}
    of_roles: Mapping[str, Any] = limits.get("roles") or {}
    made = [*state.plan.get("tasks", ()), *state.made_tasks.values()]
    of_tasks = {task["id"]: task.get("limits") or {} for task in made}
    granted = _granted(state)
    running = now - state.session_started_at if state.status == "running" else 0.0
    rows = list(_rows("", limits, granted, amounts_of(state.total, state.seconds + running)))
    for role in dict.fromkeys([*of_roles, *state.roles]):
        seconds = state.role_seconds.get(role, 0.0)
        seconds += sum(now - since for at_work, since in state.agents_since.values() if at_work == role)
        used = amounts_of(state.roles.get(role, Tally()), seconds)
        rows += _rows(role_owner(role, state.tasks), of_roles.get(role) or {}, granted, used)
    for name, task in state.tasks.items():
        seconds = task.seconds + (now - task.started_at if task.started_at is not None else 0.0)
        rows += _rows(task_owner(name), of_tasks.get(name, {}), granted, amounts_of(used_by_task(state, name), seconds))
    return rows


def _granted(state: RunState) -> dict[str, str]:
    """What the command line set, by the limit's name with its owner as it is shown; the last word counts."""
    granted = {}
    for text in state.options.get("limits", ()):
        name, _, value = text.partition("=")
        kind, _, rest = name.partition(".")
        if kind == "tasks" and "." in rest:
            name = f"{task_owner(rest.rpartition('.')[0])}.{rest.rpartition('.')[2]}"
        elif kind == "roles" and "." in rest:
            name = f"{role_owner(rest.rpartition('.')[0], state.tasks)}.{rest.rpartition('.')[2]}"
        granted[name] = value
    return granted


def _rows(
    owner: str, limits: Mapping[str, Any], granted: Mapping[str, str], used: Mapping[str, float]
) -> Iterator[Used]:
    for key in DIMENSIONS:
        name = f"{owner}.{key}" if owner else key
        limit = _number(granted.get(name, limits.get(key)))
        if limit is not None:
            yield Used(name=name, used=used[key], limit=limit)


def _number(value: Any) -> float | None:
    """A limit as a plan has it, or as it was typed; None for none, and for what can't be read any more."""
    try:
        return None if value is None else float(value)
    except ValueError:
        pass
    try:
        return 0.0 if ZERO_DURATION.fullmatch(value) else parse_duration(value)
    except UnitError:
        return None
