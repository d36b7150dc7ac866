"""The live view of a run, for as long as it goes on."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import anyio
from rich.console import RenderableType

from orchestrator.cli.region import Region
from orchestrator.cli.screen import SCREEN
from orchestrator.cli.terminal import is_lively, progress_console
from orchestrator.run.context import RunContext
from orchestrator.views.live import live_view

TICK_SECONDS = 0.25
"""How often it is looked whether anything changed: a reader notices no delay below that."""

ABOVE_LINES = 6
"""Lines that are left to what is said above the region, of a terminal that has four times as many."""


@asynccontextmanager
async def live(ctx: RunContext, *, events: str | None = None) -> AsyncIterator[None]:
    """Show the run until the end, where it can be shown live; whatever ends it, the terminal is as it was.

    `events` is where `--events` writes to.
    """
    if not is_lively(events):
        yield
        return
    with SCREEN.region(Region(progress_console())):
        async with anyio.create_task_group() as group:
            group.start_soon(_redraw, ctx)
            group.start_soon(_suspend)
            yield
            group.cancel_scope.cancel()


async def _redraw(ctx: RunContext) -> None:
    """Draw on the event loop, where the state changes, and only when it or a clock did, or the terminal."""

    def view(size: os.terminal_size) -> RenderableType:
        height = size.lines - min(ABOVE_LINES, size.lines // 4)
        return live_view(ctx.state, ctx.plan.limits, now=time.time(), width=size.columns, height=height)

    drawn: object = None
    while True:
        seen = ctx.state.events, int(time.time()), SCREEN.size
        if (seen != drawn or not SCREEN.is_drawn) and SCREEN.draw(view):
            drawn = seen
        await anyio.sleep(TICK_SECONDS)


async def _suspend() -> None:
    """Ctrl-Z leaves a terminal that can be typed at, and `fg` comes back to the view."""
    while True:
        with anyio.open_signal_receiver(signal.SIGTSTP) as signals:
            await anext(aiter(signals))
        with SCREEN.aside():
            # Without our handler: the system stops us, unless nobody is there to wake us up again.
            signal.raise_signal(signal.SIGTSTP)
