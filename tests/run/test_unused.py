"""Setups that are kept, and what a crash left of removing one."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path

import pytest

from orchestrator.airlock.removal import GRAVE_PREFIX
from orchestrator.run.caches import Caches
from orchestrator.run.unused import Freed, _remove_setups, remove_unfinished


@pytest.fixture
def caches(tmp_path: Path) -> Caches:
    """Caches with one setup, and a removal that has not come to its end."""
    for place in ("setup/abc/opt", f"setup/{GRAVE_PREFIX}xyz/0/opt"):
        (tmp_path / place).mkdir(parents=True)
        (tmp_path / place / "file").write_text("text\n")
    return Caches(root=tmp_path, say=lambda _: None)


def left(caches: Caches) -> list[str]:
    """What is there of setups."""
    return sorted(path.name for path in (caches.root / "setup").iterdir())


def test_an_interrupted_removal_is_finished(caches: Caches) -> None:
    """By `clean` as by `clean --cache`, which does not call it a setup."""
    assert remove_unfinished(caches) == []
    assert left(caches) == ["abc"]
    (caches.root / "setup" / f"{GRAVE_PREFIX}xyz").mkdir()
    freed = Freed()
    _remove_setups(caches, {}, freed)
    assert freed.removed == ["setup abc"]
    assert left(caches) == []


def test_one_under_way_is_left_to_whoever_is_at_it(caches: Caches) -> None:
    """Two programs never empty the same directory: one of them would fail at what the other has removed."""
    handle = os.open(caches.root / "setup" / f"{GRAVE_PREFIX}xyz", os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        _remove_setups(caches, {}, Freed())
        assert left(caches) == [f"{GRAVE_PREFIX}xyz"]
    finally:
        os.close(handle)
