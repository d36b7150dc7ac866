"""What happened in a run and why: a block for each step, and for whatever else there was."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from enum import Enum, auto

from rich.console import RenderableType
from rich.text import Text

from orchestrator.views.entries import Entry
from orchestrator.views.heard import HeardBy, heard_line
from orchestrator.views.indent import Indented
from orchestrator.views.milestones import milestone
from orchestrator.views.steps import step_lines
from orchestrator.views.styles import FAINT, HEADING
from orchestrator.views.words import clock, one_line

_MILESTONE_COLUMN = 10
_STEP_COLUMN = 12
"""The time of day stands before both; that milestones stand out of the margin of steps needs no colour."""

_DETAILS_FURTHER = 2


class Form(Enum):
    """How much is shown of an entry."""

    BLOCK = auto()
    """What a reader of many needs, long texts cut."""
    WHOLE = auto()
    """Everything."""
    LINE = auto()
    """A line for each command and each other event."""


def log_view(
    entries: Iterable[Entry], *, form: Form = Form.BLOCK, tasks: bool = True, heard: HeardBy | None = None
) -> Iterator[RenderableType]:
    """The entries one after the other; without `tasks` their lines don't name the task. `heard` says who was told."""
    day = ""
    for entry in entries:
        today = time.strftime("%Y-%m-%d", time.localtime(entry.time))
        if today != day:
            yield Text(f"-- {today} --", style=FAINT)
            day = today
        yield from _entry(entry, form, heard or {}, tasks=tasks)


def _entry(entry: Entry, form: Form, heard: HeardBy, *, tasks: bool) -> Iterator[RenderableType]:
    when = Text(clock(entry.time), style=FAINT)
    task = one_line(f"{entry.task} " if entry.task and tasks else "", "" if entry.calls or entry.is_step else HEADING)
    for column, head, details in _lines(entry, heard, whole=form is Form.WHOLE):
        line = task + head
        if form is Form.LINE:
            line.no_wrap, line.overflow = True, "ellipsis"
        yield Indented(line, column, when)
        if form is not Form.LINE:
            yield from (Indented(detail, column + _DETAILS_FURTHER) for detail in details)


def _lines(entry: Entry, heard: HeardBy, *, whole: bool) -> Iterator[tuple[int, Text, list[RenderableType]]]:
    if entry.is_step or entry.calls:
        for head, details in step_lines(entry, whole=whole):
            yield _STEP_COLUMN, head, details
        return
    for event in entry.events:
        told = milestone(event, whole=whole)
        if told:
            yield _MILESTONE_COLUMN, told[0], [*told[1:], *heard_line(entry.task, event, heard)]
