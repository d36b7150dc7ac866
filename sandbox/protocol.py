"""The wire between the host and the supervisor: frames of a 12 byte header and a bounded payload.

Header: length of the payload, type, request id; three little-endian 32-bit words. Strings are a 32-bit length, the
bytes and a NUL. The supervisor is ours, but it lives among hostile commands: what it sends is bounded and checked.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum

from sandbox.sandbox import CommandResult, LimitHit, Output, Record, RecordKind

PROTOCOL_VERSION = 1
MAX_FILE_BYTES = 16 * 1024**2
"""The largest file that a snapshot, a read or a write carries."""

MAX_PAYLOAD_BYTES = 160 * 1024**2
"""The largest answer: two streams of the largest output cap (64 MiB each) and their frame."""

_SMALL_BYTES = 4096

_HEADER = struct.Struct("<III")
_RESULT = struct.Struct("<iiIIQQQ")
_STREAM = struct.Struct("<IIQ")
_RECORD = struct.Struct("<III")
RECORD_BYTES = _RECORD.size
_LIMITS = (
    None,
    LimitHit.TIME,
    LimitHit.OUTPUT,
    LimitHit.MEMORY,
    LimitHit.PROCESSES,
    LimitHit.DISK,
    LimitHit.OPEN_FILES,
)
_KINDS = (
    None,
    RecordKind.FILE,
    RecordKind.LINK,
    RecordKind.DELETED,
    RecordKind.SPECIAL,
    RecordKind.NESTED,
    RecordKind.TOO_LARGE,
)


class ProtocolError(Exception):
    """The peer sent what the protocol does not have; nothing after it can be trusted."""


class FrameType(IntEnum):
    """Kinds of frames; up to 15 from the supervisor, from 16 on to it."""

    HELLO = 1
    RESULT = 2
    RECORD = 3
    SNAPSHOT_END = 4
    DATA = 5
    DONE = 6
    ERROR = 7
    EXEC = 16
    CANCEL = 17
    SNAPSHOT = 18
    READ = 19
    WRITE = 20


_KIND_OF = {int(kind): kind for kind in FrameType}


class ErrorCode(IntEnum):
    """Why the supervisor did not serve a request."""

    MALFORMED = 1
    REFUSED = 2
    BUDGET = 3
    INTERNAL = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """One frame as it came."""

    type: FrameType
    id: int
    payload: bytes


_MOST_BYTES = {
    FrameType.HELLO: _SMALL_BYTES,
    FrameType.SNAPSHOT_END: _SMALL_BYTES,
    FrameType.DONE: _SMALL_BYTES,
    FrameType.ERROR: _SMALL_BYTES,
    FrameType.RECORD: MAX_FILE_BYTES + 2 * _SMALL_BYTES,
    FrameType.DATA: MAX_FILE_BYTES,
}
"""The longest payload of a kind of frame, where that is less than MAX_PAYLOAD_BYTES."""


class FrameReader:
    """Puts frames together from bytes as they arrive; a frame half read stays here when its reader is cancelled.

    It holds what has arrived and no more: a header that promises a long frame takes no room for it.
    """

    def __init__(self) -> None:
        self._chunks: list[bytes] = []
        self._at = 0  # where in the first chunk the next frame begins
        self._held = 0

    def feed(self, data: bytes) -> None:
        """Take in what has arrived."""
        self._chunks.append(data)
        self._held += len(data)

    def next(self) -> Frame | None:
        """The next whole frame, or None; raises ProtocolError."""
        if self._held < _HEADER.size:
            return None
        header = self._front(_HEADER.size)
        length, number, request = _HEADER.unpack_from(header, self._at)
        kind = _KIND_OF.get(number)
        if kind is None or length > _MOST_BYTES.get(kind, MAX_PAYLOAD_BYTES):
            raise ProtocolError(f"frame of type {number} and {length} bytes")
        size = _HEADER.size + length
        if self._held < size:
            return None
        whole = self._front(size)
        start, end = self._at + _HEADER.size, self._at + size
        self._held -= size
        self._at = end
        if end == len(whole):
            self._at = 0
            del self._chunks[0]
        return Frame(type=kind, id=request, payload=whole[start:end])

    def _front(self, size: int) -> bytes:
        """The first chunk, with at least `size` bytes to read; chunks are joined only where it does not do."""
        if len(self._chunks[0]) - self._at < size:
            self._chunks = [b"".join([self._chunks[0][self._at :], *self._chunks[1:]])]
            self._at = 0
        return self._chunks[0]


def encode(kind: FrameType, request: int, payload: bytes = b"") -> bytes:
    """One frame."""
    return _HEADER.pack(len(payload), kind, request) + payload


def _string(text: str | bytes) -> bytes:
    data = text.encode(errors="surrogateescape") if isinstance(text, str) else text
    return struct.pack("<I", len(data)) + data + b"\0"


def exec_payload(
    script: str, cwd: str, env: Mapping[str, str], *, timeout_ms: int, grace_ms: int, output_bytes: int
) -> bytes:
    """The payload of EXEC: run a script."""
    variables = b"".join(_string(f"{name}={value}") for name, value in env.items())
    numbers = struct.pack("<QQQ", timeout_ms, grace_ms, output_bytes)
    return numbers + _string(script) + _string(cwd) + struct.pack("<I", len(env)) + variables


def snapshot_payload(*, last_was_taken: bool, file_bytes: int, records: int, total_bytes: int) -> bytes:
    """The payload of SNAPSHOT; `last_was_taken` says that the snapshot before arrived whole."""
    return struct.pack("<IQQQ", last_was_taken, file_bytes, records, total_bytes)


def read_payload(path: str, max_bytes: int) -> bytes:
    """The payload of READ."""
    return struct.pack("<Q", max_bytes) + _string(path)


def write_payload(path: str, data: bytes, *, create: bool) -> bytes:
    """The payload of WRITE."""
    return struct.pack("<I", create) + _string(path) + data


def decode_hello(payload: bytes) -> int:
    """The user id the sandbox runs as; raises ProtocolError where the supervisor speaks another version."""
    version, uid, _ = _unpack(struct.Struct("<III"), payload)
    if version != PROTOCOL_VERSION:
        raise ProtocolError(f"the supervisor speaks version {version} of the protocol, not {PROTOCOL_VERSION}")
    return int(uid)


def decode_error(payload: bytes) -> tuple[ErrorCode, str]:
    """The code and the words of an ERROR frame."""
    (code,) = _unpack(struct.Struct("<I"), payload[:4])
    if code not in ErrorCode.__members__.values():
        raise ProtocolError(f"error code {code}")
    return ErrorCode(code), payload[4:].decode(errors="replace")


def decode_result(payload: bytes) -> CommandResult:
    """The payload of RESULT."""
    exit_code, signal, limit, cancelled, wall_ns, cpu_ns, peak = _unpack(_RESULT, payload[: _RESULT.size])
    if limit >= len(_LIMITS) or not -1 <= exit_code <= 255 or not 0 <= signal <= 64:
        raise ProtocolError(f"exit code {exit_code}, signal {signal}, limit {limit}")
    at = _RESULT.size
    shapes = [_unpack(_STREAM, payload[at + i * _STREAM.size : at + (i + 1) * _STREAM.size]) for i in range(2)]
    at += 2 * _STREAM.size
    if len(payload) != at + sum(head + tail for head, tail, _ in shapes):
        raise ProtocolError("a result whose streams do not fill it")
    outputs = []
    for head, tail, dropped in shapes:
        kept = payload[at : at + head + tail]
        outputs.append(Output(head=kept[:head], tail=kept[head:], dropped_bytes=dropped))
        at += head + tail
    return CommandResult(
        exit_code=None if signal else exit_code,
        signal=signal or None,
        stdout=outputs[0],
        stderr=outputs[1],
        wall_seconds=wall_ns / 1e9,
        cpu_seconds=cpu_ns / 1e9,
        peak_memory_bytes=peak,
        limit=_LIMITS[limit],
        cancelled=bool(cancelled),
    )


def decode_record(payload: bytes) -> Record:
    """The payload of RECORD."""
    kind, mode, path_length = _unpack(_RECORD, payload[: _RECORD.size])
    found = _KINDS[kind] if kind < len(_KINDS) else None
    if found is None or path_length > len(payload) - _RECORD.size:
        raise ProtocolError(f"record of kind {kind}")
    start = _RECORD.size + path_length
    return Record(path=payload[_RECORD.size : start], kind=found, mode=mode, data=payload[start:])


def _unpack(shape: struct.Struct, data: bytes) -> tuple[int, ...]:
    if len(data) != shape.size:
        raise ProtocolError(f"{len(data)} bytes where {shape.size} were due")
    return shape.unpack(data)
