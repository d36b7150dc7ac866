"""`mimo-orchestrate log`: what happened in a run and why, step by step."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from functools import partial
from typing import TYPE_CHECKING, Annotated

import typer

from orchestrator.cli.options import JsonOption, OptionalTask, RunArgument
from orchestrator.cli.selection import choose_run, choose_tasks, read_state
from orchestrator.cli.state import here, open_journal
from orchestrator.cli.terminal import print_json, print_json_lines, results_console, show_paged

if TYPE_CHECKING:
    from rich.console import RenderableType

    from orchestrator.journal.chain import Recorded
    from orchestrator.journal.store import JournalStore

POLL_SECONDS = 0.25
"""How often a followed run is looked at; a reader notices no delay below that."""

_END = "run ended"


def log(
    run: RunArgument,
    task: OptionalTask = None,
    *,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Go on until the run ends.")] = False,
    json: JsonOption = False,
) -> None:
    """Show what happened and why, step by step.

    With --follow and --json together, one JSON object a line as it happens.
    """
    with open_journal(here()) as store:
        name = choose_run(store.runs(), run)
        if task is not None:
            choose_tasks(read_state(store, name), [task])
        events = followed(store, name, wait=partial(time.sleep, POLL_SECONDS)) if follow else store.events(name)
        _show((event for event in events if task in {None, event.task}), follow=follow, json=json)


def _show(events: Iterator[Recorded], *, follow: bool, json: bool) -> None:
    from orchestrator.views.events import event_json

    if json and follow:
        print_json_lines(event_json(event) for event in events)
    elif json:
        print_json([event_json(event) for event in events])
    elif follow:
        console = results_console()
        for part in _rendered(events):
            console.print(part)
    else:
        show_paged(_rendered(events))


def _rendered(events: Iterator[Recorded]) -> Iterator[RenderableType]:
    from orchestrator.views.log import log_view

    for event in events:
        yield from log_view(event)


def followed(store: JournalStore, run: str, *, wait: Callable[[], None]) -> Iterator[Recorded]:
    """A run's events so far, then each as it comes, until the run has ended; `wait` passes the time between looks."""
    seen, over = 0, False
    while not over:
        for event in store.events(run, after=seen):
            # A resumed run goes on after an end, so only an end with nothing behind it is one.
            seen, over = event.seq, event.kind == _END
            yield event
        if not over:
            wait()
