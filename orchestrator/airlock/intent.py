"""Remembers that a publication is under way, so that locks left by a crash of ours are known as ours."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from orchestrator.airlock.store import STALE_SECONDS

LONGEST_SECONDS = 3600.0
"""A lock made later than this after the intent was written is somebody else's."""


@contextmanager
def publishing(note: Path, locks: Sequence[Path]) -> Iterator[None]:
    """Within the block, git may take the lock files `locks`; first those are removed that an earlier crash left.

    Ours are locks that are old enough to be a crash's, and that were made while an intent naming them was standing.
    The caller holds the lock of publications. Raises OSError.
    """
    _clear(note)
    written = note.with_suffix(".new")
    written.write_text(json.dumps({"since": time.time(), "locks": [os.fspath(lock) for lock in locks]}))
    written.replace(note)
    try:
        yield
    finally:
        note.unlink()


def _clear(note: Path) -> None:
    try:
        intent = json.loads(note.read_text())
    except (FileNotFoundError, json.JSONDecodeError):
        return
    for name in intent["locks"]:
        lock = Path(name)
        try:
            made = lock.lstat().st_mtime
        except OSError:  # nothing there
            continue
        # The clock of a file system may be a tick behind ours.
        ours = intent["since"] - 1 <= made <= intent["since"] + LONGEST_SECONDS
        if ours and time.time() - made >= STALE_SECONDS:
            lock.unlink()
