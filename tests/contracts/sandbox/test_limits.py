"""Limits: each one bounded, and named in the result. Bombs are small and end by themselves."""

from __future__ import annotations

from pathlib import Path

import pytest

from sandbox import cgroups
from sandbox.backends import BACKENDS
from sandbox.cgroups import CPU
from sandbox.sandbox import Backend, Command, CommandResult, LimitHit, Limits
from tests.contracts.sandbox.conftest import make_spec

MEGABYTE = 1024**2
COUNTED = "bubblewrap without cgroups"


@pytest.fixture(params=[pytest.param("docker", marks=pytest.mark.docker), "bubblewrap", COUNTED])
def backend(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Backend:
    """Each backend in turn, and bubblewrap as it is where no cgroup may be made: the supervisor counts."""
    if request.param == COUNTED:
        monkeypatch.setattr("sandbox.cgroups.places", list)
    return BACKENDS[request.param.split()[0]]()


async def run(backend: Backend, place: Path, limits: Limits, script: str) -> CommandResult:
    """One command in a sandbox of its own, and a second that shows that the sandbox lives on."""
    async with backend.open(make_spec(place, limits=limits)) as sandbox:
        result = await sandbox.execute(Command(script=script, timeout_seconds=60))
        assert (await sandbox.execute(Command(script="true"))).exit_code == 0
        return result


async def test_memory_of_one_process(backend: Backend, tmp_path: Path) -> None:
    """A process that takes more memory than the sandbox has is ended, and the limit is named."""
    script = "python3 -c 'x = bytearray(130_000_000); import time; time.sleep(30)'"
    result = await run(backend, tmp_path, Limits(memory_bytes=100 * MEGABYTE), script)
    assert result.limit is LimitHit.MEMORY
    assert not result.ok


async def test_memory_of_many_processes(backend: Backend, tmp_path: Path) -> None:
    """Processes that take too much together, none of them alone, are ended, and the limit is named."""
    hog = "python3 -c 'x = bytearray(40_000_000); import time; time.sleep(30)'"
    script = f"for i in 1 2 3 4 5; do {hog} & done; wait"
    result = await run(backend, tmp_path, Limits(memory_bytes=100 * MEGABYTE), script)
    assert result.limit is LimitHit.MEMORY


async def test_memory_below_the_limit(backend: Backend, tmp_path: Path) -> None:
    """Shared pages are counted once: a process and its forks below the limit run to their end."""
    script = """python3 -c '
import os, time
x = bytearray(60_000_000)
for _ in range(3):
    if os.fork() == 0:
        time.sleep(0.5); os._exit(0)
for _ in range(3):
    os.wait()'"""
    result = await run(backend, tmp_path, Limits(memory_bytes=150 * MEGABYTE), script)
    assert (result.exit_code, result.limit) == (0, None)


async def test_processes(backend: Backend, tmp_path: Path) -> None:
    """No more processes than the limit can be there at once, and reaching it is named."""
    script = """python3 -c '
import os, time
count = 0
try:
    while count < 300:
        if os.fork() == 0:
            time.sleep(30); os._exit(0)
        count += 1
except OSError:
    print(count, flush=True); time.sleep(1)'"""
    result = await run(backend, tmp_path, Limits(pids=40), script)
    assert result.limit is LimitHit.PROCESSES
    assert 20 < int(result.stdout.text()) < 40


async def test_a_file_beyond_the_disk_limit(backend: Backend, tmp_path: Path) -> None:
    """A file that grows beyond the disk limit ends its writer, and the limit is named."""
    result = await run(backend, tmp_path, Limits(disk_bytes=2 * MEGABYTE), "exec head -c 5M /dev/zero > big")
    assert result.limit is LimitHit.DISK
    assert (tmp_path / "worktree" / "big").stat().st_size <= 2 * MEGABYTE


async def test_tmp_and_open_files(backend: Backend, tmp_path: Path) -> None:
    """/tmp and the home are bounded, and so is the number of open files."""
    script = """head -c 9M /dev/zero > /tmp/big && echo tmp; head -c 9M /dev/zero > ~/big && echo home
    ulimit -n; ulimit -c; true"""
    result = await run(backend, tmp_path, Limits(tmp_bytes=8 * MEGABYTE, open_files=300), script)
    assert result.stdout.text() == "300\n0\n"


async def test_output_limit_is_per_stream(backend: Backend, tmp_path: Path) -> None:
    """The output cap of the limits is kept for each stream."""
    script = "head -c 5000 /dev/zero; head -c 10 /dev/zero >&2"
    result = await run(backend, tmp_path, Limits(output_bytes=1000), script)
    assert (len(result.stdout.head), len(result.stdout.tail), result.stdout.dropped_bytes) == (500, 500, 4000)
    assert (len(result.stderr.head), result.limit) == (10, LimitHit.OUTPUT)


async def test_default_time_limit(backend: Backend, tmp_path: Path) -> None:
    """A command without a time limit of its own has the sandbox's."""
    result = await run(backend, tmp_path, Limits(timeout_seconds=0.2), "exec sleep 50")
    assert (result.limit, result.signal) == (LimitHit.TIME, 15)


async def test_cpu_time(backend: Backend, tmp_path: Path) -> None:
    """Who wants more than its share of CPU time is held back by the kernel, and can see what it has."""
    if backend.name == "bubblewrap" and not any(CPU in place.controllers for place in cgroups.places()):
        pytest.skip("without a cgroup nobody holds CPU time, and `doctor` says so")
    script = """cd /sys/fs/cgroup; cat cpu.max cpu/cpu.cfs_quota_us 2>/dev/null | cut -d' ' -f1
    for i in 1 2; do (while :; do :; done) & done
    until cat cpu.stat cpu/cpu.stat 2>/dev/null | grep -q '^nr_throttled [1-9]'; do sleep 0.1; done; echo held back"""
    result = await run(backend, tmp_path, Limits(cpus=0.2), script)
    assert result.stdout.text() == "20000\nheld back\n"
