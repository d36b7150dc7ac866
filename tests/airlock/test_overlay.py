"""An overlaid worktree is what a plain one is, to every command: the same files, the same git, cheaper."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

import pytest

from orchestrator.airlock.base_checkout import BaseCheckout, base_checkout, remove_checkouts
from orchestrator.airlock.included import IncludedFile, lay_in
from orchestrator.airlock.merge import merge
from orchestrator.airlock.overlay import prepare_overlay
from orchestrator.airlock.removal import remove_worktree
from orchestrator.airlock.worktree import prepare_worktree
from sandbox.bubblewrap import BubblewrapBackend
from sandbox.identity import sandbox_uid
from sandbox.overlay import UPPER_NAME
from sandbox.sandbox import Command, RecordKind, Sandbox, SandboxSpec
from tests.airlock.conftest import make_site
from tests.airlock.site import Site, git

LOOK = """find . -path ./.git -prune -o -printf '%P %y %m %s %U %G %l\\n' | sort
git status --porcelain; git ls-files --stage; git log --format='%H %s'; git fsck 2>&1; git diff --stat"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Start:
    """What a task begins with: the commit that its git shows, and the tree of its files where that is another."""

    head: str
    tree: str | None = None


@pytest.fixture
def site(user: Path, tmp_path: Path) -> Site:
    """A base with directories to lose, a link, an executable, a submodule and a name that is no UTF-8."""
    for path in ("gone/a", "gone/deep/b", "half/lost", "half/kept", "thing", "dir/x", os.fsdecode(b"not-utf8-\xff")):
        (user / path).parent.mkdir(parents=True, exist_ok=True)
        (user / path).write_text(f"{path!r}\n")
    (user / "run.sh").write_text("#!/bin/sh\n")
    (user / "run.sh").chmod(0o755)
    (user / "link").symlink_to("nowhere")
    git(user, "add", "-A")
    git(user, "update-index", "--add", "--cacheinfo", f"160000,{'1' * 40},vendor/module")
    git(user, "commit", "-qm", "much")
    return make_site(user, tmp_path)


def changed(site: Site) -> str:
    """A commit in which files and whole directories are gone, new, changed, or something else."""
    top = site.top
    git(top, "checkout", "-q", "--detach")
    git(top, "rm", "-rq", "gone", "half/lost", "thing", "dir", "link")
    (top / "thing").mkdir()
    (top / "thing/new").write_text("new\n")
    (top / "dir").write_text("a file\n")
    (top / "link").write_text("a file too\n")
    (top / "run.sh").chmod(0o644)
    (top / "README.md").write_text("other\n")
    git(top, "add", "-A")
    git(top, "commit", "-qm", "changed")
    return git(top, "rev-parse", "HEAD").decode().strip()


@pytest.fixture(params=["base", "head", "tree", "conflict"])
def start(request: pytest.FixtureRequest, site: Site) -> Start:
    """The ways in which tasks begin: at the base, at a later tip, with a tree laid over either, with a conflict."""
    base = site.base.commit
    if request.param == "base":
        return Start(head=base)
    later = changed(site)
    site.hub.git.run(["fetch", "--quiet", str(site.repository.common_dir), f"{later}:refs/mimo/runs/r/t/1"])
    if request.param == "head":
        return Start(head=later)
    if request.param == "tree":
        return Start(head=base, tree=site.hub.tree_of(later))
    theirs = site.put({"README.md": "mine\n", "half/lost": "still here\n"})
    return Start(head=theirs, tree=merge(site.hub, ours=theirs, theirs=later).tree)


async def look(site: Site, worktree: Path, lower: Path | None) -> str:
    """What a command sees of a worktree, and that nothing of it counts as changed."""
    spec = SandboxSpec(run="r", task="t", worktree=worktree, base_objects=site.hub.base.objects, lower=lower)
    async with BubblewrapBackend().open(spec) as sandbox:
        assert [record async for record in sandbox.snapshot()] == []
        return await output(sandbox, LOOK)


async def output(sandbox: Sandbox, script: str) -> str:
    """The output of a script that must succeed."""
    result = await sandbox.execute(Command(script=script, timeout_seconds=60))
    assert result.ok, result
    return result.stdout.text()


def overlay(site: Site, start: Start, name: str = "overlay") -> tuple[Path, BaseCheckout]:
    """An overlaid worktree, and what it lies over."""
    checkout = base_checkout(site.hub, site.base.commit, owner_uid=sandbox_uid())
    place = site.scratch / name
    prepare_overlay(site.hub, place, checkout, task="t", head=start.head, tree=start.tree, owner_uid=sandbox_uid())
    return place, checkout


@pytest.mark.parametrize("split_from", [0, 1000])
async def test_it_is_what_a_plain_one_is(
    site: Site, start: Start, split_from: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Files, modes, owners, git's status, index and history are the same, whichever form the index has."""
    monkeypatch.setattr("orchestrator.airlock.overlay.SPLIT_FROM", split_from)
    place, checkout = overlay(site, start)
    plain = site.scratch / "plain"
    prepare_worktree(
        site.hub, plain, task="t", head=start.head, base=site.base.commit, tree=start.tree, owner_uid=sandbox_uid()
    )
    seen = await look(site, place, checkout.files)
    assert seen.splitlines()[1:] == (await look(site, plain, None)).splitlines()[1:]
    assert "README.md f 644" in seen


async def test_the_first_status_reads_no_file(site: Site, start: Start) -> None:
    """Git knows files to be unchanged by the index alone: one that it may not read is none it asks for."""
    place, checkout = overlay(site, start)
    (checkout.files / "src/one.py").chmod(0)
    spec = SandboxSpec(run="r", task="t", worktree=place, base_objects=site.hub.base.objects, lower=checkout.files)
    async with BubblewrapBackend().open(spec) as sandbox:
        status = await output(sandbox, "git -c core.fileMode=false status --porcelain src")
    assert status == ""


async def test_a_change_of_the_same_size_and_second_shows(site: Site) -> None:
    """A file that differs from the base's shows as changed, even if it was laid out in the second the base was."""
    other = site.put({"src/one.py": "a = 1\nb = 3\nc = 2\n"})
    place, checkout = overlay(site, Start(head=site.base.commit, tree=site.hub.tree_of(other)))
    assert " M src/one.py" in await look(site, place, checkout.files)


async def test_work_and_removal(site: Site, start: Start) -> None:
    """Everything of git works in it, the base's checkout stays as it was, and all of the task's is removed."""
    place, checkout = overlay(site, start)
    before = {path: path.lstat().st_mtime_ns for path in checkout.files.rglob("*")}
    spec = SandboxSpec(run="r", task="t", worktree=place, base_objects=site.hub.base.objects, lower=checkout.files)
    async with BubblewrapBackend().open(spec) as sandbox:
        await output(
            sandbox,
            """set -e; git stash -q || true; git reset -q --hard; git checkout -qb other; echo more >> README.md
            rm -r src; git add -A; git commit -qm more; git rebase -q HEAD~1; git status --porcelain; git fsck""",
        )
        told = {record.path: record.kind async for record in sandbox.snapshot()}
    assert told[b"src/one.py"] is RecordKind.DELETED
    remove_worktree(place)
    assert not place.exists()
    assert {path: path.lstat().st_mtime_ns for path in checkout.files.rglob("*")} == before


async def test_included_files_are_there_as_in_a_plain_one(site: Site, start: Start) -> None:
    """In a directory that the task's base has lost, too; and they bring back nothing of what is gone."""
    files = [
        IncludedFile(path=path, data=b"mine\n", executable=False)
        for path in (b"gone/deep/.env", b"dir/.env", b"half/.env", b"new/.env", b"src/.env", b".env")
    ]
    paths = [file.path for file in files]
    checkout = base_checkout(site.hub, site.base.commit, owner_uid=sandbox_uid())
    place, plain = site.scratch / "overlay", site.scratch / "plain"
    uid, head, tree = sandbox_uid(), start.head, start.tree
    prepare_overlay(site.hub, place, checkout, task="t", head=head, tree=tree, owner_uid=uid, included=paths)
    prepare_worktree(site.hub, plain, task="t", head=head, base=site.base.commit, tree=tree, owner_uid=uid)
    for top in (place / UPPER_NAME, plain):
        lay_in(files, top, owner_uid=uid)
    seen = await look(site, place, checkout.files)
    assert seen.splitlines()[1:] == (await look(site, plain, None)).splitlines()[1:]
    assert "gone/deep/.env f 644" in seen


def test_a_checkout_is_made_once(site: Site) -> None:
    """The second task finds what the first made, owned by the sandbox's user, every file of the base in it."""
    first = base_checkout(site.hub, site.base.commit, owner_uid=sandbox_uid())
    made = first.files.stat()
    assert base_checkout(site.hub, site.base.commit, owner_uid=sandbox_uid()) == first
    assert (first.files.stat().st_ino, made.st_uid) == (made.st_ino, sandbox_uid())
    assert {path.lstat().st_uid for path in first.files.rglob("*")} == {sandbox_uid()}
    assert first.paths == sorted(git(site.top, "ls-files", "-z").split(b"\0")[:-1])


def test_half_a_checkout_is_none(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    """What fails, or is killed, in the middle is never taken for a checkout, and is removed by `clean`."""
    monkeypatch.setattr("orchestrator.airlock.base_checkout.remove_worktree", lambda _: None)  # as a kill would have it
    monkeypatch.setattr("orchestrator.airlock.base_checkout.index_bytes", _fails)
    with pytest.raises(OSError, match="no more"):
        base_checkout(site.hub, site.base.commit, owner_uid=sandbox_uid())
    monkeypatch.undo()
    assert [path.name[:8] for path in (site.scratch / "state/checkouts").iterdir()] == [".making-"]
    base_checkout(site.hub, site.base.commit, owner_uid=sandbox_uid())
    state = site.hub.directory.parent
    assert remove_checkouts(state, lambda: {site.base.commit}) == []
    assert [path.name for path in (state / "checkouts").iterdir()] == [site.base.commit]
    assert remove_checkouts(state, set) == [site.base.commit]
    assert remove_checkouts(state, set) == []


def _fails(*_: object, **__: object) -> None:
    raise OSError("no more")
