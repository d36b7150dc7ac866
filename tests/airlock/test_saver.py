"""A step is saved as git would have saved it, with hardly a git started for it."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from orchestrator.airlock import refs
from orchestrator.airlock.commits import commit
from orchestrator.airlock.errors import GitFailed, RefMoved, UnsafeName
from orchestrator.airlock.saver import Saved, Saver, Step
from orchestrator.airlock.user_config import Identity
from sandbox.sandbox import Record, RecordKind
from tests.airlock.site import AUTHOR, Site, git


@pytest.fixture
def saver(site: Site) -> Iterator[Saver]:
    """One that has saved a step, so that its gits are there."""
    with Saver(site.hub) as made:
        save(site, made, 1)
        yield made
    assert gits() == {}


def files(count: int = 1, text: str = "x") -> list[Record]:
    """Records of some files."""
    return [Record(path=b"d/f%d" % at, kind=RecordKind.FILE, data=f"{text}\n".encode()) for at in range(count)]


def save(site: Site, saver: Saver, number: int, records: list[Record] | None = None, **given: object) -> Saved:
    """Save a step on top of the base."""
    told = {
        "parent": site.base.commit,
        "ref": refs.checkpoint("r-1", "t", number),
        "message": "step\n",
        "author": AUTHOR,
        "when": 1_700_000_000,
    }
    step = Step(**{**told, **given})  # type: ignore[arg-type]
    return saver.save(files() if records is None else records, step, tree=site.hub.tree_of(site.base.commit))


def gits() -> dict[int, str]:
    """The gits that this process has running, with what each was started for."""
    children = [pid for task in Path("/proc/self/task").iterdir() for pid in (task / "children").read_text().split()]
    words = {int(pid): Path(f"/proc/{pid}/cmdline").read_text().split("\0") for pid in children}
    return {pid: " ".join(argv) for pid, argv in words.items() if Path(argv[0]).name == "git"}


def test_steps_are_numbered_and_never_overwritten(site: Site, saver: Saver) -> None:
    """Each step has a ref of its own, out of the user's sight; what is no ref of ours is none."""
    first = site.hub.refs("refs/mimo/runs/r-1/t/")
    with pytest.raises(RefMoved):
        save(site, saver, 1, message="other\n")
    with pytest.raises(UnsafeName):
        save(site, saver, 2, ref="refs/heads/main")
    saved = save(site, saver, 2)
    assert site.hub.refs("refs/mimo/runs/r-1/t/") == {**first, "refs/mimo/runs/r-1/t/2": saved.commit}
    assert git(site.top, "for-each-ref", "refs/mimo") == b""


@pytest.mark.parametrize("name", ["Una User", "  <Una,> Öğün.\n", "ß" * 300])
def test_a_step_is_the_commit_that_git_would_make(site: Site, saver: Saver, name: str) -> None:
    """Byte for byte, whatever is in the author's name: the ids are the same, and the store is sound."""
    author = Identity(name=name, email="una@example.com")
    saved = save(site, saver, 2, author=author)
    same = commit(
        site.hub,
        tree=saved.imported.tree,
        parents=[site.base.commit],
        message="step\n",
        author=author,
        when=1_700_000_000,
    )
    assert saved.commit == same
    site.hub.git.run(["fsck", "--strict", "--no-dangling", same])


def test_a_step_of_five_files_starts_one_git(site: Site, saver: Saver, monkeypatch: pytest.MonkeyPatch) -> None:
    """And that one for the step after it, while nobody waits: starting git is what the time of a step was made of."""
    started: list[tuple[str, ...]] = []
    kind = type(site.hub.git)
    original = kind._process

    def counting(self: object, args: list[str], *rest: object, **options: object) -> object:
        started.append(tuple(args))
        return original(self, args, *rest, **options)  # type: ignore[arg-type]

    tree = site.hub.tree_of(site.base.commit)
    monkeypatch.setattr(kind, "_process", counting)
    for number in range(2, 12):
        step = Step(
            parent=site.base.commit,
            ref=refs.checkpoint("r-1", "t", number),
            message="step\n",
            author=AUTHOR,
            when=number,
        )
        assert len(saver.save(files(5, str(number)), step, tree=tree).imported.changed) == 5
    # Where steps follow each other faster than a git starts, the one that was to come is not waited for.
    assert len(started) <= 20
    assert {args[0] for args in started} == {"unpack-objects"}


def test_nothing_new_is_no_commit(site: Site, saver: Saver) -> None:
    """Files as they were leave no ref; what was refused leaves one, so that it is told."""
    same = Record(path=b"README.md", kind=RecordKind.FILE, data=b"hello\n")
    assert save(site, saver, 2, [same]).commit is None
    refused = save(site, saver, 2, [Record(path=b"socket", kind=RecordKind.SPECIAL)])
    assert refused.commit is not None
    assert [path.path for path in refused.imported.refused] == [b"socket"]


def test_a_git_that_was_killed_is_replaced(site: Site, saver: Saver) -> None:
    """Whichever of them is gone, the next step is saved as if nothing had been."""
    for number in range(2, 6):
        for pid in gits():
            os.kill(pid, signal.SIGKILL)
        saved = save(site, saver, number, files(3, str(number)))
        assert site.hub.read(refs.checkpoint("r-1", "t", number)) == saved.commit


def test_many_files_are_one_pack(site: Site, saver: Saver) -> None:
    """More than git would store singly are kept as a pack, checked alike."""
    saved = save(
        site, saver, 2, [Record(path=b"n/%d" % at, kind=RecordKind.FILE, data=b"%d" % at) for at in range(150)]
    )
    assert len(saved.imported.changed) == 150
    assert list((site.hub.directory / "objects/pack").glob("*.pack"))


def test_git_checks_what_a_step_stands_on(site: Site, saver: Saver) -> None:
    """A parent that is not there is found by git before the ref is made."""
    with pytest.raises(GitFailed):
        save(site, saver, 2, parent="1" * 40)
    assert site.hub.read(refs.checkpoint("r-1", "t", 2)) is None
