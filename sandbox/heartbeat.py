"""Letting supervisors hear that this program lives, where a closed input can't tell them that it does not.

A thread of its own does it: the event loop may be held up for seconds, by an import or by the machine.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeAlias

BEAT_SECONDS = 1.5

SILENCE_SECONDS = 7
"""How long a supervisor bears silence: with the time that its end takes, all is gone within ten seconds."""

Beat: TypeAlias = Callable[[], None]


class Heart:
    """Calls every beat that is registered, again and again; its thread lives as long as there is one."""

    def __init__(self, every_seconds: float = BEAT_SECONDS) -> None:
        self._every_seconds = every_seconds
        self._beats: set[Beat] = set()
        self._changed = threading.Condition()
        self._thread: threading.Thread | None = None

    @contextmanager
    def beating(self, beat: Beat) -> Iterator[None]:
        """Have `beat` called, from another thread; it must not block, nor raise."""
        with self._changed:
            self._beats.add(beat)
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="heartbeat", daemon=True)
                self._thread.start()
        try:
            yield
        finally:
            with self._changed:
                self._beats.discard(beat)
                self._changed.notify_all()

    def _run(self) -> None:
        with self._changed:
            while self._beats:
                for beat in tuple(self._beats):
                    beat()
                self._changed.wait(self._every_seconds)
            self._thread = None


HEART = Heart()
"""One for the whole program."""
