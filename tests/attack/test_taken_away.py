"""Each group of escapes, with a wall taken away that it is held by: what aims at it comes out broken."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest

from hatch_build import compile_supervisor
from sandbox.backends import BACKENDS
from sandbox.sandbox import SandboxSpec
from tests.attack.walls import TrustingBackend, broken, bubblewrap_with, docker_with, without
from tests.tree import TOP

SHARED_NETWORK = without(
    "--unshare-all", instead=("--unshare-ipc", "--unshare-pid", "--unshare-uts", "--unshare-cgroup-try")
)


async def test_a_root_that_can_be_written(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the last remount, files can be made beside the worktree."""
    backend = bubblewrap_with(monkeypatch, without("--remount-ro", "/"))
    await broken(backend, "read-only-root")


async def test_the_hosts_network(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a network of its own, servers of the host's are reached, and a way out is found before it is used."""
    backend = bubblewrap_with(monkeypatch, SHARED_NETWORK)
    await broken(backend, "host-loopback", "host-datagram", "abstract-socket", "list-of-sockets")


async def test_settings_of_the_kernel(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a read-only /proc/sys, the settings of the sandbox's own namespaces can be written."""
    backend = bubblewrap_with(monkeypatch, without("--ro-bind", "/proc/sys", "/proc/sys"))
    await broken(backend, "kernel-settings")


async def test_no_filter(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """With a supervisor that installs no filter, the kernel serves what it refused."""
    shutil.copytree(TOP / "sandbox" / "supervisor", tmp_path / "sandbox" / "supervisor")
    unfiltered = '#include "supervisor.h"\nvoid install_filter(void) {}\n'
    (tmp_path / "sandbox" / "supervisor" / "filter.c").write_text(unfiltered)
    binary = compile_supervisor(tmp_path)
    monkeypatch.setattr("sandbox.bubblewrap.supervisor_binary", lambda: binary)
    await broken(BACKENDS["bubblewrap"](), "unshare", "clone", "kernel-keyring", "stop-supervisor")


async def test_no_limits(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a bound, the bombs go off, as far as they go by themselves."""
    monkeypatch.setattr("sandbox.cgroups.places", list)
    kept = bubblewrap_with(monkeypatch, lambda words: [*words[: words.index("--open-files")], "--open-files", "5000"])
    await broken(kept, "memory-bomb", "large-file", "open-files")


async def test_a_program_that_follows_links() -> None:
    """Where the program opens files by their path, links lead it out."""
    backend = TrustingBackend(real=BACKENDS["bubblewrap"]())
    await broken(backend, "read-through-link", "read-through-directory-link", "write-through-link")


@pytest.mark.docker
async def test_a_directory_of_the_hosts(monkeypatch: pytest.MonkeyPatch) -> None:
    """With the place of worktrees mounted, other tasks' files and sockets are in reach."""

    def host(made: dict[str, Any], spec: SandboxSpec) -> dict[str, Any]:
        place = str(spec.worktree.parents[1])
        return {"mounts": [*made["mounts"], {"Type": "bind", "Source": place, "Target": place}]}

    backend = docker_with(monkeypatch, host=host)
    await broken(
        backend,
        "file-beside-worktree",
        "other-tasks-files",
        "search-for-host-files",
        "socket-of-the-host",
        "any-socket",
    )


@pytest.mark.docker
async def test_a_container_with_rights(monkeypatch: pytest.MonkeyPatch) -> None:
    """As root with an engine's usual capabilities and a writable root, a command is root there."""
    backend = docker_with(monkeypatch, host=lambda *_: {"cap_drop": [], "read_only": False}, user="0:0")
    await broken(backend, "read-only-root", "root-rights", "device-nodes", "become-root")


@pytest.mark.docker
async def test_a_container_without_limits(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the engine's limits, the bombs go off."""
    unlimited = {"pids_limit": -1, "mem_limit": 0, "memswap_limit": 0}
    await broken(docker_with(monkeypatch, host=lambda *_: unlimited), "fork-bomb", "memory-bomb")
