"""The wire: whatever arrives, in whatever pieces, is a frame of the protocol or an error."""

from __future__ import annotations

import contextlib
import struct
import tracemalloc
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sandbox.protocol import (
    MAX_PAYLOAD_BYTES,
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
)
from sandbox.sandbox import LimitHit, RecordKind

frames = st.builds(
    Frame, type=st.sampled_from(FrameType), id=st.integers(0, 2**32 - 1), payload=st.binary(max_size=200)
)


def result_payload(*, limit: int = 0, head: bytes = b"", tail: bytes = b"", dropped: int = 0) -> bytes:
    """A RESULT as the supervisor would send it, with nothing on standard error."""
    numbers = struct.pack("<iiIIQQQ", 0, 0, limit, 0, 2_000_000_000, 1_000_000_000, 4096)
    return numbers + struct.pack("<IIQIIQ", len(head), len(tail), dropped, 0, 0, 0) + head + tail


@given(st.lists(frames, max_size=6), st.lists(st.integers(1, 60), min_size=1))
def test_frames_survive_any_cutting(sent: list[Frame], cuts: list[int]) -> None:
    """Frames come out whole and in order, however the bytes are cut."""
    data = b"".join(encode(frame.type, frame.id, frame.payload) for frame in sent)
    reader, got, number = FrameReader(), [], 0
    while data:
        piece, data = data[: cuts[number % len(cuts)]], data[cuts[number % len(cuts)] :]
        number += 1
        reader.feed(piece)
        while (frame := reader.next()) is not None:
            got.append(frame)
    assert got == sent


@pytest.mark.parametrize("header", [(MAX_PAYLOAD_BYTES + 1, 2, 0), (0, 99, 0), (0xFFFFFFFF, 0xFFFFFFFF, 1)])
def test_an_impossible_header_is_an_error(header: tuple[int, int, int]) -> None:
    """A length or a type that the protocol does not have is refused before anything is stored."""
    reader = FrameReader()
    reader.feed(struct.pack("<III", *header))
    with pytest.raises(ProtocolError):
        reader.next()


@pytest.mark.parametrize("kind", [FrameType.HELLO, FrameType.ERROR, FrameType.DONE, FrameType.SNAPSHOT_END])
def test_a_short_answer_can_not_be_long(kind: FrameType) -> None:
    """A kind of frame that holds little is refused by its header where it promises much."""
    reader = FrameReader()
    reader.feed(struct.pack("<III", 1_000_000, kind, 1))
    with pytest.raises(ProtocolError):
        reader.next()


def test_a_lying_length_takes_no_room() -> None:
    """A header that promises the longest frame there is costs what has arrived, not what it promises."""
    reader = FrameReader()
    tracemalloc.start()
    try:
        reader.feed(struct.pack("<III", MAX_PAYLOAD_BYTES, FrameType.RESULT, 1))
        for _ in range(100):
            reader.feed(bytes(1000))
            assert reader.next() is None
        assert tracemalloc.get_traced_memory()[1] < 1_000_000
    finally:
        tracemalloc.stop()


@given(st.binary(max_size=400), st.integers(1, 50))
def test_garbage_on_the_wire(data: bytes, cut: int) -> None:
    """Whatever arrives, in whatever pieces, is put together as frames or refused, and nothing is made up."""
    reader, got = FrameReader(), 0
    with contextlib.suppress(ProtocolError):
        for start in range(0, len(data), cut):
            reader.feed(data[start : start + cut])
            while (frame := reader.next()) is not None:
                assert frame.payload == data[got + 12 : got + 12 + len(frame.payload)]
                got += 12 + len(frame.payload)
    assert got <= len(data)


@given(st.sampled_from([FrameType.RESULT, FrameType.RECORD, FrameType.ERROR, FrameType.HELLO]), st.data())
def test_a_damaged_answer(kind: FrameType, drawn: st.DataObject) -> None:
    """An answer with any bytes changed or cut off is decoded or refused by ProtocolError."""
    whole = {
        FrameType.RESULT: result_payload(head=b"head", tail=b"tail", dropped=3),
        FrameType.RECORD: struct.pack("<III", 1, 0o100644, 3) + b"a/bdata",
        FrameType.ERROR: struct.pack("<I", 2) + b"why",
        FrameType.HELLO: struct.pack("<III", 1, 1000, 1000),
    }[kind]
    damaged = bytearray(whole[: drawn.draw(st.integers(0, len(whole)))])
    for _ in range(drawn.draw(st.integers(0, 4)) if damaged else 0):
        damaged[drawn.draw(st.integers(0, len(damaged) - 1))] = drawn.draw(st.integers(0, 255))
    decode: Callable[[bytes], object] = {
        FrameType.RESULT: decode_result,
        FrameType.RECORD: decode_record,
        FrameType.ERROR: decode_error,
        FrameType.HELLO: decode_hello,
    }[kind]
    with contextlib.suppress(ProtocolError):
        decode(bytes(damaged))


@given(st.binary(max_size=200))
def test_garbage_is_an_error_and_never_a_crash(payload: bytes) -> None:
    """Any payload is decoded or refused by ProtocolError."""
    for decode in (decode_hello, decode_error, decode_record, decode_result):
        try:
            decode(payload)
        except ProtocolError:
            continue


def test_a_result() -> None:
    """A result's numbers and streams are read as they were sent."""
    result = decode_result(result_payload(limit=2, head=b"head", tail=b"tail", dropped=9))
    assert (result.exit_code, result.signal, result.limit) == (0, None, LimitHit.OUTPUT)
    assert (result.wall_seconds, result.cpu_seconds, result.peak_memory_bytes) == (2.0, 1.0, 4096)
    assert result.stdout.text() == "head\n[... 9 bytes cut ...]\ntail"
    assert result.ok


@pytest.mark.parametrize(
    "payload", [result_payload() + b"x", result_payload(head=b"abc")[:-1], result_payload(limit=77)]
)
def test_a_result_that_does_not_add_up(payload: bytes) -> None:
    """A result with too much, too little or an unknown limit in it is refused."""
    with pytest.raises(ProtocolError):
        decode_result(payload)


def test_a_record() -> None:
    """A record's path and content are told apart by the length of the path, which can't pass the payload."""
    record = decode_record(struct.pack("<III", 1, 0o100644, 3) + b"a\nbdata")
    assert (record.path, record.kind, record.mode, record.data) == (b"a\nb", RecordKind.FILE, 0o100644, b"data")
    for wrong in (struct.pack("<III", 1, 0, 4) + b"abc", struct.pack("<III", 0, 0, 0), struct.pack("<III", 9, 0, 0)):
        with pytest.raises(ProtocolError):
            decode_record(wrong)


def test_greeting_and_errors() -> None:
    """Another version of the protocol is refused; an error's words are text, whatever bytes they are."""
    assert decode_hello(struct.pack("<III", 1, 1000, 1000)) == 1000
    with pytest.raises(ProtocolError, match="version 2"):
        decode_hello(struct.pack("<III", 2, 1000, 1000))
    assert decode_error(struct.pack("<I", 2) + b"no\xff") == (ErrorCode.REFUSED, "no�")
