"""The notes of the repository around the current directory, with what the newest runs have learnt."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

from orchestrator.cli.state import JOURNAL, NOTES, state_of
from orchestrator.errors import CannotRun, UsageProblem

if TYPE_CHECKING:
    from pathlib import Path

    from orchestrator.airlock.repository import UserRepository
    from orchestrator.memory.notes import NoteStore, StoredNote
    from orchestrator.memory.project import ProjectMemory


@contextmanager
def notes_of(repository: UserRepository, *, make: bool = False) -> Iterator[NoteStore]:
    """The notes of a repository; raises CannotRun where they can't be read or written. To look leaves no trace."""
    import sqlite3

    directory = state_of(repository)
    try:
        with up_to_date(directory, make=make) as store:
            yield store
    except (sqlite3.Error, OSError) as error:
        raise CannotRun(
            f"the notes in {directory / NOTES} can't be used: {error}",
            "make room, or give the file to yourself; a damaged one can be moved away: proposals come from the journal",
        ) from error


@contextmanager
def up_to_date(directory: Path, *, make: bool = False) -> Iterator[NoteStore]:
    """The notes in a state directory, after all that its journal says was learnt; raises sqlite3.Error, OSError.

    Where nothing was ever run or noted, a file for them is only there if it is to `make` one.
    """
    from orchestrator.journal.store import JournalStore
    from orchestrator.memory.notes import NoteStore

    learnt = (directory / JOURNAL).exists()
    with NoteStore(directory / NOTES if make or learnt or (directory / NOTES).exists() else None) as store:
        if learnt:
            with JournalStore(directory / JOURNAL) as journal:
                store.take_in(journal.all_of_kind("note learnt"))
        yield store


def project_of(repository: UserRepository) -> tuple[ProjectMemory, str | None]:
    """What the repository tells its agents, of the commit that is checked out; of none before the first commit."""
    from orchestrator.memory.project import ProjectMemory, read_project
    from orchestrator.telling.known import KNOWN

    head = repository.git.attempt(["rev-parse", "--quiet", "--verify", "HEAD^{commit}"])
    if head.code:
        return ProjectMemory(), None
    commit = head.stdout.decode().strip()
    return read_project(repository.git, commit, KNOWN.kept), commit


def named_notes(store: NoteStore, wanted: Sequence[str]) -> list[StoredNote]:
    """The notes with these ids, each once; raises UsageProblem where one is that of no note."""
    found = {}
    for name in wanted:
        note = store.note(name)
        if note is None:
            raise UsageProblem(f"there is no note {name!r}", hint="their ids: mimo-orchestrate memory show")
        found[note.id] = note
    return list(found.values())
