"""Keys of the terminal while a live region is shown: what is typed then belongs to nobody, and is not to be seen."""

from __future__ import annotations

import os
import termios

_LOCAL_MODES = 3
"""Where `tcgetattr` has them."""

_OURS = termios.ECHO | termios.NOFLSH


def in_foreground(terminal: int) -> bool:
    """Whether it is this program that the terminal listens to, not a shell that has it in the background."""
    try:
        return os.tcgetpgrp(terminal) == os.getpgrp()
    except OSError:
        return True  # a terminal that controls no session has no background


class Echo:
    """Whether keys are shown as they are typed: an Enter would push the region out of its place.

    Nor does Ctrl-C, while they are not, throw away what was written and not shown yet: half of a region, and with it
    the way back to where the region began.
    """

    def __init__(self, terminal: int) -> None:
        """As the terminal has it."""
        self._terminal = terminal
        self._before: int | None = None

    def off(self) -> None:
        """Show no keys."""
        modes = self._modes() if self._before is None else None
        if modes is not None and modes & termios.ECHO and self._set(modes & ~termios.ECHO | termios.NOFLSH):
            self._before = modes

    def on(self) -> None:
        """Show keys again, if it is us who did not."""
        modes = self._modes() if self._before is not None else None
        if modes is not None and self._before is not None and self._set(modes & ~_OURS | self._before & _OURS):
            self._before = None

    def _modes(self) -> int | None:
        # In the background the shell has modes of its own, and whoever changes them is stopped.
        if not in_foreground(self._terminal):
            return None
        try:
            return int(termios.tcgetattr(self._terminal)[_LOCAL_MODES])
        except termios.error:
            return None  # the terminal has gone

    def _set(self, local: int) -> bool:
        try:
            modes = termios.tcgetattr(self._terminal)
            modes[_LOCAL_MODES] = local
            termios.tcsetattr(self._terminal, termios.TCSANOW, modes)
        except termios.error:
            return False
        return True
