"""At the end of a run: what its agents have learnt and nobody has said yes or no to."""

from __future__ import annotations

import sqlite3
from pathlib import Path

from orchestrator.cli.remembered import up_to_date
from orchestrator.cli.terminal import say
from orchestrator.views.words import plural


def tell_learnt(directory: Path, run: str) -> None:
    """Say how many proposals of a run wait, and where they are seen; nothing where there are none."""
    try:
        with up_to_date(directory) as store:
            waiting = sum(note.run == run for note in store.notes("proposed"))
    except (sqlite3.Error, OSError) as error:
        # The run has ended as it has ended, whatever is the matter with the notes.
        say(f"note: what the run learnt can't be read: {error}")
        return
    if waiting:
        say(f"{plural(waiting, 'note')} learnt, for you to keep or forget: mimo-orchestrate memory show --proposals")
