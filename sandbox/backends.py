"""The table of backends, and the choice among them."""

from __future__ import annotations

from collections.abc import Callable, Mapping

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
    lacks: dict[str, SandboxUnavailable] = {}
    for candidate in BACKENDS if name == "auto" else (name,):
        try:
            return await required(candidate)
        except SandboxUnavailable as error:
            lacks[candidate] = error
    raise none_of(lacks)


async def required(name: str) -> Backend:
    """The backend of that name, if it keeps every promise here; raises SandboxUnavailable, which names those it can't.

    Whoever opens sandboxes has their backend from here or from `choose`: there is no weaker one.
    """
    backend = BACKENDS[name]()
    probes = await backend.probe()
    broken = [probe for probe in probes if not probe.kept]
    if not broken:
        return backend
    remedies = "; ".join(probe.remedy for probe in broken if probe.remedy)
    if len(probes) == 1:  # it is not there at all
        raise SandboxUnavailable(broken[0].detail, remedies)
    told = "; nor ".join(f'"{probe.promise}": {probe.detail}' for probe in broken)
    raise SandboxUnavailable(f"{name} can't keep the promise {told}", remedies)


def none_of(lacks: Mapping[str, SandboxUnavailable]) -> SandboxUnavailable:
    """The one error for backends that can't be had, of which each says what it lacks."""
    if len(lacks) == 1:
        ((name, error),) = lacks.items()
        others = " or ".join(f"`--backend {other}`" for other in BACKENDS if other != name)
        return SandboxUnavailable(error.what, f"{error.remedy}, or use {others}")
    told = [f"{name}: {error.what}\n    -> {error.remedy}" for name, error in lacks.items()]
    return SandboxUnavailable("no sandbox can be had here", "\n  ".join(told))
