"""The rows of the live tree: a task's name in its place, its state and its figures, and what it does right now."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

from rich.cells import cell_len
from rich.text import Text

from orchestrator.journal.proposals import called_for
from orchestrator.journal.state import Activity, RunState, TaskProgress, TaskState
from orchestrator.views.forest import Branch
from orchestrator.views.styles import FAINT, HEADING, style_of
from orchestrator.views.words import count, dollars, elapsed, one_line
from policies.printable import printable

STUCK = frozenset({TaskState.WAITING, TaskState.FAILED, TaskState.REFUSED})
"""The states of a task that does not go on by itself."""

_GAP = "  "
_NARROWEST_NAME = 16
_NEEDLESS = ("TOKENS", "STEPS", "COST", "TIME")
"""Columns that are left out, the first of them first, before names get less room than that."""

_USUAL_COLUMNS = {"STATE": 13, "TOKENS": 6, "COST": 7, "TIME": 5}
"""What is usual needs no more than this, so that columns seldom move."""

Cell = tuple[str, str]
"""A text and its style. A row is made of these and is a `Text` only as a whole: they are many, and made often."""


@dataclass(frozen=True, slots=True)
class _Column:
    name: str
    cells: Sequence[Cell]
    width: int
    to_the_left: bool

    @classmethod
    def of(cls, name: str, cells: Sequence[Cell], *, to_the_left: bool = False) -> _Column:
        usual = _USUAL_COLUMNS.get(name, len(name))
        return cls(name, cells, max(usual, *(cell_len(text) for text, _ in cells)), to_the_left)

    def padded(self, cell: Cell) -> Cell:
        text, style = cell
        blank = " " * (self.width - cell_len(text))
        return (text + blank if self.to_the_left else blank + text), style


class Tree:
    """The tasks of a run at one moment."""

    def __init__(self, state: RunState, *, now: float) -> None:
        self._state = state
        self._now = now
        self.asking = {question.task: question.subject for question in reversed(state.waiting)}
        """What each task asked that nobody has answered."""
        told = {task.id: self._detail(task) for task in state.tasks.values()}
        self.details = {task: detail for task, detail in told.items() if detail is not None}
        """What there is to say of a task beside its figures."""

    def rows(self, branches: Sequence[Branch], *, told: Collection[str], width: int, beside: bool) -> Iterator[Text]:
        """The names of the columns, then each task; details of those in `told`, `beside` the figures or beneath."""
        longest = max(cell_len(branch.guide) + cell_len(branch.task) for branch in branches)
        columns = self._columns(branches)
        for needless in _NEEDLESS:
            if _left(columns, width) < min(longest, _NARROWEST_NAME):
                columns = [column for column in columns if column.name != needless]
        room = max(1, min(longest, _left(columns, width)))
        yield _row(Text("TASK", HEADING), room, [column.padded((column.name, HEADING)) for column in columns])
        for number, branch in enumerate(branches):
            cells = [column.padded(column.cells[number]) for column in columns]
            row = _row(self._name(branch), room, cells)
            detail = self.details.get(branch.task) if branch.task in told else None
            if detail is not None and beside:
                row.append(_GAP).append_text(detail)
            row.rstrip()
            yield row
            if detail is not None and not beside:
                yield Text.assemble((branch.below, FAINT), detail)

    def _columns(self, branches: Sequence[Branch]) -> list[_Column]:
        tasks = [self._state.tasks[branch.task] for branch in branches]
        figures = list(zip(*(self._figures(task) for task in tasks), strict=True))
        names = ("STEPS", "TOKENS", "COST", "TIME")
        return [
            _Column.of("STATE", [self._state_of(task) for task in tasks], to_the_left=True),
            *(_Column.of(name, [(figure, "") for figure in cells]) for name, cells in zip(names, figures, strict=True)),
        ]

    def _figures(self, task: TaskProgress) -> tuple[str, str, str, str]:
        """Steps, tokens, cost and time of a task that has any."""
        if task.started_at is None and not task.attempts:
            return ("", "", "", "")
        used = task.used
        cost = dollars(used.cost, unpriced_tokens=used.unpriced_tokens)
        running = self._now - task.started_at if task.started_at is not None else 0.0
        return str(used.steps), count(used.prompt + used.completion), cost, elapsed(task.seconds + running)

    def _state_of(self, task: TaskProgress) -> Cell:
        if task.id in self.asking:
            return "asks you", style_of("ask")
        said = task.state.value
        if task.state is TaskState.GATED and task.gates:
            said = f"gate {printable(task.gates[-1].gate)}"
        elif task.state is TaskState.WORKING and task.rounds > 1:
            said = f"working, round {task.rounds}"
        return said, style_of(task.state.value) or FAINT

    def _name(self, branch: Branch) -> Text:
        idle = self._state.tasks[branch.task].state in {TaskState.PENDING, TaskState.SKIPPED}
        return Text.assemble((branch.guide, FAINT), (printable(branch.task), FAINT if idle else ""))

    def _detail(self, task: TaskProgress) -> Text | None:
        if task.id in self.asking:
            return Text.assemble(("asks: ", style_of("ask")), one_line(self.asking[task.id]))
        if task.activity is not None:
            return doing(task.activity, now=self._now)
        if task.why and task.state in STUCK:
            return one_line(task.why, style_of(task.state.value))
        return None


def doing(activity: Activity, *, now: float) -> Text:
    """Who does what, and for how long it has been doing it; a `$` stands before a command."""
    step = f" step {activity.step}" if activity.step else ""
    who = one_line(f"{activity.who}{step} ({elapsed(now - activity.since)}) ", FAINT)
    if activity.tool is None:
        return Text.assemble(who, one_line(f"asks {activity.text}", FAINT))
    mark = "$" if activity.tool == "shell" else activity.tool
    return Text.assemble(who, one_line(f"{mark} {called_for(activity.text)}"))


def _row(name: Text, room: int, cells: Sequence[Cell]) -> Text:
    name.truncate(room, overflow="ellipsis", pad=True)
    for text, style in cells:
        name.append(_GAP).append(text, style)
    return name


def _left(columns: Sequence[_Column], width: int) -> int:
    """What the columns leave of the width for the names."""
    return width - sum(column.width + len(_GAP) for column in columns)
