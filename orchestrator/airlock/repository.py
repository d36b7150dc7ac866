"""The user's repository: found, read as data, and refused in clear words where it can't serve."""

from __future__ import annotations

import difflib
import hashlib
import os
from dataclasses import dataclass
from pathlib import Path

from orchestrator.airlock.errors import (
    BareRepository,
    BaseMissing,
    DetachedHead,
    GitFailed,
    IncompleteHistory,
    NoCommits,
    NotARepository,
    NotOwned,
    readable,
)
from orchestrator.airlock.git import Git, require_git
from orchestrator.airlock.user_config import declared_safe, user_value


@dataclass(frozen=True, slots=True, kw_only=True)
class Base:
    """A branch of the user's and the commit it is at."""

    branch: str
    commit: str

    @property
    def ref(self) -> str:
        """The branch's full name."""
        return f"refs/heads/{self.branch}"


@dataclass(frozen=True, slots=True, kw_only=True)
class UserRepository:
    """A repository of the user's, which is only read here.

    `git_dir` belongs to the checkout at `top`; `common_dir` is shared by all its linked worktrees.
    """

    top: Path
    git_dir: Path
    common_dir: Path
    object_format: str

    @classmethod
    def locate(cls, path: Path) -> UserRepository:
        """The repository around a directory.

        Raises NotARepository, NotOwned, BareRepository, IncompleteHistory, GitUnusable.
        """
        require_git()
        top, git_dir, common_dir, object_format = _discover(path)
        repository = cls(top=top, git_dir=git_dir, common_dir=common_dir, object_format=object_format)
        repository._require_whole_history()
        return repository

    @property
    def git(self) -> Git:
        """Git on the repository without its checkout."""
        return Git(git_dir=self.git_dir)

    @property
    def repo_hash(self) -> str:
        """A name for the repository's place in our state directory, the same for all its worktrees."""
        return hashlib.sha256(os.fsencode(self.common_dir.resolve())).hexdigest()[:16]

    def branch(self) -> str:
        """The branch that is checked out; raises DetachedHead."""
        finished = self.git.attempt(["symbolic-ref", "--quiet", "HEAD"])
        ref = os.fsdecode(finished.stdout.strip())
        if finished.code or not ref.startswith("refs/heads/"):
            raise DetachedHead(
                "no branch is checked out (detached HEAD)", "check one out, or name one in the plan: `base: main`"
            )
        return ref.removeprefix("refs/heads/")

    def base(self, name: str | None = None) -> Base:
        """The base to start from: the named local branch, or the one checked out.

        Raises DetachedHead, NoCommits, BaseMissing.
        """
        branch = name if name is not None else self.branch()
        finished = self.git.attempt(
            ["rev-parse", "--quiet", "--verify", "--end-of-options", f"refs/heads/{branch}^{{commit}}"]
        )
        commit = finished.stdout.decode().strip()
        # `main~1` or `a..b` would resolve to something that is no branch.
        if finished.code or self.git.attempt(["check-ref-format", f"refs/heads/{branch}"]).code:
            raise self._no_base(branch, named=name is not None)
        return Base(branch=branch, commit=commit)

    def config(self, key: str) -> str | None:
        """The user's own setting of `key`, from all their configuration files, read as data."""
        return user_value(self.git, key)

    def _no_base(self, branch: str, *, named: bool) -> BaseMissing | NoCommits:
        listing = self.git.run(["for-each-ref", "--format=%(refname:lstrip=2)", "refs/heads/"])
        branches = os.fsdecode(listing).splitlines()
        if not branches:
            return NoCommits("the repository has no commit to start from", "make a first commit")
        if not named:
            remedy = f"make a first commit on it, or name another branch in the plan: `base: {branches[0]}`"
            return NoCommits(f"the branch {branch!r} has no commit to start from", remedy)
        close = difflib.get_close_matches(branch, branches, n=1)
        hint = f"did you mean {close[0]!r}?" if close else f"there are: {', '.join(branches[:10])}"
        if not self.git.attempt(["rev-parse", "--quiet", "--verify", "--end-of-options", f"{branch}^{{commit}}"]).code:
            hint = f"it is a commit, a tag or a remote branch; make one of it: git branch NAME {branch}"
        return BaseMissing(f"there is no local branch {branch!r}", hint)

    def _require_whole_history(self) -> None:
        if self.git.line(["rev-parse", "--is-shallow-repository"]) == "true":
            raise IncompleteHistory("the repository is a shallow clone", "run: git fetch --unshallow")
        listing = self.git.attempt(
            ["config", "--get-regexp", r"^(remote\..*\.promisor|extensions\.partialclone)$"]
        ).stdout
        if any(line.split()[1:] != [b"false"] for line in listing.splitlines()):
            raise IncompleteHistory(
                "the repository is a partial clone, whose objects are fetched when needed",
                "run it in a whole one: git clone, without --filter",
            )


def _discover(path: Path) -> tuple[Path, Path, Path, str]:
    where = path.resolve()
    finder = Git(git_dir=None, config=tuple(("safe.directory", value) for value in declared_safe()))
    ask = ["-C", str(where), "rev-parse", "--path-format=absolute"]
    finished = finder.attempt([*ask, "--git-dir", "--git-common-dir", "--is-bare-repository", "--show-object-format"])
    if finished.code:
        raise _not_found(where, finished.stderr)
    answers = os.fsdecode(finished.stdout).removesuffix("\n").split("\n")
    if len(answers) != 4:
        raise NotARepository("the path of the repository has a newline in it", "move it somewhere else")
    git_dir, common_dir, bare, object_format = answers
    if bare == "true":
        raise BareRepository(f"{git_dir} is a bare repository", "run it in a clone with a working tree")
    try:
        top = finder.line([*ask, "--show-toplevel"])
    except GitFailed as failure:
        raise NotARepository(f"{where} is inside of a .git directory", "run it in the working tree") from failure
    return Path(top), Path(git_dir), Path(common_dir), object_format


def _not_found(where: Path, stderr: bytes) -> NotARepository | NotOwned:
    if b"dubious ownership" in stderr:
        return NotOwned(
            f"the repository at {where} belongs to another user",
            f"if you trust it: git config --global --add safe.directory {where}",
        )
    if b"not a git repository" in stderr:
        return NotARepository(f"{where} is not in a git repository", "run it in one, or make one with: git init")
    return NotARepository(f"git can't read the repository around {where}", readable(stderr))
