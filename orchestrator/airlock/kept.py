"""Gits that are there before they are needed, because starting one takes longer than what it does for a step."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, suppress
from typing import IO, TypeVar

from orchestrator.airlock.errors import UnsafeTree
from orchestrator.airlock.git import Finished, Git

Answer = TypeVar("Answer")


class Kept:
    """A git that goes on from one question to the next.

    It starts when it is first asked, and anew where it has ended; one asker at a time, from any thread.
    """

    def __init__(self, git: Git, args: Sequence[str]) -> None:
        self._git = git
        self._args = args
        self._lock = threading.Lock()
        self._running = ExitStack()
        self._streams: tuple[IO[bytes], IO[bytes]] | None = None

    def ask(self, question: Callable[[IO[bytes], IO[bytes]], Answer], *, tries: int = 2) -> Answer:
        """Put a question, once more to a fresh git where the first try fails; raises OSError, UnsafeTree."""
        with self._lock:
            for left in reversed(range(tries)):
                try:
                    return question(*self._started())
                except (OSError, UnsafeTree):
                    self._end()
                    if not left:
                        raise
                except BaseException:
                    # Half a question may be on its way: nobody else is to get the rest of its answer.
                    self._end()
                    raise
        raise AssertionError("the last try returns or raises")

    def close(self) -> None:
        """End it, if it runs."""
        with self._lock:
            self._end()

    def _started(self) -> tuple[IO[bytes], IO[bytes]]:
        if self._streams is None:
            self._streams = self._running.enter_context(self._git.conversation(self._args))
        return self._streams

    def _end(self) -> None:
        self._streams = None
        _close(self._running)


class Ahead:
    """A git that takes one input and ends, started ahead of it; for any thread."""

    def __init__(self, git: Git, args: Sequence[str]) -> None:
        self._git = git
        self._args = args
        self._lock = threading.Lock()
        self._next: tuple[ExitStack, Callable[[bytes], Finished]] | None = None
        self._starter = ThreadPoolExecutor(1, thread_name_prefix="git ahead")

    def run(self, stdin: bytes) -> bytes:
        """As `Git.run`, with the one that waits, where there is one; raises GitFailed, DiskFull."""
        with self._lock:
            taken, self._next = self._next, None
        if taken is not None:
            running, finish = taken
            with running:
                finished = finish(stdin)
            if finished.code == 0:
                return finished.stdout
        # One that has waited long may have been ended by anything: the word of a fresh one counts.
        return self._git.run(self._args, stdin=stdin)

    def prepare(self) -> None:
        """Start the next one in a thread, so that nobody waits for that; nothing once it is closed."""
        with suppress(RuntimeError):
            self._starter.submit(self._prepare)

    def close(self) -> None:
        """End the one that waits; none is started any more."""
        self._starter.shutdown()
        with self._lock:
            taken, self._next = self._next, None
        if taken is not None:
            _close(taken[0])

    def _prepare(self) -> None:
        with self._lock:
            # What keeps it from starting is told to whoever needs it.
            if self._next is None:
                with suppress(OSError), ExitStack() as running:
                    finish = running.enter_context(self._git.waiting(self._args))
                    self._next = running.pop_all(), finish


def _close(running: ExitStack) -> None:
    # What was not sent yet can't be any more, where git has ended by itself.
    with suppress(OSError):
        running.close()
