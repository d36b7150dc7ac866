"""The snapshot: exactly what changed, nothing followed, nothing waited for, everything bounded."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from sandbox.errors import SnapshotTooLarge
from sandbox.sandbox import Command, Record, RecordKind, Sandbox, SandboxSpec
from tests.contracts.sandbox.conftest import make_spec
from tests.contracts.sandbox.overlaid import overlaid


@pytest.fixture(params=["plain", "overlay"])
def spec(request: pytest.FixtureRequest, tmp_path: Path) -> SandboxSpec:
    """A worktree of each kind: what changed is told alike."""
    made = make_spec(tmp_path)
    return overlaid(made) if request.param == "overlay" else made


async def run(sandbox: Sandbox, script: str) -> None:
    """Run a script that must succeed."""
    result = await sandbox.execute(Command(script=script, timeout_seconds=60))
    assert result.ok, result


async def changes(sandbox: Sandbox) -> dict[bytes, Record]:
    """A whole snapshot, by path."""
    return {record.path: record async for record in sandbox.snapshot()}


async def test_nothing_changed(fresh: Sandbox) -> None:
    """What was there at the start is not told."""
    assert await changes(fresh) == {}


async def test_every_kind_of_change(fresh: Sandbox) -> None:
    """Changed, new, deleted, linked and special paths are told as they are, in order."""
    await run(
        fresh,
        """echo more >> kept.txt; rm gone.txt; mkdir -p a/b; echo new > a/b/new; chmod 755 a/b/new
        ln -s ../../etc/passwd link; mkfifo pipe; mkdir empty
        python3 -c 'import socket; socket.socket(socket.AF_UNIX).bind("sock")'""",
    )
    told = [record async for record in fresh.snapshot()]
    assert [(record.path, record.kind, record.data) for record in told] == [
        (b"a/b/new", RecordKind.FILE, b"new\n"),
        (b"gone.txt", RecordKind.DELETED, b""),
        (b"kept.txt", RecordKind.FILE, b"kept\nmore\n"),
        (b"link", RecordKind.LINK, b"../../etc/passwd"),
        (b"pipe", RecordKind.SPECIAL, b""),
        (b"sock", RecordKind.SPECIAL, b""),
    ]
    modes = {record.path: record.mode for record in told}
    assert modes[b"a/b/new"] == stat.S_IFREG | 0o755
    assert stat.S_ISFIFO(modes[b"pipe"])
    assert await changes(fresh) == {}


async def test_a_mode_alone_is_a_change(fresh: Sandbox) -> None:
    """A file whose mode changed is told."""
    await run(fresh, "chmod +x kept.txt")
    assert (await changes(fresh))[b"kept.txt"].mode & 0o777 == 0o755


async def test_names_are_bytes(fresh: Sandbox) -> None:
    """Names with newlines, blanks and bytes that are no UTF-8 come as the kernel has them."""
    await run(fresh, r"""touch $'new\nline' $'\xff\xfe' ' ' $'tab\t' -- '-rf'""")
    assert set(await changes(fresh)) == {b"new\nline", b"\xff\xfe", b" ", b"tab\t", b"-rf"}


async def test_git_directories(fresh: Sandbox) -> None:
    """The worktree's own `.git` is not told; a nested repository is, and nothing of its content."""
    await run(
        fresh, "echo x > .git/hooks; mkdir -p sub/repo/.git; echo secret > sub/repo/file; mkdir two; echo > two/.git"
    )
    told = await changes(fresh)
    assert {path: record.kind for path, record in told.items()} == {
        b"sub/repo": RecordKind.NESTED,
        b"two": RecordKind.NESTED,
    }


async def test_names_like_git_are_told(fresh: Sandbox) -> None:
    """What only another file system would take for `.git` is told, for the host to refuse."""
    await run(fresh, "mkdir .GIT; echo x > .GIT/config")
    assert set(await changes(fresh)) == {b".GIT/config"}


async def test_links_are_not_followed(fresh: Sandbox) -> None:
    """A directory swapped for a link yields the link, never what it leads to."""
    await run(fresh, "mkdir d; echo 1 > d/file")
    await changes(fresh)
    await run(fresh, "rm -r d; ln -s /etc d; ln -s /proc/self/environ e; ln -s / root")
    told = await changes(fresh)
    assert {path: (record.kind, record.data) for path, record in told.items()} == {
        b"d": (RecordKind.LINK, b"/etc"),
        b"d/file": (RecordKind.DELETED, b""),
        b"e": (RecordKind.LINK, b"/proc/self/environ"),
        b"root": (RecordKind.LINK, b"/"),
    }


async def test_a_change_of_the_same_size_within_one_tick(fresh: Sandbox) -> None:
    """A file rewritten in place right after a snapshot, same size and all, is told by the next."""
    for number in range(20):
        await run(fresh, f"printf '%02d' {number} > same")
        assert (await changes(fresh))[b"same"].data == f"{number:02d}".encode()


async def test_too_large_and_unreadable(fresh: Sandbox) -> None:
    """A file beyond the bound or without read permission is told without its content."""
    await run(
        fresh, "truncate -s 20M large; echo x > locked; chmod 000 locked; mkdir shut; echo y > shut/f; chmod 000 shut"
    )
    told = await changes(fresh)
    assert {path: (record.kind, record.data) for path, record in told.items()} == {
        b"large": (RecordKind.TOO_LARGE, b""),
        b"locked": (RecordKind.SPECIAL, b""),
        b"shut": (RecordKind.SPECIAL, b""),
    }
    await run(fresh, "chmod 700 shut; mkdir dim; echo z > dim/f; chmod 400 dim")
    told = await changes(fresh)
    assert (told[b"dim"].kind, told[b"shut/f"].data) == (RecordKind.SPECIAL, b"y\n")
    await run(fresh, "chmod 700 dim")
    assert (await changes(fresh))[b"dim/f"].data == b"z\n"


async def test_deeper_than_a_path_can_say(fresh: Sandbox) -> None:
    """A directory tree deeper than any path ends in a record of its own, and the rest is told."""
    deep = """python3 -c '
import os
for _ in range(300):
    os.mkdir("d" * 200); os.chdir("d" * 200)
open("bottom", "w").close()'"""
    await run(fresh, deep + "; echo x > zzz")
    told = await changes(fresh)
    kinds = sorted(record.kind for record in told.values())
    assert kinds == [RecordKind.FILE, RecordKind.SPECIAL]
    await run(fresh, "rm -rf ddd*")


async def test_a_budget_ends_it_with_an_error(fresh: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    """More changes than the budget are an error, and nothing is forgotten by it."""
    await run(fresh, "for i in 1 2 3 4; do echo $i > f$i; done")
    monkeypatch.setattr("sandbox.client.SNAPSHOT_RECORDS", 3)
    with pytest.raises(SnapshotTooLarge, match="3 changed files"):
        await changes(fresh)
    monkeypatch.setattr("sandbox.client.SNAPSHOT_RECORDS", 1000)
    monkeypatch.setattr("sandbox.client.SNAPSHOT_BYTES", 10)
    with pytest.raises(SnapshotTooLarge, match="10 bytes"):
        await changes(fresh)
    monkeypatch.setattr("sandbox.client.SNAPSHOT_BYTES", 1000)
    assert len(await changes(fresh)) == 4


async def test_an_abandoned_snapshot_is_told_again(fresh: Sandbox) -> None:
    """Whoever stops reading early loses nothing: the next snapshot tells it all, and the old one can't go on."""
    await run(fresh, "for i in 1 2 3 4; do head -c 300000 /dev/zero > f$i; done")
    early = fresh.snapshot()
    assert (await anext(early)).path == b"f1"
    await run(fresh, "echo more > g")
    with pytest.raises(RuntimeError):
        await anext(early)
    assert set(await changes(fresh)) == {b"f1", b"f2", b"f3", b"f4", b"g"}
    assert await changes(fresh) == {}


async def test_many_files(fresh: Sandbox) -> None:
    """Thousands of files come whole and in order."""
    await run(fresh, "mkdir m; for i in $(seq 3000); do echo $i > m/$i; done")
    told = [record async for record in fresh.snapshot()]
    assert len(told) == 3000
    assert [record.path for record in told] == sorted(record.path for record in told)
    assert all(record.data == record.path[2:] + b"\n" for record in told)
