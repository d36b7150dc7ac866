"""A journal for the views to read, and a clock that shows the same everywhere."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from orchestrator.journal.store import JournalStore


@pytest.fixture
def store(tmp_path: Path) -> Iterator[JournalStore]:
    """An empty journal."""
    with JournalStore(tmp_path / "journal.db") as journal:
        yield journal


@pytest.fixture(autouse=True)
def _utc(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Times of day are those of one zone."""
    with monkeypatch.context() as changed:
        changed.setenv("TZ", "UTC")
        time.tzset()
        yield
    time.tzset()
