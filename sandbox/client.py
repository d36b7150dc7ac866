"""The sandbox as the program sees it: one supervisor, spoken to over a channel, one request at a time."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping
from types import MappingProxyType
from typing import NoReturn, TypeVar

import anyio

from sandbox.channel import Channel
from sandbox.errors import CommandRefused, FileRefused, SandboxLost, SnapshotTooLarge
from sandbox.protocol import (
    MAX_FILE_BYTES,
    RECORD_BYTES,
    ErrorCode,
    Frame,
    FrameReader,
    FrameType,
    ProtocolError,
    decode_error,
    decode_hello,
    decode_record,
    decode_result,
    encode,
    exec_payload,
    read_payload,
    snapshot_payload,
    write_payload,
)
from sandbox.requests import MAX_TIMEOUT_SECONDS, check_command, relative
from sandbox.sandbox import Command, CommandResult, Limits, Record

TERM_GRACE_SECONDS = 2.0
"""How long a command may clean up after SIGTERM, at its time limit or when it is cancelled."""

MARGIN_SECONDS = 30.0
"""What a supervisor may take beyond a command's own time (killing, a loaded machine) before it counts as lost."""

ANSWER_SECONDS = 120.0
"""The longest wait for the next frame of a file request or a snapshot (a walk over a large tree on a slow disk)."""

SEND_SECONDS = 60.0
"""The longest that sending a request may take; a half-sent one is never given up by the caller's cancellation."""

SNAPSHOT_RECORDS = 100_000
SNAPSHOT_BYTES = 256 * 1024**2
Decoded = TypeVar("Decoded")

_CHANNEL_ERRORS = (OSError, anyio.EndOfStream, anyio.BrokenResourceError, anyio.ClosedResourceError)


class SupervisedSandbox:
    """A `Sandbox` over any channel; `greet` must have returned before anything else is called.

    `environment` is given to every command, below its own.
    """

    def __init__(
        self, name: str, channel: Channel, limits: Limits, environment: Mapping[str, str] = MappingProxyType({})
    ) -> None:
        self._name = name
        self._channel = channel
        self._limits = limits
        self._environment = environment
        self._reader = FrameReader()
        self._lock = anyio.Lock()
        self._last_request = 0
        self._streaming: int | None = None
        self._snapshot_taken = False
        self._records = 0
        self._record_bytes = 0
        self._lost: str | None = None

    @property
    def name(self) -> str:
        """A name that is unique on this machine."""
        return self._name

    async def greet(self) -> int:
        """Wait for the supervisor's first frame; gives the user id inside. Raises SandboxLost."""
        frame = await self._answer(0, FrameType.HELLO, within=MARGIN_SECONDS)
        if frame.type is FrameType.ERROR:
            self._lose("it did not begin with a greeting")
        return self._decoded(decode_hello, frame)

    async def execute(self, command: Command) -> CommandResult:
        """Run one command, no longer than it asks for and the sandbox's own limit allows.

        Raises CommandRefused where it can't be started as it stands, and SandboxLost.
        """
        check_command(command)
        timeout = min(self._limits.timeout_seconds, MAX_TIMEOUT_SECONDS)
        if command.timeout_seconds is not None:
            timeout = min(timeout, command.timeout_seconds)
        payload = exec_payload(
            command.script,
            command.cwd,
            {**self._environment, **command.env},
            timeout_ms=max(1, int(timeout * 1000)),
            grace_ms=int(TERM_GRACE_SECONDS * 1000),
            output_bytes=self._limits.output_bytes,
        )
        frame = await self._ask(
            FrameType.EXEC, payload, FrameType.RESULT, within=timeout + TERM_GRACE_SECONDS + MARGIN_SECONDS
        )
        if frame.type is FrameType.ERROR:
            raise CommandRefused(self._refusal(frame))
        return self._decoded(decode_result, frame)

    def snapshot(self) -> AsyncIterator[Record]:
        """What changed since the last snapshot that was read to its end; raises SnapshotTooLarge and SandboxLost."""
        return _Snapshot(self)

    async def read_file(self, path: str, *, max_bytes: int) -> bytes:
        """A regular file of the worktree, at most MAX_FILE_BYTES; raises FileRefused and SandboxLost."""
        payload = read_payload(relative(path), max_bytes)
        frame = await self._ask(FrameType.READ, payload, FrameType.DATA, within=ANSWER_SECONDS)
        if frame.type is FrameType.ERROR:
            raise FileRefused(path, self._refusal(frame))
        return frame.payload

    async def write_file(self, path: str, data: bytes, *, create: bool) -> None:
        """Replace an existing file's content keeping its mode, or with `create` make one that is not there yet.

        Raises FileRefused (a link, a directory, `.git`; missing or, with `create`, there already) and SandboxLost.
        """
        if len(data) > MAX_FILE_BYTES:
            raise FileRefused(path, f"larger than {MAX_FILE_BYTES} bytes")
        payload = write_payload(relative(path), data, create=create)
        frame = await self._ask(FrameType.WRITE, payload, FrameType.DONE, within=ANSWER_SECONDS)
        if frame.type is FrameType.ERROR:
            raise FileRefused(path, self._refusal(frame))

    async def _ask(self, kind: FrameType, payload: bytes, due: FrameType, *, within: float) -> Frame:
        """Send a request and wait for its one answer; on cancellation the request is ended inside first."""
        async with self._lock:
            request = await self._send(kind, payload)
            try:
                return await self._answer(request, due, within=within)
            except anyio.get_cancelled_exc_class():
                await self._cancel(request, due)
                raise

    async def _cancel(self, request: int, due: FrameType) -> None:
        with anyio.move_on_after(TERM_GRACE_SECONDS + MARGIN_SECONDS, shield=True) as scope:
            try:
                await self._transmit(encode(FrameType.CANCEL, request))
                await self._answer(request, due, within=TERM_GRACE_SECONDS + MARGIN_SECONDS)
            except SandboxLost:
                return  # the next request says so; the caller is to see its own cancellation
        if scope.cancelled_caught:
            self._lost = "a cancelled request did not end"

    async def _send(self, kind: FrameType, payload: bytes) -> int:
        """Begin a request; what an abandoned snapshot left in the channel is read away first."""
        if self._lost is not None:
            raise SandboxLost(self._name, self._lost)
        while self._streaming is not None:
            await self._drain(self._streaming)
        self._last_request += 1
        await self._transmit(encode(kind, self._last_request, payload))
        return self._last_request

    async def _transmit(self, data: bytes) -> None:
        try:
            with anyio.move_on_after(SEND_SECONDS, shield=True) as scope:
                await self._channel.send(data)
        except _CHANNEL_ERRORS as error:
            self._lose(f"its input broke ({type(error).__name__})")
        if scope.cancelled_caught:
            self._lose("it did not take a request")

    async def _answer(self, request: int, *due: FrameType, within: float) -> Frame:
        """The next frame, which is one of those that are due, or an ERROR."""
        try:
            with anyio.fail_after(within):
                frame = await self._next_frame()
        except TimeoutError:
            self._lose(f"no answer within {within:.0f} s")
        if frame.type is FrameType.ERROR:
            code, words = self._decoded(decode_error, frame)
            if code is ErrorCode.MALFORMED:
                self._lose(f"it did not understand a request ({words})")
        elif frame.type not in due:
            self._lose(f"it answered with {frame.type.name} where {' or '.join(kind.name for kind in due)} was due")
        if frame.id != request:
            self._lose(f"it answered request {frame.id} where {request} was due")
        return frame

    async def _next_frame(self) -> Frame:
        try:
            while (frame := self._reader.next()) is None:
                self._reader.feed(await self._channel.receive())
        except _CHANNEL_ERRORS as error:
            self._lose(f"its output ended ({type(error).__name__})")
        except ProtocolError as error:
            self._lose(str(error))
        return frame

    async def _begin_snapshot(self) -> int:
        payload = snapshot_payload(
            last_was_taken=self._snapshot_taken,
            file_bytes=MAX_FILE_BYTES,
            records=SNAPSHOT_RECORDS,
            total_bytes=SNAPSHOT_BYTES,
        )
        request = await self._send(FrameType.SNAPSHOT, payload)
        self._snapshot_taken = False
        self._streaming = request
        self._records = self._record_bytes = 0
        return request

    async def _drain(self, request: int) -> None:
        """Read away the next frame of a snapshot that nobody reads any more; its reader does not have it whole."""
        frame = await self._answer(request, FrameType.RECORD, FrameType.SNAPSHOT_END, within=ANSWER_SECONDS)
        if frame.type is not FrameType.RECORD:
            self._streaming = None

    async def _next_record(self, request: int) -> Record | None:
        """The next record of the snapshot that is streaming; None at its end. Raises SnapshotTooLarge."""
        frame = await self._answer(request, FrameType.RECORD, FrameType.SNAPSHOT_END, within=ANSWER_SECONDS)
        if frame.type is FrameType.RECORD:
            self._records += 1
            self._record_bytes += len(frame.payload)
            if self._records > SNAPSHOT_RECORDS or self._record_bytes > SNAPSHOT_BYTES + RECORD_BYTES * self._records:
                self._lose("it sent more than a snapshot may hold")
            return self._decoded(decode_record, frame)
        self._streaming = None
        if frame.type is FrameType.ERROR:
            raise SnapshotTooLarge(self._refusal(frame))
        self._snapshot_taken = True
        return None

    def _refusal(self, frame: Frame) -> str:
        return decode_error(frame.payload)[1]

    def _decoded(self, decode: Callable[[bytes], Decoded], frame: Frame) -> Decoded:
        try:
            return decode(frame.payload)
        except ProtocolError as error:
            self._lose(str(error))

    def _lose(self, why: str) -> NoReturn:
        words = self._channel.last_words()
        self._lost = f"{why}; {words}" if words else why
        raise SandboxLost(self._name, self._lost) from None


class _Snapshot(AsyncIterator[Record]):
    """One snapshot being read. It holds no lock between two records: whoever asks for something else ends it.

    What was read of an ended snapshot is told again by the next one.
    """

    def __init__(self, sandbox: SupervisedSandbox) -> None:
        self._sandbox = sandbox
        self._request: int | None = None
        self._done = False

    async def __anext__(self) -> Record:
        sandbox = self._sandbox
        if self._done:
            raise StopAsyncIteration
        async with sandbox._lock:
            if self._request is None:
                self._request = await sandbox._begin_snapshot()
            elif sandbox._streaming != self._request:
                raise RuntimeError("another request has ended this snapshot")
            record = await sandbox._next_record(self._request)
        if record is None:
            self._done = True
            raise StopAsyncIteration
        return record
