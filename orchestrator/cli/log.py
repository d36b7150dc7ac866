"""`mimo-orchestrate log`: what happened in a run and why, step by step."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import TYPE_CHECKING, Annotated

import typer

from orchestrator.cli.liveness import is_worked_on
from orchestrator.cli.log_context import show_context
from orchestrator.cli.narrowing import Narrowing, Rows, require_alone, steps_of
from orchestrator.cli.options import JsonOption, OptionalTask, RunArgument
from orchestrator.cli.selection import choose_run, choose_tasks, read_state, require_worked_on, whole_journal
from orchestrator.cli.state import PROGRAM, here, open_journal, state_of
from orchestrator.cli.terminal import print_json, print_json_lines, print_page, say, show_paged
from orchestrator.views.kinds import Kind

if TYPE_CHECKING:
    from orchestrator.journal.chain import Recorded
    from orchestrator.journal.state import RunState
    from orchestrator.journal.store import JournalStore

POLL_SECONDS = 0.25
"""How often a followed run is looked at; a reader notices no delay below that."""

_END = "run ended"


def log(
    run: RunArgument,
    task: OptionalTask = None,
    *,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Go on until the run ends.")] = False,
    last: Annotated[
        int | None, typer.Option("--last", "-n", metavar="N", min=0, help="Only the last N steps and events.")
    ] = None,
    step: Annotated[
        str | None, typer.Option("--step", metavar="N[-M]", help="Only these steps of a task, and nothing of them cut.")
    ] = None,
    only: Annotated[
        list[Kind] | None, typer.Option("--only", metavar="KIND", help=f"Only {', '.join(Kind)}. May be repeated.")
    ] = None,
    oneline: Annotated[bool, typer.Option("--oneline", help="A line for each command and each event.")] = False,
    checkpoints: Annotated[bool, typer.Option("--checkpoints", help="Only the checkpoints, a line each.")] = False,
    context: Annotated[
        str | None,
        typer.Option("--context", metavar="[AGENT:]N", help="What the model saw at this step, and why."),
    ] = None,
    json: JsonOption = False,
) -> None:
    """Show what happened and why, step by step.

    A step of an agent is one block: what it wanted, the policy's verdict, how it ended, time and cost. Long texts are
    cut; --step shows a step whole. With --follow and --json together, one JSON object a line as it happens.
    """
    narrowing = Narrowing(steps=steps_of(step), only=frozenset(only or ()), last=last)
    require_alone(
        {"--checkpoints": checkpoints, "--context": context is not None},
        {"--follow": follow, "-n": last is not None, "--step": step, "--only": only, "--oneline": oneline},
    )
    repository = here()
    with open_journal(repository) as store:
        name = choose_run(store.runs(), run)
        state = read_state(store, name) if task is not None else None
        if state is not None and task is not None:
            choose_tasks(state, [task])
        there = list(store.events(name))
        if checkpoints:
            return _show_checkpoints(name, there, state, task, as_json=json)
        if context is not None:
            return show_context(name, there, task=task, place=context, as_json=json)
        alive = partial(is_worked_on, name, directory=state_of(repository))
        rows = Rows(there, _later(store, there, alive) if follow else None).of_task(task)
        if json:
            return _print(rows, narrowing, follow=follow)
        return _show(rows, narrowing, oneline=oneline, follow=follow, task=task, run=there)


def _later(store: JournalStore, there: list[Recorded], alive: Callable[[], bool]) -> Iterator[Recorded] | None:
    """What comes after the events that are there; None where nothing does."""
    newest = there[-1]
    if newest.kind == _END:
        return None
    return followed(store, newest.run, after=newest.seq, wait=partial(time.sleep, POLL_SECONDS), alive=alive)


def _show_checkpoints(
    run: str, rows: list[Recorded], state: RunState | None, task: str | None, *, as_json: bool
) -> None:
    from orchestrator.rewind.checkpoints import checkpoints_of
    from orchestrator.views.checkpoints import checkpoints_json, checkpoints_view

    with whole_journal(run):
        found = checkpoints_of(row for row in rows if task in {None, row.task})
    if as_json:
        print_json(checkpoints_json(run, found))
    elif found:
        show_paged(checkpoints_view(found))
    elif state is not None and task is not None:
        require_worked_on(state, task)
        say(f"{task} of {run} has no checkpoint: it has not begun")
    else:
        say(f"{run} has no checkpoint: no task has begun")


def _print(rows: Rows, narrowing: Narrowing, *, follow: bool) -> None:
    from orchestrator.views.events import event_json

    wanted = rows.all() if narrowing.is_none else (row for entry in rows.entries(narrowing) for row in entry.rows)
    if follow:
        print_json_lines(event_json(row) for row in wanted)
    else:
        print_json([event_json(row) for row in wanted])


def _show(
    rows: Rows, narrowing: Narrowing, *, oneline: bool, follow: bool, task: str | None, run: Sequence[Recorded]
) -> None:
    from orchestrator.views.heard import heard_by
    from orchestrator.views.log import Form, log_view

    form = Form.LINE if oneline else Form.WHOLE if narrowing.steps is not None else Form.BLOCK
    # A pipe's lines stand alone; on a terminal the task that was typed a moment ago need not stand in each of them.
    tasks = task is None or not sys.stdout.isatty()
    parts = log_view(rows.entries(narrowing), form=form, tasks=tasks, heard=heard_by(run))
    if follow:
        print_page(parts)
    else:
        show_paged(parts)


def followed(
    store: JournalStore,
    run: str,
    *,
    after: int = 0,
    wait: Callable[[], None],
    alive: Callable[[], bool] = lambda: True,
) -> Iterator[Recorded]:
    """A run's events behind number `after`, each as it comes, until the run has ended or nobody works on it any more.

    `wait` passes the time between looks.
    """
    seen, over, dead = after, False, False
    while not over:
        for event in store.events(run, after=seen):
            # A resumed run goes on after an end, so only an end with nothing behind it is one.
            seen, over = event.seq, event.kind == _END
            yield event
        if dead and not over:
            say(f"nobody works on {run} any more; `{PROGRAM} resume {run}` goes on")
            return
        # Whoever worked on it may have written its last events just before it ended: one more look.
        dead = not alive()
        if not over and not dead:
            wait()
