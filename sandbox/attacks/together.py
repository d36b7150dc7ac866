"""Several attempts at once, their results in the order in which they were asked for."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import TypeVar

import anyio

AT_ONCE = 4
"""Most of an attempt is waiting for a sandbox to start."""

Result = TypeVar("Result")


async def together(calls: Sequence[Callable[[], Awaitable[Result]]]) -> list[Result]:
    """Make all the calls, a few at once."""
    limiter = anyio.CapacityLimiter(AT_ONCE)
    results: dict[int, Result] = {}

    async def call(number: int) -> None:
        async with limiter:
            results[number] = await calls[number]()

    async with anyio.create_task_group() as tasks:
        for number in range(len(calls)):
            tasks.start_soon(call, number)
    return [results[number] for number in range(len(calls))]
