"""What an engine says of itself, as promises that it can or can't keep."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sandbox.sandbox import Probe


def docker_probes(about: Mapping[str, Any]) -> tuple[Probe, ...]:
    """Promises read from the engine's description of itself (`docker info`)."""
    version = str(about.get("ServerVersion", "?"))
    filters = " ".join(map(str, about.get("SecurityOptions") or ()))
    return (
        Probe(promise="a Docker engine answers", kept=True, detail=f"version {version}"),
        _told(
            "containers of Linux",
            kept=about.get("OSType") == "linux",
            detail=str(about.get("OSType")),
            remedy="switch the engine to Linux containers",
        ),
        _told(
            "the engine's seccomp profile is on",
            kept="seccomp" in filters,
            detail=filters or "none",
            remedy="use an engine built with seccomp; ours is installed in any case",
        ),
        *(_limit(about, key, what) for key, what in _LIMITS),
    )


_LIMITS = (("MemoryLimit", "memory"), ("PidsLimit", "the number of processes"), ("CpuCfsQuota", "CPU time"))


def _limit(about: Mapping[str, Any], key: str, what: str) -> Probe:
    kept = bool(about.get(key))
    detail = f"cgroup version {about.get('CgroupVersion', '?')}"
    return _told(
        f"{what} is limited", kept=kept, detail=detail, remedy=f"enable the kernel's cgroup controller for {what}"
    )


def _told(promise: str, *, kept: bool, detail: str, remedy: str) -> Probe:
    return Probe(promise=promise, kept=kept, detail=detail, remedy=None if kept else remedy)
