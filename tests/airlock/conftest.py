"""A user's repository on disk, our stores for it, and what stands in for an agent."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from orchestrator.airlock.base_store import BaseStore
from orchestrator.airlock.hub import Hub
from orchestrator.airlock.repository import Base, UserRepository
from tests.airlock.site import Site, git

WEIRD = {
    b"with space/and\nnewline": b"1\n",
    b"not-utf8-\xff\xfe": b"2\n",
    b"-rf": b"3\n",
    b'quo"te\\back': b"4\n",
    b"dos.txt": b"one\r\ntwo\r\n",
    b"mixed.txt": b"one\r\ntwo\n",
    b"pointer.bin": b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n",
    b".gitattributes": b"*.txt text eol=crlf ident\n*.bin filter=lfs diff=lfs\n*.md working-tree-encoding=UTF-16\n",
    b"empty": b"",
}


@pytest.fixture(autouse=True)
def _plain_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The user of the tests has a home of their own and nothing in the environment that git would read."""
    for name in [name for name in os.environ if name.startswith("GIT_")]:
        monkeypatch.delenv(name)
    home = tmp_path / "home"
    home.mkdir()
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(home / ".config"))


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A user's repository and our stores for it, to be copied: making them anew for each test takes long."""
    scratch = tmp_path_factory.mktemp("template")
    top = scratch / "user"
    top.mkdir()
    git(top, "init", "-q", "-b", "main")
    git(top, "config", "user.name", "Una User")
    git(top, "config", "user.email", "una@example.com")
    (top / "README.md").write_text("hello\n")
    (top / "src").mkdir()
    (top / "src/one.py").write_text("a = 1\nb = 2\nc = 3\n")
    (top / "src/two.py").write_text("x = 1\n")
    git(top, "add", "-A")
    git(top, "commit", "-qm", "Begin")
    make_site(top, scratch)
    return scratch


@pytest.fixture
def user(template: Path, tmp_path: Path) -> Path:
    """A repository with one commit on `main`, checked out."""
    shutil.copytree(template / "user", tmp_path / "user", symlinks=True)
    git(tmp_path / "user", "update-index", "-q", "--refresh")
    return tmp_path / "user"


@pytest.fixture
def site(template: Path, user: Path, tmp_path: Path) -> Site:
    """The user's repository with our stores beside it, the base copied."""
    shutil.copytree(template / "state", tmp_path / "state", symlinks=True)
    return make_site(user, tmp_path)


@pytest.fixture
def weird(user: Path, tmp_path: Path) -> Site:
    """A base with every kind of name, mode and attribute, stored as it is."""
    (user / ".git/info").mkdir(exist_ok=True)
    (user / ".git/info/attributes").write_text("* -text !filter !ident !working-tree-encoding\n")
    for name, data in WEIRD.items():
        path = user / os.fsdecode(name)
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(data)
    (user / "run.sh").write_text("#!/bin/sh\n")
    (user / "run.sh").chmod(0o755)
    (user / "link").symlink_to("/nowhere/at all")
    git(user, "add", "-A")
    git(user, "update-index", "--add", "--cacheinfo", f"160000,{'1' * 40},vendor/module")
    git(user, "commit", "-qm", "weird")
    return make_site(user, tmp_path)


def make_site(user: Path, tmp_path: Path) -> Site:
    """The stores for a repository as it is now."""
    repository = UserRepository.locate(user)
    base: Base = repository.base()
    store = BaseStore.open(tmp_path / "state", repository)
    store.fetch(repository, base.commit)
    return Site(top=user, scratch=tmp_path, repository=repository, base=base, hub=Hub.open(tmp_path / "state", store))
