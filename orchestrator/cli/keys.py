"""Keys of the terminal while a live region is shown: what is typed then belongs to nobody, and is not to be seen."""

from __future__ import annotations

import os
import termios

_LOCAL_MODES = 3
"""Where `tcgetattr` has them."""


def in_foreground(terminal: int) -> bool:
    """Whether it is this program that the terminal listens to, not a shell that has it in the background."""
    try:
        return os.tcgetpgrp(terminal) == os.getpgrp()
    except OSError:
        return True  # a terminal that controls no session has no background


class Echo:
    """Whether keys are shown as they are typed: an Enter would push the region out of its place."""

    def __init__(self, terminal: int) -> None:
        """As the terminal has it."""
        self._terminal = terminal
        self._is_off = False

    def off(self) -> None:
        """Show no keys."""
        if not self._is_off:
            self._is_off = self._changed(on=False)

    def on(self) -> None:
        """Show keys again, if it is us who did not."""
        if self._is_off:
            self._is_off = not self._changed(on=True)

    def _changed(self, *, on: bool) -> bool:
        # In the background the shell has modes of its own, and whoever changes them is stopped.
        if not in_foreground(self._terminal):
            return False
        try:
            modes = termios.tcgetattr(self._terminal)
            was_on = bool(modes[_LOCAL_MODES] & termios.ECHO)
            if was_on is not on:
                modes[_LOCAL_MODES] ^= termios.ECHO
                termios.tcsetattr(self._terminal, termios.TCSANOW, modes)
        except termios.error:
            return False  # the terminal has gone
        return was_on is not on
