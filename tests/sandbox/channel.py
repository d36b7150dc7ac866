"""A channel without a process: the test plays the supervisor."""

from __future__ import annotations

import anyio

from sandbox.protocol import Frame, FrameReader, FrameType, encode


class PlayedChannel:
    """What the client sends is put together in `asked`; what the test says is received."""

    def __init__(self) -> None:
        self._say, self._heard = anyio.create_memory_object_stream[bytes](1000)
        self._asked, self.asked = anyio.create_memory_object_stream[Frame](1000)
        self._reader = FrameReader()

    async def receive(self) -> bytes:
        """The next bytes that the test said."""
        return await self._heard.receive()

    async def send(self, data: bytes) -> None:
        """Take a request in."""
        self._reader.feed(data)
        while (frame := self._reader.next()) is not None:
            self._asked.send_nowait(frame)

    def last_words(self) -> str:
        """What a supervisor would have written to its standard error."""
        return "played"

    def say(self, data: bytes) -> None:
        """Send raw bytes to the client."""
        self._say.send_nowait(data)

    def answer(self, kind: FrameType, request: int, payload: bytes = b"") -> None:
        """Send a frame to the client."""
        self.say(encode(kind, request, payload))

    def hang_up(self) -> None:
        """End the output, as a dead supervisor does."""
        self._say.close()

    def close(self) -> None:
        """Close every end."""
        for end in (self._say, self._heard, self._asked, self.asked):
            end.close()
