"""What the program's exit codes mean."""

from __future__ import annotations

from enum import IntEnum


class ExitCode(IntEnum):
    """The exit codes that users and scripts may rely on."""

    DONE = 0
    PARTIAL = 1
    USAGE = 2
    STOPPED = 3
    CANNOT_RUN = 4
    BUG = 5
    INTERRUPTED = 130
    UNREAD = 141
    """Nobody reads the results any more: what a shell shows of a program that SIGPIPE ended."""
