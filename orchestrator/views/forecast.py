"""What a plan will take, next to what it may."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from rich.console import RenderableType
from rich.text import Text

from agents.dimensions import DIMENSIONS
from orchestrator.plan.models import Limits
from orchestrator.plan.units import format_duration
from orchestrator.run.forecast import Forecast
from orchestrator.views.styles import FAINT
from orchestrator.views.used import amount
from orchestrator.views.words import count, dollars, plural

_LIKE = {
    "plan": "of this plan",
    "model": "with the same models",
    "role": "of the same roles, with other models",
}


def limits_view(limits: Limits, cast: Forecast | None, *, made: bool) -> Iterator[RenderableType]:
    """The run's limits, those of roles, and the forecast; `made` says that the plan has its tasks."""
    tries = f"{plural(limits.attempts, 'attempt')} of {plural(limits.rounds, 'round')} a task"
    cpu = "" if limits.cpu_seconds is None else f", {format_duration(limits.cpu_seconds)} of CPU"
    yield Text(
        f"{plural(limits.steps, 'step')}, {count(limits.tokens)} tokens, {dollars(limits.cost)}, "
        f"{format_duration(limits.wall_seconds)}{cpu}; {tries}"
    )
    for role, bounds in limits.roles or ():
        if bounds is not None and (amounts := bounds.amounts()):
            yield Text(f"all of {role}: {', '.join(_with_unit(key, value) for key, value in amounts.items())}")
    yield from _told(cast) if cast is not None else _untold(limits, made=made)


def forecast_json(cast: Forecast | None) -> dict[str, Any] | None:
    """The same for programs; `cost` is null where a model has no price."""
    if cast is None:
        return None
    ranges = {
        key: {"median": cast.ranges[key].median, "high": cast.ranges[key].high} if key in cast.ranges else None
        for key in DIMENSIONS
        if key != "cpu"
    }
    return {**ranges, "runs": cast.runs, "tasks": cast.tasks, "like": cast.like, "unknown": list(cast.unknown)}


def _told(cast: Forecast) -> Iterator[RenderableType]:
    words = []
    for key, found in cast.ranges.items():
        low, high = amount(key, found.median), amount(key, found.high)
        unit = f" {key}" if key in {"steps", "tokens"} else ""
        words.append(f"{low}{unit}" if low == high else f"{low} to {high}{unit}")
    yield Text(f"forecast: {', '.join(words)}")
    base = f"{plural(cast.tasks, 'task')} of {plural(cast.runs, 'run')} {_LIKE[cast.like]}"
    yield Text(f"the middle, and what nine of ten stay below, going by {base}", style=FAINT)
    if cast.unknown:
        yield Text(f"on top of it: {', '.join(cast.unknown)}, of whose work here nothing is known", style=FAINT)
    if "cost" not in cast.ranges:
        yield Text("nothing can be said of the cost: a model has no known price", style=FAINT)


def _untold(limits: Limits, *, made: bool) -> Iterator[RenderableType]:
    why = "no task like these was done here yet" if made else "its tasks are still to be made"
    yield Text(f"no forecast: {why}; the run stops at {dollars(limits.cost)}", style=FAINT)


def _with_unit(key: str, value: float) -> str:
    unit = {"steps": " steps", "tokens": " tokens", "cpu": " of CPU"}.get(key, "")
    return f"{format_duration(value) if key in {'wall', 'cpu'} else amount(key, value)}{unit}"
