"""A channel over the pipes of a process of ours."""

from __future__ import annotations

import contextlib
import os
import signal
from pathlib import Path

import anyio
from anyio.abc import Process

END_SECONDS = 5.0
"""How long a sandbox may take to end once its input is closed, before its process is killed."""

_WORDS_BYTES = 2048


class PipedChannel:
    """The standard streams of `process`; `words` is a file of ours that its standard error goes to."""

    def __init__(self, process: Process, words: int) -> None:
        assert process.stdin is not None  # noqa: S101 - opened with pipes by the one caller
        assert process.stdout is not None  # noqa: S101
        self._process = process
        self._stdin = process.stdin
        self._stdout = process.stdout
        self._words = words

    async def receive(self) -> bytes:
        """Some bytes of its standard output; raises anyio.EndOfStream."""
        return await self._stdout.receive()

    async def send(self, data: bytes) -> None:
        """Send all of it; raises anyio.BrokenResourceError when the process is gone."""
        await self._stdin.send(data)

    def last_words(self) -> str:
        """The end of its standard error."""
        size = os.fstat(self._words).st_size
        return os.pread(self._words, _WORDS_BYTES, max(0, size - _WORDS_BYTES)).decode(errors="replace").strip()

    async def close(self) -> None:
        """Close its input, wait for its end, kill it if it does not come; to be called under a shield."""
        with anyio.move_on_after(END_SECONDS):
            await self._stdin.aclose()
            await self._process.wait()
        if self._process.returncode is None:
            _kill_family(self._process.pid)
        await self._process.aclose()


def _kill_family(pid: int) -> None:
    """Kill a process of ours with its children: one killed early leaves a child that waits for it for ever."""
    with contextlib.suppress(OSError):
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
        for number in [pid, *map(int, children)]:
            os.kill(number, signal.SIGKILL)
