"""A run as it stands right now: its tasks as a tree, what each does, and what is used of the limits.

It is drawn several times a second, so lines are laid out here: each is a `Text` that is cut to the width.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Sequence

from rich.console import Group, RenderableType
from rich.text import Text

from orchestrator.journal.state import Activity, RunState, TaskProgress, TaskState
from orchestrator.plan.models import Limits
from orchestrator.views.forest import forest
from orchestrator.views.styles import FAINT, HEADING, style_of
from orchestrator.views.tree import STUCK, Tree, doing
from orchestrator.views.words import count, dollars, elapsed, plural

WIDE_COLUMNS = 140
"""From here on what a task does stands beside its figures, not beneath them."""

ROOMY_LINES = 12
"""From here on there is a line for the names of the columns."""

_NEARLY = 0.8
"""The part of a limit from which on it is pointed at."""

_AT_WORK = (TaskState.WORKING, TaskState.GATED, TaskState.QUEUED)

_COUNTED = (*_AT_WORK, *(state for state in reversed(TaskState) if state not in _AT_WORK))
"""The order in which tasks are counted that are not shown."""


def live_view(state: RunState, limits: Limits, *, now: float, width: int, height: int) -> RenderableType:
    """The run in at most `height` lines of at most `width` columns.

    Where not all tasks fit, those at work, waiting or failed are shown and the rest is counted.
    """
    above = [_heading(state, width), *_of_the_run(state, now)]
    below = [*_questions(state, width), _totals(state, limits, now=now, width=width)]
    tree = _tasks(state, now=now, width=width, room=height - len(above) - len(below), roomy=height >= ROOMY_LINES)
    lines = [*above, *tree, *below][-height:]
    for line in lines:
        line.no_wrap = True
        line.truncate(width, overflow="ellipsis")
    return Group(*lines)


def _heading(state: RunState, width: int) -> Text:
    line = Text.assemble(("── ", FAINT), (f"{state.run} ", HEADING))
    return line.append("─" * (width - line.cell_len), FAINT)


def _of_the_run(state: RunState, now: float) -> Iterator[Text]:
    """What is done for none of the tasks; a run without any says that it is there."""
    if state.activity is not None:
        purpose = _purpose(state, state.activity)
        yield Text.assemble((f"{purpose}: ", style_of("running")), doing(state.activity, now=now))
    elif state.planned is None:
        yield Text("getting ready", style_of("running"))


def _purpose(state: RunState, activity: Activity) -> str:
    match activity.who:
        case "setup":
            return "setting up"
        case "verify":
            return "testing the base" if state.base_green is None else "testing what lands"
        case _:
            return "planning"


def _tasks(state: RunState, *, now: float, width: int, room: int, roomy: bool) -> list[Text]:
    """The tree in at most `room` lines, and a line that counts what is not in it."""
    if not state.tasks or room < 1:
        return []
    tree, beside = Tree(state, now=now), width >= WIDE_COLUMNS
    shown, told = _chosen(tree, list(state.tasks.values()), room - roomy, beside=beside)
    branches = list(forest(state.tasks, shown))
    rows = list(tree.rows(branches, told=told, width=width, beside=beside)) if branches else []
    left = Counter(task.state for task in state.tasks.values() if task.id not in shown)
    counted = ", ".join(f"{left[state]} {state}" for state in _COUNTED if left[state])
    return [*rows[0 if roomy else 1 :], *([Text(counted, FAINT)] if counted else [])]


def _chosen(
    tree: Tree, tasks: Sequence[TaskProgress], room: int, *, beside: bool
) -> tuple[Collection[str], Collection[str]]:
    """The tasks that fit into `room` lines, and those of them whose details do."""
    beneath = {} if beside else tree.details
    if len(tasks) + len(beneath) <= room:
        return {task.id for task in tasks}, set(tree.details)
    room = max(0, room - 1)
    pressing = sorted((task for task in tasks if _urgency(tree, task)), key=lambda task: _urgency(tree, task))
    shown = [task.id for task in pressing][:room]
    told = shown if beside else [task for task in shown if task in beneath][: room - len(shown)]
    return shown, told


def _urgency(tree: Tree, task: TaskProgress) -> int:
    """Which tasks have to be seen, the most urgent first; 0 for those that may as well be counted."""
    if task.id in tree.asking:
        return 1
    if task.state in _AT_WORK:
        return 2
    return 3 if task.state in STUCK else 0


def _questions(state: RunState, width: int) -> Iterator[Text]:
    if state.waiting:
        said = f"{plural(len(state.waiting), 'question')} for you: mimo-orchestrate status "
        # The short name is right for the newest run alone, but most are.
        yield Text.assemble((said, style_of("ask")), state.run if len(said) + len(state.run) <= width else "last")


def _totals(state: RunState, limits: Limits, *, now: float, width: int) -> Text:
    """What the run used, each against its limit; in fewer words where the terminal is narrow."""
    used, tokens = state.total, state.total.prompt + state.total.completion
    seconds = state.seconds + (now - state.session_started_at if state.status == "running" else 0.0)
    cost = dollars(used.cost, unpriced_tokens=used.unpriced_tokens)
    parts = [
        (str(used.steps), f"{limits.steps}", " steps", _style(used.steps, limits.steps)),
        (count(tokens), count(limits.tokens), " tokens", _style(tokens, limits.tokens)),
        (cost, dollars(limits.cost), "", _style(used.cost, limits.cost)),
        (elapsed(seconds), elapsed(limits.wall_seconds), "", _style(seconds, limits.wall_seconds)),
    ]
    if (cpu := limits.cpu_seconds) is not None:
        parts.append((elapsed(used.cpu_seconds), elapsed(cpu), " of CPU", _style(used.cpu_seconds, cpu)))
    line = Text()
    for of, units in ((" of ", True), ("/", True), ("/", False)):
        words = [Text(f"{has}{of}{most}{unit if units else ''}", style) for has, most, unit, style in parts]
        line = Text(", ").join(words)
        if line.cell_len <= width:
            break
    return line


def _style(used: float, limit: float) -> str:
    return style_of("waiting") if used >= _NEARLY * limit else ""
