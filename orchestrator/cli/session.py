"""Driving a run from the terminal: signals, questions, progress, and what is shown at the end."""

from __future__ import annotations

import signal
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from functools import partial

import anyio

from orchestrator.cli.asking import confirm
from orchestrator.cli.boundary import told
from orchestrator.cli.exit_code import ExitCode
from orchestrator.cli.learning import tell_learnt
from orchestrator.cli.live import live
from orchestrator.cli.terminal import print_json, results_console, say
from orchestrator.errors import CannotRun
from orchestrator.journal.state import RunState
from orchestrator.run.attention import unless_stopping
from orchestrator.run.context import RunContext
from orchestrator.run.drive import drive, end, verify_base
from orchestrator.run.outfit import outfit
from orchestrator.run.result import EXIT_CODES, result
from orchestrator.views.status import status_view
from sandbox.errors import SandboxUnavailable


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
    """How a run is shown as it goes on and at its end, and whether a red base is accepted."""

    as_json: bool
    allow_red_base: bool = False
    events: str | None = None
    """Where events are written to as they happen: a live view needs stdout for itself."""


def run_session(opened: AbstractAsyncContextManager[RunContext], stop: Stop, shown: Shown) -> int:
    """Drive a run to its end and show it; returns the exit code of formats.md §1."""
    return anyio.run(_session, opened, stop, shown)


async def _session(opened: AbstractAsyncContextManager[RunContext], stop: Stop, shown: Shown) -> int:
    async with _signals(stop) as now:
        with now:
            async with opened as ctx:
                async with live(ctx, events=shown.events):
                    await _to_the_end(ctx, shown)
                return _show(ctx, shown)
    say("stopped at once; nothing that was saved is lost")
    return ExitCode.INTERRUPTED


def land_session(
    opened: AbstractAsyncContextManager[RunContext],
    work: Callable[[RunContext], Awaitable[None]],
    stop: Stop,
    shown: Shown,
) -> int:
    """Do something to the base branch with a run that has ended, and show it; returns the exit code."""

    async def landed(ctx: RunContext) -> int:
        async with live(ctx, events=shown.events):
            await outfit(ctx)
            await work(ctx)
        _show(ctx, shown)
        return ExitCode.DONE if ctx.state.moved else ExitCode.PARTIAL

    return work_session(opened, landed, stop)


def work_session(
    opened: AbstractAsyncContextManager[RunContext], work: Callable[[RunContext], Awaitable[int]], stop: Stop
) -> int:
    """Do something with an opened run that Ctrl-C ends; returns the exit code."""

    async def session() -> int:
        async with _signals(stop) as now:
            with now:
                async with opened as ctx:
                    return await work(ctx)
        return ExitCode.INTERRUPTED

    return anyio.run(session)


@asynccontextmanager
async def _signals(stop: Stop) -> AsyncIterator[anyio.CancelScope]:
    """Ctrl-C or SIGTERM once: finish the step and stop. Ctrl-C after either, or SIGTERM again: now.

    One SIGTERM after a Ctrl-C may be that of `cancel`, which waits for the steps under way.
    """
    now = anyio.CancelScope()

    async def listen() -> None:
        terminated = False
        with anyio.open_signal_receiver(signal.SIGINT, signal.SIGTERM) as signals:
            async for received in signals:
                if stop.wanted and (received == signal.SIGINT or terminated):
                    now.cancel()
                elif not stop.wanted:
                    stop.wanted = True
                    again = "Ctrl-C" if received == signal.SIGINT else "SIGTERM"
                    say(f"stopping after the steps under way; {again} again stops at once")
                terminated = terminated or received == signal.SIGTERM

    async with anyio.create_task_group() as group:
        group.start_soon(listen)
        yield now
        group.cancel_scope.cancel()


async def _to_the_end(ctx: RunContext, shown: Shown) -> None:
    try:
        await outfit(ctx)
        report = await verify_base(ctx)
        if report is not None and not await _goes_on(ctx, report, shown):
            await end(ctx, "failed", "verify is red on the base")
            return
        await drive(ctx)
    except (CannotRun, SandboxUnavailable) as error:
        await end(ctx, "stopped", str(error))
        raise
    except anyio.get_cancelled_exc_class():
        with anyio.CancelScope(shield=True):
            await end(ctx, "interrupted", "stopped at once")
        raise


async def _goes_on(ctx: RunContext, report: str, shown: Shown) -> bool:
    say(f"verify is red on the base, before anything was changed:\n{report}")
    if shown.allow_red_base:
        return True
    return await unless_stopping(partial(confirm, "Go on all the same?"), ctx.stopping) or False


def _show(ctx: RunContext, shown: Shown) -> int:
    fault = told(ctx.trouble) if ctx.trouble is not None else None
    code = show_state(ctx.state, as_json=shown.as_json)
    tell_learnt(ctx.memory.journal.parent, ctx.run)
    return code if fault is None else fault


def show_state(state: RunState, *, as_json: bool) -> int:
    """Show how a run stands; returns the exit code that goes with it."""
    if as_json:
        print_json(result(state))
        return EXIT_CODES[state.status]
    console = results_console()
    for part in status_view(state, now=time.time()):
        console.print(part)
    return EXIT_CODES[state.status]
