"""Which runs may still be worked on, and which base commits they may need the checkouts of."""

from __future__ import annotations

import json
from pathlib import Path

from orchestrator.journal.store import JournalStore
from orchestrator.run.lease import holder, run_lock


def bases_in_use(state_directory: Path) -> set[str]:
    """The base commits of runs that are worked on, or that `resume` can go on with."""
    journal = state_directory / "journal.db"
    if not journal.is_file():
        return set()
    with JournalStore(journal) as store:
        return {
            str(json.loads(started.payload)["base_commit"])
            for run in _in_use(store, state_directory)
            for started in store.of_kind(run, "run started")
        }


def runs_in_use(state_directory: Path) -> set[str]:
    """The runs that are worked on, or that `resume` can go on with."""
    journal = state_directory / "journal.db"
    if not journal.is_file():
        return set()
    with JournalStore(journal) as store:
        return set(_in_use(store, state_directory))


def _in_use(store: JournalStore, state_directory: Path) -> list[str]:
    return [
        run for run in store.runs() if _unfinished(store, run) or holder(run_lock(state_directory, run)) is not None
    ]


def _unfinished(store: JournalStore, run: str) -> bool:
    ends = list(store.of_kind(run, "run ended"))
    if not ends or any(resumed.seq > ends[-1].seq for resumed in store.of_kind(run, "run resumed")):
        return True
    return json.loads(ends[-1].payload)["status"] in {"stopped", "interrupted"}
