"""What an engine says of itself, and what this machine lets us do, as promises that can or can't be kept."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from sandbox.cgroups import CPU, MEMORY, PROCESSES
from sandbox.errors import SandboxUnavailable
from sandbox.identity import sandbox_uid
from sandbox.sandbox import Probe
from sandbox.trial import empty_worktree


def docker_probes(about: Mapping[str, Any]) -> tuple[Probe, ...]:
    """Promises read from the engine's description of itself (`docker info`); where one is broken, `detail` says so."""
    version = str(about.get("ServerVersion", "?"))
    system = str(about.get("OSType"))
    filters = " ".join(map(str, about.get("SecurityOptions") or ()))
    return (
        Probe(promise="a Docker engine answers", kept=True, detail=f"version {version}"),
        _told(
            "containers of Linux",
            broken=system != "linux" and f"the engine runs containers of {system}",
            detail=system,
            remedy="switch the engine to Linux containers",
        ),
        _told(
            "the engine's seccomp profile is on",
            broken="seccomp" not in filters and "the engine filters no system calls",
            detail=filters,
            remedy="use an engine built with seccomp; ours is installed in any case",
        ),
        *(_limit(about, key, what) for key, what in _LIMITS),
    )


def ownership_probe() -> Probe:
    """Whether commands can own their worktree: root of a user namespace with one user in it can't give it away."""
    promise = "commands own their worktree"
    try:
        with empty_worktree():
            return Probe(promise=promise, kept=True, detail=f"user id {sandbox_uid()}")
    except SandboxUnavailable as error:
        return Probe(promise=promise, kept=False, detail=error.what, remedy=error.remedy)


_LIMITS = (("MemoryLimit", "memory"), ("PidsLimit", "the number of processes"), ("CpuCfsQuota", "CPU time"))


def _limit(about: Mapping[str, Any], key: str, what: str) -> Probe:
    version = f"cgroup version {about.get('CgroupVersion', '?')}"
    return _told(
        f"{what} is limited",
        broken=not about.get(key) and f"the engine can't limit {what} ({version})",
        detail=version,
        remedy=f"enable the kernel's cgroup controller for {what}",
    )


_NO_CPU_LIMIT = Probe(
    promise="CPU time",
    kept=True,
    detail="not limited, for no cgroup may be made here",
    remedy="start the program by `systemd-run --user --scope`, or use docker",
)


def limit_probes(held: Mapping[str, int]) -> tuple[Probe, ...]:
    """Who holds a sandbox's totals where no engine does: cgroups (their version by controller), else the supervisor."""
    counted = "the supervisor counts every 100 ms"
    kernel = {name: f"by cgroup version {version}" for name, version in held.items()}
    return (
        Probe(promise="memory is limited", kept=True, detail=kernel.get(MEMORY, counted)),
        Probe(promise="the number of processes is limited", kept=True, detail=kernel.get(PROCESSES, counted)),
        Probe(promise="CPU time is limited", kept=True, detail=kernel[CPU]) if CPU in kernel else _NO_CPU_LIMIT,
    )


def _told(promise: str, *, broken: str | Literal[False], detail: str, remedy: str) -> Probe:
    if broken:
        return Probe(promise=promise, kept=False, detail=broken, remedy=remedy)
    return Probe(promise=promise, kept=True, detail=detail)
