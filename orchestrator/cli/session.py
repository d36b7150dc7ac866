"""Driving a run from the terminal: signals, questions, progress, and what is shown at the end."""

from __future__ import annotations

import json
import signal
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, ExitStack, asynccontextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import IO

import anyio

from agents.events import RunEnded
from orchestrator.cli.boundary import explained
from orchestrator.cli.exit_code import ExitCode
from orchestrator.cli.terminal import print_json, results_console, say
from orchestrator.journal.chain import Recorded
from orchestrator.journal.state import RunState
from orchestrator.run.context import RunContext
from orchestrator.run.drive import drive, verify_base
from orchestrator.run.result import EXIT_CODES, result
from orchestrator.views.progress import progress_line


class Stop:
    """The user's wish to stop, as the first Ctrl-C or SIGTERM says it."""

    def __init__(self) -> None:
        """Not wished."""
        self.wanted = False

    def __call__(self) -> bool:
        """Whether it is wished."""
        return self.wanted


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """How the end of a run is shown, and whether a red base is accepted."""

    as_json: bool
    allow_red_base: bool
    confirm: Callable[[str], bool]


def run_session(opened: AbstractAsyncContextManager[RunContext], stop: Stop, shown: Shown) -> int:
    """Drive a run to its end and show it; returns the exit code of formats.md §1."""
    return anyio.run(_session, opened, stop, shown)


async def _session(opened: AbstractAsyncContextManager[RunContext], stop: Stop, shown: Shown) -> int:
    async with _signals(stop) as now:
        with now:
            async with opened as ctx:
                await _to_the_end(ctx, shown)
                return _show(ctx, shown)
    say("stopped at once; nothing that was saved is lost")
    return ExitCode.INTERRUPTED


@asynccontextmanager
async def _signals(stop: Stop) -> AsyncIterator[anyio.CancelScope]:
    """Ctrl-C once: finish the step and stop. Twice: now. SIGTERM is the first kind."""
    now = anyio.CancelScope()

    async def listen() -> None:
        with anyio.open_signal_receiver(signal.SIGINT, signal.SIGTERM) as signals:
            async for received in signals:
                if stop.wanted and received == signal.SIGINT:
                    now.cancel()
                elif not stop.wanted:
                    stop.wanted = True
                    say("stopping after the steps under way; Ctrl-C again stops at once")

    async with anyio.create_task_group() as group:
        group.start_soon(listen)
        yield now
        group.cancel_scope.cancel()


async def _to_the_end(ctx: RunContext, shown: Shown) -> None:
    try:
        report = await verify_base(ctx)
        if report is not None and not _goes_on(report, shown):
            await _end(ctx, RunEnded(status="failed", why="verify is red on the base", base_after=ctx.base_commit, moved=False))
            return
        await drive(ctx)
    except anyio.get_cancelled_exc_class():
        with anyio.CancelScope(shield=True):
            ended = RunEnded(status="interrupted", why="stopped at once", base_after=ctx.base_commit, moved=False)
            await _end(ctx, ended)
        raise


async def _end(ctx: RunContext, event: RunEnded) -> None:
    await ctx.journal.recorder().record(event)


def _goes_on(report: str, shown: Shown) -> bool:
    say(f"verify is red on the base, before anything was changed:\n{report}")
    if shown.allow_red_base:
        return True
    return shown.confirm("Go on all the same?")


def _show(ctx: RunContext, shown: Shown) -> int:
    state = ctx.state
    if shown.as_json:
        print_json(result(state))
    else:
        _show_summary(state)
    if ctx.trouble is not None:
        code, message = explained(ctx.trouble)
        if code is not ExitCode.BUG:
            say(f"{message}\n  when that is mended: mimo-orchestrate resume {state.run}")
            return code
    return EXIT_CODES[state.status]


def _show_summary(state: RunState) -> None:
    from orchestrator.views.status import status_view

    console = results_console()
    for renderable in status_view(state):
        console.print(renderable)
    for line in _next_steps(state):
        say(line)


def _next_steps(state: RunState) -> list[str]:
    run = state.run
    steps = [f"look at it:   mimo-orchestrate review {run}"]
    if state.why_not:
        steps.insert(0, f"{state.base_branch} was not moved: {state.why_not}")
    if state.status in {"stopped", "interrupted"}:
        steps.append(f"go on:        mimo-orchestrate resume {run}")
    elif not state.moved and any(task.landed for task in state.tasks.values()):
        steps.append(f"land it:      mimo-orchestrate merge {run}")
    return steps


def progress_watcher(*, quiet: bool) -> Callable[[Recorded], None]:
    """Tells the run on stderr, a line for each thing worth knowing."""

    def watch(recorded: Recorded) -> None:
        line = None if quiet else progress_line(recorded)
        if line is not None:
            say(line)

    return watch


def events_watcher(target: str, closing: ExitStack) -> Callable[[Recorded], None]:
    """Writes every event as one line of JSON to a file, or to stdout for `-`."""
    stream: IO[str] = sys.stdout if target == "-" else closing.enter_context(Path(target).open("a", encoding="utf-8"))
    return partial(_write_event, stream)


def _write_event(stream: IO[str], recorded: Recorded) -> None:
    line = {
        "run": recorded.run,
        "seq": recorded.seq,
        "task": recorded.task,
        "time": recorded.time,
        "kind": recorded.kind,
        "payload": json.loads(recorded.payload),
        "hash": recorded.hash,
    }
    stream.write(json.dumps(line) + "\n")
    stream.flush()
