"""What runs left behind that nobody works on any more: containers, worktrees, checkouts of base commits, logs."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path

from anyio import to_thread

from orchestrator.airlock.base_checkout import remove_checkouts
from orchestrator.airlock.removal import GRAVE_PREFIX, empty_grave, remove_worktree
from orchestrator.run.bases import bases_in_use, runs_in_use
from orchestrator.run.caches import caches_of
from orchestrator.run.lease import Held, lease, run_lock
from orchestrator.run.unused import remove_unfinished
from orchestrator.telling.files import MOST_RUNS, remove_logs, runs_with_logs
from sandbox.backends import BACKENDS
from sandbox.errors import SandboxError
from sandbox.sandbox import Backend


async def remove_leftovers(state_directory: Path, backends: Sequence[Backend] | None = None) -> list[str]:
    """Remove them and name them, all of them or those with which a run over these backends would meet.

    Doing it twice is as good as once. What a living program works with stays, and so do, for a run that begins, the
    checkouts of bases: it may need one of them. Raises OSError.
    """
    removed = []
    for backend in [make() for make in BACKENDS.values()] if backends is None else backends:
        try:
            removed += await backend.sweep()
        except SandboxError:
            continue  # an engine that does not answer has nothing of ours running, as far as can be known
    removed += await to_thread.run_sync(remove_unfinished, caches_of(state_directory))
    removed += await to_thread.run_sync(_remove_worktrees, state_directory)
    if backends is None:
        removed += await to_thread.run_sync(_remove_checkouts, state_directory)
        removed += await to_thread.run_sync(_remove_logs, state_directory)
    else:
        await to_thread.run_sync(_bound_logs, state_directory)
    return removed


def _remove_worktrees(state_directory: Path) -> list[str]:
    runs = state_directory / "runs"
    removed = []
    for directory in sorted(runs.iterdir()) if runs.is_dir() else []:
        try:
            if _removed(directory, run_lock(state_directory, directory.name)):
                removed.append(f"worktrees of {directory.name}")
        except FileNotFoundError:
            continue  # another program was first
    return removed


def _remove_checkouts(state_directory: Path) -> list[str]:
    commits = remove_checkouts(state_directory, partial(bases_in_use, state_directory))
    return [f"the checkout of {commit[:12]}" for commit in commits]


def _remove_logs(state_directory: Path) -> list[str]:
    return [f"the log of {run}" for run in remove_logs(state_directory, keep=runs_in_use(state_directory))]


def _bound_logs(state_directory: Path) -> None:
    """Let the logs of the newest runs be, and of those that are not over; who begins a run is not told of the rest."""
    newest = runs_with_logs(state_directory)[: MOST_RUNS - 1]
    if len(newest) == MOST_RUNS - 1:
        remove_logs(state_directory, keep={*newest, *runs_in_use(state_directory)})


def _removed(directory: Path, lock: Path) -> bool:
    if directory.name.startswith(GRAVE_PREFIX):
        return empty_grave(directory, wait=False)
    try:
        with lease(lock):  # so that nobody goes on with the run in the middle of it
            remove_worktree(directory)
    except Held:
        return False
    return True
