"""What a client may send: no bytes at all bring the proxy down, whatever they are."""

from __future__ import annotations

import anyio
from anyio.abc import ByteStream
from hypothesis import given, settings
from hypothesis import strategies as st

from sandbox.network.exchange import serve
from sandbox.network.ledger import Ledger
from tests.sandbox.network.hostile import requests
from tests.sandbox.network.servers import Watched

WORDS = st.sampled_from([*requests(443).values(), b"\r\n", b"0\r\n\r\n", b"Content-Length: 9999999999\r\n"])
PIECES = st.lists(WORDS | st.binary(max_size=40), max_size=6)


class Said(ByteStream):
    """A client that says these pieces, hears nothing and then is gone."""

    def __init__(self, pieces: list[bytes]) -> None:
        self._pieces = [piece for piece in pieces if piece]

    async def receive(self, max_bytes: int = 65536) -> bytes:
        """The next piece."""
        if not self._pieces:
            raise anyio.EndOfStream
        return self._pieces.pop(0)

    async def send(self, item: bytes) -> None:
        """Heard by nobody."""

    async def send_eof(self) -> None:
        """Noticed by nobody."""

    async def aclose(self) -> None:
        """Nothing is open."""


@given(PIECES)
@settings(max_examples=150, deadline=None)
def test_no_bytes_bring_it_down(pieces: list[bytes]) -> None:
    """It ends, raises nothing, allows nothing, and looks nothing up."""
    watched = Watched(["good.test"], answers={"good.test": ["10.0.0.1"]})

    async def run() -> None:
        with anyio.fail_after(60):
            await serve(Said(pieces), watched.network, Ledger("box", watched.network.told))

    anyio.run(run)
    assert [asked for asked in watched.asked if asked.allowed] == []
