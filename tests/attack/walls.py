"""Sandboxes with a wall taken away, and escapes tried on them."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from anyio import to_thread

from sandbox import bubblewrap, docker
from sandbox.attacks.escape import Group, Outcome, Verdict
from sandbox.attacks.runner import try_group
from sandbox.attacks.scene import scene
from sandbox.attacks.table import ESCAPES
from sandbox.backends import BACKENDS
from sandbox.sandbox import Backend, Sandbox, SandboxSpec


def group_of(name: str) -> Group:
    """The group of an escape of the table."""
    (escape,) = (escape for escape in ESCAPES if escape.name == name)
    return escape.group


async def tried(backend: Backend, *names: str) -> dict[str, Outcome]:
    """What comes of these escapes, in a scene of their own."""
    found: list[Outcome] = []
    with scene(None) as aim:
        for group in dict.fromkeys(map(group_of, names)):
            escapes = [escape for escape in ESCAPES if escape.group is group and escape.name in names]
            found += await try_group(backend, aim, group, escapes)
    return {outcome.name: outcome for outcome in found}


async def broken(backend: Backend, *names: str) -> None:
    """Hold each of these escapes to have got through."""
    outcomes = await tried(backend, *names)
    assert set(outcomes) == set(names)
    stood = {name: outcome.reason for name, outcome in outcomes.items() if outcome.verdict is not Verdict.BROKEN}
    assert not stood, stood


Arguments = Callable[[list[str]], list[str]]


def without(*words: str, instead: Sequence[str] = ()) -> Arguments:
    """Take a row of words out of a command line, which must hold it, and put others in their place."""

    def take(arguments: list[str]) -> list[str]:
        for at in range(len(arguments)):
            if arguments[at : at + len(words)] == list(words):
                return [*arguments[:at], *instead, *arguments[at + len(words) :]]
        raise AssertionError(f"{words} are not among the arguments")

    return take


def bubblewrap_with(patch: pytest.MonkeyPatch, change: Arguments) -> Backend:
    """The backend, with other arguments of `bwrap` than the product's."""
    real = bubblewrap._arguments
    patch.setattr(bubblewrap, "_arguments", lambda *given, **named: change(real(*given, **named)))
    return BACKENDS["bubblewrap"]()


def docker_with(
    patch: pytest.MonkeyPatch,
    *,
    host: Callable[[dict[str, Any], SandboxSpec], dict[str, Any]] | None = None,
    **config: Any,
) -> Backend:
    """The backend, with containers that are made otherwise than the product's."""
    real_host, real_config = docker.host_config, docker.container_config

    def changed(spec: SandboxSpec, *given: Any, **named: Any) -> dict[str, Any]:
        made = real_host(spec, *given, **named)
        return made if host is None else {**made, **host(made, spec)}

    patch.setattr(docker, "host_config", changed)
    patch.setattr(docker, "container_config", lambda *given, **named: {**real_config(*given, **named), **config})
    return BACKENDS["docker"]()


@dataclass(frozen=True, slots=True, kw_only=True)
class TrustingBackend:
    """A backend whose files the program reads and writes by their path on the host, as a program that trusts would."""

    real: Backend

    @property
    def name(self) -> str:
        """The real one's."""
        return self.real.name

    @asynccontextmanager
    async def open(self, spec: SandboxSpec) -> AsyncIterator[Sandbox]:
        """A real sandbox, with files of a trusting host's."""
        async with self.real.open(spec) as sandbox:
            yield _Trusting(sandbox, spec.worktree)

    async def probe(self) -> Any:
        """The real one's."""
        return await self.real.probe()

    async def sweep(self, run: str | None = None) -> list[str]:
        """The real one's."""
        return await self.real.sweep(run)


class _Trusting:
    def __init__(self, sandbox: Sandbox, worktree: Path) -> None:
        self.name = sandbox.name
        self.execute = sandbox.execute
        self.snapshot = sandbox.snapshot
        self._worktree = worktree

    async def read_file(self, path: str, *, max_bytes: int) -> bytes:
        """Follow whatever is there."""
        return await to_thread.run_sync((self._worktree / path).read_bytes)

    async def write_file(self, path: str, data: bytes, *, create: bool) -> None:
        """Open whatever is there, and leave it as it is."""
        place = self._worktree / path
        if create or not place.exists():
            place = place.parent
        await to_thread.run_sync(lambda: os.close(os.open(place, os.O_RDONLY)))
