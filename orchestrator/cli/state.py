"""Where the program keeps what it knows: a directory for each repository of the user's."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from orchestrator.errors import CannotRun, UsageProblem

if TYPE_CHECKING:
    from orchestrator.airlock.repository import UserRepository
    from orchestrator.journal.store import JournalStore

PROGRAM = "mimo-orchestrate"
JOURNAL = "journal.db"
NOTES = "memory.db"
"""What runs have learnt, and which of it was kept."""
HUB = "hub.git"
"""The store of all that runs made."""


def state_home() -> Path:
    """`$XDG_STATE_HOME/mimo-orchestrate`, or the system's place for such files; not made here. Raises CannotRun."""
    import platformdirs

    try:
        return Path(platformdirs.user_state_dir(PROGRAM, appauthor=False))
    except RuntimeError:
        raise CannotRun("this user has no home directory", "set HOME, or point XDG_STATE_HOME at a directory") from None


def state_of(repository: UserRepository) -> Path:
    """Where the stores, the journal and the runs of a repository are; not made here."""
    return state_home() / repository.repo_hash


def state_ground() -> Path | None:
    """As much of the way to the state directory as is there already; None where it can't be written."""
    try:
        home = state_home()
        ground = next(place for place in (home, *home.parents) if place.exists())
    except (CannotRun, OSError):
        return None
    return ground if os.access(ground, os.W_OK | os.X_OK) else None


def require_writable(directory: Path) -> None:
    """Make a directory of ours if it is not there, and see that it takes files; raises CannotRun."""
    try:
        directory.mkdir(parents=True, exist_ok=True, mode=0o700)
        with tempfile.TemporaryFile(dir=directory) as file:
            file.write(b"\0")
    except OSError as error:
        raise CannotRun(
            f"the state directory {directory} can't be written: {error.strerror}",
            "make room or give it to yourself, or point XDG_STATE_HOME at another place",
        ) from None


def current_directory() -> Path:
    """Where the user stands; raises CannotRun where that was removed under them."""
    try:
        return Path.cwd()
    except FileNotFoundError:
        raise CannotRun("the current directory was removed", "change to another one: cd") from None


def here() -> UserRepository:
    """The repository around the current directory; raises RepositoryUnusable, GitUnusable, CannotRun."""
    from orchestrator.airlock.repository import UserRepository

    return UserRepository.locate(current_directory())


def require_hub(repository: UserRepository) -> Path:
    """The store of what runs made; raises CannotRun where it is not there, for a new one would be empty."""
    hub = state_of(repository) / HUB
    if not hub.is_dir():
        raise CannotRun(
            f"the store of what runs made is not there: {hub}",
            "checkpoints are in it alone; what was published is on branches: git branch --list 'mimo/*'",
        )
    return hub


def open_journal(repository: UserRepository) -> JournalStore:
    """The journal of a repository that has one; raises UsageProblem where nothing was ever run."""
    from orchestrator.journal.store import JournalStore

    path = state_of(repository) / JOURNAL
    if not path.exists():
        raise UsageProblem("this repository has no runs", hint=f"start one: {PROGRAM} PLAN.yaml")
    return JournalStore(path)
