"""The whole way of a change in a few words, for tests: an agent's worktree, what a snapshot of it says, landing."""

# ruff: noqa: PTH114, PTH115  (paths are bytes here)

from __future__ import annotations

import os
import stat
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from orchestrator.airlock.commits import commit
from orchestrator.airlock.hub import Hub
from orchestrator.airlock.importer import Imported, import_records
from orchestrator.airlock.publish import PublishResult, Target, publish
from orchestrator.airlock.refs import run_main
from orchestrator.airlock.repository import Base, UserRepository
from orchestrator.airlock.store import RefChange
from orchestrator.airlock.user_config import Identity
from orchestrator.airlock.worktree import prepare_worktree
from sandbox.sandbox import BASE_OBJECTS, Record, RecordKind

AUTHOR = Identity(name="Una User", email="una@example.com")
RUN = "test-1"


def git(top: Path, *args: str | bytes, stdin: bytes = b"") -> bytes:
    """Git as the user or an agent would run it, from the directory; raises CalledProcessError."""
    return subprocess.run(["git", *args], cwd=top, input=stdin, check=True, capture_output=True).stdout


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """One user's repository and our stores for it."""

    top: Path
    scratch: Path
    repository: UserRepository
    base: Base
    hub: Hub

    def worktree(self, name: str = "task", *, head: str | None = None, tree: str | None = None) -> Path:
        """A prepared worktree, owned by whoever runs the tests."""
        destination = self.scratch / "worktrees" / name
        prepare_worktree(
            self.hub,
            destination,
            task=name,
            head=head or self.base.commit,
            base=self.base.commit,
            owner_uid=os.getuid(),
            tree=tree,
        )
        return destination

    def open_git(self, worktree: Path) -> None:
        """Let the private git of a worktree work outside of a sandbox: its base objects are elsewhere here."""
        assert (worktree / ".git/objects/info/alternates").read_text() == f"{BASE_OBJECTS}\n"
        (worktree / ".git/objects/info/alternates").write_text(f"{self.hub.base.objects}\n")

    def take(self, worktree: Path, *, parent: str | None = None) -> Imported:
        """Import what a snapshot of the worktree would say."""
        parent = parent or self.base.commit
        known = {
            path for path in git_paths(self.hub, parent) if not os.path.lexists(os.fsencode(worktree) + b"/" + path)
        }
        deleted = [Record(path=path, kind=RecordKind.DELETED) for path in sorted(known)]
        return import_records(self.hub, [*walk(worktree), *deleted], parent=parent)

    def put(self, files: dict[str, str], *, parent: str | None = None) -> str:
        """Commit some files on top of a commit, through the airlock."""
        parent = parent or self.base.commit
        records = [Record(path=path.encode(), kind=RecordKind.FILE, data=text.encode()) for path, text in files.items()]
        imported = import_records(self.hub, records, parent=parent)
        assert not imported.refused
        return self.commit(imported.tree, parent)

    def commit(self, tree: str, *parents: str) -> str:
        """Commit a tree."""
        return commit(self.hub, tree=tree, parents=parents, message="work\n", author=AUTHOR, when=1_700_000_000)

    def land(self, oid: str) -> PublishResult:
        """Publish a commit as the run's main and move the base branch to it."""
        before = self.hub.read(run_main(RUN))
        change = RefChange(ref=run_main(RUN), old=before, new=oid)
        return publish(self.repository, self.hub, [change], target=Target(base=self.base, commit=oid))


def walk(top: Path) -> Iterator[Record]:
    """What the supervisor's snapshot says of every file in a directory, `/.git` left out and no link followed."""
    root = os.fsencode(top)
    for directory, names, files in os.walk(root):
        relative = directory[len(root) + 1 :]
        prefix = relative + b"/" if relative else b""
        if not relative and b".git" in names:
            names.remove(b".git")
        if relative and os.path.lexists(directory + b"/.git"):
            yield Record(path=relative, kind=RecordKind.NESTED)
            names.clear()
            continue
        for name in [*files, *(name for name in names if os.path.islink(directory + b"/" + name))]:
            if prefix + name != b".git":
                yield _record(directory + b"/" + name, prefix + name)


def git_paths(hub: Hub, commit: str) -> list[bytes]:
    """All paths of a commit."""
    return [path for path in hub.git.run(["ls-tree", "-r", "-z", "--name-only", commit]).split(b"\0") if path]


def _record(path: bytes, relative: bytes) -> Record:
    mode = os.lstat(path).st_mode
    if stat.S_ISLNK(mode):
        return Record(path=relative, kind=RecordKind.LINK, mode=mode, data=os.fsencode(os.readlink(path)))
    if not stat.S_ISREG(mode):
        return Record(path=relative, kind=RecordKind.SPECIAL, mode=mode)
    return Record(path=relative, kind=RecordKind.FILE, mode=mode, data=Path(os.fsdecode(path)).read_bytes())
