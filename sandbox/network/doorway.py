"""What a sandbox with a network has that others have not: one directory, some variables, one option."""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import anyio
from anyio import to_thread

from sandbox.errors import SandboxUnavailable
from sandbox.network.proxy import SOCKET, proxying
from sandbox.network.trust import VARIABLES, host_certificates
from sandbox.sandbox import SandboxSpec

INSIDE = "/run/mimo/network"
"""Where the directory is, read-only, in a sandbox with a network."""

PORT = 61080
"""Where the supervisor's forwarder listens on the sandbox's own loopback; forward.c has it too."""

CERTIFICATES = "certificates.pem"
_URL = f"http://127.0.0.1:{PORT}"
_NOT_BY_PROXY = "localhost,127.0.0.1,::1"


@dataclass(frozen=True, slots=True, kw_only=True)
class Doorway:
    """`directory` is to be shown at INSIDE; without one the sandbox has no network, and all else is empty."""

    directory: Path | None = None
    environment: dict[str, str] = field(default_factory=dict)
    """For commands, not for the container: what `setup` leaves as an image is not to have it."""
    options: tuple[str, ...] = ()
    """For the supervisor."""


CLOSED = Doorway()
"""No network."""


@asynccontextmanager
async def doorway(spec: SandboxSpec, name: str) -> AsyncIterator[Doorway]:
    """The way out of a sandbox while it lives, kept beside its worktree; raises SandboxUnavailable."""
    if spec.network is None:
        yield CLOSED
        return
    directory = spec.worktree.parent / f"{name}.network"
    try:
        environment = await to_thread.run_sync(_furnish, directory)
        async with proxying(directory, spec.network, sandbox=name):
            options = ("--forward", f"{INSIDE}/{SOCKET}")
            given = {name: value for name, value in environment.items() if name not in spec.env}
            yield Doorway(directory=directory, environment=given, options=options)
    finally:
        with anyio.CancelScope(shield=True):
            await to_thread.run_sync(partial(shutil.rmtree, directory, ignore_errors=True))


def _furnish(directory: Path) -> dict[str, str]:
    try:
        directory.mkdir()
        directory.chmod(0o755)
        certificates = host_certificates()
        if certificates:
            (directory / CERTIFICATES).write_bytes(certificates)
            (directory / CERTIFICATES).chmod(0o644)
    except OSError as error:
        raise SandboxUnavailable(
            f"the way out of a sandbox could not be made ({error})", "see that the state directory can be written"
        ) from error
    proxies = {name: _URL for upper in ("HTTP_PROXY", "HTTPS_PROXY") for name in (upper, upper.lower())}
    excepted = {"NO_PROXY": _NOT_BY_PROXY, "no_proxy": _NOT_BY_PROXY}
    trusted = dict.fromkeys(VARIABLES if certificates else (), f"{INSIDE}/{CERTIFICATES}")
    return {**proxies, **excepted, **trusted}
