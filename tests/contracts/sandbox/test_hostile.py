"""Commands that mean harm, or behave as if: the sandbox lives on, and says how they ended."""

from __future__ import annotations

import os
import shlex
import signal
from pathlib import Path

import anyio
import pytest

from sandbox.errors import CommandRefused, SandboxLost
from sandbox.requests import MAX_ARGUMENT_BYTES
from sandbox.sandbox import Backend, Command, CommandResult, LimitHit, Limits, Sandbox
from tests.contracts.sandbox import hostile
from tests.contracts.sandbox.conftest import make_spec
from tests.contracts.sandbox.processes import bearing, canary, eventually, mentioning, sleeper, supervisor_above

GIGABYTE = 10**9


async def run(sandbox: Sandbox, script: str, *, seconds: float = 60) -> CommandResult:
    """One command."""
    return await sandbox.execute(Command(script=script, timeout_seconds=seconds))


def python(program: str) -> str:
    """A script that runs a program of `hostile`."""
    return f"python3 -c {shlex.quote(program)}"


def stopped(word: str) -> bool:
    """Whether a process that mentions the canary is stopped."""
    return any("\nState:\tT" in Path(f"/proc/{pid}/status").read_text() for pid in mentioning(word))


async def test_every_signal_to_process_1(shared: Sandbox) -> None:
    """No signal's number ends PID 1 or stops it, sent to it alone or to everything."""
    await run(shared, "echo still here > /tmp/mark")
    assert (await run(shared, f"exec {python(hostile.EVERY_SIGNAL)}")).stdout.text() == "sent\n"
    assert (await run(shared, "cat /tmp/mark")).stdout.text() == "still here\n"


async def test_killing_everything(shared: Sandbox) -> None:
    """`kill -9 -1` takes what else runs, not the sandbox; the command goes on and ends as it would."""
    result = await run(shared, "sleep 1000 & kill -KILL -1; wait; echo on; exit 6")
    assert (result.exit_code, result.stdout.text()) == (6, "on\n")


@pytest.mark.parametrize("program", [hostile.FORGED_TERM, hostile.FORGETFUL_TERM], ids=["forged", "queue full"])
async def test_a_forged_signal(shared: Sandbox, program: str) -> None:
    """A SIGTERM that pretends to come from outside does not end the sandbox."""
    assert (await run(shared, f"{python(program)}; sleep 0.1")).stdout.text().startswith("True\n")
    assert (await run(shared, "echo on")).stdout.text() == "on\n"


async def test_the_queue_of_signals_is_kept_free(shared: Sandbox) -> None:
    """Commands can't fill the user's queue of signals: what PID 1 is sent keeps its sender's name."""
    result = await run(shared, f"{python(hostile.FORGETFUL_TERM)}; grep SigQ /proc/1/status")
    queued = int(result.stdout.text().splitlines()[1])
    ceiling = int(result.stdout.text().rpartition("/")[2])
    assert queued <= ceiling // 2


async def test_a_real_signal_is_honoured(fresh: Sandbox) -> None:
    """A SIGTERM from outside, as of `docker stop`, ends the sandbox, and that is a loss."""
    word = canary()
    async with anyio.create_task_group() as group:

        async def lost() -> None:
            with pytest.raises(SandboxLost):
                await fresh.execute(Command(script=sleeper(word)))

        group.start_soon(lost)
        assert await anyio.to_thread.run_sync(lambda: eventually(lambda: bool(bearing(word)), seconds=60))
        os.kill(supervisor_above(bearing(word)[0]), signal.SIGTERM)


async def test_process_1_can_not_be_starved(shared: Sandbox) -> None:
    """A command lowers its own priority, not that of PID 1, by whatever name it calls it."""
    assert (await run(shared, python(hostile.STARVE))).stdout.text() == "True True False\n"


async def test_process_1_can_not_be_spoken_for(shared: Sandbox) -> None:
    """The supervisor's streams, memory and program are closed to commands."""
    assert (await run(shared, python(hostile.WRITES_TO_THE_SUPERVISOR))).stdout.text() == "[]\n"


async def test_the_kernel_takes_a_command_before_process_1(shared: Sandbox) -> None:
    """When memory runs out, commands are what the kernel takes first, from their first moment on."""
    script = """
    read own < /proc/$$/oom_score_adj
    until read first < /proc/1/oom_score_adj && [ $own -ge $((first + 100)) ]; do sleep 0.05; done"""
    assert (await run(shared, script)).ok


async def test_a_command_that_stops_itself(shared: Sandbox) -> None:
    """A stopped command ends at its time limit, asked first: it is woken for that."""
    result = await run(shared, "trap 'echo bye; exit 3' TERM; kill -STOP $$; sleep 1000", seconds=4)
    assert (result.limit, result.exit_code, result.stdout.text()) == (LimitHit.TIME, 3, "bye\n")


async def test_cancelling_a_stopped_group(shared: Sandbox) -> None:
    """A command whose whole group has stopped can be cancelled, and cleans up; the sandbox serves the next one."""
    word = canary()
    script = f"trap 'touch /tmp/{word}; exit' TERM; (sleep 1000 &); kill -STOP 0; sleep 1000"
    async with anyio.create_task_group() as group:
        group.start_soon(run, shared, script)
        assert await anyio.to_thread.run_sync(lambda: eventually(lambda: stopped(word), seconds=60))
        group.cancel_scope.cancel()
    assert (await run(shared, f"test -e /tmp/{word}")).ok


async def test_a_daemon_that_stops_itself(shared: Sandbox) -> None:
    """A daemon in a session of its own that has stopped is killed with the rest when its command is over."""
    word = canary()
    daemon = f"touch /tmp/{word}; kill -STOP $$; sleep 1000"
    script = f"setsid bash -c {shlex.quote(daemon)} & until test -e /tmp/{word}; do sleep 0.01; done; sleep 0.05"
    assert (await run(shared, script)).ok
    assert mentioning(word) == []


async def test_ten_thousand_orphans(backend: Backend, tmp_path: Path) -> None:
    """10,000 processes that were left to PID 1 are reaped as they die: they never add up to the limit."""
    async with backend.open(make_spec(tmp_path, limits=Limits(pids=1000))) as sandbox:
        script = "exec sh -c 'n=0; while test $n -lt 10000; do (: &); n=$((n + 1)); done; echo $n'"
        result = await run(sandbox, script, seconds=110)
        assert (result.exit_code, result.stdout.text(), result.limit) == (0, "10000\n", None)


async def test_zombies(shared: Sandbox) -> None:
    """Children that were not waited for are gone when the next command starts."""
    assert (await run(shared, python(hostile.ZOMBIES))).ok
    assert (await run(shared, "grep -l '^State:.Z' /proc/[0-9]*/status | wc -l")).stdout.text() == "0\n"


async def test_its_streams_closed_and_a_child_on(shared: Sandbox) -> None:
    """A command is over when its first process is, whatever still holds its streams; with all three closed it runs."""
    held = await run(shared, "sleep 1000 & exit 4")
    closed = await run(shared, "exec 0<&- 1>&- 2>&-; sleep 0.1; exit 5")
    assert (held.exit_code, closed.exit_code) == (4, 5)
    assert held.wall_seconds < 60


async def test_any_bytes(shared: Sandbox) -> None:
    """Output of any bytes comes back as it was written."""
    result = await run(shared, python(hostile.ALL_BYTES))
    assert result.stdout.head + result.stdout.tail == bytes(range(256)) * 100 + b"\xff\xfe\x80"
    assert result.stderr.head == b"\x00\xc3\x28" * 100
    assert "�" in result.stdout.text()


@pytest.mark.timeout(300)
async def test_ten_gigabytes(shared: Sandbox) -> None:
    """Of 10 GB every byte is counted, and 1 MiB kept."""
    result = await run(shared, "head -c 10000000000 /dev/zero; echo end", seconds=240)
    kept = len(result.stdout.head) + len(result.stdout.tail)
    assert (result.exit_code, result.limit) == (0, LimitHit.OUTPUT)
    assert kept <= 1024**2
    assert kept + result.stdout.dropped_bytes == 10 * GIGABYTE + len("end\n")
    assert result.stdout.tail.endswith(b"\0end\n")


async def test_a_line_of_a_gigabyte(shared: Sandbox) -> None:
    """A line without an end is cut like anything else."""
    result = await run(shared, "head -c 1000000000 /dev/zero | tr '\\0' x", seconds=110)
    assert result.stdout.head + result.stdout.tail == b"x" * 1024**2
    assert result.stdout.dropped_bytes == GIGABYTE - 1024**2


async def test_input_that_is_never_read(shared: Sandbox) -> None:
    """The largest file that a write carries reaches a sandbox that begins with nothing but a command's end."""
    async with anyio.create_task_group() as group:
        group.start_soon(run, shared, "sleep 0.3")
        await anyio.sleep(0.05)
        await shared.write_file("large", bytes(16 * 1024**2), create=True)
    assert (await run(shared, "wc -c < large; rm large; cat | wc -c")).stdout.text() == "16777216\n0\n"


async def test_an_environment_of_a_megabyte(shared: Sandbox) -> None:
    """1 MB of variables arrives whole."""
    env = {f"VARIABLE_{number}": "v" * 10_000 for number in range(100)}
    result = await shared.execute(Command(script="env | grep -c '^VARIABLE_.*v$'; echo ${#VARIABLE_99}", env=env))
    assert result.stdout.text() == "100\n10000\n"


async def test_the_longest_script(shared: Sandbox) -> None:
    """A script as long as the kernel takes runs, one byte more is refused."""
    script = "echo ran; exit 0 " + "#" * MAX_ARGUMENT_BYTES
    assert (await shared.execute(Command(script=script[:MAX_ARGUMENT_BYTES]))).stdout.text() == "ran\n"
    with pytest.raises(CommandRefused, match="131071 bytes"):
        await shared.execute(Command(script=script[: MAX_ARGUMENT_BYTES + 1]))


async def test_the_longest_variable(shared: Sandbox) -> None:
    """A variable as long as the kernel takes is set, one byte more is refused."""
    value = "x" * (MAX_ARGUMENT_BYTES - len("LONG="))
    assert (await shared.execute(Command(script="echo ${#LONG}", env={"LONG": value}))).stdout.text() == "131066\n"
    with pytest.raises(CommandRefused, match="LONG"):
        await shared.execute(Command(script="true", env={"LONG": value + "x"}))


async def test_more_than_the_kernel_takes(shared: Sandbox) -> None:
    """Variables that are too much together are refused by the kernel's word, not told as a command that failed."""
    env = {f"V{number}": "x" * 100_000 for number in range(100)}
    with pytest.raises(CommandRefused, match="Argument list too long"):
        await shared.execute(Command(script="true", env=env))
    assert (await run(shared, "echo on")).stdout.text() == "on\n"


async def test_more_than_the_wire_takes(shared: Sandbox) -> None:
    """What is too much for a request is refused before it is sent."""
    for env in (
        {f"V{number}": "x" * 100_000 for number in range(200)},
        {f"V{number}": "x" for number in range(4097)},
    ):
        with pytest.raises(CommandRefused, match="environment"):
            await shared.execute(Command(script="true", env=env))
    assert (await run(shared, "echo on")).stdout.text() == "on\n"


async def test_half_a_character(shared: Sandbox) -> None:
    """Text that no bytes stand for is refused; bytes that are no text reach the command as they are."""
    with pytest.raises(CommandRefused, match="surrogate"):
        await shared.execute(Command(script="echo \ud800"))
    assert (await run(shared, "printf '\udcff' | od -An -tx1")).stdout.text() == " ff\n"


async def test_a_time_limit_beyond_all_measure(shared: Sandbox) -> None:
    """A command that asks for longer than there is gets what the sandbox has."""
    assert (await run(shared, "echo on", seconds=1e300)).stdout.text() == "on\n"
