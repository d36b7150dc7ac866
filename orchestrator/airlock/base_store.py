"""base.git: our own copy of the base's history; sandboxes see its objects, read-only."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from orchestrator.airlock.fetching import copy_objects
from orchestrator.airlock.git import Git
from orchestrator.airlock.locks import locked
from orchestrator.airlock.refs import require_oid
from orchestrator.airlock.repository import UserRepository
from orchestrator.airlock.store import create_store, read_ref


@dataclass(frozen=True, slots=True, kw_only=True)
class BaseStore:
    """A real copy of what the base commits reach, never sharing an object with the user's repository."""

    directory: Path
    git: Git

    @classmethod
    def open(cls, state: Path, repository: UserRepository) -> BaseStore:
        """The store in a state directory of ours, made if need be; raises GitFailed."""
        directory = state / "base.git"
        return cls(directory=directory, git=create_store(directory, object_format=repository.object_format))

    @property
    def objects(self) -> Path:
        """The directory that sandboxes see."""
        return self.directory / "objects"

    def fetch(self, repository: UserRepository, commit: str) -> None:
        """Copy the commit's history from the user's repository, as far as it isn't here; raises GitFailed.

        A ref of ours keeps it, whatever the user's branches do later.
        """
        kept = f"refs/mimo/bases/{require_oid(commit)}"
        with locked(self.directory.with_suffix(".fetch.lock")):
            if read_ref(self.git, kept) is None:
                # History that was good enough for the user's repository is good enough here: an old commit with a
                # malformed date must not keep anybody from working.
                copy_objects(
                    self.git,
                    repository.common_dir,
                    [f"{commit}:{kept}"],
                    config=("fetch.fsckObjects=false",),
                    env={"GIT_CONFIG_GLOBAL": str(self.trusting())},
                )

    def trusting(self) -> Path:
        """A configuration that lets `upload-pack` read a repository of another owner: `locate` has judged that."""
        path = self.directory / "trusting.gitconfig"
        path.write_text("[safe]\n\tdirectory = *\n")
        return path
