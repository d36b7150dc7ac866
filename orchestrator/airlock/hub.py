"""hub.git: all that the runs make, on top of base.git; no sandbox ever sees it."""

from __future__ import annotations

from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path

from orchestrator.airlock.base_store import BaseStore
from orchestrator.airlock.errors import GitFailed
from orchestrator.airlock.git import Git
from orchestrator.airlock.locks import locked
from orchestrator.airlock.store import RefChange, change_refs, create_store, list_refs, read_ref, remove_stale_locks

_NO_ATTRIBUTES = "* !filter !diff !merge !text !eol !ident !working-tree-encoding\n"


@dataclass(frozen=True, slots=True, kw_only=True)
class Hub:
    """The repository of the runs; its refs only move from a value that the caller names."""

    directory: Path
    base: BaseStore
    git: Git

    @classmethod
    def open(cls, state: Path, base: BaseStore) -> Hub:
        """The hub in a state directory of ours, made if need be; raises GitFailed."""
        directory = state / "hub.git"
        git = create_store(directory, object_format=base.git.line(["rev-parse", "--show-object-format"]))
        _write_once(directory / "objects/info/alternates", f"{base.objects.resolve()}\n")
        # The attributes of a tree may name drivers: none of them counts here.
        _write_once(directory / "info/attributes", _NO_ATTRIBUTES)
        return cls(directory=directory, base=base, git=git)

    def read(self, ref: str) -> str | None:
        """What a ref holds; None if it doesn't exist."""
        return read_ref(self.git, ref)

    def refs(self, prefix: str) -> dict[str, str]:
        """The refs below a prefix, with what they hold."""
        return list_refs(self.git, prefix)

    def create(self, ref: str, new: str) -> None:
        """Make a ref; raises RefMoved if it exists."""
        self.change([RefChange(ref=ref, old=None, new=new)])

    def update(self, ref: str, *, new: str, old: str) -> None:
        """Move a ref; raises RefMoved if it isn't at `old`."""
        self.change([RefChange(ref=ref, old=old, new=new)])

    def delete(self, ref: str, *, old: str) -> None:
        """Remove a ref; raises RefMoved if it isn't at `old`."""
        self.change([RefChange(ref=ref, old=old, new=None)])

    def change(self, changes: list[RefChange]) -> None:
        """Move refs, all or none; raises RefMoved, UnsafeName, GitFailed."""
        with self.refs_held():
            try:
                change_refs(self.git, changes)
            except GitFailed:
                if not remove_stale_locks(self.directory, [change.ref for change in changes]):
                    raise
                change_refs(self.git, changes)

    def refs_held(self) -> AbstractContextManager[None]:
        """Nobody else moves refs here meanwhile, so that a lock of git's in the way can only be a crash's."""
        return locked(self.directory.with_suffix(".refs.lock"))

    def tree_of(self, commit: str) -> str:
        """The tree of a commit (or the tree itself); raises GitFailed."""
        return self.git.line(["rev-parse", "--verify", "--end-of-options", f"{commit}^{{tree}}"])


def _write_once(path: Path, text: str) -> None:
    if not path.is_file() or path.read_text() != text:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
