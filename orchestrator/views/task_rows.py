"""The tasks of a run as rows: each with what it does or why it ended, or folded into a line for their state."""

from __future__ import annotations

from collections.abc import Iterator

from rich.console import RenderableType
from rich.text import Text

from orchestrator.journal.state import RunState, TaskProgress, TaskState
from orchestrator.views.grid import Grid, Row
from orchestrator.views.indent import Indented
from orchestrator.views.states import AT_WORK, ORDER, SETTLED_WELL, in_tree, is_quiet, state_word
from orchestrator.views.styles import style_of
from orchestrator.views.words import dollars, duration, one_line, short

_NAMES = ("TASK", "ROLE", "STATE", "STEPS", "COST", "TIME")


def whole_tasks(state: RunState, now: float) -> Iterator[RenderableType]:
    """A row for each task, parts under theirs."""
    rows = [Row(_cells(task, depth, now), task_news(state, task, now)) for task, depth in in_tree(state.tasks)]
    yield Grid(names=_NAMES, rows=rows, right={3, 4, 5}, spare=(1, 3, 4, 5, 2), spill={2, 5}, text_name="WHAT")


def folded_tasks(state: RunState, now: float) -> Iterator[RenderableType]:
    """A line for each state that says all; after them a row for every other task, those at work last."""
    tasks = list(state.tasks.values())
    for each in ORDER:
        quiet = [task.id for task in tasks if task.state is each and is_quiet(task)]
        if quiet:
            label = Text.assemble((f"{len(quiet)} {each.value}", style_of(each.value)), ": ")
            yield Indented(one_line(", ".join(quiet), limit=len(", ".join(quiet))), label.cell_len, label)
    loud = [task for each in ORDER for task in tasks if task.state is each and not is_quiet(task)]
    rows = [Row(_short_cells(task, now), task_news(state, task, now)) for task in loud]
    if rows:
        yield Text()
        yield Grid(names=("", "", ""), rows=rows, right={2}, spare=(2, 1), spill={1, 2})


def task_news(state: RunState, task: TaskProgress, now: float) -> Text | None:
    """What there is to say about a task beside its state; None where that is all."""
    told = [*_tries(task), *_parts(state, task), *_present(state, task, now)]
    if task.taken_over and state.forked_from is not None:
        told.append(f"done in {state.forked_from['run']}")
    if task.reverted is not None:
        told.append(f"it had landed and was taken back by {short(task.reverted)}")
    if task.decisions and task.state not in SETTLED_WELL:
        last = task.decisions[-1]
        told.append(f"the coordinator decided: {last.choice}: {last.why}")
    return one_line("; ".join(told)) if told else None


def _tries(task: TaskProgress) -> Iterator[str]:
    if task.state not in SETTLED_WELL:
        if task.attempts > 1:
            yield f"attempt {task.attempts}"
        if task.rounds > 1:
            yield f"round {task.rounds}"


def _parts(state: RunState, task: TaskProgress) -> Iterator[str]:
    parts = [state.tasks[part].state for part in task.parts if part in state.tasks]
    if parts:
        states = ", ".join(f"{parts.count(each)} {each.value}" for each in ORDER if each in parts)
        yield f"split in {len(parts)}: {states}"


def _present(state: RunState, task: TaskProgress, now: float) -> Iterator[str]:
    if task.why:
        yield task.why
    elif task.doing and task.state in AT_WORK and not task.parts:
        since = f" (for {duration(now - task.doing_since)})" if task.doing_since is not None else ""
        yield f"{task.doing}{since}"
    elif task.state is TaskState.PENDING:
        missing = [need for need in task.needs if need in state.tasks and state.tasks[need].state not in SETTLED_WELL]
        if missing:
            yield f"needs {', '.join(missing)}"


def _cells(task: TaskProgress, depth: int, now: float) -> tuple[Text, ...]:
    begun = task.started_at is not None or task.attempts > 0
    figures = (
        str(task.used.steps),
        dollars(task.used.cost, unpriced_tokens=task.used.unpriced_tokens),
        duration(_seconds(task, now)),
    )
    return (
        Text("  " * depth) + one_line(task.id),
        one_line(task.role),
        _state(task),
        *(Text(figure if begun else "-") for figure in figures),
    )


def _short_cells(task: TaskProgress, now: float) -> tuple[Text, ...]:
    return one_line(task.id), _state(task), Text(duration(_seconds(task, now)))


def _seconds(task: TaskProgress, now: float) -> float:
    return task.seconds + (now - task.started_at if task.started_at is not None else 0.0)


def _state(task: TaskProgress) -> Text:
    return Text(state_word(task), style=style_of(state_word(task)))
