"""A throw-away user's repository with the program's stores for it, and an agent's worktree on it."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from orchestrator.airlock import commits
from orchestrator.airlock.base_store import BaseStore
from orchestrator.airlock.diff import patch
from orchestrator.airlock.git import Git
from orchestrator.airlock.hub import Hub
from orchestrator.airlock.importer import import_records
from orchestrator.airlock.merge import merge
from orchestrator.airlock.publish import Target, publish
from orchestrator.airlock.refs import run_main
from orchestrator.airlock.repository import Base, UserRepository
from orchestrator.airlock.store import RefChange
from orchestrator.airlock.trees import GITLINK, list_tree, object_id
from orchestrator.airlock.user_config import Identity
from orchestrator.airlock.worktree import prepare_worktree
from orchestrator.attack.git_escapes import GitEscape
from sandbox.identity import sandbox_uid
from sandbox.sandbox import Record, RecordKind

RUN = "attack-20260101-000000-0000"
CHANGED = Path("src/one.txt")
_AUTHOR = Identity(name="attack", email="attack@localhost")


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """Where one escape of git's is tried; `others_object` is in the hub and not for this agent."""

    directory: Path
    repository: UserRepository
    base: Base
    hub: Hub
    others_object: str

    @property
    def worktree(self) -> Path:
        """The agent's."""
        return self.directory / "worktree"

    @property
    def checkout(self) -> Path:
        """The user's."""
        return self.directory / "user"

    @property
    def canary(self) -> Path:
        """What the agent's program makes when it runs on this machine."""
        return self.directory / "canary"

    def environment(self) -> dict[str, str]:
        """What scripts are told."""
        return {
            "CANARY": str(self.canary),
            "WORKTREE": str(self.worktree),
            "HUB": str(self.hub.directory / "objects"),
            "REPOSITORY": str(self.checkout / ".git" / "objects"),
            "OTHERS_OBJECT": self.others_object,
        }

    def land(self, records: Iterable[Record]) -> None:
        """Take what a snapshot said all the way to the user's branch: imported, shown, merged, published."""
        imported = import_records(self.hub, records, parent=self.base.commit)
        commit = partial(commits.commit, self.hub, parents=[self.base.commit], author=_AUTHOR, when=1_700_000_000)
        tip = commit(tree=imported.tree, message="work\n")
        patch(self.hub.git, self.base.commit, tip)
        merge(self.hub, ours=self.base.commit, theirs=tip)
        change = RefChange(ref=run_main(RUN), old=None, new=tip)
        publish(self.repository, self.hub, [change], target=Target(base=self.base, commit=tip))

    def damage(self, escape: GitEscape, *, landed: bool) -> str | None:
        """What got through to this side; None if nothing did. `landed` says whether the work was taken at all."""
        if self.canary.exists():
            return "a program of the agent's ran on this machine"
        modes = {entry.path: entry.mode for entry in list_tree(self.repository.git, self.base.ref)}
        wrong = [path for path in modes if path in escape.barred or modes[path] == GITLINK]
        if wrong:
            return f"{os.fsdecode(wrong[0])!r} landed"
        if any(_leads_out(self.checkout, path) for path in self.checkout.rglob("*") if ".git" not in path.parts):
            return "a link out of the repository landed"
        if landed and (self.checkout / CHANGED).read_text() != (self.worktree / CHANGED).read_text():
            return "what landed is not what is in the worktree"
        return None


def _leads_out(top: Path, path: Path) -> bool:
    return path.is_symlink() and not path.resolve().is_relative_to(top.resolve())


def make_template(directory: Path, word: str) -> None:
    """Make a repository and stores for it, to be copied; `word` is what another task has saved. Raises AirlockError."""
    checkout = directory / "user"
    (checkout / "src").mkdir(parents=True)
    (checkout / CHANGED).write_text("one\n")
    git = Git(git_dir=checkout / ".git", work_tree=checkout)
    git.run(["init", "--quiet", "--template=", "--initial-branch=main"])
    for key, value in (("user.name", "User"), ("user.email", "user@localhost")):
        git.run(["config", key, value])
    git.run(["add", "--all"])
    git.run(["commit", "--quiet", "--message", "Begin"])
    repository = UserRepository.locate(checkout)
    base = repository.base("main")
    store = BaseStore.open(directory, repository)
    store.fetch(repository, base.commit)
    hub = Hub.open(directory, store)
    secret = Record(path=b"secret", kind=RecordKind.FILE, mode=0o100644, data=word.encode())
    import_records(hub, [secret], parent=base.commit)


def make_site(template: Path, directory: Path, word: str) -> Site:
    """Make one of a template, in a directory that is not there yet; raises AirlockError."""
    shutil.copytree(template, directory, symlinks=True)
    repository = UserRepository.locate(directory / "user")
    repository.git.run(["update-index", "-q", "--refresh"], env={"GIT_WORK_TREE": str(directory / "user")})
    base = repository.base("main")
    hub = Hub.open(directory, BaseStore.open(directory, repository))
    others_object = object_id("blob", word.encode(), object_format=repository.object_format)
    prepare_worktree(
        hub, directory / "worktree", task="attack", head=base.commit, base=base.commit, owner_uid=sandbox_uid()
    )
    return Site(directory=directory, repository=repository, base=base, hub=hub, others_object=others_object)
