"""A sandbox that may still be starting: whoever asks it for something waits for it then, and not before."""

from __future__ import annotations

from collections.abc import AsyncIterator

import anyio

from sandbox.errors import SandboxLost
from sandbox.sandbox import Command, CommandResult, Record, Sandbox


class StartingSandbox:
    """A `Sandbox` that somebody else opens; every method raises what kept it from opening."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._settled = anyio.Event()
        self._sandbox: Sandbox | None = None
        self._error: Exception | None = None

    @property
    def name(self) -> str:
        """The name that it will have: known before it is there."""
        return self._name

    @property
    def settled(self) -> bool:
        """Whether it is decided if it opens."""
        return self._settled.is_set()

    @property
    def failed(self) -> bool:
        """Whether it is known that it won't open."""
        return self.settled and self._sandbox is None

    def opened(self, sandbox: Sandbox) -> None:
        """It is there."""
        self._sandbox = sandbox
        self._settled.set()

    def given_up(self, error: Exception | None = None) -> None:
        """It did not open; once it has, this changes nothing."""
        if not self.settled:
            self._error = error
            self._settled.set()

    async def ready(self) -> Sandbox:
        """Wait until it is there; raises SandboxUnavailable and whatever else kept it from opening."""
        await self._settled.wait()
        if self._sandbox is None:
            raise self._error or SandboxLost(self._name, "it was given up before it had started")
        return self._sandbox

    async def execute(self, command: Command) -> CommandResult:
        """As the sandbox itself."""
        return await (await self.ready()).execute(command)

    async def snapshot(self) -> AsyncIterator[Record]:
        """As the sandbox itself."""
        async for record in (await self.ready()).snapshot():
            yield record

    async def read_file(self, path: str, *, max_bytes: int) -> bytes:
        """As the sandbox itself."""
        return await (await self.ready()).read_file(path, max_bytes=max_bytes)

    async def write_file(self, path: str, data: bytes, *, create: bool) -> None:
        """As the sandbox itself."""
        await (await self.ready()).write_file(path, data, create=create)
