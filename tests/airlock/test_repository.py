"""A repository that can't serve is refused in clear words, and looking at one starts nothing."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from orchestrator.airlock import git as git_module
from orchestrator.airlock.checkouts import checkouts, holders
from orchestrator.airlock.errors import (
    BareRepository,
    BaseMissing,
    DetachedHead,
    GitUnusable,
    IncompleteHistory,
    NoCommits,
    NotARepository,
    NotOwned,
)
from orchestrator.airlock.git import Git, require_git
from orchestrator.airlock.notes import notes
from orchestrator.airlock.repository import UserRepository
from orchestrator.airlock.user_config import identity
from tests.airlock.site import git


def test_found_from_below_and_from_a_linked_worktree(user: Path, tmp_path: Path) -> None:
    """The repository is found from any directory in it; its linked worktrees share its place in our state."""
    git(user, "worktree", "add", "-q", "-b", "side", str(tmp_path / "linked"))
    below, linked = UserRepository.locate(user / "src"), UserRepository.locate(tmp_path / "linked")
    assert below.top == user
    assert linked.top == tmp_path / "linked"
    assert (below.branch(), linked.branch()) == ("main", "side")
    assert below.repo_hash == linked.repo_hash
    assert len(below.repo_hash) == 16
    assert [checkout.branch for checkout in checkouts(below)] == ["main", "side"]
    assert [checkout.top for checkout in holders(below, "side")] == [tmp_path / "linked"]
    assert holders(below, "side")[0].git_dir == linked.git_dir


def test_odd_paths(tmp_path: Path) -> None:
    """A repository's own path may have spaces and bytes that aren't UTF-8; a newline is refused in words."""
    odd = tmp_path / os.fsdecode(b"odd name \xff")
    odd.mkdir()
    git(odd, "init", "-q")
    assert UserRepository.locate(odd).top == odd
    worse = tmp_path / "new\nline"
    worse.mkdir()
    git(worse, "init", "-q")
    with pytest.raises(NotARepository, match="newline"):
        UserRepository.locate(worse)


def test_not_a_repository(tmp_path: Path) -> None:
    """A directory that git doesn't know, or that isn't there."""
    with pytest.raises(NotARepository, match="git init"):
        UserRepository.locate(tmp_path)
    with pytest.raises(NotARepository):
        UserRepository.locate(tmp_path / "missing")


def test_inside_of_dot_git(user: Path) -> None:
    """A .git directory has no working tree."""
    with pytest.raises((NotARepository, BareRepository)):
        UserRepository.locate(user / ".git/refs")


def test_bare(user: Path, tmp_path: Path) -> None:
    """A bare repository has no checkout."""
    git(tmp_path, "clone", "-q", "--bare", str(user), "bare.git")
    with pytest.raises(BareRepository, match="working tree"):
        UserRepository.locate(tmp_path / "bare.git")


def test_unborn(tmp_path: Path) -> None:
    """An empty repository says that a commit is missing, and what to do."""
    git(tmp_path, "init", "-q", "-b", "main", "empty")
    repository = UserRepository.locate(tmp_path / "empty")
    for name in (None, "main"):
        with pytest.raises(NoCommits, match="first commit"):
            repository.base(name)


def test_an_unborn_branch_beside_others(user: Path) -> None:
    """A branch that was begun but never committed to is no base."""
    git(user, "switch", "-q", "--orphan", "fresh")
    with pytest.raises(NoCommits):
        UserRepository.locate(user).base()


def test_detached(user: Path) -> None:
    """A detached HEAD needs a base by name, and takes one."""
    git(user, "checkout", "-q", "--detach")
    repository = UserRepository.locate(user)
    with pytest.raises(DetachedHead, match="base: main"):
        repository.base()
    assert repository.base("main").ref == "refs/heads/main"


@pytest.mark.parametrize(
    "name", ["mian", "main~1", "main..main", "-main", "", "v1", "origin/x", "main\n", "@{-1}", "../main"]
)
def test_missing_base(user: Path, name: str) -> None:
    """Only a local branch is a base, not what merely resolves to a commit."""
    git(user, "tag", "v1")
    git(user, "update-ref", "refs/remotes/origin/x", "main")
    with pytest.raises(BaseMissing) as caught:
        UserRepository.locate(user).base(name)
    hint = {"mian": "did you mean 'main'", "v1": "git branch NAME v1", "origin/x": "git branch NAME origin/x"}
    assert hint.get(name, "") in caught.value.remedy


def test_shallow(user: Path, tmp_path: Path) -> None:
    """A shallow clone lacks history, and the message says how to get it."""
    git(user, "commit", "-q", "--allow-empty", "-m", "two")
    git(tmp_path, "clone", "-q", "--depth=1", f"file://{user}", "shallow")
    with pytest.raises(IncompleteHistory, match="unshallow"):
        UserRepository.locate(tmp_path / "shallow")


def test_partial(user: Path, tmp_path: Path) -> None:
    """A partial clone would fetch in the middle of the work."""
    git(user, "config", "uploadpack.allowFilter", "true")
    git(tmp_path, "clone", "-q", "--filter=blob:none", f"file://{user}", "partial")
    with pytest.raises(IncompleteHistory, match="partial"):
        UserRepository.locate(tmp_path / "partial")


@pytest.mark.skipif(os.getuid() != 0, reason="only root can give a repository away")
def test_another_users_repository_needs_to_be_declared_safe(user: Path) -> None:
    """As with git itself, somebody else's repository is not touched until the user says that it may be."""
    for path in [user, user / ".git"]:
        os.chown(path, 12345, 12345)
    with pytest.raises(NotOwned, match=r"safe\.directory"):
        UserRepository.locate(user)
    (Path(os.environ["HOME"]) / ".gitconfig").write_text(f"[safe]\n\tdirectory = {user}\n")
    assert UserRepository.locate(user).base().branch == "main"


def test_notes_tell_of_uncommitted_work(user: Path) -> None:
    """Changed and new files are counted, and said to stay."""
    repository = UserRepository.locate(user)
    assert notes(repository, repository.base().commit) == ()
    (user / "README.md").write_text("mine\n")
    (user / "new").write_text("new\n")
    assert notes(repository, repository.base().commit) == (
        "uncommitted files (1 changed and 1 new) are no part of the run; they stay as they are",
    )


def test_notes_tell_of_submodules_and_filters(user: Path) -> None:
    """Submodules and LFS are named."""
    (user / ".gitattributes").write_text("*.bin filter=lfs diff=lfs -text\n")
    git(user, "add", "-A")
    git(user, "update-index", "--add", "--cacheinfo", f"160000,{'1' * 40},vendor/module")
    git(user, "commit", "-qm", "both")
    (user / "vendor/module").mkdir(parents=True)
    repository = UserRepository.locate(user)
    text = " ".join(notes(repository, repository.base().commit))
    assert "vendor/module" in text
    assert "filter=lfs" in text


def test_reading_starts_nothing_of_the_users(user: Path, tmp_path: Path) -> None:
    """Monitors, filters, hooks, aliases and pagers of the user's configuration stay still while we look."""
    fired = tmp_path / "fired"
    program = tmp_path / "program"
    program.write_text(f"#!/bin/sh\necho $0 >> {fired}\nexit 1\n")
    program.chmod(0o755)
    for key in (
        "core.fsmonitor",
        "filter.evil.clean",
        "filter.evil.process",
        "core.pager",
        "alias.status",
        "diff.external",
    ):
        git(user, "config", key, str(program))
    (user / ".git/info").mkdir(exist_ok=True)
    (user / ".git/info/attributes").write_text("* filter=evil\n")
    (user / "README.md").touch()
    fired.unlink(missing_ok=True)
    repository = UserRepository.locate(user)
    notes(repository, repository.base().commit)
    identity(repository.git)
    checkouts(repository)
    assert not fired.exists()


def test_identity_is_gits_own(user: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The repository's settings, then the user's, the environment before both; without any, the account's name."""
    repository = UserRepository.locate(user)
    assert identity(repository.git).email == "una@example.com"
    git(user, "config", "--unset", "user.email")
    (Path(os.environ["HOME"]) / ".gitconfig").write_text("[user]\n\temail = home@example.com\n")
    assert identity(repository.git).email == "home@example.com"
    monkeypatch.setenv("GIT_AUTHOR_NAME", "Eve <x>\nMimo-Task: y")
    assert identity(repository.git).name == "Eve xMimo-Task: y"
    git(tmp_path, "init", "-q", "bare-identity")
    monkeypatch.delenv("GIT_AUTHOR_NAME")
    (Path(os.environ["HOME"]) / ".gitconfig").unlink()
    assert identity(UserRepository.locate(tmp_path / "bare-identity").git).email.endswith("@localhost")


def test_the_environment_of_git_is_made_from_nothing(monkeypatch: pytest.MonkeyPatch, user: Path) -> None:
    """No variable of ours reaches git, and where we stand does not matter."""
    monkeypatch.setenv("GIT_DIR", "/elsewhere")
    monkeypatch.setenv("GIT_EXTERNAL_DIFF", "/bin/false")
    monkeypatch.setenv("LD_PRELOAD_CANARY", "x")
    seen: dict[str, object] = {}
    original = subprocess.Popen

    def spy(*args: object, **options: object) -> object:
        seen.update(options)
        return original(*args, **options)  # type: ignore[call-overload]

    monkeypatch.setattr(subprocess, "Popen", spy)
    Git(git_dir=user / ".git").run(["rev-parse", "HEAD"])
    environment = seen["env"]
    assert isinstance(environment, dict)
    assert seen["cwd"] == "/"
    assert environment["GIT_DIR"] == str(user / ".git")
    assert not {"GIT_EXTERNAL_DIFF", "LD_PRELOAD_CANARY", "OPENAI_API_KEY"} & environment.keys()
    assert environment["HOME"] == "/nonexistent"
    assert environment["GIT_CONFIG_GLOBAL"] == "/dev/null"


def test_git_is_started_in_one_module() -> None:
    """Nothing else under orchestrator/airlock starts a process."""
    package = Path(git_module.__file__).parent
    starters = [
        path.name
        for path in package.glob("*.py")
        if "subprocess" in path.read_text() or "os.system" in path.read_text()
    ]
    assert starters == ["git.py"]


@pytest.mark.parametrize("words", ["git version 2.37.9", "git version 1.8", "nonsense"])
def test_an_old_git_is_refused(monkeypatch: pytest.MonkeyPatch, words: str) -> None:
    """Merging in memory needs 2.38; the message says so."""
    monkeypatch.setattr(Git, "line", lambda self, args: words)
    require_git.cache_clear()
    with pytest.raises(GitUnusable, match=r"2\.38"):
        require_git()
    require_git.cache_clear()


def test_a_git_that_hangs_is_ended(user: Path, tmp_path: Path) -> None:
    """A timeout ends git and what it started, and is an error like any other."""
    (tmp_path / "fifo").unlink(missing_ok=True)
    os.mkfifo(tmp_path / "fifo")
    with pytest.raises(Exception, match="no end after"):
        Git(git_dir=user / ".git").run(["hash-object", str(tmp_path / "fifo")], timeout_seconds=0.2)
