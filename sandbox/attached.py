"""A channel over the socket that an engine hands out for a container's standard streams."""

from __future__ import annotations

import contextlib
import socket
import struct
import threading

import anyio

from sandbox.protocol import FrameType, encode

_HEADER = struct.Struct(">BxxxL")
_STDERR = 2
_CHUNK_BYTES = 256 * 1024
_WORDS_BYTES = 2048

_ALIVE = encode(FrameType.CANCEL, 0)
"""Cancels a request that there never is: nothing happens, and the supervisor has heard from us."""


class AttachedChannel:
    """The engine multiplexes output: an 8 byte header (stream, length) before each piece. Takes the socket over."""

    def __init__(self, attached: socket.socket) -> None:
        self._socket = attached
        self._pending = memoryview(b"")
        self._stream = 0
        self._left = 0
        self._words = b""
        self._saying = threading.Lock()
        self._sending = False
        self._unsaid = b""

    async def receive(self) -> bytes:
        """Some bytes of the supervisor's standard output; raises anyio.EndOfStream."""
        while not (data := self._take_stdout()):
            await anyio.wait_readable(self._socket)
            try:
                fresh = self._socket.recv(_CHUNK_BYTES)
            except BlockingIOError:
                continue
            if not fresh:
                raise anyio.EndOfStream
            # A memory view, because cutting one copies nothing: a piece may be as short as a snapshot's record.
            self._pending = memoryview(bytes(self._pending) + fresh)
        return data

    def _take_stdout(self) -> bytes:
        """What of the pending bytes is standard output; the rest is put where it belongs."""
        out = []
        while self._pending:
            if self._left == 0:
                if len(self._pending) < _HEADER.size:
                    break
                self._stream, self._left = _HEADER.unpack_from(self._pending)
                self._pending = self._pending[_HEADER.size :]
                continue
            piece = bytes(self._pending[: self._left])
            self._pending = self._pending[self._left :]
            self._left -= len(piece)
            if self._stream == _STDERR:
                self._words = (self._words + piece)[-_WORDS_BYTES:]
            else:
                out.append(piece)
        return b"".join(out)

    async def send(self, data: bytes) -> None:
        """Send all of it; raises OSError when the engine or the container is gone."""
        with self._saying:
            self._sending = True
            view = memoryview(self._unsaid + data)
            self._unsaid = b""
        try:
            while view:
                try:
                    view = view[self._socket.send(view) :]
                except BlockingIOError:
                    await anyio.wait_writable(self._socket)
        finally:
            self._sending = False

    def beat(self) -> None:
        """Say that we live, unless something is being said; may be called from any thread."""
        with self._saying, contextlib.suppress(OSError):  # a broken or full socket is the next request's to notice
            if not self._sending:
                self._unsaid = self._unsaid or _ALIVE
                self._unsaid = self._unsaid[self._socket.send(self._unsaid) :]

    def last_words(self) -> str:
        """The end of the supervisor's standard error."""
        return self._words.decode(errors="replace").strip()

    def close(self) -> None:
        """Close the socket: the engine closes the container's input, and the supervisor ends."""
        with self._saying:
            self._socket.close()
