"""The table of backends, and the choice among them."""

from __future__ import annotations

from collections.abc import Callable

from sandbox.bubblewrap import BubblewrapBackend
from sandbox.docker import DockerBackend
from sandbox.errors import SandboxUnavailable
from sandbox.sandbox import Backend

BACKENDS: dict[str, Callable[[], Backend]] = {
    "docker": DockerBackend,
    "bubblewrap": BubblewrapBackend,
}
"""Adding a backend: one file with a class that is a `Backend`, and one row here. The order is that of `auto`."""


async def choose(name: str = "auto") -> Backend:
    """The backend of that name, or the first that works here; raises SandboxUnavailable with what each lacks."""
    if name != "auto" and name not in BACKENDS:
        raise SandboxUnavailable(f"there is no backend named {name}", f"use auto, {' or '.join(BACKENDS)}")
    missing, remedies = [], []
    for candidate in BACKENDS if name == "auto" else (name,):
        backend = BACKENDS[candidate]()
        broken = next((probe for probe in await backend.probe() if not probe.kept), None)
        if broken is None:
            return backend
        missing.append(f"{candidate}: {broken.detail}")
        if broken.remedy:
            remedies.append(f"for {candidate} {broken.remedy}")
    raise SandboxUnavailable("; ".join(missing), "; ".join(remedies))
