"""A power cut tears the journal's tail: what is read then is whole events from the beginning, or an error."""

from __future__ import annotations

import random
import shutil
import sqlite3
from pathlib import Path

import pytest

from agents.events import CommandProposed, FaultMet
from orchestrator.journal.chain import verify_chain
from orchestrator.journal.store import JournalStore

RUN = "torn-20260101-120000-ab12"
EVENTS, TEARS = 60, 60


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[str]]:
    """A journal as a killed process leaves it, its newest events in the write-ahead log alone; and their hashes."""
    place = tmp_path_factory.mktemp("journal")
    live = place / "live.db"
    with JournalStore(live) as store:
        hashes = []
        for number in range(EVENTS):
            told = FaultMet(where=f"place {number}", why="x" * 200)
            proposed = CommandProposed(id=f"c.{number}", tool="shell", arguments="{}")
            hashes += [row.hash for row in store.append(RUN, [(None, told), (None, proposed)])]
        for end in ("", "-wal"):
            shutil.copy(f"{live}{end}", place / f"kept.db{end}")
    return place / "kept.db", hashes


@pytest.mark.parametrize("file", ["kept.db", "kept.db-wal"])
@pytest.mark.parametrize("how", ["cut", "overwritten", "zeroed"])
def test_a_torn_file_gives_whole_events_or_an_error(
    file: str, how: str, written: tuple[Path, list[str]], tmp_path: Path
) -> None:
    """At many places: the chain of what can be read is a beginning of what was written, or is said to be broken."""
    kept, hashes = written
    chance = random.Random(f"{file} {how}")
    for _ in range(TEARS // 6):
        for end in ("", "-wal"):
            shutil.copy(f"{kept}{end}", tmp_path / f"kept.db{end}")
        (tmp_path / "kept.db-shm").unlink(missing_ok=True)
        _tear(tmp_path / file, how, chance)
        try:
            with JournalStore(tmp_path / "kept.db") as store:
                rows = list(store.events(RUN))
        except sqlite3.DatabaseError:
            continue
        report = verify_chain(rows)
        assert report.broken_at is not None or [row.hash for row in rows] == hashes[: len(rows)]
        if report.broken_at is None:
            assert len(rows) % 2 == 0, "half of what was committed together"


def _tear(path: Path, how: str, chance: random.Random) -> None:
    data = bytearray(path.read_bytes())
    place = chance.randrange(len(data))
    length = len(data[place : place + 700])
    if how == "cut":
        del data[place:]
    else:
        data[place : place + 700] = chance.randbytes(length) if how == "overwritten" else bytes(length)
    path.write_bytes(data)
