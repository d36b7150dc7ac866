"""Notes that agents learnt and people kept: one SQLite file for each repository, searched by their words.

What agents propose comes from the journal alone, so that a note's source is where its event stands. What people decide
about it is kept here.
"""

from __future__ import annotations

import hashlib
import re
import sqlite3
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Self

from agents.events import NoteLearnt
from agents.fence import one_line
from orchestrator.journal.chain import Recorded
from orchestrator.journal.fold import event_of
from orchestrator.telling.known import KNOWN

NOTE_CHARS = 1000
MOST_PROPOSALS = 500
"""Proposals that wait; of more, the oldest are dropped."""

MOST_KEPT = 1000
BUSY_SECONDS = 30.0

State = Literal["proposed", "kept"]

_SCHEMA = """
CREATE TABLE IF NOT EXISTS notes (
    id INTEGER PRIMARY KEY AUTOINCREMENT, state TEXT NOT NULL, text TEXT NOT NULL, digest TEXT NOT NULL UNIQUE,
    run TEXT, task TEXT, agent TEXT, step INTEGER, learnt_at REAL NOT NULL, kept_at REAL, times INTEGER NOT NULL
);
CREATE TABLE IF NOT EXISTS taken_in (run TEXT PRIMARY KEY, seq INTEGER NOT NULL);
CREATE VIRTUAL TABLE IF NOT EXISTS words USING fts5(text, content='notes', content_rowid='id', tokenize='porter');
CREATE TRIGGER IF NOT EXISTS notes_added AFTER INSERT ON notes
    BEGIN INSERT INTO words(rowid, text) VALUES (new.id, new.text); END;
CREATE TRIGGER IF NOT EXISTS notes_gone AFTER DELETE ON notes
    BEGIN INSERT INTO words(words, rowid, text) VALUES ('delete', old.id, old.text); END;
CREATE TRIGGER IF NOT EXISTS notes_changed AFTER UPDATE OF text ON notes BEGIN
    INSERT INTO words(words, rowid, text) VALUES ('delete', old.id, old.text);
    INSERT INTO words(rowid, text) VALUES (new.id, new.text);
END;
"""

_COLUMNS = "id, state, text, run, task, agent, step, learnt_at, kept_at, times"
_WORD = re.compile(r"\w+")
_UNSEEN = re.compile("[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u3164\uffa0\ufe00-\ufe0f\U000e0100-\U000e01ef]")
"""Letters and marks that show nothing, though they count as printable: an agent could read what nobody kept."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredNote:
    """A note with its source: a step of an agent, or none where a human wrote it. `times` it was proposed."""

    id: str
    state: State
    text: str
    run: str | None
    task: str | None
    agent: str | None
    step: int | None
    learnt_at: float
    kept_at: float | None
    times: int

    @property
    def source(self) -> str:
        """Where it comes from, in words."""
        if self.agent is None:
            return "written by a human"
        return f"learnt by {self.agent} of {self.task or 'the run itself'} at step {self.step} of {self.run}"


class Full(Exception):
    """So many notes are kept that no other one is."""

    def __init__(self) -> None:
        super().__init__(f"{MOST_KEPT} notes are kept, which is all that there is room for")


class NoteStore:
    """The notes of one repository; safe to share between processes."""

    def __init__(self, path: Path | None) -> None:
        """Open the file, which is made if it is not there, or none; raises sqlite3.Error, OSError."""
        if path is not None:
            path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            path.touch(mode=0o600)
        self._connection = sqlite3.connect(
            path or ":memory:", isolation_level=None, timeout=BUSY_SECONDS, check_same_thread=False
        )
        try:
            # What is forgotten is gone from the file, not only from the table.
            self._connection.execute("PRAGMA secure_delete=ON")
            with self._change():
                for statement in _statements(_SCHEMA):
                    self._connection.execute(statement)
        except BaseException:
            self._connection.close()
            raise

    def take_in(self, learnt: Iterable[Recorded]) -> None:
        """Propose what agents learnt, from events of that kind in the order of the journal; each is taken in once."""
        with self._change():
            for recorded in learnt:
                event = event_of(recorded)
                if isinstance(event, NoteLearnt) and self._is_new(recorded):
                    self._propose(event, recorded)
            self._connection.execute(
                "DELETE FROM notes WHERE state = 'proposed' AND id NOT IN "
                "(SELECT id FROM notes WHERE state = 'proposed' ORDER BY id DESC LIMIT ?)",
                (MOST_PROPOSALS,),
            )

    def add(self, text: str) -> StoredNote:
        """Keep a note of a human's own; one with the same words is the same note. Raises Full."""
        now = time.time()
        line = _line(KNOWN.kept.text(text))
        with self._change():
            self._require_room()
            self._connection.execute(
                "INSERT INTO notes (state, text, digest, learnt_at, kept_at, times) VALUES ('kept', ?, ?, ?, ?, 1) "
                "ON CONFLICT (digest) DO UPDATE SET state = 'kept', text = excluded.text, kept_at = excluded.kept_at",
                (line, _digest(line), now, now),
            )
            (note,) = self._select("WHERE digest = ?", (_digest(line),))
        return note

    def keep(self, note: str) -> StoredNote | None:
        """Keep a proposal; None where there is no such note. Raises Full."""
        with self._change():
            self._require_room()
            self._connection.execute(
                "UPDATE notes SET state = 'kept', kept_at = coalesce(kept_at, ?) WHERE id = ? AND state != 'forgotten'",
                (time.time(), _number(note)),
            )
        return self.note(note)

    def forget(self, note: str) -> StoredNote | None:
        """Remove a note, and let nobody propose it again; returns what it was, None where there is none."""
        known = self.note(note)
        if known is not None:
            with self._change():
                self._connection.execute(
                    "UPDATE notes SET state = 'forgotten', text = '', run = NULL, task = NULL, agent = NULL, "
                    "step = NULL WHERE id = ?",
                    (_number(note),),
                )
                # The index marks what was deleted in it; made anew, it has nothing of it.
                self._connection.execute("INSERT INTO words(words) VALUES ('rebuild')")
        return known

    def note(self, note: str) -> StoredNote | None:
        """A note by its id; None where there is none, or it was forgotten."""
        return next(self._select("WHERE id = ? AND state != 'forgotten'", (_number(note),)), None)

    def notes(self, state: State) -> list[StoredNote]:
        """The notes of a state, newest first."""
        return list(self._select("WHERE state = ? ORDER BY coalesce(kept_at, learnt_at) DESC, id DESC", (state,)))

    def search(self, words: Sequence[str], *, most: int = 50) -> list[StoredNote]:
        """The notes that have all the words, or their beginnings, best first; where none has all, those with some."""
        terms = [f'"{term}"*' for word in words for term in _WORD.findall(word)]
        for query in (" AND ".join(terms), " OR ".join(terms)) if terms else ():
            found = self._select(
                "JOIN (SELECT rowid AS found, rank AS worth FROM words WHERE words MATCH ?) ON found = id "
                "WHERE state != 'forgotten' ORDER BY worth, id DESC LIMIT ?",
                (query, most),
            )
            notes = list(found)
            if notes:
                return notes
        return []

    def close(self) -> None:
        """Close the file."""
        self._connection.close()

    def __enter__(self) -> Self:
        """The store itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close the file."""
        self.close()

    def _propose(self, event: NoteLearnt, recorded: Recorded) -> None:
        line = _line(event.text)
        if not _WORD.search(line):
            return
        # A note that is there, kept or forgotten, stays what it is, whoever proposes it again.
        self._connection.execute(
            "INSERT INTO notes (state, text, digest, run, task, agent, step, learnt_at, times) "
            "VALUES ('proposed', ?, ?, ?, ?, ?, ?, ?, 1) ON CONFLICT (digest) DO UPDATE SET times = times + 1",
            (line, _digest(line), recorded.run, recorded.task, event.agent, event.step, recorded.time),
        )

    def _is_new(self, recorded: Recorded) -> bool:
        changed = self._connection.execute(
            "INSERT INTO taken_in VALUES (?, ?) ON CONFLICT (run) DO UPDATE SET seq = excluded.seq "
            "WHERE excluded.seq > seq",
            (recorded.run, recorded.seq),
        )
        return changed.rowcount > 0

    def _require_room(self) -> None:
        (kept,) = self._connection.execute("SELECT count(*) FROM notes WHERE state = 'kept'").fetchone()
        if kept >= MOST_KEPT:
            raise Full

    def _select(self, rest: str, values: Sequence[object]) -> Iterator[StoredNote]:
        query = f"SELECT {_COLUMNS} FROM notes {rest}"  # noqa: S608 - our own words; values are bound
        for id_, state, text, run, task, agent, step, learnt_at, kept_at, times in self._connection.execute(
            query, values
        ):
            yield StoredNote(
                id=f"n{id_}",
                state=state,
                text=text,
                run=run,
                task=task,
                agent=agent,
                step=step,
                learnt_at=learnt_at,
                kept_at=kept_at,
                times=times,
            )

    @contextmanager
    def _change(self) -> Iterator[None]:
        self._connection.execute("BEGIN IMMEDIATE")
        try:
            yield
            self._connection.execute("COMMIT")
        except BaseException:
            if self._connection.in_transaction:
                self._connection.execute("ROLLBACK")
            raise


def _statements(script: str) -> Iterator[str]:
    """The statements of a script one by one: `executescript` would end the transaction that they belong to."""
    statement = ""
    for line in script.splitlines(keepends=True):
        statement += line
        if sqlite3.complete_statement(statement):
            yield statement
            statement = ""


def _line(text: str) -> str:
    """A note is one line of what can be seen, whoever wrote it."""
    return one_line(" ".join(_UNSEEN.sub("", text).split()), NOTE_CHARS)


def _digest(line: str) -> str:
    """The same for notes that differ in nothing but case, spaces and marks."""
    return hashlib.sha256(" ".join(_WORD.findall(line.casefold())).encode()).hexdigest()


def _number(note: str) -> int:
    """The number of an id; one that can't be is that of no note."""
    digits = note.removeprefix("n")
    return int(digits) if digits.isascii() and digits.isdigit() and len(digits) < 18 else -1
