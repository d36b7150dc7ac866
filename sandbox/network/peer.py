"""One end of HTTP over a stream: h11 reads and writes the words, this moves the bytes."""

from __future__ import annotations

import anyio
import h11
from anyio.abc import ByteStream

MAX_HEAD_BYTES = 32 * 1024
"""The longest head of a request or response."""

CHUNK_BYTES = 64 * 1024

STREAM_ERRORS = (OSError, anyio.EndOfStream, anyio.BrokenResourceError, anyio.ClosedResourceError)


class Peer:
    """A client (we are its SERVER) or a server (we are its CLIENT)."""

    def __init__(self, stream: ByteStream, our_role: type[h11.CLIENT] | type[h11.SERVER]) -> None:
        self.stream = stream
        self.http = h11.Connection(our_role, max_incomplete_event_size=MAX_HEAD_BYTES)
        self._sending = anyio.Lock()  # whoever receives may have to say that it may go on, while another one sends

    async def receive(self) -> h11.Event:
        """The next event; raises h11.ProtocolError for what is no HTTP or comes too early, and STREAM_ERRORS."""
        while not isinstance(event := self.http.next_event(), h11.Event):
            if event is h11.PAUSED:
                raise h11.LocalProtocolError("the next request before this one is served")
            async with self._sending:
                if self.http.they_are_waiting_for_100_continue:
                    await self._send(h11.InformationalResponse(status_code=100, headers=[]))
            self.http.receive_data(await self._some())
        return event

    async def _some(self) -> bytes:
        try:
            return await self.stream.receive(CHUNK_BYTES)
        except anyio.EndOfStream:
            return b""

    async def send(self, event: h11.Event) -> None:
        """Send an event whole; raises h11.LocalProtocolError for one that can't be sent now, and STREAM_ERRORS."""
        async with self._sending:
            await self._send(event)

    async def _send(self, event: h11.Event) -> None:
        if data := self.http.send(event):
            await self.stream.send(data)
