"""What an engine is asked for: nothing that the oldest one we support, 20.10, would refuse or overlook."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from docker.types import HostConfig

from sandbox.docker import host_config
from sandbox.sandbox import SandboxSpec

OLDEST = "1.41"
"""The version of the interface that engine 20.10 speaks."""

KNOWN = {
    *("Mounts", "ReadonlyRootfs", "Tmpfs", "ShmSize", "CapDrop", "SecurityOpt", "NetworkMode", "IpcMode", "Memory"),
    *("MemorySwap", "PidsLimit", "NanoCpus", "Ulimits", "LogConfig", "AutoRemove"),
}
"""What we ask for. It is all in that version's description; a new one has to be looked up there first."""

MOUNT = {"Target", "Source", "Type", "ReadOnly", "BindOptions"}
"""The same of a mount; `BindOptions` has `Propagation` and `NonRecursive` there, and nothing else."""


@pytest.fixture
def host(tmp_path: Path) -> dict[str, Any]:
    """The walls of some sandbox."""
    return host_config(SandboxSpec(run="run", task="task", worktree=tmp_path, base_objects=tmp_path))


def test_the_oldest_engine_is_asked_for_nothing_newer(host: dict[str, Any]) -> None:
    """An old engine overlooks a key that it does not know, and with it the wall."""
    assert set(HostConfig(version=OLDEST, **host)) == KNOWN


def test_mounts_have_no_newer_keys(host: dict[str, Any]) -> None:
    """Nor has a mount any."""
    assert {key for mount in host["mounts"] for key in mount} == MOUNT
    assert {key for mount in host["mounts"] for key in mount["BindOptions"]} == {"Propagation"}
