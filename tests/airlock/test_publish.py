"""The base branch moves only where nothing of the user's is lost and nothing of theirs is started."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from orchestrator.airlock.git import Git
from orchestrator.airlock.publish import Target, publish
from orchestrator.airlock.refs import run_main, task_branch
from orchestrator.airlock.standing import WhyNot
from orchestrator.airlock.store import RefChange
from tests.airlock.conftest import make_site
from tests.airlock.site import RUN, Site, git


def head(top: Path, ref: str = "HEAD") -> str:
    """What a ref of the user's holds."""
    return git(top, "rev-parse", ref).decode().strip()


def state(top: Path) -> tuple[object, ...]:
    """All that a refused publication may not change."""
    files = {path: path.read_bytes() for path in sorted(top.rglob("*")) if path.is_file() and ".git" not in path.parts}
    return head(top), files, git(top, "status", "--porcelain"), git(top, "diff"), git(top, "diff", "--cached")


def test_lands_in_the_checkout(site: Site) -> None:
    """The branch that is checked out moves with its files, and stays clean."""
    oid = site.put({"src/one.py": "a = 1\n", "new/file": "n\n"})
    result = site.land(oid)
    assert (result.moved, result.why_not, result.refs) == (True, None, {run_main(RUN): oid})
    assert head(site.top) == head(site.top, "main") == head(site.top, f"mimo/{RUN}/main") == oid
    assert (site.top / "new/file").read_text() == "n\n"
    assert git(site.top, "status", "--porcelain") == b""


def test_keeps_uncommitted_work(site: Site) -> None:
    """Edits, staged edits and new files of the user's that aren't in the way stay as they are."""
    (site.top / "README.md").write_text("my edit\n")
    (site.top / "src/two.py").write_text("x = 2\n")
    git(site.top, "add", "src/two.py")
    (site.top / "mine").write_text("mine\n")
    assert site.land(site.put({"src/one.py": "a = 1\n"})).moved
    assert (site.top / "README.md").read_text() == "my edit\n"
    assert git(site.top, "status", "--porcelain") == b" M README.md\nM  src/two.py\n?? mine\n"


@pytest.mark.parametrize("how", ["edited", "staged", "untracked", "ignored"])
def test_refuses_where_uncommitted_work_overlaps(site: Site, how: str) -> None:
    """Nothing moves where the user's own files would be overwritten, ignored ones too, and the message names them."""
    name = {"edited": "src/one.py", "staged": "src/one.py"}.get(how, "extra.txt")
    oid = site.put({name: "theirs\n", "README.md": "also\n"})
    (site.top / name).write_text("mine\n")
    if how == "staged":
        git(site.top, "add", name)
    if how == "ignored":
        (site.top / ".git/info/exclude").write_text("extra.txt\n")
    before = state(site.top)
    result = site.land(oid)
    assert (result.moved, result.reason) == (False, WhyNot.OVERLAP)
    assert name in str(result.why_not)
    assert f"git merge --ff-only {oid}" in str(result.why_not)
    assert state(site.top) == before
    assert head(site.top, f"mimo/{RUN}/main") == oid


def test_moves_a_branch_that_nobody_has_checked_out(site: Site) -> None:
    """A base that isn't checked out moves by compare-and-swap, and no file is touched."""
    git(site.top, "switch", "-qc", "elsewhere")
    before = state(site.top)
    oid = site.put({"src/one.py": "a = 1\n"})
    assert site.land(oid).moved
    assert head(site.top, "main") == oid
    assert state(site.top) == before


def test_moves_in_the_linked_worktree_that_has_the_branch(site: Site) -> None:
    """A base that a linked worktree has checked out moves there, with that worktree's files."""
    git(site.top, "switch", "-qc", "elsewhere")
    linked = site.scratch / "linked"
    git(site.top, "worktree", "add", "-q", str(linked), "main")
    assert site.land(site.put({"src/one.py": "a = 9\n"})).moved
    assert (linked / "src/one.py").read_text() == "a = 9\n"
    assert git(linked, "status", "--porcelain") == b""
    assert "a = 1" in (site.top / "src/one.py").read_text()


def test_a_base_that_moved_is_left(site: Site) -> None:
    """A commit of the user's in between stays; the result waits on its own branch."""
    oid = site.put({"src/one.py": "a = 1\n"})
    git(site.top, "commit", "-q", "--allow-empty", "-m", "mine")
    before = state(site.top)
    result = site.land(oid)
    assert (result.moved, result.reason) == (False, WhyNot.MOVED)
    assert state(site.top) == before
    assert head(site.top, f"mimo/{RUN}/main") == oid


def test_what_does_not_build_on_the_base_is_refused(site: Site) -> None:
    """The base branch never goes to a commit that lacks what it has."""
    orphan = site.commit(site.hub.tree_of(site.base.commit))
    result = site.land(orphan)
    assert (result.moved, result.reason) == (False, WhyNot.MOVED)
    assert head(site.top) == site.base.commit


def test_publishing_twice_is_publishing_once(site: Site) -> None:
    """What is where it should be counts as done."""
    oid = site.put({"src/one.py": "a = 1\n"})
    first, second = site.land(oid), site.land(oid)
    assert first == second
    assert second.moved


def test_a_branch_of_ours_that_somebody_else_moved_is_left(site: Site) -> None:
    """The old value of our own branches is compared too."""
    oid = site.put({"src/one.py": "a = 1\n"})
    git(site.top, "branch", f"mimo/{RUN}/main", "main")
    result = site.land(oid)
    assert run_main(RUN) in result.left
    assert head(site.top, f"mimo/{RUN}/main") == site.base.commit


def test_a_branch_of_ours_that_is_checked_out_is_left(site: Site) -> None:
    """A ref is never moved under a checkout."""
    one, two = site.put({"README.md": "1\n"}), site.put({"README.md": "2\n"})
    ref = task_branch(RUN, "t")
    publish(site.repository, site.hub, [RefChange(ref=ref, old=None, new=one)])
    git(site.top, "switch", "-q", f"mimo/{RUN}/t")
    result = publish(site.repository, site.hub, [RefChange(ref=ref, old=one, new=two)])
    assert "checked out" in result.left[ref]
    assert head(site.top) == one


def test_a_rebase_under_way_is_not_disturbed(site: Site) -> None:
    """A branch in the middle of a rebase counts as checked out, though HEAD is detached."""
    git(site.top, "switch", "-qc", "side")
    (site.top / "README.md").write_text("side\n")
    git(site.top, "commit", "-qam", "side")
    git(site.top, "switch", "-q", "main")
    (site.top / "README.md").write_text("main\n")
    git(site.top, "commit", "-qam", "main")
    moved = make_site(site.top, site.scratch)
    oid = moved.put({"src/one.py": "a = 1\n"})
    with pytest.raises(Exception, match="rebase"):
        git(site.top, "rebase", "side")
    result = moved.land(oid)
    assert (result.moved, result.reason) == (False, WhyNot.BUSY)
    assert head(site.top, "main") == moved.base.commit


def test_a_filter_on_a_path_is_left_to_the_user(site: Site) -> None:
    """A path that a filter converts is not written by us: the message says what to type."""
    (site.top / ".gitattributes").write_text("*.bin filter=lfs\n")
    git(site.top, "add", "-A")
    git(site.top, "commit", "-qm", "attributes")
    site = make_site(site.top, site.scratch)
    before = state(site.top)
    result = site.land(site.put({"data.bin": "version https://git-lfs.github.com/spec/v1\n"}))
    assert (result.moved, result.reason) == (False, WhyNot.FILTERS)
    assert "data.bin" in str(result.why_not)
    assert "git merge --ff-only" in str(result.why_not)
    assert state(site.top) == before


def test_a_filter_of_the_users_global_attributes_counts(site: Site) -> None:
    """Attributes that the user has for all repositories are looked at as well."""
    attributes = Path(os.environ["XDG_CONFIG_HOME"]) / "git/attributes"
    attributes.parent.mkdir(parents=True)
    attributes.write_text("*.psd filter=lfs\n")
    assert site.land(site.put({"a.psd": "pointer\n"})).reason is WhyNot.FILTERS


def test_line_endings_are_the_users(site: Site) -> None:
    """A checkout of a user who wants CRLF gets CRLF, as their own git would write it."""
    (Path(os.environ["HOME"]) / ".gitconfig").write_text("[core]\n\tautocrlf = true\n")
    assert site.land(site.put({"dos.txt": "one\ntwo\n"})).moved
    assert (site.top / "dos.txt").read_bytes() == b"one\r\ntwo\r\n"
    assert git(site.top, "status", "--porcelain") == b""


def test_nothing_of_the_users_runs(site: Site) -> None:
    """Hooks, filters, monitors, signature programs and merge options of the user's repository are not started."""
    fired = site.scratch / "fired"
    program = site.scratch / "program"
    program.write_text(f"#!/bin/sh\necho $0 >> {fired}\nexit 1\n")
    program.chmod(0o755)
    for name in ("post-merge", "reference-transaction", "post-checkout", "post-index-change", "pre-merge-commit"):
        (site.top / ".git/hooks").mkdir(exist_ok=True)
        (site.top / f".git/hooks/{name}").symlink_to(program)
    for key in (
        "core.fsmonitor",
        "filter.evil.smudge",
        "filter.evil.clean",
        "diff.external",
        "gpg.program",
        "core.editor",
    ):
        git(site.top, "config", key, str(program))
    git(site.top, "config", "merge.verifySignatures", "true")
    git(site.top, "config", "branch.main.mergeOptions", "--squash --signoff")
    # A file whose status is out of date: git would clean it to find out whether it changed.
    (site.top / ".git/info/attributes").write_text("README.md filter=evil\n")
    (site.top / "README.md").touch()
    fired.unlink(missing_ok=True)
    assert site.land(site.put({"src/one.py": "a = 1\n"})).moved
    assert not fired.exists()


def test_an_index_lock_of_another_git_is_respected(site: Site) -> None:
    """A lock that we didn't leave is never removed, however old."""
    lock = site.top / ".git/index.lock"
    lock.touch()
    os.utime(lock, (time.time() - 1000, time.time() - 1000))
    result = site.land(site.put({"src/one.py": "a = 1\n"}))
    assert (result.moved, result.reason) == (False, WhyNot.BUSY)
    assert lock.exists()


def test_locks_of_our_own_crash_are_removed(site: Site) -> None:
    """A publication that was killed leaves an intent, by which the next one knows its locks."""
    lock = site.top / ".git/index.lock"
    lock.touch()
    made = time.time() - 1000
    os.utime(lock, (made, made))
    note = site.hub.directory.with_name("publishing.json")
    note.write_text(f'{{"since": {made - 1}, "locks": ["{lock}"]}}')
    assert site.land(site.put({"src/one.py": "a = 1\n"})).moved
    assert not lock.exists()
    assert not note.exists()


def test_a_full_disk_is_seen_before_a_file_is_written(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without room for what would be written, the checkout is left alone."""
    real = os.statvfs(site.top)
    monkeypatch.setattr(os, "statvfs", lambda path: os.statvfs_result([*real[:3], 0, 0, *real[5:]]))
    before = state(site.top)
    result = site.land(site.put({"src/one.py": "a = 1\n"}))
    assert (result.moved, result.reason) == (False, WhyNot.DISK)
    assert state(site.top) == before


def test_objects_come_before_refs(site: Site) -> None:
    """When a ref can't be made, the objects are there and no ref is."""
    git(site.top, "branch", "mimo")
    oid = site.put({"src/one.py": "a = 1\n"})
    result = publish(site.repository, site.hub, [RefChange(ref=run_main(RUN), old=None, new=oid)])
    assert run_main(RUN) in result.left
    assert Git(git_dir=site.repository.common_dir).line(["cat-file", "-t", oid]) == "commit"


def test_only_names_of_ours_are_published(site: Site) -> None:
    """No other branch of the user's can be named as a result."""
    with pytest.raises(Exception, match="not a ref of ours"):
        publish(site.repository, site.hub, [RefChange(ref="refs/heads/main", old=None, new=site.base.commit)])


def test_target_needs_no_branches(site: Site) -> None:
    """The base can move by itself."""
    oid = site.put({"src/one.py": "a = 1\n"})
    assert publish(site.repository, site.hub, [], target=Target(base=site.base, commit=oid)).moved
