"""Starts the program many times in little time: each time a fork of one process that has loaded it already.

    {"argv": [...], "cwd": "...", "env": {...}, "stdout": "...", "stderr": "...", "die_at": 17, "before": true}

One such line on standard input for each start; the answers are a line with its pid, and a line with the exit code,
negative for a signal. With `die_at` the program is killed outright, by itself, right before or right after that commit
to its journal; with a `kind`, of those commits are counted that have such an event.
"""

from __future__ import annotations

import json
import os
import signal
import sys
from collections.abc import Sequence
from typing import Any, NoReturn

from agents.events import Event
from agents.litellm_model import load_litellm
from orchestrator.cli import main, reopening, session, surroundings
from orchestrator.journal.chain import Recorded
from orchestrator.journal.store import JournalStore
from orchestrator.run import drive

LOADED = (main, reopening, session, surroundings, drive)
"""What a run imports late, which is here already."""


def dying(at: int, *, before: bool, kind: str | None = None) -> None:
    """Have this process end at a commit as a power cut of it alone would."""
    append = JournalStore.append
    commits = 0

    def counted(self: JournalStore, run: str, events: Sequence[tuple[str | None, Event]]) -> list[Recorded]:
        nonlocal commits
        counts = kind is None or kind in {event.kind for _, event in events}
        commits += counts
        if counts and commits == at and before:
            os.kill(os.getpid(), signal.SIGKILL)
        recorded = append(self, run, events)
        if counts and commits == at:
            os.kill(os.getpid(), signal.SIGKILL)
        return recorded

    JournalStore.append = counted  # type: ignore[method-assign]


def become(start: dict[str, Any]) -> NoReturn:
    """Be the program, from here on."""
    os.setsid()
    os.chdir(start["cwd"])
    os.environ.clear()
    os.environ.update(start["env"])
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    for number, name in ((1, "stdout"), (2, "stderr")):
        os.dup2(os.open(start[name], os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600), number)
    if start.get("die_at"):
        dying(start["die_at"], before=start["before"], kind=start.get("kind"))
    sys.argv = start["argv"]
    main.main()
    sys.exit()


def serve() -> None:
    """Start what is asked for, one after the other, until standard input closes."""
    load_litellm()
    for line in sys.stdin:
        pid = os.fork()
        if not pid:
            become(json.loads(line))
        print(pid, flush=True)  # noqa: T201 - an answer
        _, status = os.waitpid(pid, 0)
        print(os.waitstatus_to_exitcode(status), flush=True)  # noqa: T201 - an answer


if __name__ == "__main__":
    serve()
