"""Commands: how they end is told as it was, and nothing of them is left."""

from __future__ import annotations

import anyio
import pytest

from sandbox.errors import CommandRefused
from sandbox.sandbox import Command, LimitHit, Sandbox


async def test_exit_code_and_streams(shared: Sandbox) -> None:
    """A command's exit code comes back, and its two streams apart."""
    result = await shared.execute(Command(script="echo out; echo err >&2; exit 7"))
    assert (result.exit_code, result.signal, result.limit, result.cancelled) == (7, None, None, False)
    assert (result.stdout.text(), result.stderr.text()) == ("out\n", "err\n")
    assert not result.ok


async def test_signal(shared: Sandbox) -> None:
    """A command that a signal ended has no exit code."""
    result = await shared.execute(Command(script="kill -SEGV $$"))
    assert (result.exit_code, result.signal) == (None, 11)


async def test_bash(shared: Sandbox) -> None:
    """Scripts are for bash where the image has one."""
    result = await shared.execute(Command(script="a=(1 2); [[ ${a[1]} == 2 ]]"))
    assert result.ok


async def test_no_terminal_and_no_input(shared: Sandbox) -> None:
    """A command that reads its input finds its end at once, and has no terminal."""
    result = await shared.execute(Command(script="cat; tty; (: > /dev/tty) 2>/dev/null || echo no", timeout_seconds=20))
    assert result.stdout.text() == "not a tty\nno\n"


async def test_environment_is_the_commands_alone(shared: Sandbox) -> None:
    """A variable of one command overrides the sandbox's and is gone in the next."""
    given = await shared.execute(Command(script="echo $HOME $GIVEN", env={"GIVEN": "a=b c", "HOME": "/tmp"}))
    after = await shared.execute(Command(script="echo $HOME $GIVEN"))
    assert given.stdout.text() == "/tmp a=b c\n"
    assert after.stdout.text() == "/home/agent\n"


async def test_working_directory(shared: Sandbox) -> None:
    """A command runs in the worktree, or where below it or /tmp it asks to."""
    await shared.execute(Command(script="mkdir -p /tmp/inner"))
    result = await shared.execute(Command(script="pwd", cwd="/tmp/inner"))
    default = await shared.execute(Command(script="pwd"))
    assert (result.stdout.text(), default.stdout.text()) == ("/tmp/inner\n", "/workspace\n")


@pytest.mark.parametrize("cwd", ["/etc", "/", "/workspace/..", "/workspacex", "/tmp/to-etc", "/missing", "rel"])
async def test_working_directory_outside_is_refused(shared: Sandbox, cwd: str) -> None:
    """No command starts outside the worktree and /tmp, whatever link leads there."""
    await shared.execute(Command(script="ln -sfn /etc /tmp/to-etc"))
    with pytest.raises(CommandRefused):
        await shared.execute(Command(script="true", cwd=cwd))
    assert (await shared.execute(Command(script="true"))).ok


@pytest.mark.parametrize(
    "command",
    [
        Command(script="echo a\0b"),
        Command(script="true " + "x" * 131072),
        Command(script="true", cwd="/workspace\0"),
        Command(script="true", env={"A=B": "c"}),
        Command(script="true", env={"A": "\0"}),
    ],
    ids=["nul", "long", "cwd", "name", "value"],
)
async def test_what_would_run_as_something_else_is_refused(shared: Sandbox, command: Command) -> None:
    """A command that the kernel would cut, and so run as another than was judged, is not started."""
    with pytest.raises(CommandRefused):
        await shared.execute(command)


async def test_time_limit_asks_first(shared: Sandbox) -> None:
    """At its time limit a command is asked to end, and may clean up."""
    script = "trap 'echo bye; exit 3' TERM; sleep 60 & wait"
    result = await shared.execute(Command(script=script, timeout_seconds=0.3))
    assert (result.limit, result.exit_code, result.stdout.text()) == (LimitHit.TIME, 3, "bye\n")
    assert not result.ok


async def test_time_limit_kills(shared: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    """A command that will not end is killed a grace after its time limit, inside, with its children."""
    monkeypatch.setattr("sandbox.client.TERM_GRACE_SECONDS", 0.2)
    script = "trap '' TERM; (trap '' TERM; while :; do sleep 1; done) & while :; do sleep 1; done"
    result = await shared.execute(Command(script=script, timeout_seconds=0.3))
    assert (result.limit, result.signal) == (LimitHit.TIME, 9)
    assert 0.5 <= result.wall_seconds < 10


async def test_flood_is_cut_in_the_middle(shared: Sandbox) -> None:
    """Of 200 MB of output the head and the tail are kept, the rest is counted, and the command is not disturbed."""
    script = "echo first; yes | head -c 200000000; echo last; exit 0"
    result = await shared.execute(Command(script=script))
    kept = result.stdout
    assert result.ok
    assert result.limit is LimitHit.OUTPUT
    assert len(kept.head) + len(kept.tail) <= 1024**2
    assert len(kept.head) + len(kept.tail) + kept.dropped_bytes == 200_000_000 + len("first\nlast\n")
    assert kept.head.startswith(b"first\ny\n")
    assert kept.tail.endswith(b"y\nlast\n")


async def test_flood_ends_at_the_time_limit(shared: Sandbox) -> None:
    """An endless flood costs no time after the limit."""
    result = await shared.execute(Command(script="yes & yes >&2", timeout_seconds=0.5))
    assert result.limit is LimitHit.TIME
    assert result.wall_seconds < 10


async def test_both_streams_below_the_cap_are_whole(shared: Sandbox) -> None:
    """Output below the cap comes back to the byte, from both streams at once."""
    script = "for i in $(seq 20000); do echo out $i; echo err $i >&2; done"
    result = await shared.execute(Command(script=script))
    assert result.stdout.text() == "".join(f"out {i}\n" for i in range(1, 20001))
    assert result.stderr.text() == "".join(f"err {i}\n" for i in range(1, 20001))
    assert result.limit is None


async def test_closed_streams(shared: Sandbox) -> None:
    """A command that closes its output is still waited for."""
    result = await shared.execute(Command(script="exec >&- 2>&-; sleep 0.3; exit 5"))
    assert result.exit_code == 5
    assert result.wall_seconds >= 0.3


async def test_background_processes_end_with_their_command(shared: Sandbox) -> None:
    """A daemon that left its session, its parent and its output is killed when its command is over."""
    started = "setsid bash -c 'setsid sleep 987654 & ' > /dev/null 2>&1 < /dev/null; setsid sleep 987654 & echo up"
    assert (await shared.execute(Command(script=started))).stdout.text() == "up\n"
    left = await shared.execute(Command(script="cat /proc/[0-9]*/cmdline | tr '\\0' ' ' | grep -c 'sleep 98765[4]'"))
    assert left.stdout.text() == "0\n"


@pytest.mark.parametrize("attack", ["kill -TERM 1", "kill -KILL 1", "kill -STOP 1", "kill -HUP 1", "kill -KILL -1"])
async def test_the_supervisor_survives_its_commands(shared: Sandbox, attack: str) -> None:
    """No signal that a command can send ends the sandbox or stops it."""
    await shared.execute(Command(script="echo still here > /tmp/mark"))
    await shared.execute(Command(script=f"{attack}; for s in $(seq 1 64); do kill -$s 1; done", timeout_seconds=20))
    result = await shared.execute(Command(script="cat /tmp/mark", timeout_seconds=20))
    assert result.stdout.text() == "still here\n"


async def test_cancelling_ends_the_command(shared: Sandbox) -> None:
    """Cancelling the caller ends the command inside; the sandbox serves the next one."""
    with anyio.move_on_after(0.5) as scope:
        await shared.execute(Command(script="exec sleep 876543"))
    assert scope.cancelled_caught
    left = await shared.execute(Command(script="cat /proc/[0-9]*/cmdline | tr '\\0' ' ' | grep -c 'sleep 87654[3]'"))
    assert left.stdout.text() == "0\n"


async def test_callers_that_race_are_served_in_turn(shared: Sandbox) -> None:
    """Commands asked for at once run one after the other, each caller getting its own result."""
    results: dict[int, str] = {}

    async def run(number: int) -> None:
        script = f"mkdir /tmp/alone && sleep 0.02 && rmdir /tmp/alone && echo {number}"
        results[number] = (await shared.execute(Command(script=script))).stdout.text()

    async with anyio.create_task_group() as group:
        for number in range(8):
            group.start_soon(run, number)
    assert results == {number: f"{number}\n" for number in range(8)}


async def test_what_it_used(shared: Sandbox) -> None:
    """CPU time and peak memory of all of a command's processes are told."""
    script = "bash -c \"python3 -c 'x = bytearray(120_000_000); [i * i for i in range(3_000_000)]'\"; true"
    result = await shared.execute(Command(script=script))
    assert result.ok
    assert 0.02 < result.cpu_seconds < 60
    assert 120_000_000 < result.peak_memory_bytes < 400_000_000
