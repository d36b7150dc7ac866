"""The supervisor built with sanitizers, as PID 1 of a sandbox: what it does for hostile commands has no finding."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from pathlib import Path

import anyio
import pytest

from sandbox.bubblewrap import BubblewrapBackend
from sandbox.errors import CommandRefused, FileRefused, SandboxLost
from sandbox.identity import sandbox_uid
from sandbox.sandbox import Command, LimitHit, Limits, Sandbox, SandboxSpec
from tests.sandbox.sanitized import SUPERVISOR, compile_sanitized, why_not

pytestmark = [pytest.mark.slow, pytest.mark.skipif(why_not() is not None, reason=str(why_not()))]


@pytest.fixture(scope="module")
def binary(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The supervisor, sanitized."""
    target = tmp_path_factory.mktemp("sanitized") / "supervisor"
    made = compile_sanitized(sorted(SUPERVISOR.glob("*.c")), target)
    assert made.returncode == 0, made.stderr
    return target


@pytest.fixture
async def sandbox(binary: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Sandbox]:
    """A sandbox whose PID 1 it is."""
    monkeypatch.setattr("sandbox.bubblewrap.supervisor_binary", lambda: binary)
    worktree, objects = tmp_path / "worktree", tmp_path / "objects"
    worktree.mkdir()
    objects.mkdir()
    os.chown(worktree, sandbox_uid(), -1)
    spec = SandboxSpec(
        run="sanitized", task="t", worktree=worktree, base_objects=objects, limits=Limits(output_bytes=1001)
    )
    async with BubblewrapBackend().open(spec) as opened:
        yield opened


async def test_it_is_the_sanitized_one(sandbox: Sandbox) -> None:
    """What runs as PID 1 is the build with sanitizers, so that these tests can find something."""
    assert (await sandbox.execute(Command(script="grep -q __asan_init /run/mimo/supervisor"))).ok


async def test_commands(sandbox: Sandbox) -> None:
    """Output of every length around the cap, on both streams, in short and in long writes."""
    for length in (0, 1, 499, 500, 501, 999, 1000, 1001, 1002, 1500, 70_000, 1_000_000):
        result = await sandbox.execute(Command(script=f"head -c {length} /dev/zero; printf %0{length}d >&2"))
        for kept in (result.stdout, result.stderr):
            assert len(kept.head) + len(kept.tail) + kept.dropped_bytes >= length
    bytewise = await sandbox.execute(Command(script="for i in $(seq 1500); do printf x; done"))
    assert bytewise.stdout.dropped_bytes == 500
    assert bytewise.limit is LimitHit.OUTPUT


async def test_how_commands_end(sandbox: Sandbox) -> None:
    """Ends of every kind: by signal, at the time limit, cancelled, not started; with orphans, zombies, and stopped."""
    for script in (
        "kill -9 $$",
        "kill -9 -1",
        "kill -STOP $$",
        "setsid sleep 1000 &",
        "for i in 1 2 3; do (: &); done",
    ):
        await sandbox.execute(Command(script=script, timeout_seconds=1.5))
    with anyio.move_on_after(0.3):
        await sandbox.execute(Command(script="sleep 1000"))
    with pytest.raises(CommandRefused):
        await sandbox.execute(Command(script="true", cwd="/etc"))
    with pytest.raises(CommandRefused, match="too long"):
        await sandbox.execute(Command(script="true", env={f"V{number}": "x" * 100_000 for number in range(100)}))
    env = {f"V{number}": "v" * 1000 for number in range(1000)}
    assert (
        await sandbox.execute(Command(script="echo ${#V999}", env={**env, "HOME": "/tmp"}))
    ).stdout.text() == "1000\n"


async def test_sampling(sandbox: Sandbox) -> None:
    """Processes with names that look like the kernel's own fields are counted all the same."""
    script = "cp /bin/sleep '/tmp/a) R 1 (x' && '/tmp/a) R 1 (x' 0.5; python3 -c 'bytearray(60_000_000)'"
    assert (await sandbox.execute(Command(script=script))).ok


async def test_files_and_snapshots(sandbox: Sandbox) -> None:
    """Files of odd names and kinds are told, read, written and refused."""
    await sandbox.execute(
        Command(
            script="mkdir -p a/b n/.git; echo x > a/b/c; ln -s / l; mkfifo f; touch $'\\xff\\n' \"$(printf %0200d)\""
        )
    )
    first = {record.path async for record in sandbox.snapshot()}
    assert {b"a/b/c", b"l", b"f", b"\xff\n", b"n"} <= first
    await sandbox.execute(Command(script="rm -rf a/b; echo y > a/d"))
    assert {b"a/b/c", b"a/d"} <= {record.path async for record in sandbox.snapshot()}
    await sandbox.write_file("x/y/z", b"content", create=True)
    assert await sandbox.read_file("x/y/z", max_bytes=100) == b"content"
    for path in ("l", "f", "a", "missing", ".git/config", "l/etc/passwd", "x/" * 120 + "y"):
        with pytest.raises(FileRefused):
            await sandbox.read_file(path, max_bytes=100)


async def test_a_finding_is_a_loss(sandbox: Sandbox, binary: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A request that is not of the protocol ends the supervisor with its reason, and no report of a sanitizer."""
    monkeypatch.setattr("sandbox.client.exec_payload", lambda *_arguments, **_named: b"\xff" * 100)
    with pytest.raises(SandboxLost, match="EXEC") as lost:
        await sandbox.execute(Command(script="true"))
    assert "Sanitizer" not in lost.value.why
