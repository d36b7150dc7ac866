"""What whoever holds a `Sandbox` may lean on, over both backends and the fake that stands for them elsewhere."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from sandbox.backends import BACKENDS
from sandbox.errors import CommandRefused, FileRefused
from sandbox.protocol import MAX_FILE_BYTES
from sandbox.sandbox import Command, Record, RecordKind, Sandbox
from tests.contracts.sandbox.conftest import make_spec
from tests.fakes.sandbox import FakeSandbox

FAKE = "fake"


@pytest.fixture(params=[pytest.param("docker", marks=pytest.mark.docker), "bubblewrap", FAKE])
async def sandbox(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Sandbox]:
    """A sandbox of each kind, with the same two files in its worktree."""
    if request.param == FAKE:
        yield FakeSandbox(files={"kept.txt": b"kept\n", "gone.txt": b"gone\n"})
        return
    async with BACKENDS[request.param]().open(make_spec(tmp_path)) as opened:
        yield opened


async def told(sandbox: Sandbox) -> dict[bytes, Record]:
    """A whole snapshot, by path."""
    return {record.path: record async for record in sandbox.snapshot()}


async def why_not_read(sandbox: Sandbox, path: str, most: int = 100) -> str:
    """Why a file is not read."""
    with pytest.raises(FileRefused) as refusal:
        await sandbox.read_file(path, max_bytes=most)
    return refusal.value.why


async def why_not_written(sandbox: Sandbox, path: str, *, create: bool) -> str:
    """Why a file is not written."""
    with pytest.raises(FileRefused) as refusal:
        await sandbox.write_file(path, b"attack", create=create)
    return refusal.value.why


async def test_it_has_a_name(sandbox: Sandbox) -> None:
    """The journal can say which one it was."""
    assert sandbox.name


async def test_a_result(sandbox: Sandbox) -> None:
    """A command that is none of a script's fault ends with a code, and is told with what it used."""
    result = await sandbox.execute(Command(script=":"))
    assert (result.ok, result.exit_code, result.signal, result.limit, result.cancelled) == (True, 0, None, None, False)
    assert (result.stderr.text(), result.stdout.dropped_bytes) == ("", 0)
    assert result.wall_seconds > 0
    assert result.peak_memory_bytes > 0


@pytest.mark.parametrize(
    "command",
    [
        Command(script="echo a\0b"),
        Command(script="true " + "x" * 131072),
        Command(script="true", cwd="/workspace\0"),
        Command(script="true", env={"A=B": "c"}),
        Command(script="true", cwd="/etc"),
        Command(script="true", cwd="/workspace/../etc"),
    ],
    ids=["nul", "long", "cwd", "name", "outside", "above"],
)
async def test_what_is_not_started(sandbox: Sandbox, command: Command) -> None:
    """What the kernel would cut, or would run elsewhere, is refused before it starts, and the next one is served."""
    with pytest.raises(CommandRefused):
        await sandbox.execute(command)
    assert (await sandbox.execute(Command(script=":", cwd="/tmp"))).ok


async def test_files_go_in_and_out(sandbox: Sandbox) -> None:
    """A file is made with its directories, read by either name of it, and replaced."""
    await sandbox.write_file("deep/er/file", b"one\0\xff", create=True)
    assert await sandbox.read_file("/workspace/deep/./er/file", max_bytes=5) == b"one\0\xff"
    await sandbox.write_file("/workspace/deep/er/file", b"", create=False)
    assert await sandbox.read_file("deep/er/file", max_bytes=0) == b""


async def test_why_a_file_is_refused(sandbox: Sandbox) -> None:
    """The reasons that an agent is shown, and that say whether a script is missing, have the same words everywhere."""
    await sandbox.write_file("dir/file", b"inside", create=True)
    assert await why_not_read(sandbox, "missing") == "No such file or directory"
    assert await why_not_read(sandbox, "nowhere/below") == "No such file or directory"
    assert await why_not_read(sandbox, "dir") == "not a regular file"
    assert await why_not_read(sandbox, "kept.txt", most=4) == "larger than 4 bytes"
    assert await why_not_read(sandbox, "kept.txt/below") == "a directory of the path is a link or no directory"
    assert await why_not_read(sandbox, "../above") == "not a path below /workspace"
    assert await why_not_read(sandbox, ".") == "a directory"
    assert await why_not_read(sandbox, "sub/.GIT/config") == ".git is not to be touched"
    assert await why_not_written(sandbox, "kept.txt", create=True) == "exists already"
    assert await why_not_written(sandbox, "missing", create=False) == "No such file or directory"
    assert await why_not_written(sandbox, ".git/config", create=True) == ".git is not to be touched"
    with pytest.raises(FileRefused, match=f"larger than {MAX_FILE_BYTES} bytes"):
        await sandbox.write_file("large", bytes(MAX_FILE_BYTES + 1), create=True)


async def test_a_snapshot_tells_what_changed(sandbox: Sandbox) -> None:
    """At first nothing; then what was written since the last that was read to its end, in order, and once."""
    assert await told(sandbox) == {}
    await sandbox.write_file("z", b"new", create=True)
    await sandbox.write_file("kept.txt", b"other\n", create=False)
    changed = await told(sandbox)
    assert [(path, record.kind, record.data) for path, record in changed.items()] == [
        (b"kept.txt", RecordKind.FILE, b"other\n"),
        (b"z", RecordKind.FILE, b"new"),
    ]
    assert {record.mode for record in changed.values()} == {0o100644}
    assert await told(sandbox) == {}


async def test_a_snapshot_that_was_not_read_to_its_end_counts_for_nothing(sandbox: Sandbox) -> None:
    """Whoever stops reading early is told everything by the next."""
    await sandbox.write_file("a", b"1", create=True)
    await sandbox.write_file("b", b"2", create=True)
    early = sandbox.snapshot()
    assert (await anext(early)).path == b"a"
    await sandbox.write_file("c", b"3", create=True)
    assert set(await told(sandbox)) == {b"a", b"b", b"c"}
