"""stderr as the whole program shares it: lines as they come, the live region below them, or a question that stands."""

from __future__ import annotations

import io
import os
import sys
import threading
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout, suppress
from typing import IO, TYPE_CHECKING

from orchestrator.cli.keys import in_foreground
from orchestrator.telling.known import KNOWN
from policies.printable import printable

if TYPE_CHECKING:
    from rich.console import RenderableType

    from orchestrator.cli.region import Region

USUAL_SIZE = os.terminal_size((80, 24))
"""Of a terminal that does not say how large it is."""


class Screen:
    """Who speaks when. Every thread may call any of it; nothing is ever cut in two."""

    def __init__(self) -> None:
        """Lines as they come."""
        self._lock = threading.RLock()
        self._region: Region | None = None
        self._stderr: IO[str] | None = None
        self._question: threading.Event | None = None
        self._held: list[tuple[str, str]] = []

    @property
    def stderr(self) -> IO[str]:
        """The stream itself, also while others are kept from it."""
        return self._stderr or sys.stderr

    @property
    def size(self) -> os.terminal_size:
        """How large the terminal is by now."""
        try:
            size = os.get_terminal_size(self.stderr.fileno())
        except OSError:
            return USUAL_SIZE
        return size if size.columns and size.lines else USUAL_SIZE

    @property
    def is_drawn(self) -> bool:
        """Whether the region is to be seen."""
        return self._region is not None and self._region.is_started

    def say(self, text: str, style: str = "") -> None:
        """Say it now, or when the question that stands is over."""
        with self._lock:
            if self._is_asking():
                self._held.append((text, style))
            else:
                self._go_on()
                self._write(text, style)

    def draw(self, view: Callable[[os.terminal_size], RenderableType]) -> bool:
        """Show what `view` makes of the terminal's size as the region; False where there is no place for it now."""
        with self._lock:
            if self._region is None or self._is_asking() or not in_foreground(self.stderr.fileno()):
                return False
            self._go_on()
            size = self.size
            try:
                if not self._region.is_started:
                    self._region.start()
                self._region.draw(view(size), columns=size.columns, lines=size.lines)
            except OSError:
                self._region = None  # the terminal has gone
            return True

    @contextmanager
    def region(self, region: Region) -> Iterator[None]:
        """Let a region be drawn below all that is said, by whomever and wherever; nothing of it is left at the end."""
        stray = _Stray(self, sys.stderr)
        self._stderr, self._region = sys.stderr, region
        try:
            with redirect_stdout(stray), redirect_stderr(stray), self._cleared(region):
                yield
        finally:
            stray.finish()
            self._stderr = None

    @contextmanager
    def aside(self) -> Iterator[None]:
        """Take the region away until it is drawn again; nobody speaks meanwhile."""
        with self._lock:
            if self._region is not None:
                with _goes_on():
                    self._region.stop()
            yield

    @contextmanager
    def question(self, gone: threading.Event) -> Iterator[None]:
        """Leave the terminal to a question, until the end or until `gone` says that nobody waits for the answer."""
        with self.aside():
            self._question = gone
        try:
            yield
        finally:
            with self._lock:
                if self._question is gone:
                    self._go_on()

    @contextmanager
    def _cleared(self, region: Region) -> Iterator[None]:
        try:
            yield
        finally:
            with self._lock:
                self._go_on()
                with _goes_on():
                    region.stop()
                self._region = None

    def _is_asking(self) -> bool:
        return self._question is not None and not self._question.is_set()

    def _go_on(self) -> None:
        """End the question, if there is one, and say what it held back."""
        if self._question is None:
            return
        # Nobody ended the line that was being typed.
        held = [("", "")] if self._question.is_set() else []
        held, self._held = [*held, *self._held], []
        self._question = None
        for text, style in held:
            self._write(text, style)

    def _write(self, text: str, style: str) -> None:
        lines = "\n".join(printable(line) for line in KNOWN.text(text).split("\n"))
        with _goes_on():
            if self._region is not None:
                from rich.text import Text

                self._region.print(Text(lines, style))
            else:
                self.stderr.write(f"{lines}\n")
                self.stderr.flush()


def _goes_on() -> suppress:
    """A run goes on when its reader has gone, or the terminal has."""
    return suppress(OSError)


class _Stray(io.TextIOBase):
    """Stands in for stdout and stderr while there is a region: libraries that print don't know of it."""

    def __init__(self, screen: Screen, terminal: IO[str]) -> None:
        self._screen = screen
        self._terminal = terminal
        self._begun: defaultdict[int, str] = defaultdict(str)

    def write(self, text: str) -> int:
        """Say the lines that this ends; each thread has its own that is not ended yet."""
        thread = threading.get_ident()
        *lines, self._begun[thread] = (self._begun[thread] + text).split("\n")
        if lines:
            self._screen.say("\n".join(lines))
        return len(text)

    def finish(self) -> None:
        """Say what is left of lines that nobody ended."""
        for left in filter(None, self._begun.values()):
            self._screen.say(left)

    def isatty(self) -> bool:
        """As the terminal behind it."""
        return self._terminal.isatty()

    def fileno(self) -> int:
        """The terminal's."""
        return self._terminal.fileno()


SCREEN = Screen()
"""The one that there is."""
