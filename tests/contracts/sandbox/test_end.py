"""The end of a sandbox: whatever ended it, nothing of it is left; and its loss is never taken for a result."""

from __future__ import annotations

import dataclasses
import gc
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import anyio
import pytest

from sandbox.cgroups import left_over, places, remove_empty
from sandbox.docker import DockerBackend, container_config, host_config
from sandbox.engine import Engine
from sandbox.errors import SandboxLost, SandboxUnavailable
from sandbox.names import OWNER_LABEL, unique_name
from sandbox.sandbox import Backend, Command, Sandbox, SandboxSpec
from tests.contracts.sandbox.conftest import make_spec
from tests.contracts.sandbox.processes import bearing, canary, eventually, mentioning, sleeper, supervisor_above

TOP = Path(__file__).parents[3]


def containers(run: str) -> list[str]:
    """Containers that bear a run's label."""
    return Engine().left_over(run)


async def run_in_background(sandbox: Sandbox, word: str, group: anyio.abc.TaskGroup) -> None:
    """Start a command that bears a canary, and wait until it can be seen."""

    async def run() -> None:
        with pytest.raises(SandboxLost):
            await sandbox.execute(Command(script=sleeper(word)))

    group.start_soon(run)
    assert await anyio.to_thread.run_sync(eventually, lambda: bool(bearing(word)))


async def test_nothing_is_left_after_close(backend: Backend, tmp_path: Path) -> None:
    """After the end of a sandbox neither its processes nor its container are there."""
    word, spec = canary(), make_spec(tmp_path, run=canary())

    async def fail_inside() -> None:
        async with backend.open(spec) as sandbox:
            with anyio.move_on_after(0.3):
                await sandbox.execute(Command(script=sleeper(word)))
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await fail_inside()
    assert bearing(word) == []
    assert left_over(spec.run) == {}
    if backend.name == "docker":
        assert containers(spec.run) == []


async def test_cancelled_while_it_runs(backend: Backend, tmp_path: Path) -> None:
    """A sandbox whose owner is cancelled in the middle of a command leaves nothing."""
    word, spec = canary(), make_spec(tmp_path, run=canary())
    async with anyio.create_task_group() as group:

        async def own() -> None:
            async with backend.open(spec) as sandbox:
                await sandbox.execute(Command(script=sleeper(word)))

        group.start_soon(own)
        assert await anyio.to_thread.run_sync(eventually, lambda: bool(bearing(word)))
        group.cancel_scope.cancel()
    assert bearing(word) == []
    if backend.name == "docker":
        assert containers(spec.run) == []


async def test_cancelled_while_it_starts(backend: Backend, tmp_path: Path) -> None:
    """Giving up at any moment of the start leaves nothing."""
    word = canary()
    plain = make_spec(tmp_path, run=canary())
    spec = dataclasses.replace(plain, env={"CANARY": word})
    for milliseconds in (0, 1, 2, 3, 5, 8, 12, 30, 80):
        with anyio.move_on_after(milliseconds / 1000):
            async with backend.open(spec):
                pass
    assert mentioning(word) == []
    gc.collect()  # a handle that was let go of without being closed would warn now, and a warning is an error
    if backend.name == "docker":
        assert containers(spec.run) == []


@contextmanager
def opened_elsewhere(backend: str, spec: SandboxSpec, word: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """Another process that owns a sandbox in which a command runs that bears the word: the process and the sandbox."""
    arguments = [backend, str(spec.worktree), str(spec.base_objects), spec.run, sleeper(word)]
    script = str(TOP / "tests/contracts/sandbox/opener.py")
    with subprocess.Popen(
        [sys.executable, script, *arguments],
        cwd=TOP,
        env={**os.environ, "PYTHONPATH": str(TOP)},
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        name = process.stdout.readline().strip()
        assert eventually(lambda: bool(bearing(word)), seconds=60)
        try:
            yield process, name
        finally:
            process.kill()


@pytest.fixture
def opener(backend: Backend, tmp_path: Path) -> Iterator[tuple[subprocess.Popen[str], str, str, str]]:
    """Another process that owns a sandbox with a command running in it: process, sandbox, run and canary."""
    word, run = canary(), canary()
    with opened_elsewhere(backend.name, make_spec(tmp_path, run=run), word) as (process, name):
        yield process, name, run, word
        process.kill()
        process.wait()
        for directories in left_over(run).values():  # what any crash leaves, until a sweep
            assert eventually(lambda directories=directories: remove_empty(directories), seconds=60)  # type: ignore[misc]


def test_nothing_outlives_a_killed_program(
    backend: Backend, opener: tuple[subprocess.Popen[str], str, str, str]
) -> None:
    """When the program is killed outright, its sandbox goes with it, processes and container."""
    process, _, run, word = opener
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert eventually(lambda: not bearing(word))
    if backend.name == "docker":
        assert eventually(lambda: not containers(run))


@pytest.mark.docker
def test_a_container_ends_when_nothing_is_heard_of_its_program(tmp_path: Path) -> None:
    """An engine that is killed leaves containers running with their input open: who hears nothing for long, ends.

    A program that stands still sounds the same, and takes nothing else away.
    """
    word, run = canary(), canary()
    spec = make_spec(tmp_path, run=run)
    with opened_elsewhere("docker", spec, word) as (process, _):
        process.send_signal(signal.SIGSTOP)
        assert eventually(lambda: not bearing(word), seconds=60)
        assert eventually(lambda: not containers(run), seconds=60)


async def test_commands_can_not_make_it_give_up(fresh: Sandbox) -> None:
    """The signal by which a supervisor counts the silence does nothing when a command sends it."""
    result = await fresh.execute(Command(script="for n in $(seq 60); do kill -ALRM 1; sleep 0.01; done; echo done"))
    assert result.stdout.text() == "done\n"
    assert (await fresh.execute(Command(script="true"))).ok


async def test_a_sweep_leaves_what_is_in_use(
    backend: Backend, opener: tuple[subprocess.Popen[str], str, str, str]
) -> None:
    """A sweep of everything takes nothing from a program that is alive."""
    _, name, _, word = opener
    assert name not in await backend.sweep()
    assert bearing(word)


@pytest.mark.docker
async def test_a_sweep_removes_what_a_crash_left(tmp_path: Path) -> None:
    """A container whose owner is gone is removed and named, the second time there is none; so is a run's."""
    backend, engine = DockerBackend(), Engine()
    spec = make_spec(tmp_path, run=canary())
    image = await backend.ensure_image()
    config, host = container_config(spec), host_config(spec)
    name, mine = unique_name(spec), unique_name(spec)
    boot, namespace, _, _ = config["labels"][OWNER_LABEL].split(" ")
    dead = {**config["labels"], OWNER_LABEL: f"{boot} {namespace} {os.getpid()} 1"}
    engine.create(mine, image, config, host)
    swept: list[str] = []
    with anyio.fail_after(120):
        while name not in swept:  # whatever else runs on this machine sweeps too, and may be first
            name = unique_name(spec)
            engine.create(name, image, {**config, "labels": dead}, host)
            swept = await backend.sweep()
            assert name not in containers(spec.run)
            assert mine not in swept
    assert await backend.sweep(spec.run) == [mine]
    assert await backend.sweep(spec.run) == []


@pytest.mark.skipif(not places(), reason="no cgroup may be made here")
@pytest.mark.parametrize("backend", ["bubblewrap"], indirect=True)
async def test_a_sweep_removes_cgroups_that_a_crash_left(
    backend: Backend, opener: tuple[subprocess.Popen[str], str, str, str]
) -> None:
    """The empty cgroup of a killed program is removed, the second time there is none."""
    process, name, run, word = opener
    assert list(left_over(run)) == [name]
    assert await backend.sweep(run) == []  # at work: nothing is taken from it
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert eventually(lambda: not bearing(word), seconds=60)
    with anyio.fail_after(60):
        while left_over(run):  # its last process may still be leaving, and another program sweep before us
            await anyio.sleep(0.02)
            assert await backend.sweep(run) in ([], [name])
    assert await backend.sweep(run) == []


async def test_a_killed_supervisor_is_a_loss(fresh: Sandbox) -> None:
    """When the supervisor dies, the caller learns of a lost sandbox, then and ever after, and never of a result."""
    word = canary()
    async with anyio.create_task_group() as group:
        await run_in_background(fresh, word, group)
        os.kill(supervisor_above(bearing(word)[0]), signal.SIGKILL)
    with pytest.raises(SandboxLost):
        await fresh.execute(Command(script="true"))
    with pytest.raises(SandboxLost):
        await fresh.read_file("kept.txt", max_bytes=10)
    with pytest.raises(SandboxLost):
        [record async for record in fresh.snapshot()]
    assert bearing(word) == []


async def test_a_missing_worktree_is_said(backend: Backend, spec: SandboxSpec) -> None:
    """A sandbox that can't be opened says what is missing, and leaves nothing."""
    broken = SandboxSpec(run=canary(), task="t", worktree=spec.worktree / "none", base_objects=spec.base_objects)
    with pytest.raises(SandboxUnavailable):
        async with backend.open(broken):
            pass
    if backend.name == "docker":
        assert containers(broken.run) == []


@pytest.mark.docker
async def test_a_missing_image_is_said(spec: SandboxSpec) -> None:
    """An image that is neither here nor to be had is named, with what to do."""
    wrong = SandboxSpec(
        run=spec.run, task="t", worktree=spec.worktree, base_objects=spec.base_objects, image="localhost:1/none:none"
    )
    with pytest.raises(SandboxUnavailable, match="localhost:1/none:none"):
        async with DockerBackend().open(wrong):
            pass
