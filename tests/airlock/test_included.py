"""Files that a `.worktreeinclude` names: read from the checkout, put into worktrees, and no link is ever followed."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from orchestrator.airlock import included
from orchestrator.airlock.included import Included, IncludedFile, lay_in, read_included
from orchestrator.airlock.repository import UserRepository
from sandbox.identity import sandbox_uid
from tests.airlock.site import Site, git


def read(user: Path, patterns: bytes, *, refused: bytes = b"") -> Included:
    """What is read of the user's checkout."""
    repository = UserRepository.locate(user)
    return read_included(
        repository, repository.base().commit, patterns, lambda path, _: "no" if path == refused else None
    )


def test_untracked_files_that_are_named(user: Path) -> None:
    """Ignored or not, by patterns as in a .gitignore; what is tracked, or not named, is not among them."""
    (user / ".gitignore").write_text("*.env\n")
    for name in ("a.env", "b.env", "other.txt", "deep/x.gen", "deep/y.gen"):
        (user / name).parent.mkdir(exist_ok=True)
        (user / name).write_text(name)
    (user / "a.env").chmod(0o755)
    found = read(user, b"*.env\n!b.env\ndeep/*\n/README.md\n# other.txt\n", refused=b"deep/y.gen")
    assert found.files == (
        IncludedFile(path=b"a.env", data=b"a.env", executable=True),
        IncludedFile(path=b"deep/x.gen", data=b"deep/x.gen", executable=False),
    )
    assert found.left_out == ((b"deep/y.gen", "no"),)


def test_what_is_no_plain_file_is_left_out(user: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Links and what is more than fits, with the reason; pipes and what is in a repository of its own."""
    monkeypatch.setattr(included, "MOST_BYTES", 10)
    secret = user.parent / "secret"
    secret.mkdir()
    (secret / "key").write_text("outside")
    (user / "x-dir").symlink_to(secret)
    (user / "x-link").symlink_to(secret / "key")
    os.mkfifo(user / "x-pipe")  # git does not even list it
    (user / "x-large").write_text("12345678901")
    (user / "x-small").write_text("1234567890")
    git(user, "init", "-q", str(user / "x-nested"))
    (user / "x-nested/file").write_text("1")
    found = read(user, b"x-*\n")
    assert [file.path for file in found.files] == [b"x-small"]
    assert [path for path, _ in found.left_out] == [b"x-dir", b"x-large", b"x-link"]
    assert {why for _, why in found.left_out} == {"it is a link", "the files together are larger than 0 MiB"}


def test_too_many_are_left_out(user: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A pattern that takes in a whole directory of dependencies is bounded."""
    monkeypatch.setattr(included, "MOST_FILES", 2)
    for number in range(4):
        (user / f"x{number}").write_text("")
    found = read(user, b"x*\n")
    assert (len(found.files), len(found.left_out)) == (2, 2)


def test_nothing_takes_the_place_of_what_the_base_has(user: Path) -> None:
    """Where the user has a directory for a file of the base's, or a file for a directory, it is left out."""
    (user / "README.md").unlink()
    (user / "README.md").mkdir()
    (user / "README.md/x").write_text("1")
    shutil.rmtree(user / "src")
    (user / "src").write_text("1")
    found = read(user, b"/README.md\n/src\n")
    assert found.files == ()
    assert found.left_out == tuple(
        (path, "the base commit has something else in its place") for path in (b"README.md/x", b"src")
    )


def test_they_are_laid_into_a_worktree(site: Site) -> None:
    """With their directories, owned by the sandbox's user, and unseen by the worktree's git, odd names too."""
    worktree = site.worktree()
    site.open_git(worktree)
    names = [b".env.test", b"new/deep/file", b"odd [*]?\\!# ", b"#odd", b"!odd"]
    lay_in([IncludedFile(path=name, data=b"x", executable=True) for name in names], worktree, owner_uid=sandbox_uid())
    for name in names:
        path = Path(os.fsdecode(os.fsencode(worktree) + b"/" + name))
        assert path.read_bytes() == b"x"
        assert (path.stat().st_uid, path.stat().st_mode & 0o777) == (sandbox_uid(), 0o755)
    assert (worktree / "new/deep").stat().st_uid == sandbox_uid()
    assert git(worktree, "status", "--porcelain", "--untracked-files=all") == b""


def test_no_link_of_the_worktree_is_followed(site: Site, tmp_path: Path) -> None:
    """A commit of an agent's may hold a link where a directory was: nothing is written through it, or over a file."""
    worktree = site.worktree()
    outside = tmp_path / "outside"
    outside.mkdir()
    (worktree / "gen").symlink_to(outside)
    (worktree / "dangling").symlink_to(outside / "made")
    (worktree / "file").write_text("the task's")
    names = [b"gen/x", b"gen/deeper/x", b"dangling", b"file", b"file/below"]
    lay_in([IncludedFile(path=name, data=b"x", executable=False) for name in names], worktree, owner_uid=sandbox_uid())
    assert list(outside.iterdir()) == []
    assert (worktree / "file").read_text() == "the task's"
