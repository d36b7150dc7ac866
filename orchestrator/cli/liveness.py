"""Whether a run that has no end yet is still being worked on."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from orchestrator.journal.state import RunState

LOCKS = "locks"
"""Where, in the state directory, whoever works on a run holds the lock of its name."""

GONE = "its process is gone: it crashed or was killed"


def settle_status(state: RunState, *, directory: Path) -> RunState:
    """The state, with a run that says "running" shown as interrupted where nobody works on it."""
    from orchestrator.run.lease import holder

    # Looking at a lock that is not there would make it.
    lock = directory / LOCKS / state.run
    if state.status == "running" and (not lock.exists() or holder(lock) is None):
        state.status, state.why = "interrupted", GONE
    return state
