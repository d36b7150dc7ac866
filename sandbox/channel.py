"""The seam between the client and what carries its bytes: a pipe pair or an engine's attached socket."""

from __future__ import annotations

from typing import Protocol


class Channel(Protocol):
    """Bytes to and from a supervisor. Both directions raise OSError or an anyio stream error when its end is gone."""

    async def receive(self) -> bytes:
        """Some bytes, never none; a cancelled call loses nothing."""
        ...

    async def send(self, data: bytes) -> None:
        """Send all of it."""
        ...

    def last_words(self) -> str:
        """What the supervisor wrote to its standard error, for the reason of a loss."""
        ...
