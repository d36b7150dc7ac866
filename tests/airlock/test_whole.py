"""What a power cut may leave of a store: a commit that is torn anywhere is not relied upon."""

from __future__ import annotations

from pathlib import Path

import pytest

from orchestrator.airlock.broken_refs import remove_broken_refs
from orchestrator.airlock.commits import commit
from orchestrator.airlock.durable import make_durable
from orchestrator.airlock.refs import checkpoint
from orchestrator.airlock.whole import is_whole
from tests.airlock.site import AUTHOR, RUN, Site


def made(site: Site) -> dict[str, str]:
    """A commit of one file on the base; its objects by what they are, all of them loose."""
    git = site.hub.git
    blob = git.line(["hash-object", "-w", "--stdin"], stdin=b"one two three\n" * 200)
    tree = git.line(["mktree"], stdin=f"100644 blob {blob}\tfile.txt\n".encode())
    oid = commit(site.hub, tree=tree, parents=[site.base.commit], message="m", author=AUTHOR, when=1)
    return {"blob": blob, "tree": tree, "commit": oid}


def loose(site: Site, oid: str) -> Path:
    """The file of an object."""
    return site.hub.directory / "objects" / oid[:2] / oid[2:]


def test_a_commit_is_whole(site: Site) -> None:
    """Also the base, on top of which there is nothing."""
    there = made(site)
    assert is_whole(site.hub, there["commit"], base=site.base.commit)
    assert is_whole(site.hub, site.base.commit, base=site.base.commit)
    make_durable(site.hub, there["commit"], base=site.base.commit)


@pytest.mark.parametrize("what", ["blob", "tree", "commit"])
@pytest.mark.parametrize("how", ["gone", "empty", "cut", "zeroed"])
def test_a_commit_with_a_torn_object_is_not(site: Site, what: str, how: str) -> None:
    """Whichever of its objects it is, and however it was torn."""
    there = made(site)
    path = loose(site, there[what])
    data = path.read_bytes()
    path.unlink()
    if how != "gone":
        torn = {"empty": b"", "cut": data[: len(data) // 2], "zeroed": data[:8] + bytes(len(data) - 8)}
        path.write_bytes(torn[how])
    assert not is_whole(site.hub, there["commit"], base=site.base.commit)


def test_torn_refs_are_removed_and_no_others(site: Site) -> None:
    """Git would neither read nor write them."""
    oid = made(site)["commit"]
    first, second = checkpoint(RUN, "task", 1), checkpoint(RUN, "task", 2)
    site.hub.create(first, oid)
    site.hub.create(second, oid)
    (site.hub.directory / second).write_bytes(b"")
    assert remove_broken_refs(site.hub.directory, [f"refs/mimo/runs/{RUN}"]) == [second]
    assert site.hub.refs(f"refs/mimo/runs/{RUN}/") == {first: oid}
    site.hub.create(second, oid)
