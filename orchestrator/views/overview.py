"""All changes of a run on one page: which need a human's eyes and why, and which don't stand out."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from rich.console import RenderableType
from rich.text import Text

from orchestrator.journal.state import RunState
from orchestrator.views.concerns import Reviewed
from orchestrator.views.grid import Grid, Row
from orchestrator.views.indent import Indented
from orchestrator.views.states import ORDER, state_word
from orchestrator.views.status import next_commands
from orchestrator.views.styles import HEADING, style_of
from orchestrator.views.typed import Labelled, typed
from orchestrator.views.words import one_line, plural


def overview(state: RunState, reviews: Iterable[Reviewed], *, scrolled: bool = False) -> Iterator[RenderableType]:
    """The page: tasks to look at come first, or last where its end is what is seen of it."""
    begun = [reviewed for reviewed in reviews if reviewed.is_begun]
    loud = [reviewed for reviewed in begun if reviewed.concerns]
    quiet = [reviewed for reviewed in begun if not reviewed.concerns]
    yield Text.assemble((state.run, HEADING), "  ", (state.status, style_of(state.status)))
    yield Indented(one_line(state.goal))
    parts = [
        _rows(f"{plural(len(loud), 'task')} to look at", loud),
        _rows(f"{plural(len(quiet), 'task')} in which nothing stands out", quiet),
        _not_begun(state, begun),
    ]
    for part in reversed(parts) if scrolled else parts:
        yield from part
    yield Text()
    yield Labelled(Text("one of them:", style=HEADING), typed("review", state.run, "TASK"))
    for command in next_commands(state):
        if command.words[0] == "merge":
            yield Labelled(Text("to land them:", style=HEADING), command)
    yield Text()


def _rows(title: str, reviews: list[Reviewed]) -> Iterator[RenderableType]:
    if not reviews:
        return
    yield Text(f"\n{title}", style=HEADING)
    rows = [Row(_cells(each), _reasons(each)) for each in reviews]
    yield Indented(Grid(names=("", "", ""), rows=rows, spare=(2, 1), spill={1, 2}))


def _reasons(reviewed: Reviewed) -> Text | None:
    said = [*reviewed.concerns, *reviewed.remarks]
    return one_line("; ".join(said)) if said else None


def _cells(reviewed: Reviewed) -> tuple[Text, ...]:
    task, extent = reviewed.task, reviewed.extent
    size = f"{plural(len(extent.files), 'file')} +{extent.added} -{extent.removed}" if extent.files else "no change"
    return one_line(task.id), Text(state_word(task), style=style_of(state_word(task))), Text(size)


def _not_begun(state: RunState, begun: list[Reviewed]) -> Iterator[RenderableType]:
    there = {reviewed.task.id for reviewed in begun}
    rest = [task for task in state.tasks.values() if task.id not in there]
    if not rest:
        return
    yield Text(f"\n{plural(len(rest), 'task')} without anything to look at", style=HEADING)
    for each in ORDER:
        ids = ", ".join(task.id for task in rest if task.state is each)
        if ids:
            label = Text(f"{each.value}: ", style=style_of(each.value))
            yield Indented(Indented(one_line(ids, limit=len(ids)), label.cell_len, label))
