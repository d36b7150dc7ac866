"""Blocking work that can be walked away from: no cancelled caller, and no exit of the program, waits for it."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future
from contextvars import copy_context
from functools import partial
from typing import TypeVar

import anyio
from anyio import from_thread, lowlevel

Result = TypeVar("Result")

MOST_LEFT = 64
"""How many threads may be left behind at a time: each holds a connection and some memory until its work returns."""


class TooManyLeft(Exception):
    """As much work as may be was walked away from, and goes on."""

    def __init__(self) -> None:
        super().__init__(f"{MOST_LEFT} calls that nobody waits for any more have not come to their end")


_LEFT: set[threading.Thread] = set()


def left_behind() -> int:
    """How many threads work for nobody."""
    _LEFT.difference_update([thread for thread in _LEFT if not thread.is_alive()])
    return len(_LEFT)


async def run_abandonable(work: Callable[[threading.Event], Result]) -> Result:
    """Run `work` in a thread of its own; it is given an event that is set when its caller has gone. Raises TooManyLeft.

    anyio's own worker threads are no daemons: one that waits for a provider would hold up the program's end.
    """
    if left_behind() >= MOST_LEFT:
        raise TooManyLeft
    outcome: Future[Result] = Future()
    gone = threading.Event()
    done = anyio.Event()
    token = lowlevel.current_token()

    def run() -> None:
        try:
            outcome.set_result(work(gone))
        except BaseException as error:  # noqa: BLE001 - raised again in the caller
            outcome.set_exception(error)
        if not gone.is_set():
            _tell(done, token)

    # In the caller's context, as a worker thread of anyio is: what is logged there is about the caller's task.
    thread = threading.Thread(target=partial(copy_context().run, run), name="abandonable", daemon=True)
    thread.start()
    try:
        await done.wait()
    except BaseException:
        _LEFT.add(thread)
        raise
    finally:
        gone.set()
    return outcome.result()


def _tell(done: anyio.Event, token: lowlevel.EventLoopToken) -> None:
    try:
        from_thread.run_sync(done.set, token=token)
    except RuntimeError:
        # The event loop has ended meanwhile, and with it whoever waited.
        return
