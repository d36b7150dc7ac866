"""What runs left behind that nobody works on any more: containers, worktrees, checkouts of base commits."""

from __future__ import annotations

import json
from functools import partial
from pathlib import Path

from anyio import to_thread

from orchestrator.airlock.base_checkout import remove_checkouts
from orchestrator.airlock.removal import GRAVE_PREFIX, empty_grave, remove_worktree
from orchestrator.journal.store import JournalStore
from orchestrator.run.lease import holder
from orchestrator.run.opening import run_lock
from sandbox.backends import BACKENDS
from sandbox.errors import SandboxError


async def remove_leftovers(state_directory: Path) -> list[str]:
    """Remove them and name them; doing it twice is as good as once. Raises OSError."""
    removed = []
    for make in BACKENDS.values():
        try:
            removed += await make().sweep()
        except SandboxError:
            continue  # an engine that does not answer has nothing of ours running, as far as can be known
    removed += await to_thread.run_sync(_remove_worktrees, state_directory)
    return removed + await to_thread.run_sync(_remove_checkouts, state_directory)


def _remove_worktrees(state_directory: Path) -> list[str]:
    runs = state_directory / "runs"
    removed = []
    for directory in sorted(runs.iterdir()) if runs.is_dir() else []:
        if directory.name.startswith(GRAVE_PREFIX):
            empty_grave(directory)
        elif holder(run_lock(state_directory, directory.name)) is None:
            remove_worktree(directory)
        else:
            continue
        removed.append(f"worktrees of {directory.name}")
    return removed


def _remove_checkouts(state_directory: Path) -> list[str]:
    commits = remove_checkouts(state_directory, partial(_bases_in_use, state_directory))
    return [f"the checkout of {commit[:12]}" for commit in commits]


def _bases_in_use(state_directory: Path) -> set[str]:
    """The base commits of runs that are worked on, or that `resume` can go on with."""
    journal = state_directory / "journal.db"
    if not journal.is_file():
        return set()
    with JournalStore(journal) as store:
        return {
            str(json.loads(started.payload)["base_commit"])
            for run in store.runs()
            if _unfinished(store, run) or holder(run_lock(state_directory, run)) is not None
            for started in store.of_kind(run, "run started")
        }


def _unfinished(store: JournalStore, run: str) -> bool:
    ends = list(store.of_kind(run, "run ended"))
    if not ends or any(resumed.seq > ends[-1].seq for resumed in store.of_kind(run, "run resumed")):
        return True
    return json.loads(ends[-1].payload)["status"] in {"stopped", "interrupted"}
