"""The engine's multiplexed stream, cut anywhere."""

from __future__ import annotations

import socket
import struct
from collections.abc import Iterator

import anyio
import pytest

from sandbox.attached import AttachedChannel


@pytest.fixture
def ends() -> Iterator[tuple[AttachedChannel, socket.socket]]:
    """A channel and the engine's end of it."""
    ours, theirs = socket.socketpair()
    ours.setblocking(False)
    channel = AttachedChannel(ours)
    yield channel, theirs
    channel.close()
    theirs.close()


def piece(stream: int, data: bytes) -> bytes:
    """One piece with the engine's header."""
    return struct.pack(">BxxxL", stream, len(data)) + data


async def test_streams_are_told_apart(ends: tuple[AttachedChannel, socket.socket]) -> None:
    """Standard output is received, however it is cut; standard error is kept for last words."""
    channel, engine = ends
    data = piece(1, b"hello ") + piece(2, b"oops\n") + piece(1, b"") + piece(1, b"world")
    got = b""
    for byte in data:
        engine.send(bytes([byte]))
        with anyio.move_on_after(0.005):
            got += await channel.receive()
    assert got == b"hello world"
    assert channel.last_words() == "oops"


async def test_the_end(ends: tuple[AttachedChannel, socket.socket]) -> None:
    """When the engine closes the connection the stream has ended."""
    channel, engine = ends
    engine.send(piece(1, b"last"))
    engine.close()
    assert await channel.receive() == b"last"
    with pytest.raises(anyio.EndOfStream):
        await channel.receive()


async def test_a_long_request_is_sent_whole(ends: tuple[AttachedChannel, socket.socket]) -> None:
    """A request longer than any buffer arrives to the byte."""
    channel, engine = ends
    sent, got = bytes(range(256)) * 20_000, bytearray()

    def read() -> None:
        while len(got) < len(sent):
            got.extend(engine.recv(65536))

    async with anyio.create_task_group() as group:
        group.start_soon(anyio.to_thread.run_sync, read)
        await channel.send(sent)
    assert got == sent
