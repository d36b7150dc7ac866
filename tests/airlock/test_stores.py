"""Our two repositories: a real copy of the base, a hub on top of it, and refs that only move from a known value."""

from __future__ import annotations

import os
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from orchestrator.airlock import refs
from orchestrator.airlock.base_store import BaseStore
from orchestrator.airlock.errors import DiskFull, RefMoved, UnsafeName
from orchestrator.airlock.git import Finished
from orchestrator.airlock.hub import Hub
from orchestrator.airlock.repository import UserRepository
from orchestrator.airlock.store import RefChange
from tests.airlock.conftest import make_site
from tests.airlock.site import Site, git


def test_the_copy_is_real(site: Site) -> None:
    """The base outlives the user's repository: nothing is shared with it."""
    assert not (site.hub.base.directory / "objects/info/alternates").exists()
    git(site.top, "update-ref", "-d", "refs/heads/main")
    git(site.top, "reflog", "expire", "--expire=now", "--all")
    git(site.top, "gc", "-q", "--prune=now")
    assert site.hub.base.git.run(["rev-list", "--objects", site.base.commit])
    assert (site.worktree() / "src/one.py").exists()


def test_only_the_base_is_copied(user: Path, tmp_path: Path) -> None:
    """Other branches and tags of the user's are not."""
    git(user, "tag", "at-the-base")
    git(user, "switch", "-qc", "private")
    git(user, "commit", "-q", "--allow-empty", "-m", "private")
    private = git(user, "rev-parse", "HEAD").decode().strip()
    git(user, "tag", "private-tag")
    git(user, "switch", "-q", "main")
    site = make_site(user, tmp_path)
    assert site.hub.base.git.attempt(["cat-file", "-e", private]).code
    assert list(site.hub.base.git.run(["for-each-ref", "--format=%(refname)"]).decode().split()) == [
        f"refs/mimo/bases/{site.base.commit}"
    ]


def test_later_runs_fetch_what_is_new(site: Site) -> None:
    """A base that moved on is fetched into the same store, and the old one stays."""
    git(site.top, "commit", "-q", "--allow-empty", "-m", "more")
    later = make_site(site.top, site.scratch)
    assert later.base.commit != site.base.commit
    assert set(later.hub.base.git.run(["for-each-ref", "--format=%(objectname)"]).decode().split()) == {
        site.base.commit,
        later.base.commit,
    }


def test_many_runs_at_once_share_a_store(user: Path, tmp_path: Path) -> None:
    """Stores are made and filled once, however many start together."""
    with ThreadPoolExecutor(6) as pool:
        sites = list(pool.map(lambda _: make_site(user, tmp_path), range(6)))
    assert len({site.hub.git.line(["rev-parse", site.base.commit]) for site in sites}) == 1
    sites[0].hub.git.run(["fsck", "--connectivity-only"])


def test_history_that_git_would_not_make_today_is_copied(user: Path, tmp_path: Path) -> None:
    """Old commits with malformed dates keep nobody from working."""
    tree = git(user, "rev-parse", "HEAD^{tree}").decode().strip()
    text = f"tree {tree}\nauthor A <a@b> 1 +051800\ncommitter A <a@b> 1 +051800\n\nodd\n".encode()
    oid = git(user, "hash-object", "-w", "-t", "commit", "--literally", "--stdin", stdin=text).decode().strip()
    git(user, "update-ref", "refs/heads/main", oid)
    site = make_site(user, tmp_path)
    assert site.base.commit == oid
    assert site.land(site.put({"README.md": "x\n"})).moved


@pytest.mark.skipif(os.getuid() != 0, reason="only root can give a repository away")
def test_a_repository_declared_safe_is_copied(user: Path, tmp_path: Path) -> None:
    """Another user's repository that the user trusts serves, down to the fetch."""
    for path in [user, *user.rglob("*")]:
        os.chown(path, 12345, 12345, follow_symlinks=False)
    (Path(os.environ["HOME"]) / ".gitconfig").write_text("[safe]\n\tdirectory = *\n")
    repository = UserRepository.locate(user)
    store = BaseStore.open(tmp_path / "state", repository)
    store.fetch(repository, repository.base().commit)
    assert store.git.line(["cat-file", "-t", repository.base().commit]) == "commit"


def test_sha256_repositories_work(tmp_path: Path) -> None:
    """The whole way in a repository with the longer object ids."""
    top = tmp_path / "user"
    git(tmp_path, "init", "-q", "-b", "main", "--object-format=sha256", str(top))
    git(top, "config", "user.name", "U")
    git(top, "config", "user.email", "u@example.com")
    (top / "a").write_text("a\n")
    git(top, "add", "-A")
    git(top, "commit", "-qm", "a")
    site = make_site(top, tmp_path)
    worktree = site.worktree(head=site.put({"b": "b\n"}))
    site.open_git(worktree)
    assert git(worktree, "status", "--porcelain") == b""
    assert site.land(site.put({"b": "b\n"})).moved
    assert (top / "b").read_text() == "b\n"


def test_refs_move_only_from_a_known_value(site: Site) -> None:
    """Create, update and delete each compare; what is lost tells where the ref really is."""
    one, two = site.put({"a": "1\n"}), site.put({"a": "2\n"})
    ref = refs.task_branch("run-1", "t")
    site.hub.create(ref, one)
    with pytest.raises(RefMoved) as caught:
        site.hub.create(ref, two)
    assert (caught.value.expected, caught.value.actual) == (None, one)
    with pytest.raises(RefMoved):
        site.hub.update(ref, new=one, old=two)
    with pytest.raises(RefMoved):
        site.hub.delete(ref, old=two)
    site.hub.update(ref, new=two, old=one)
    assert site.hub.read(ref) == two
    assert site.hub.refs("refs/heads/mimo/run-1/") == {ref: two}
    site.hub.delete(ref, old=two)
    assert site.hub.read(ref) is None


def test_several_refs_move_together_or_not_at_all(site: Site) -> None:
    """One lost comparison keeps all of them."""
    oid = site.put({"a": "1\n"})
    good, bad = refs.task_branch("run-1", "good"), refs.task_branch("run-1", "bad")
    site.hub.create(bad, oid)
    with pytest.raises(RefMoved):
        site.hub.change([RefChange(ref=good, old=None, new=oid), RefChange(ref=bad, old=None, new=oid)])
    assert site.hub.read(good) is None


def test_racing_updates_have_one_winner(site: Site) -> None:
    """Many threads that move a ref from the same value: one does, the others are told."""
    start, ref = site.put({"a": "0\n"}), refs.run_main("run-1")
    site.hub.create(ref, start)
    targets = [site.put({"a": f"{number}\n"}) for number in range(1, 5)]

    def move(oid: str) -> bool:
        try:
            site.hub.update(ref, new=oid, old=start)
        except RefMoved:
            return False
        return True

    with ThreadPoolExecutor(4) as pool:
        assert sorted(pool.map(move, targets)) == [False, False, False, True]


def test_a_lock_of_a_crash_is_removed(site: Site) -> None:
    """An old lock in the hub can only be a crash's; a fresh one is not touched."""
    oid, ref = site.put({"a": "1\n"}), refs.run_main("run-1")
    lock = site.hub.directory / f"{ref}.lock"
    lock.parent.mkdir(parents=True)
    lock.touch()
    with pytest.raises(Exception, match="lock"):
        site.hub.create(ref, oid)
    os.utime(lock, (time.time() - 100, time.time() - 100))
    site.hub.create(ref, oid)
    assert site.hub.read(ref) == oid


@pytest.mark.parametrize("bad", ["", "..", "a/b", "A", "a b", "a\n", "a.lock", "x" * 81, "-\0"])
def test_hostile_names_make_no_ref(bad: str) -> None:
    """A run's or a task's name is of the fixed form or nothing is made of it."""
    for make in (
        refs.run_main,
        lambda name: refs.task_branch("run", name),
        lambda name: refs.checkpoint("run", name, 1),
    ):
        with pytest.raises(UnsafeName):
            make(bad)


def test_foreign_refs_are_refused(site: Site) -> None:
    """Nothing outside of our own part of the name space can be moved, and only to a whole object id."""
    for ref in (
        "refs/heads/main",
        "HEAD",
        "refs/heads/mimo/../main",
        "refs/heads/mimo/a\ncreate refs/heads/x",
        "refs/mimo/",
    ):
        with pytest.raises(UnsafeName):
            site.hub.create(ref, site.base.commit)
    for oid in ("main", "--all", "f" * 39, "F" * 40, "HEAD~1"):
        with pytest.raises(UnsafeName):
            site.hub.create(refs.run_main("r"), oid)
    with pytest.raises(UnsafeName):
        refs.task_branch("run", "main")


def test_a_full_disk_is_told_apart() -> None:
    """What git says of a full disk becomes an error of that name."""
    said = b"fatal: write error: No space left on device\n"
    finished = Finished(argv=("fetch",), code=128, stdout=b"", stderr=said)
    assert isinstance(finished.failure(), DiskFull)
    assert "No space left" in str(finished.failure())


def test_the_hub_reads_no_attributes(site: Site) -> None:
    """Its own attributes switch off every driver that a tree may name."""
    Hub.open(site.scratch / "state", site.hub.base)
    text = (site.hub.directory / "info/attributes").read_text()
    assert {"!filter", "!diff", "!merge"} <= set(text.split())
