"""Each protection taken away: the attack that it stops works then. A wall that held without it would prove nothing."""

from __future__ import annotations

import os
from dataclasses import replace
from functools import partial
from pathlib import Path

import anyio
import pytest

from sandbox.backends import BACKENDS
from sandbox.cgroups import places
from sandbox.docker import DockerBackend
from sandbox.engine import Engine
from sandbox.names import RUN_LABEL
from tests.contracts.sandbox import walls
from tests.contracts.sandbox.ground import ground
from tests.contracts.sandbox.processes import canary, eventually
from tests.contracts.sandbox.walls import Wall
from tests.contracts.sandbox.weakened import (
    Weaken,
    as_root,
    both,
    container,
    content,
    host_environment,
    mounts,
    sharing,
    supervisor,
    unwatched,
    unwrapped,
    without_ceilings,
    without_git_settings,
)

BIG = str(64 * 1024**2)
ROOMY = {"/tmp": "rw,size=64m,mode=1777", "/home/agent": "rw,size=64m,mode=1777"}
FILTER = ("main.c", "install_filter();", "")
NEW_PRIVILEGES = ("main.c", " || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0", "")
NO_ENGINES_FILTER = container(security_opt=["seccomp=unconfined"])

DOCKER: dict[str, tuple[Weaken, Wall]] = {
    "user": (content(user="0:0"), walls.no_privileges),
    "capabilities": (container(cap_drop=None), walls.no_privileges),
    "read-only root": (container(read_only=False), walls.only_its_own_places),
    "read-only base objects": (mounts(of="/run/mimo/base-objects", read_only=False), walls.only_its_own_places),
    "kernel knobs": (content(user="0:0"), walls.no_knobs),
    "devices": (container(devices=["/dev/kmsg:/dev/kmsg:r"]), walls.no_devices),
    "files": (mounts(more=["{outside}"]), walls.no_files_of_the_host),
    "environment": (content(environment=host_environment), walls.no_environment_of_the_host),
    "socket in a file": (mounts(more=["{outside}"]), walls.no_socket_of_the_host),
    "socket by name": (
        container(network_mode="host"),
        walls.no_socket_of_the_host,
    ),
    "network": (container(network_mode="host"), walls.no_network),
    "network namespace": (
        both(content(hostname=None), container(network_mode="host")),
        walls.own_namespaces,
    ),
    "messages": (container(ipc_mode="host", shm_size=None), walls.own_namespaces),
    "host name": (both(content(hostname=None), container(uts_mode="host")), walls.own_namespaces),
    "memory": (container(mem_limit=None, memswap_limit=None), walls.memory_is_bounded),
    "processes": (container(pids_limit=None), walls.processes_are_bounded),
    "open files": (container(ulimits=None), walls.open_files_are_bounded),
    "a file": (content(entrypoint=["/run/mimo/supervisor"]), walls.a_file_is_bounded),
    "/tmp and home": (container(tmpfs=ROOMY), walls.places_in_memory_are_bounded),
    "/dev/shm": (container(shm_size=96 * 1024**2), walls.places_in_memory_are_bounded),
    "CPU time": (container(nano_cpus=None), walls.cpu_time_is_bounded),
    "no new privileges": (both(supervisor(FILTER, NEW_PRIVILEGES), NO_ENGINES_FILTER), walls.no_new_privileges),
    "both filters": (both(supervisor(FILTER), NO_ENGINES_FILTER), walls.filtered),
    "their tables": (both(supervisor(FILTER), NO_ENGINES_FILTER), walls.no_new_namespaces),
}
"""Each row of the promises with what it rests on in a container."""

BUBBLEWRAP: dict[str, tuple[Weaken, Wall]] = {
    "user": (as_root, walls.no_privileges),
    "capabilities": (unwrapped((["--cap-drop"], ["--cap-add"])), walls.no_privileges),
    "read-only root": (unwrapped((["--remount-ro", "/"], [])), walls.only_its_own_places),
    "read-only base objects": (
        unwrapped((["--ro-bind", "/tmp/mimo/base-objects"], ["--bind", "/tmp/mimo/base-objects"])),
        walls.only_its_own_places,
    ),
    "read-only /dev": (unwrapped((["--remount-ro", "/dev"], [])), walls.only_its_own_places),
    "read-only /proc/sys": (unwrapped((["--ro-bind", "/proc/sys", "/proc/sys"], [])), walls.no_knobs),
    "kernel knobs": (both(as_root, unwrapped((["--ro-bind", "/proc/sys"], ["--bind", "/proc/sys"]))), walls.no_knobs),
    "devices": (unwrapped((["--remount-ro", "/dev"], ["--dev-bind", "/dev/null", "/dev/mem"])), walls.no_devices),
    "files": (unwrapped((["--proc"], ["--ro-bind", "{outside}", "{outside}", "--proc"])), walls.no_files_of_the_host),
    "environment": (unwrapped((["--clearenv"], ["--setenv", "CANARY", "{word}"])), walls.no_environment_of_the_host),
    "socket in a file": (
        unwrapped((["--proc"], ["--ro-bind", "{outside}", "{outside}", "--proc"])),
        walls.no_socket_of_the_host,
    ),
    "socket by name": (sharing("net"), walls.no_socket_of_the_host),
    "network": (sharing("net"), walls.no_network),
    "network namespace": (sharing("net"), walls.own_namespaces),
    "messages": (sharing("ipc"), walls.own_namespaces),
    "host name": (both(sharing("uts"), unwrapped((["--hostname", "sandbox"], []))), walls.own_namespaces),
    "cgroup namespace": (sharing("cgroup"), walls.own_users_and_cgroups),
    "private /proc": (unwrapped((["--proc"], ["--ro-bind", "/proc"])), walls.no_other_processes),
    "memory": (without_ceilings("--memory"), walls.memory_is_bounded),
    "processes": (without_ceilings("--processes", "--process-rlimit"), walls.processes_are_bounded),
    "open files": (without_ceilings("--open-files"), walls.open_files_are_bounded),
    "a file": (both(without_ceilings("--file-bytes"), unwatched), walls.a_file_is_bounded),
    "/tmp": (unwrapped((["4194304", "--tmpfs", "/tmp"], [BIG, "--tmpfs", "/tmp"])), walls.places_in_memory_are_bounded),
    "home": (
        unwrapped((["4194304", "--tmpfs", "/home/agent"], [BIG, "--tmpfs", "/home/agent"])),
        walls.places_in_memory_are_bounded,
    ),
    "/dev/shm": (
        unwrapped(([BIG, "--tmpfs", "/dev/shm"], [str(96 * 1024**2), "--tmpfs", "/dev/shm"])),
        walls.places_in_memory_are_bounded,
    ),
    "the filter": (supervisor(FILTER), walls.filtered),
    "the filter's table": (supervisor(FILTER), walls.no_new_namespaces),
    "an undumpable supervisor": (
        supervisor(("main.c", "prctl(PR_SET_DUMPABLE, 0) != 0 || ", "")),
        walls.supervisor_out_of_reach,
    ),
    "an end to everything": (
        supervisor(("command.c", "kill_everything(&run->reaped);", "")),
        walls.nothing_runs_between,
    ),
    "time": (
        supervisor(("command.c", "run->limit = LIMIT_TIME;\n\t\tstop(run);", "")),
        walls.time_is_bounded,
    ),
    "output": (
        supervisor(("command.c", "run->request->output_bytes) ||", "1 << 23) ||")),
        walls.output_is_bounded,
    ),
}
"""The same under bubblewrap, and what the supervisor does under either."""

EITHER: dict[str, tuple[Weaken, Wall]] = {
    "git's settings": (without_git_settings, walls.no_planted_repository),
}
"""What neither of them does by walls."""

ROOTS = {"user", "kernel knobs", "read-only base objects"}
"""Rows of bubblewrap about what root's sandboxes stand on."""

ROWS = [
    (backend, name, *row)
    for backend, table in (("docker", DOCKER), ("bubblewrap", BUBBLEWRAP))
    for name, row in {**table, **EITHER}.items()
]


@pytest.mark.parametrize(
    ("backend", "name", "weaken", "wall"),
    [pytest.param(*row, id=f"{row[0]}-{row[1]}", marks=[pytest.mark.docker] * (row[0] == "docker")) for row in ROWS],
)
async def test_without_it_the_wall_breaks(
    backend: str, name: str, weaken: Weaken, wall: Wall, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The attack that the suite says is held works once its one protection is gone."""
    if backend == "bubblewrap" and name in ROOTS and os.getuid() != 0:
        pytest.skip("about what root's sandboxes stand on")
    with ground(tmp_path) as target:
        weaken(monkeypatch, target)
        async with BACKENDS[backend]().open(target.spec) as sandbox:
            assert await wall(sandbox, target) != []


@pytest.mark.skipif(not places(), reason="no cgroup may be made here")
@pytest.mark.parametrize("limit", ["memory", "processes", "CPU time"])
async def test_without_the_cgroup_nobody_counts(limit: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where a cgroup holds the totals the supervisor does not count: they rest on the cgroup alone."""
    held = {"memory": walls.memory_is_bounded, "processes": walls.processes_are_bounded}
    monkeypatch.setattr("sandbox.cgroups.Cgroup.join", lambda _self: ["join", "--"])
    with ground(tmp_path) as target:
        async with BACKENDS["bubblewrap"]().open(target.spec) as sandbox:
            if limit in held:
                assert await held[limit](sandbox, target) != []
            else:
                told = await walls.said(sandbox, "cat /proc/self/cgroup")
                assert not any("mimo-" in line for line in told)


@pytest.mark.docker
@pytest.mark.parametrize("removes_itself", [True, False])
async def test_a_container_that_nobody_is_there_to_remove(
    removes_itself: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is gone by itself once its input has closed; without its being told to it stays, for a sweep to find."""
    removed: list[str] = []

    async def remove_nothing(_self: DockerBackend, name: str) -> None:
        removed.append(name)

    monkeypatch.setattr(DockerBackend, "_remove", remove_nothing)
    with ground(tmp_path) as target:
        container(auto_remove=removes_itself)(monkeypatch, target)
        backend, spec = DockerBackend(), replace(target.spec, run=canary())
        async with backend.open(spec):
            pass
        condition = partial(_is_gone if removes_itself else _has_ended, spec.run)
        assert await anyio.to_thread.run_sync(partial(eventually, condition, seconds=60))
        assert await backend.sweep(spec.run) == ([] if removes_itself else removed)


def _is_gone(run: str) -> bool:
    return Engine().left_over(run) == []


def _has_ended(run: str) -> bool:
    with Engine()._connected() as api:
        return [one["State"] for one in api.containers(all=True, filters={"label": f"{RUN_LABEL}={run}"})] == ["exited"]


def test_every_wall_has_a_row() -> None:
    """Each attack of the suite is one that can work, under either backend."""
    shown = {wall for table in (DOCKER, BUBBLEWRAP, EITHER) for _, wall in table.values()}
    assert {*walls.WALLS, walls.cpu_time_is_bounded, walls.own_users_and_cgroups} == shown
