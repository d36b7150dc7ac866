"""Where the program keeps what it knows: a directory for each repository of the user's."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from orchestrator.errors import UsageProblem

if TYPE_CHECKING:
    from orchestrator.airlock.repository import UserRepository
    from orchestrator.journal.store import JournalStore

PROGRAM = "mimo-orchestrate"
JOURNAL = "journal.db"
HUB = "hub.git"
"""The store of all that runs made."""


def state_home() -> Path:
    """`$XDG_STATE_HOME/mimo-orchestrate`, or the system's place for such files; not made here."""
    import platformdirs

    return Path(platformdirs.user_state_dir(PROGRAM, appauthor=False))


def state_of(repository: UserRepository) -> Path:
    """Where the stores, the journal and the runs of a repository are; not made here."""
    return state_home() / repository.repo_hash


def here() -> UserRepository:
    """The repository around the current directory; raises RepositoryUnusable, GitUnusable."""
    from orchestrator.airlock.repository import UserRepository

    return UserRepository.locate(Path.cwd())


def open_journal(repository: UserRepository) -> JournalStore:
    """The journal of a repository that has one; raises UsageProblem where nothing was ever run."""
    from orchestrator.journal.store import JournalStore

    path = state_of(repository) / JOURNAL
    if not path.exists():
        raise UsageProblem("this repository has no runs", hint=f"start one: {PROGRAM} PLAN.yaml")
    return JournalStore(path)
