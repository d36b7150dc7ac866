"""The installed program at a real terminal, in a session of its own, and what a human sees there."""

from __future__ import annotations

import codecs
import os
import pty
import re
import select
import subprocess
import termios
import time
from collections.abc import Mapping

from tests.cli.display import Display
from tests.integration.program import SCRIPT, Program

LIMIT_SECONDS = 120.0

_DRAWN = re.compile(r"\x1b\[\?7h\r\x1b\[\d+A$")
"""How the drawing of a view ends."""


STARTED: list[Terminal] = []
"""Those that have not come to their end: a test that fails leaves its own."""


class Terminal:
    """The program at a terminal; what it says there is kept, and shown by a display."""

    def __init__(self, program: Program, *arguments: str, env: Mapping[str, str] | None = None) -> None:
        self.ours, theirs = pty.openpty()
        self.display = Display()
        termios.tcsetwinsize(theirs, (self.display.lines, self.display.columns))
        self.process = subprocess.Popen(
            [str(SCRIPT), *arguments],
            cwd=program.repository,
            env={**program.env, "TERM": "xterm", **(env or {})},
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
            start_new_session=True,
            # Its own controlling terminal, so that Ctrl-C is a signal as it is for a user.
            preexec_fn=lambda: os.close(os.open(os.ttyname(0), os.O_RDWR)),
        )
        os.close(theirs)
        STARTED.append(self)
        self.said = ""
        self._shown = 0
        self._decoder = codecs.getincrementaldecoder("utf-8")()

    @property
    def screen(self) -> str:
        """What is to be seen."""
        self._show()
        return self.display.text

    def see(self, pattern: str) -> re.Match[str]:
        """Read on until this is to be seen."""
        deadline = time.monotonic() + LIMIT_SECONDS
        while (found := re.search(pattern, self.screen, re.MULTILINE)) is None:
            assert time.monotonic() < deadline, self.screen
            assert self._read(), self.screen
        return found

    def type(self, keys: str) -> None:
        """Type these keys."""
        os.write(self.ours, keys.encode())

    def resize(self, columns: int, lines: int) -> None:
        """Become so large, as a window does, between one picture of the view and the next.

        What stands half drawn would be wrapped with the cursor in its middle, where no count of lines holds any more.
        """
        while not _DRAWN.search(self.said):
            assert self._read(), self.screen
        termios.tcsetwinsize(self.ours, (lines, columns))
        self._show()
        self.display.resize(columns, lines)

    @property
    def echoes(self) -> bool:
        """Whether keys are shown as they are typed."""
        return bool(termios.tcgetattr(self.ours)[3] & termios.ECHO)

    def end(self) -> int:
        """Read to the end; its exit code."""
        while self._read():
            pass
        self.close()
        return self.process.returncode

    def close(self) -> None:
        """Take the window away if it is still there, which ends the program, and wait for that."""
        if self in STARTED:
            STARTED.remove(self)
            os.close(self.ours)
            self.process.wait(timeout=LIMIT_SECONDS)

    def _show(self) -> None:
        self.display.feed(self.said[self._shown :])
        self._shown = len(self.said)

    def _read(self) -> bool:
        ready, _, _ = select.select([self.ours], [], [], LIMIT_SECONDS)
        try:
            chunk = os.read(self.ours, 65536) if ready else b""
        except OSError:  # Linux says this where the other end is closed
            chunk = b""
        self.said += self._decoder.decode(chunk)
        return bool(chunk)
