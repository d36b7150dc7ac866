"""Caches that no unfinished run uses: images and setups of ours, removed with what they took of the disk."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from anyio import to_thread

from orchestrator.airlock.removal import GRAVE_PREFIX, empty_grave, remove_worktree
from orchestrator.journal.store import JournalStore
from orchestrator.run.caches import Caches, lock_of, taken
from orchestrator.run.setup import REPOSITORY, UNFINISHED
from sandbox.engine import Engine
from sandbox.errors import SandboxUnavailable

_OVER = frozenset({"done", "partial", "failed"})
"""How a run ends that is not gone on with."""

_BEING_MADE = "it is being made"


@dataclass(slots=True)
class Freed:
    """What was removed, what stays and why, and how many bytes of the disk that gave back."""

    removed: list[str] = field(default_factory=list)
    kept: dict[str, str] = field(default_factory=dict)
    freed_bytes: int = 0


async def remove_unused(caches: Caches) -> Freed:
    """Remove images and setups of these caches; doing it twice is as good as once. Raises OSError, sqlite3.Error.

    What others made, or this user elsewhere, is left alone.
    """
    freed = Freed()
    used = await to_thread.run_sync(_used, caches.root.parent)
    await to_thread.run_sync(partial(_remove_setups, caches, used, freed))
    try:
        await to_thread.run_sync(partial(_remove_images, caches, used, freed))
    except SandboxUnavailable:
        pass  # an engine that does not answer is not asked to remove anything
    return freed


def remove_unfinished(caches: Caches) -> list[str]:
    """Remove setups that a crash left half made, and name them; raises OSError."""
    removed = []
    _finish_removals(caches)
    for directory in _setups(caches):
        key, unfinished, _ = directory.name.partition(UNFINISHED)
        if unfinished and _is_free(caches.root, f"setup-{key}"):
            remove_worktree(directory)
            removed.append(f"half a setup, {key}")
    return removed


def _used(state_home: Path) -> dict[str, str]:
    """The images and setups of unfinished runs of all repositories, each with such a run."""
    used: dict[str, str] = {}
    for journal in sorted(state_home.glob("*/journal.db")):
        with JournalStore(journal) as store:
            for run in store.runs():
                if not _is_over(store, run):
                    used.update((name, run) for name in _names(store, run))
    return used


def _is_over(store: JournalStore, run: str) -> bool:
    ended = list(store.of_kind(run, "run ended"))
    resumed = [event.seq for event in store.of_kind(run, "run resumed")]
    return bool(ended) and ended[-1].seq > max(resumed, default=0) and json.loads(ended[-1].payload)["status"] in _OVER


def _names(store: JournalStore, run: str) -> Iterator[str]:
    for kind, keys in (("run started", ("image",)), ("sandbox prepared", ("image", "kept_as"))):
        for event in store.of_kind(run, kind):
            payload = json.loads(event.payload)
            yield from (payload[key] for key in keys if payload.get(key))


def _setups(caches: Caches) -> list[Path]:
    return [found for found in _all_setups(caches) if not found.name.startswith(GRAVE_PREFIX)]


def _all_setups(caches: Caches) -> list[Path]:
    place = caches.root / "setup"
    return sorted(place.iterdir()) if place.is_dir() else []


def _finish_removals(caches: Caches) -> None:
    """Finish removals that a crash interrupted; those that another program is at are its own."""
    for grave in _all_setups(caches):
        if grave.name.startswith(GRAVE_PREFIX):
            with suppress(FileNotFoundError):  # that program was first
                empty_grave(grave, wait=False)


def _remove_setups(caches: Caches, used: dict[str, str], freed: Freed) -> None:
    _finish_removals(caches)
    for directory in _setups(caches):
        key = directory.name.partition(UNFINISHED)[0]
        shown = f"setup {key}"
        if key in used:
            freed.kept[shown] = _used_by(used[key])
        elif not _is_free(caches.root, f"setup-{key}"):
            freed.kept[shown] = _BEING_MADE
        else:
            size = _size(directory)
            remove_worktree(directory)
            freed.removed.append(shown)
            freed.freed_bytes += size


def _remove_images(caches: Caches, used: dict[str, str], freed: Freed) -> None:
    images = Engine().images
    made = images.made_by(caches.maker)
    before = images.bytes_used() if made else 0
    for tag in made:
        why = _used_by(used[tag]) if tag in used else None
        name = f"setup-{tag.rpartition(':')[2]}" if tag.startswith(f"{REPOSITORY}:") else tag
        if why is None and not _is_free(caches.root, name):
            why = _BEING_MADE
        why = why or images.remove(tag)
        if why is None:
            freed.removed.append(f"image {tag}")
        else:
            freed.kept[f"image {tag}"] = why
    if made:
        freed.freed_bytes += max(0, before - images.bytes_used())


def _used_by(run: str) -> str:
    return f"{run} uses it, which can be gone on with (resume) or ended (cancel)"


def _is_free(root: Path, name: str) -> bool:
    """Whether nobody makes it at this moment."""
    path = lock_of(root, name)
    if not path.exists():
        return True
    descriptor = os.open(path, os.O_RDWR | os.O_CLOEXEC)
    try:
        return taken(descriptor)
    finally:
        os.close(descriptor)


def _size(directory: Path) -> int:
    """What a directory takes of the disk; no link is followed, and what goes meanwhile takes nothing."""
    size = 0
    for above, below, names in os.walk(directory):
        for name in below + names:
            with suppress(FileNotFoundError, NotADirectoryError):
                size += Path(above, name).lstat().st_blocks * 512
    return size
