"""The client against a played supervisor: losses, lies, cancellations and abandoned snapshots."""

from __future__ import annotations

import struct
from collections.abc import Iterator

import anyio
import pytest

from sandbox.client import SupervisedSandbox
from sandbox.errors import SandboxLost
from sandbox.protocol import FrameType
from sandbox.sandbox import Command, Limits
from tests.sandbox.channel import PlayedChannel
from tests.sandbox.test_protocol import result_payload

RECORD = struct.pack("<III", 1, 0o100644, 1) + b"fdata"


@pytest.fixture
def channel() -> Iterator[PlayedChannel]:
    """A channel whose other end is the test."""
    played = PlayedChannel()
    yield played
    played.close()


@pytest.fixture
def sandbox(channel: PlayedChannel) -> SupervisedSandbox:
    """A client over the played channel."""
    return SupervisedSandbox("played-1", channel, Limits())


async def test_a_command(sandbox: SupervisedSandbox, channel: PlayedChannel) -> None:
    """A request carries the script, and its answer becomes the result."""
    channel.answer(FrameType.RESULT, 1, result_payload(head=b"hi"))
    result = await sandbox.execute(Command(script="echo hi"))
    asked = await channel.asked.receive()
    assert result.stdout.text() == "hi"
    assert (asked.type, asked.id) == (FrameType.EXEC, 1)
    assert b"echo hi\0" in asked.payload


@pytest.mark.parametrize(
    "lie",
    [
        (FrameType.RESULT, 7, result_payload()),
        (FrameType.RESULT, 1, b"short"),
        (FrameType.ERROR, 1, struct.pack("<I", 1) + b"what?"),
        (FrameType.ERROR, 1, struct.pack("<I", 99)),
        (FrameType.ERROR, 1, b""),
        (FrameType.DATA, 1, result_payload()),
        (FrameType.RESULT, 1, struct.pack("<iiIIQQQ", 1000, 0, 0, 0, 0, 0, 0) + bytes(32)),
    ],
    ids=["another request", "garbage", "malformed", "no such error", "no error", "another kind", "no exit code"],
)
async def test_a_lie_is_a_loss(
    sandbox: SupervisedSandbox, channel: PlayedChannel, lie: tuple[FrameType, int, bytes]
) -> None:
    """An answer that can't be is never a result: the sandbox is lost, now and for every later request."""
    channel.answer(*lie)
    with pytest.raises(SandboxLost, match="played-1"):
        await sandbox.execute(Command(script="true"))
    channel.answer(FrameType.RESULT, 2, result_payload())
    with pytest.raises(SandboxLost):
        await sandbox.execute(Command(script="true"))


async def test_the_end_of_the_output_is_a_loss(sandbox: SupervisedSandbox, channel: PlayedChannel) -> None:
    """A dead supervisor is a loss that carries its last words."""
    channel.hang_up()
    with pytest.raises(SandboxLost, match="; played"):
        await sandbox.execute(Command(script="true"))


async def test_silence_is_a_loss(sandbox: SupervisedSandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    """A supervisor that does not keep the time limit is not waited for any longer."""
    monkeypatch.setattr("sandbox.client.TERM_GRACE_SECONDS", 0.0)
    monkeypatch.setattr("sandbox.client.MARGIN_SECONDS", 0.05)
    with pytest.raises(SandboxLost, match="no answer"):
        await sandbox.execute(Command(script="true", timeout_seconds=0.01))


async def test_the_sandboxs_time_limit_is_the_ceiling(sandbox: SupervisedSandbox, channel: PlayedChannel) -> None:
    """A command may ask for less time than the sandbox's limit, not for more."""
    for number, (wanted, sent) in enumerate([(None, 600_000), (2.5, 2500), (10_000.0, 600_000)], start=1):
        channel.answer(FrameType.RESULT, number, result_payload())
        await sandbox.execute(Command(script="true", timeout_seconds=wanted))
        assert struct.unpack_from("<Q", (await channel.asked.receive()).payload) == (sent,)


async def test_cancelling_waits_for_the_end_inside(sandbox: SupervisedSandbox, channel: PlayedChannel) -> None:
    """A cancelled command is ended by a CANCEL and its late result is taken away, so that the next gets its own."""
    async with anyio.create_task_group() as group:
        group.start_soon(sandbox.execute, Command(script="sleep 1000"))
        assert (await channel.asked.receive()).type is FrameType.EXEC
        group.cancel_scope.cancel()
        with anyio.CancelScope(shield=True):
            cancel = await channel.asked.receive()
            assert (cancel.type, cancel.id) == (FrameType.CANCEL, 1)
            channel.answer(FrameType.RESULT, 1, result_payload(head=b"late"))
    channel.answer(FrameType.RESULT, 2, result_payload(head=b"next"))
    assert (await sandbox.execute(Command(script="true"))).stdout.text() == "next"


async def test_a_command_that_can_not_be_cancelled_is_a_loss(
    sandbox: SupervisedSandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A supervisor that does not answer a CANCEL in time is lost; the caller still sees its own cancellation."""
    monkeypatch.setattr("sandbox.client.TERM_GRACE_SECONDS", 0.0)
    monkeypatch.setattr("sandbox.client.MARGIN_SECONDS", 0.05)
    with anyio.move_on_after(0.02) as scope:
        await sandbox.execute(Command(script="sleep 1000"))
    assert scope.cancelled_caught
    with pytest.raises(SandboxLost):
        await sandbox.execute(Command(script="true"))


async def test_a_snapshot_says_what_was_taken(sandbox: SupervisedSandbox, channel: PlayedChannel) -> None:
    """Only a snapshot that was read to its end counts as taken when the next is asked for."""
    channel.answer(FrameType.RECORD, 1, RECORD)
    channel.answer(FrameType.SNAPSHOT_END, 1)
    assert [record.path async for record in sandbox.snapshot()] == [b"f"]
    channel.answer(FrameType.RECORD, 2, RECORD)
    channel.answer(FrameType.RECORD, 2, RECORD)
    channel.answer(FrameType.SNAPSHOT_END, 2)
    early = sandbox.snapshot()
    await anext(early)
    channel.answer(FrameType.SNAPSHOT_END, 3)
    assert [record async for record in sandbox.snapshot()] == []
    taken = [struct.unpack_from("<I", (await channel.asked.receive()).payload)[0] for _ in range(3)]
    assert taken == [0, 1, 0]
    with pytest.raises(RuntimeError):
        await anext(early)


async def test_a_snapshot_without_an_end_is_a_loss(
    sandbox: SupervisedSandbox, channel: PlayedChannel, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A supervisor that sends more than was asked for is not read on."""
    monkeypatch.setattr("sandbox.client.SNAPSHOT_RECORDS", 5)
    for _ in range(6):
        channel.answer(FrameType.RECORD, 1, RECORD)
    with pytest.raises(SandboxLost, match="more than a snapshot"):
        [record async for record in sandbox.snapshot()]


async def test_a_request_that_is_not_taken_is_a_loss(
    sandbox: SupervisedSandbox, channel: PlayedChannel, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A supervisor that does not read its input is lost, after a time; nobody waits for it for ever."""
    monkeypatch.setattr("sandbox.client.SEND_SECONDS", 0.05)
    monkeypatch.setattr(channel, "send", lambda _data: anyio.sleep_forever())
    with pytest.raises(SandboxLost, match="did not take a request"):
        await sandbox.execute(Command(script="true"))


async def test_another_version_is_refused(sandbox: SupervisedSandbox, channel: PlayedChannel) -> None:
    """A supervisor of another version is not spoken to."""
    channel.answer(FrameType.HELLO, 0, struct.pack("<III", 2, 1, 1))
    with pytest.raises(SandboxLost, match="version 2"):
        await sandbox.greet()


async def test_something_else_than_a_greeting(sandbox: SupervisedSandbox, channel: PlayedChannel) -> None:
    """Whatever speaks before the greeting is not our supervisor."""
    channel.say(b"bash: command not found, and more\n")
    with pytest.raises(SandboxLost):
        await sandbox.greet()
