"""The engine's multiplexed stream, cut anywhere."""

from __future__ import annotations

import socket
import struct
from collections.abc import Iterator

import anyio
import pytest

from sandbox.attached import AttachedChannel
from sandbox.protocol import FrameType, encode


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


async def test_a_beat_is_never_inside_of_a_request(ends: tuple[AttachedChannel, socket.socket]) -> None:
    """What says that we live comes between requests, whole, however full the connection was meanwhile."""
    channel, engine = ends
    alive = encode(FrameType.CANCEL, 0)
    request = encode(FrameType.EXEC, 7, b"x" * 3_000_000)
    got = bytearray()
    channel.beat()
    async with anyio.create_task_group() as group:
        group.start_soon(channel.send, request)
        await anyio.wait_all_tasks_blocked()
        channel.beat()  # half of the request is on its way

        def read() -> None:
            while len(got) < len(alive) + len(request):
                got.extend(engine.recv(65536))

        await anyio.to_thread.run_sync(read)
    channel.beat()
    assert bytes(got) == alive + request
    assert engine.recv(65536) == alive


async def test_a_beat_into_nothing_is_quiet(ends: tuple[AttachedChannel, socket.socket]) -> None:
    """A connection that is full or gone is for the next request to notice."""
    channel, engine = ends
    engine.close()
    channel.beat()
    channel.close()
    channel.beat()
