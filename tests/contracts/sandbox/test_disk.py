"""The worktree's size and number of files: watched while a command runs, on both kinds of worktree. Bombs are small."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from sandbox.sandbox import Backend, Command, CommandResult, LimitHit, Limits, Sandbox, SandboxSpec
from tests.contracts.sandbox.conftest import make_spec
from tests.contracts.sandbox.overlaid import overlaid

MEGABYTE = 1024**2
LIMITS = Limits(disk_bytes=8 * MEGABYTE, disk_entries=500)
ENDLESS = "sleep 60"
"""A command that has done its harm and stays: only the watch ends it before the test's patience does."""


@pytest.fixture(params=["plain", "overlay"])
def spec(request: pytest.FixtureRequest, tmp_path: Path) -> SandboxSpec:
    """A worktree of each kind that may not grow much, with three megabytes from the start."""
    made = make_spec(tmp_path, limits=LIMITS)
    (made.worktree / "large").write_bytes(b"x" * 3 * MEGABYTE)
    (made.worktree / "large").chmod(0o666)
    return overlaid(made) if request.param == "overlay" else made


@pytest.fixture
async def fresh(backend: Backend, spec: SandboxSpec) -> AsyncIterator[Sandbox]:
    """A sandbox on it."""
    async with backend.open(spec) as sandbox:
        yield sandbox


async def run(sandbox: Sandbox, script: str) -> CommandResult:
    """One command, with more time than the watch needs."""
    return await sandbox.execute(Command(script=script, timeout_seconds=50))


BOMBS = {
    "files": "for i in 1 2 3 4 5 6; do head -c 2M /dev/zero > f$i; done",
    "growing": "for i in $(seq 60); do head -c 200K /dev/zero >> g$((i % 5)); done",
    "allocated": "for i in 1 2 3; do fallocate -l 4M a$i; done",
    "in its git": "for i in 1 2 3 4 5 6; do head -c 2M /dev/zero > .git/f$i; done",
    "deleted and open": "exec 3>a 4>b 5>c; rm a b c; for i in 3 4 5; do head -c 4M /dev/zero >&$i; done",
    "closed directory": "mkdir d; for i in 1 2 3 4 5 6; do head -c 2M /dev/zero > d/f$i; done; chmod 0 d",
    "empty files": "mkdir e; for i in $(seq 600); do : > e/$i; done",
    "directories": "for i in $(seq 600); do mkdir e$i; done",
    "links": "for i in $(seq 600); do ln -s x e$i; done",
}


HOLD = """python3 - <<'END'
import array, ctypes, os, socket, time
kernel, kept = ctypes.CDLL(None), []
kernel.mmap.restype, kernel.mmap.argtypes = ctypes.c_void_p, [ctypes.c_void_p, ctypes.c_size_t, *[ctypes.c_int] * 4]
def made():
    for name in "abcdef":
        file = os.open(name, os.O_RDWR | os.O_CREAT)
        os.unlink(name)
        os.posix_fallocate(file, 0, 4 * 1024**2)
        yield file
def send(file):
    kept.extend(socket.socketpair())
    kept[-1].sendmsg([b"x"], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", [file]))])
{}
time.sleep(60)
END
"""
HOLDERS = {
    "mapped": "for file in made(): kernel.mmap(None, 4096, 1, 1, file, 0); os.close(file)",
    "sent": "for file in made(): send(file); os.close(file)",
}


@pytest.mark.parametrize("holder", HOLDERS)
async def test_deleted_and_held_by_no_descriptor(fresh: Sandbox, holder: str) -> None:
    """What is held in a way that can't be measured is stopped as well."""
    result = await run(fresh, HOLD.format(HOLDERS[holder]))
    assert result.limit is LimitHit.DISK, result


@pytest.mark.parametrize("bomb", BOMBS)
async def test_growth_beyond_the_limit(fresh: Sandbox, bomb: str) -> None:
    """Growth in any form ends the command soon, the limit is named, and what it left can be removed."""
    result = await run(fresh, f"{BOMBS[bomb]}; {ENDLESS}")
    assert (result.limit, result.ok) == (LimitHit.DISK, False)
    assert (await run(fresh, "chmod 700 d 2> /dev/null; rm -rf -- [a-g]* .git/f*; echo small > again")).ok


async def test_a_quick_one(fresh: Sandbox) -> None:
    """A command that is over before the watch looks again is told of at its end."""
    result = await run(fresh, "for i in 1 2 3; do fallocate -l 4M a$i; done")
    assert result.limit is LimitHit.DISK
    assert result.exit_code == 0


async def test_below_the_limit(fresh: Sandbox) -> None:
    """What the worktree had at the start, /tmp, holes and hard links do not count."""
    script = """head -c 12M /dev/zero > /tmp/large
    head -c 6M /dev/zero > mine; for i in $(seq 20); do ln mine l$i; done
    truncate -s 7M hole1 hole2 hole3; exec 3> gone; rm gone; head -c 100K /dev/zero >&3
    for i in 1 2 3 4 5; do sleep 2 & done; wait"""
    result = await run(fresh, script)
    assert (result.exit_code, result.limit) == (0, None)


async def test_what_is_over_it_may_stay_but_not_grow(fresh: Sandbox) -> None:
    """Commands after it run; one that adds more is ended, one that makes room is not."""
    assert (
        await run(fresh, f"for i in 1 2 3 4 5; do head -c 2M /dev/zero > f$i; done; {ENDLESS}")
    ).limit is LimitHit.DISK
    assert (await run(fresh, "sleep 2.5; ls f*")).ok
    assert (await run(fresh, f"for i in 1 2; do head -c 2M /dev/zero > g$i; done; {ENDLESS}")).limit is LimitHit.DISK
    assert (await run(fresh, "rm f* g*; sleep 2.5")).ok


async def test_a_worktree_that_is_read_only(backend: Backend, spec: SandboxSpec) -> None:
    """Where nothing can be written nothing is watched, and commands run as ever."""
    async with backend.open(replace(spec, read_only=True)) as sandbox:
        assert (await run(sandbox, "sleep 1.5; ! touch new")).ok
