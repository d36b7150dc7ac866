"""The answer to Tab: never an error, never a wait, never a trace."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any

from orchestrator.cli.completion.candidates import candidates
from orchestrator.cli.completion.line import typed_at
from orchestrator.cli.completion.shells import SHELLS, VARIABLE, Candidate, line_of, reply

MOST_SECONDS = 2.0
"""When completion gives up: whoever pressed Tab waits for it, and a file system or a journal may not answer."""


def answer(build: Callable[[], Any]) -> None:
    """Print what may be typed next to whatever shell asks; `build` makes the tree of commands."""
    signal.signal(signal.SIGALRM, lambda *_: os._exit(0))
    signal.setitimer(signal.ITIMER_REAL, MOST_SECONDS)
    text = completed(build, os.environ)
    try:
        sys.stdout.buffer.write(text.encode())
        sys.stdout.buffer.flush()
    except OSError:
        os._exit(0)


def completed(build: Callable[[], Any], environ: Mapping[str, str]) -> str:
    """The reply to the shell that asks in `environ`: what was found until something went wrong."""
    shell = environ[VARIABLE].removeprefix("complete_")
    if shell not in SHELLS:
        return ""
    try:
        line = line_of(shell, environ)
    except (LookupError, ValueError):
        return ""
    found: list[Candidate] = []
    # Nobody asked in words, so nobody is told what is wrong.
    with suppress(Exception):
        typed = typed_at(build(), line.words, line.word)
        found.extend(candidates(typed) if typed is not None else ())
    return reply(shell, line, found)
