"""Waiting for a human at the terminal only as long as the run is not to stop."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TypeVar

import anyio

from agents.abandonable import run_abandonable

POLL_SECONDS = 0.1

Said = TypeVar("Said")


async def unless_stopping(ask: Callable[[threading.Event], Said], stopping: Callable[[], bool]) -> Said | None:
    """What `ask` returns, called in a thread; None where the run is to stop first.

    `ask` is given an event that is set when nobody waits for it any more, and has to return soon after.
    """
    said: list[Said] = []

    async def look(scope: anyio.CancelScope) -> None:
        while not stopping():  # noqa: ASYNC110 - a plain flag, which agents ask between steps
            await anyio.sleep(POLL_SECONDS)
        scope.cancel()

    async with anyio.create_task_group() as group:
        group.start_soon(look, group.cancel_scope)
        said.append(await run_abandonable(ask))
        group.cancel_scope.cancel()
    return said[0] if said else None
