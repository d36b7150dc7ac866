"""What goes through a CONNECT: TLS and nothing else, both ways, until both ends are done or nothing moves."""

from __future__ import annotations

import contextlib

import anyio
import h11
from anyio.abc import ByteStream

from sandbox.network.peer import STREAM_ERRORS, Peer
from sandbox.network.upstream import Upstream

FIRST_SECONDS = 60.0
"""How long a client may take to begin to speak."""

_HELLO_BYTES = 6
NOT_TLS = "what came through the tunnel was not TLS"


async def tunnel(client: Peer, upstream: Upstream) -> str | None:
    """Answer a CONNECT and carry what follows; gives why it was not carried.

    A request to relay, SSH or anything else that is readable would be the word of somebody who wants to go further than
    to the host that was judged.
    """
    while not isinstance(event := await client.receive(), h11.EndOfMessage):
        if not isinstance(event, h11.Data) or event.data:
            return NOT_TLS
    await client.send(h11.Response(status_code=200, headers=[], reason=b"Connection established"))
    first = await _first_words(client)
    if not first:
        return None
    if not _begins_tls(first):
        return NOT_TLS
    await upstream.send(first)
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(_carry, client.stream, upstream, tasks.cancel_scope)
        tasks.start_soon(_carry, upstream, client.stream, tasks.cancel_scope)
    return None


async def _first_words(client: Peer) -> bytes:
    first, _ = client.http.trailing_data
    with contextlib.suppress(anyio.EndOfStream), anyio.move_on_after(FIRST_SECONDS):
        while len(first) < _HELLO_BYTES:
            first += await client.stream.receive()
    return first


def _begins_tls(first: bytes) -> bool:
    """Whether this is a record of a handshake, version 3 of whatever minor, that begins with a client's hello."""
    return len(first) >= _HELLO_BYTES and first[:2] == b"\x16\x03" and first[5] == 1


async def _carry(source: ByteStream, sink: ByteStream, both: anyio.CancelScope) -> None:
    try:
        while True:
            await sink.send(await source.receive())
    except anyio.EndOfStream:
        with contextlib.suppress(*STREAM_ERRORS):
            await sink.send_eof()
    except STREAM_ERRORS:
        both.cancel()
