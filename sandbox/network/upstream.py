"""The connection to a server: to an address that was looked at, counted, and given up when nothing moves."""

from __future__ import annotations

from collections.abc import Sequence

import anyio
from anyio.abc import ByteStream, SocketStream

from sandbox.network.hosts import Address
from sandbox.network.ledger import Ledger
from sandbox.network.request import RequestRefused

CONNECT_SECONDS = 15.0
"""How long one address may take to answer."""

IDLE_SECONDS = 300.0
"""How long a connection may lie still before it is closed."""


class Upstream(ByteStream):
    """A server's stream; `idle` ends when nothing has come or gone for a while."""

    def __init__(self, stream: SocketStream, ledger: Ledger) -> None:
        self._stream = stream
        self._ledger = ledger
        self.idle = anyio.CancelScope(deadline=anyio.current_time() + IDLE_SECONDS)

    def _moved(self) -> None:
        self.idle.deadline = anyio.current_time() + IDLE_SECONDS

    async def receive(self, max_bytes: int = 65536) -> bytes:
        data = await self._stream.receive(max_bytes)
        self._moved()
        self._ledger.received_bytes += len(data)
        return data

    async def send(self, item: bytes) -> None:
        await self._stream.send(item)
        self._moved()
        self._ledger.sent_bytes += len(item)

    async def send_eof(self) -> None:
        await self._stream.send_eof()

    async def aclose(self) -> None:
        with anyio.CancelScope(shield=True):  # cancelled, it would leave open what the server does not read
            await self._stream.aclose()


async def reach(addresses: Sequence[Address], port: int, ledger: Ledger) -> Upstream:
    """A connection to the first of these addresses that answers; raises RequestRefused."""
    for address in addresses:
        try:
            with anyio.fail_after(CONNECT_SECONDS):
                return Upstream(await anyio.connect_tcp(str(address), port), ledger)
        except OSError:  # a TimeoutError is one
            continue
    raise RequestRefused(502, "it is allowed, but does not answer")
