"""Whether a run that has no end yet is still being worked on."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from orchestrator.journal.clock import between

if TYPE_CHECKING:
    from orchestrator.journal.state import RunState

LOCKS = "locks"
"""Where, in the state directory, whoever works on a run holds the lock of its name."""

GONE = "its process is gone: it crashed or was killed"


def settle_status(state: RunState, *, directory: Path) -> RunState:
    """The state, with a run that says "running" shown as interrupted where nobody works on it."""
    if state.status == "running" and not is_worked_on(state.run, directory=directory):
        state.status, state.why = "interrupted", GONE
        state.seconds += between(state.session_started_at, state.updated_at)
    return state


def is_worked_on(run: str, *, directory: Path) -> bool:
    """Whether a process works on a run; `directory` is the repository's state."""
    return _held(directory / LOCKS / run)


def _held(lock: Path) -> bool:
    from orchestrator.run.lease import holder

    # The writer of the file is told from a later process that got the same number by the lock itself.
    return alive(lock) and holder(lock) is not None


def alive(lock: Path) -> bool:
    """Whether there is a process of the number that stands in a lock's file."""
    try:
        os.kill(int(lock.read_text()), 0)
    except PermissionError:
        return True
    except (OSError, ValueError):
        return False
    return True
