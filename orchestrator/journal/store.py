"""The journal's file: one SQLite database for each repository, to which events are only ever appended."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Self

from orchestrator.airlock.locks import locked
from orchestrator.journal.chain import GENESIS, Recorded, link
from orchestrator.journal.clock import SteadyClock

if TYPE_CHECKING:
    from agents.events import Event

_SCHEMA = """
CREATE TABLE IF NOT EXISTS events (
    run TEXT NOT NULL, seq INTEGER NOT NULL, task TEXT, time REAL NOT NULL,
    kind TEXT NOT NULL, payload TEXT NOT NULL, hash TEXT NOT NULL,
    PRIMARY KEY (run, seq)
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS events_kind ON events (kind, run);
CREATE TRIGGER IF NOT EXISTS events_unchanged BEFORE UPDATE ON events
    BEGIN SELECT RAISE(ABORT, 'the journal is append-only'); END;
CREATE TRIGGER IF NOT EXISTS events_kept BEFORE DELETE ON events
    BEGIN SELECT RAISE(ABORT, 'the journal is append-only'); END;
"""

_RUNS = """
WITH RECURSIVE each(run) AS (
    SELECT min(run) FROM events
    UNION ALL SELECT (SELECT min(run) FROM events WHERE events.run > each.run) FROM each WHERE each.run IS NOT NULL
)
SELECT run FROM each JOIN events USING (run) WHERE seq = 1 ORDER BY time DESC, run DESC
"""
"""From one run to the next by the index: a scan for their first events would read every output in the file."""

_WITHIN_SANDBOX = frozenset(
    {"command proposed", "command judged", "command run", "checkpoint taken", "model asked", "gate started"}
)
"""Kinds whose effects stay in a sandbox or the hub: written at once, so that no kill loses them, and on the disk with
the next event of another kind. All others outlast a power cut before `append` returns: money, answers, what lands."""

BUSY_SECONDS = 30.0
"""How long a writer waits for another process's transaction; both last milliseconds."""

_WAL_PAGES = 1000
"""After so many pages a writer that may wait brings SQLite's log into its file; SQLite's own default."""


class JournalStore:
    """Appends events and reads them back; safe to share between processes, one object for each thread at a time."""

    def __init__(self, path: Path, *, clock: Callable[[], float] | None = None) -> None:
        """Open the journal at `path`, making it if it is not there; raises sqlite3.Error."""
        self._clock = clock or SteadyClock()
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        self.path = path
        # Prompts and outputs are the user's own business; SQLite gives its other files the mode of this one.
        path.touch(mode=0o600)
        self._connection = sqlite3.connect(path, isolation_level=None, timeout=BUSY_SECONDS, check_same_thread=False)
        # Two processes that make the file at once: SQLite does not wait for its busy timeout while the mode changes.
        with locked(path.with_suffix(".lock")):
            self._connection.execute("PRAGMA journal_mode=WAL")
            self._connection.executescript(_SCHEMA)

    def append(self, run: str, events: Sequence[tuple[str | None, Event]]) -> list[Recorded]:
        """Commit (task, event) pairs to the end of a run's chain, all or none; raises sqlite3.Error."""
        with closing(self._connection.cursor()) as cursor:
            cursor.execute(f"PRAGMA synchronous={'FULL' if _on_disk(events) else 'NORMAL'}")
            cursor.execute("BEGIN IMMEDIATE")
            try:
                recorded = self._chain(cursor, run, events)
                cursor.executemany(
                    "INSERT INTO events VALUES (?, ?, ?, ?, ?, ?, ?)",
                    [(r.run, r.seq, r.task, r.time, r.kind, r.payload, r.hash) for r in recorded],
                )
                cursor.execute("COMMIT")
            except BaseException:
                # A full disk ends the transaction by itself; the reason must not hide behind a second error.
                if self._connection.in_transaction:
                    cursor.execute("ROLLBACK")
                raise
        return recorded

    def append_at_once(self, run: str, events: Sequence[tuple[str | None, Event]]) -> list[Recorded] | None:
        """The same without a wait for the disk or another process; None, and nothing done, where it takes one."""
        if _on_disk(events):
            return None
        self._wait(busy_seconds=0, wal_pages=0)
        try:
            return self.append(run, events)
        except sqlite3.OperationalError as error:
            # The low byte: which kind of busy it is stands above.
            if error.sqlite_errorcode & 0xFF == sqlite3.SQLITE_BUSY:
                return None
            raise
        finally:
            self._wait(busy_seconds=BUSY_SECONDS, wal_pages=_WAL_PAGES)

    def _wait(self, *, busy_seconds: float, wal_pages: int) -> None:
        self._connection.execute(f"PRAGMA busy_timeout={busy_seconds * 1000:.0f}")
        self._connection.execute(f"PRAGMA wal_autocheckpoint={wal_pages}")

    def _chain(self, cursor: sqlite3.Cursor, run: str, events: Sequence[tuple[str | None, Event]]) -> list[Recorded]:
        cursor.execute("SELECT seq, hash FROM events WHERE run = ? ORDER BY seq DESC LIMIT 1", (run,))
        seq, before = cursor.fetchone() or (0, GENESIS)
        recorded = []
        for task, event in events:
            seq += 1
            now = self._clock()
            payload = event.model_dump_json(exclude={"kind"})
            before = link(before, run=run, seq=seq, task=task, time=now, kind=event.kind, payload=payload)
            recorded.append(
                Recorded(run=run, seq=seq, task=task, time=now, kind=event.kind, payload=payload, hash=before)
            )
        return recorded

    def events(self, run: str, *, after: int = 0) -> Iterator[Recorded]:
        """A run's events in order, from sequence number `after` + 1."""
        rows = self._connection.execute(
            "SELECT run, seq, task, time, kind, payload, hash FROM events WHERE run = ? AND seq > ? ORDER BY seq",
            (run, after),
        )
        return map(recorded, rows)

    def of_task(self, run: str, task: str | None) -> Iterator[Recorded]:
        """A run's events of one task, or those of none, in order."""
        rows = self._connection.execute(
            "SELECT run, seq, task, time, kind, payload, hash FROM events WHERE run = ? AND task IS ? ORDER BY seq",
            (run, task),
        )
        return map(recorded, rows)

    def of_kind(self, run: str, kind: str) -> Iterator[Recorded]:
        """A run's events of one kind, in order."""
        rows = self._connection.execute(
            "SELECT run, seq, task, time, kind, payload, hash FROM events WHERE kind = ? AND run = ? ORDER BY seq",
            (kind, run),
        )
        return map(recorded, rows)

    def all_of_kind(self, kind: str) -> Iterator[Recorded]:
        """The events of one kind in every run, each run's in order."""
        rows = self._connection.execute(
            "SELECT run, seq, task, time, kind, payload, hash FROM events WHERE kind = ? ORDER BY run, seq", (kind,)
        )
        return map(recorded, rows)

    def runs(self) -> list[str]:
        """All runs, newest first; raises sqlite3.DatabaseError where there are events of none."""
        runs = [run for (run,) in self._connection.execute(_RUNS)]
        if not runs and self._connection.execute("SELECT 1 FROM events LIMIT 1").fetchone():
            raise sqlite3.DatabaseError("the beginnings of all runs are missing")
        return runs

    def head(self, run: str) -> str:
        """The hash of a run's last event; GENESIS where it has none."""
        row = self._connection.execute(
            "SELECT hash FROM events WHERE run = ? ORDER BY seq DESC LIMIT 1", (run,)
        ).fetchone()
        return str(row[0]) if row else GENESIS

    def hash_of(self, run: str, seq: int) -> str | None:
        """The hash of one event of a run; None where there is no such event."""
        row = self._connection.execute("SELECT hash FROM events WHERE run = ? AND seq = ?", (run, seq)).fetchone()
        return None if row is None else str(row[0])

    def number_of(self, run: str, digest: str) -> int | None:
        """The sequence number of a run's event with this hash; None where there is none."""
        row = self._connection.execute("SELECT seq FROM events WHERE run = ? AND hash = ?", (run, digest)).fetchone()
        return int(row[0]) if row else None

    def close(self) -> None:
        """Close the file; closing twice is as good as once."""
        self._connection.close()

    def __enter__(self) -> Self:
        """The store itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close the file."""
        self.close()


def _on_disk(events: Sequence[tuple[str | None, Event]]) -> bool:
    return not all(event.kind in _WITHIN_SANDBOX for _, event in events)


def recorded(row: tuple[str, int, str | None, float, str, str, str]) -> Recorded:
    """A row of the table `events`, its columns in their order."""
    run, seq, task, when, kind, payload, digest = row
    return Recorded(run=run, seq=seq, task=task, time=when, kind=kind, payload=payload, hash=digest)
