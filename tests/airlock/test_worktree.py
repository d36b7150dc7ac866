"""A worktree has the base's bytes and a git that works, nothing that leads to the host, and can be removed always."""

from __future__ import annotations

import os
import shutil
import stat
import tempfile
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from orchestrator.airlock.errors import DiskFull, UnsafeName, UnsafeTree
from orchestrator.airlock.merge import merge
from orchestrator.airlock.pack import NewObject, store_objects
from orchestrator.airlock.removal import GRAVE_PREFIX, empty_grave, remove_worktree
from orchestrator.airlock.trees import FILE, GITLINK, LINK, TreeEntry, format_tree, object_id
from orchestrator.airlock.worktree import prepare_worktree
from tests.airlock.conftest import WEIRD, make_site
from tests.airlock.site import Site, git


def test_files_are_laid_out_byte_for_byte(weird: Site) -> None:
    """No end-of-line, filter, ident or encoding conversion, whatever .gitattributes says."""
    root = os.fsencode(weird.worktree())
    for name, data in WEIRD.items():
        assert Path(os.fsdecode(root + b"/" + name)).read_bytes() == data
    assert (weird.scratch / "worktrees/task/link").readlink() == Path("/nowhere/at all")
    assert stat.S_IMODE(os.lstat(root + b"/run.sh").st_mode) == 0o755
    assert stat.S_IMODE(os.lstat(root + b"/empty").st_mode) == 0o644
    assert list((weird.scratch / "worktrees/task/vendor/module").iterdir()) == []


def test_a_worktree_comes_back_unchanged(weird: Site) -> None:
    """Importing an untouched worktree gives the very tree that it was made from."""
    imported = weird.take(weird.worktree())
    assert imported.tree == weird.hub.tree_of(weird.base.commit)
    assert (imported.changed, imported.refused, imported.ignored) == ((), (), ())


def test_the_first_status_is_clean_and_reads_no_file(weird: Site) -> None:
    """The index matches the files, so that git trusts it: a file changed behind its back goes unnoticed."""
    worktree = weird.worktree()
    weird.open_git(worktree)
    changed = worktree / "README.md"
    before = changed.stat()
    changed.write_text("HELLO\n")
    os.utime(changed, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert git(worktree, "status", "--porcelain") == b""
    assert git(worktree, "status", "--porcelain", "--ignored") == b""


def test_an_index_holds_for_a_copy(weird: Site) -> None:
    """Other inodes and times of change, as under an overlay or after a copy, don't make git read the files."""
    worktree = weird.worktree()
    weird.open_git(worktree)
    copy = weird.scratch / "copy"
    shutil.copytree(worktree, copy, symlinks=True)
    before = (copy / "README.md").stat()
    (copy / "README.md").write_text("HELLO\n")
    os.utime(copy / "README.md", ns=(before.st_atime_ns, before.st_mtime_ns))
    assert git(copy, "status", "--porcelain") == b""


def test_files_that_git_does_read_are_clean_too(weird: Site) -> None:
    """Where the times tell git nothing, it compares the bytes, unconverted."""
    worktree = weird.worktree()
    weird.open_git(worktree)
    for name in WEIRD:
        os.utime(os.fsencode(worktree) + b"/" + name)
    assert git(worktree, "status", "--porcelain") == b""


def test_a_change_of_the_same_size_shows_in_status(site: Site) -> None:
    """An edit right after the start is seen, though neither the size nor the second tells it."""
    worktree = site.worktree()
    site.open_git(worktree)
    (worktree / "README.md").write_text("HELLO\n")
    assert git(worktree, "status", "--porcelain") == b" M README.md\n"


def test_all_of_git_works_inside(site: Site) -> None:
    """Log, blame, commit, stash, branch, rebase and fsck do what the agent expects."""
    worktree = site.worktree(head=site.put({"src/new.py": "n = 1\n"}))
    site.open_git(worktree)
    assert git(worktree, "symbolic-ref", "HEAD") == b"refs/heads/task/task\n"
    (worktree / "README.md").write_text("mine\n")
    git(worktree, "stash")
    git(worktree, "stash", "pop")
    git(worktree, "commit", "-qam", "mine")
    git(worktree, "switch", "-qc", "other", "HEAD~1")
    (worktree / "src/one.py").write_text("a = 1\n")
    git(worktree, "commit", "-qam", "other")
    git(worktree, "rebase", "-q", "task/task")
    assert git(worktree, "log", "--format=%s").split() == [b"other", b"mine", b"work", b"Begin"]
    assert b"agent-task" in git(worktree, "blame", "README.md")
    git(worktree, "fsck", "--strict")


def test_the_private_git_knows_nothing_of_the_host(site: Site) -> None:
    """No path of the user's or ours stands in it: only the place that the base objects have in every sandbox."""
    worktree = site.worktree(head=site.put({"src/new.py": "n = 1\n"}))
    for path in (worktree / ".git").rglob("*"):
        assert path.is_dir() or os.fsencode(site.scratch) not in path.read_bytes()


def test_other_tasks_objects_are_not_in_it(site: Site) -> None:
    """What the hub holds of another task can't be read in this one's worktree."""
    other = site.put({"secret.py": "other task\n"})
    worktree = site.worktree(head=site.put({"src/new.py": "n = 1\n"}))
    site.open_git(worktree)
    with pytest.raises(Exception, match="cat-file"):
        git(worktree, "cat-file", "-e", other)


def test_a_repair_round_shows_the_conflict_as_changes(site: Site) -> None:
    """With the tree of a conflicted merge the files have markers, HEAD is the tip, and status names the file."""
    ours, theirs = site.put({"README.md": "ours\n"}), site.put({"README.md": "theirs\n", "more": "m\n"})
    merged = merge(site.hub, ours=ours, theirs=theirs)
    assert not merged.clean
    worktree = site.worktree(head=ours, tree=merged.tree)
    site.open_git(worktree)
    assert "<<<<<<<" in (worktree / "README.md").read_text()
    assert git(worktree, "log", "-1", "--format=%H").decode().strip() == ours
    assert git(worktree, "status", "--porcelain") == b" M README.md\n?? more\n"
    git(worktree, "cat-file", "-e", merged.tree)


@pytest.mark.skipif(os.getuid() != 0, reason="only root can give files away")
def test_everything_belongs_to_the_sandbox(site: Site) -> None:
    """Started as root, the worktree is another user's, the links in it too."""
    (site.top / "link").symlink_to("README.md")
    git(site.top, "add", "-A")
    git(site.top, "commit", "-qm", "link")
    site = make_site(site.top, site.scratch)
    top = site.scratch / "given"
    prepare_worktree(site.hub, top, task="t", head=site.base.commit, base=site.base.commit, owner_uid=61317)
    assert {path.lstat().st_uid for path in [top, *top.rglob("*")]} == {61317}


@pytest.mark.parametrize("name", [b"..", b".git", b".GIT", b"."])
def test_a_base_with_an_impossible_name_is_refused(site: Site, name: bytes) -> None:
    """A tree made by hand can't make us write outside of the worktree or into its .git; nothing is left."""
    blob = NewObject("blob", b"x")
    oid = object_id("blob", b"x", object_format="sha1")
    tree = format_tree({name: TreeEntry(FILE, oid), b"link": TreeEntry(LINK, oid)})
    site.hub.git.run(["-c", "receive.fsckObjects=false", "hash-object", "-w", "--stdin"], stdin=blob.data)
    words = ["hash-object", "-w", "-t", "tree", "--literally", "--stdin"]
    commit = site.commit(site.hub.git.line(words, stdin=tree))
    with pytest.raises(UnsafeTree):
        site.worktree(head=commit)
    assert list((site.scratch / "worktrees").iterdir()) == []


def test_a_malformed_tree_is_not_stored(site: Site) -> None:
    """Git itself checks what we made: a tree with `..` in it is refused even if ours had let it through."""
    oid = object_id("blob", b"x", object_format="sha1")
    objects = [NewObject("blob", b"x"), NewObject("tree", format_tree({b"..": TreeEntry(FILE, oid)}))]
    with pytest.raises(Exception, match="unpack-objects"):
        store_objects(site.hub.git, objects, object_format="sha1")


def test_a_full_disk_is_named_and_leaves_nothing(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    """ENOSPC while the files are written is a clear error, and what was written is gone."""

    def full(*args: object, **options: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("orchestrator.airlock.layout._write_file", full)
    with pytest.raises(DiskFull, match="disk"):
        site.worktree()
    assert list((site.scratch / "worktrees").iterdir()) == []


def test_hostile_task_names_make_no_ref(site: Site) -> None:
    """A task's name becomes part of a ref and a path only in its fixed form."""
    for name in ("../x", "a/b", "", "a b", "A", "x" * 41, "a\n"):
        with pytest.raises(UnsafeName):
            prepare_worktree(
                site.hub, site.scratch / "w", task=name, head=site.base.commit, base=site.base.commit, owner_uid=0
            )
    assert not (site.scratch / "w").exists()


def test_removal_copes_with_anything(tmp_path: Path) -> None:
    """Depth beyond recursion, long paths, closed modes and links to elsewhere: all gone, and elsewhere untouched."""
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "kept").write_text("kept\n")
    top = tmp_path / "worktree"
    top.mkdir()
    (top / "link").symlink_to(outside)
    (top / "dangling").symlink_to("nowhere")
    os.mkfifo(top / "pipe")
    (top / "closed").mkdir()
    (top / "closed/in").mkdir(mode=0)
    (top / "closed").chmod(0)
    descriptor = os.open(top, os.O_RDONLY)
    for _ in range(1500):
        os.mkdir("deep-directory", dir_fd=descriptor)
        below = os.open("deep-directory", os.O_RDONLY, dir_fd=descriptor)
        os.close(descriptor)
        descriptor = below
    os.symlink(outside, "link", dir_fd=descriptor)
    os.close(descriptor)
    remove_worktree(top)
    assert sorted(path.name for path in tmp_path.iterdir() if path.name != "home") == ["outside"]
    assert (outside / "kept").read_text() == "kept\n"


def test_removal_opens_what_the_agent_closed() -> None:
    """Directories without any permission are removed by an ordinary user, too."""
    with tempfile.TemporaryDirectory() as scratch:
        top = Path(scratch) / "worktree"
        for path in (top, top / "closed", top / "closed/in", top / "closed/in/deeper"):
            path.mkdir()
        (top / "closed/in/file").touch()
        for path in (top / "closed/in/deeper", top / "closed/in", top / "closed", top):
            path.chmod(0)
        with ordinary_user(Path(scratch)):
            remove_worktree(top)
        assert list(Path(scratch).iterdir()) == []


@contextmanager
def ordinary_user(scratch: Path) -> Iterator[None]:
    """Work without root's rights in a directory, if we have them."""
    if os.getuid() != 0:
        yield
        return
    for path in [scratch, *scratch.rglob("*")]:
        os.chown(path, 12345, 12345)
    os.seteuid(12345)
    try:
        yield
    finally:
        os.seteuid(0)


def test_removal_waits_for_what_is_ending_in_there(tmp_path: Path) -> None:
    """Processes of a sandbox whose program was killed make and remove files until they are dead: all of it goes."""
    top = tmp_path / "worktree"
    (top / "busy").mkdir(parents=True)
    for number in range(2000):  # enough to come in between
        (top / f"busy/{number}").touch()
    busy = os.open(top / "busy", os.O_RDONLY)
    begun = threading.Event()

    def work() -> None:
        end = time.monotonic() + 0.3
        with suppress(FileNotFoundError):  # the directory is gone
            while time.monotonic() < end:
                os.close(os.open("file", os.O_CREAT | os.O_WRONLY, dir_fd=busy))
                begun.set()

    dying = threading.Thread(target=work)
    dying.start()
    try:
        assert begun.wait(60)
        remove_worktree(top)
    finally:
        dying.join()
        os.close(busy)
    assert list(tmp_path.glob("*work*")) == list(tmp_path.glob(f"{GRAVE_PREFIX}*")) == []


def test_two_that_remove_the_same(tmp_path: Path) -> None:
    """Whoever comes second finds nothing to do, whenever that is, and neither leaves anything."""
    for number in range(20):
        top = tmp_path / f"worktree{number}"
        for name in range(5):
            (top / f"{name}/deep").mkdir(parents=True)
        with ThreadPoolExecutor(4) as pool:
            list(pool.map(remove_worktree, [top] * 4))
    assert list(tmp_path.glob("*work*")) == list(tmp_path.glob(f"{GRAVE_PREFIX}*")) == []


def test_removal_does_not_follow_the_worktree_itself(tmp_path: Path) -> None:
    """A link in the worktree's place is removed as a link."""
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "kept").write_text("kept\n")
    (tmp_path / "worktree").symlink_to(outside)
    remove_worktree(tmp_path / "worktree")
    assert not (tmp_path / "worktree").is_symlink()
    assert (outside / "kept").exists()


def test_an_interrupted_removal_can_be_finished(tmp_path: Path) -> None:
    """What a crash left of a removal is removed by its name, and removing twice is removing once."""
    grave = tmp_path / f"{GRAVE_PREFIX}x"
    (grave / "0/a/b").mkdir(parents=True)
    (grave / "d1").mkdir()
    (grave / "d1/file").write_text("x")
    empty_grave(grave)
    assert not grave.exists()
    remove_worktree(tmp_path / "never-there")


def test_a_gitlink_is_known_by_its_mode(weird: Site) -> None:
    """Submodules stay what they are through an import, and nothing can be put into one."""
    worktree = weird.worktree()
    (worktree / "vendor/module/evil").write_text("x\n")
    imported = weird.take(worktree)
    assert [refused.path for refused in imported.refused] == [b"vendor/module/evil"]
    assert imported.tree == weird.hub.tree_of(weird.base.commit)
    assert GITLINK == 0o160000
