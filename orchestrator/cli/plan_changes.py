"""What of a plan file no longer fits the run that was begun with it: the run goes on with the plan that it has."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from orchestrator.journal.state import RunState
from orchestrator.plan.loader import load_plan, read_plan
from policies.problems import DocumentError

_TASKS = "tasks"
_GOES_ON = "the run goes on with the plan that it began with"


def plan_changes(state: RunState) -> list[str]:
    """A line for the user where the plan's file is not any more what the run began with; none where it is."""
    if state.plan_file is None:
        return []
    path = Path(state.plan_file)
    try:
        if path.read_text(encoding="utf-8") == state.plan_source:
            return []
        before, changed = read_plan(state.plan_source, file=path.name).dumped(), load_plan(path).dumped()
    except (OSError, UnicodeDecodeError):
        return [f"{path.name} can't be read any more; {_GOES_ON}"]
    except DocumentError:
        return [f"{path.name} was changed since and is no valid plan now; {_GOES_ON}"]
    # What options set is in the run's plan too: it is texts that are compared.
    told = [*_settings(before, changed), *_tasks(before, changed)]
    return [f"{path.name} was changed since: {'; '.join(told)}. {_GOES_ON[0].upper()}{_GOES_ON[1:]}"] if told else []


def _settings(before: dict[str, Any], now: dict[str, Any]) -> Iterator[str]:
    for key in dict.fromkeys([*before, *now]):
        if key != _TASKS and before.get(key) != now.get(key):
            yield f"`{key}` differs"


def _tasks(before: dict[str, Any], now: dict[str, Any]) -> Iterator[str]:
    old, new = ({task["id"]: task for task in plan.get(_TASKS, ())} for plan in (before, now))
    for task in dict.fromkeys([*old, *new]):
        if task not in old:
            yield f"task {task} is new"
        elif task not in new:
            yield f"task {task} is gone"
        elif old[task] != new[task]:
            keys = [key for key in dict.fromkeys([*old[task], *new[task]]) if old[task].get(key) != new[task].get(key)]
            yield f"task {task} differs in {', '.join(keys)}"
