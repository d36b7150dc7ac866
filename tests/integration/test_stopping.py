"""Killed, interrupted, out of budget: nothing is lost, nothing runs on, and `resume` finishes the work once."""

from __future__ import annotations

import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.integration.conftest import MakeProgram
from tests.integration.program import Program
from tests.integration.scripting import done, editor, plan, shell, talk
from tests.server.fixture import ScriptedServer

pytestmark = pytest.mark.slow

FIRST = talk("editor", "Write one.", shell("echo 1 > one.txt"), done())
SECOND_GOAL = "Write two."
HANGING = talk("editor", SECOND_GOAL, shell("echo 2 > two.txt"), {"text": "...", "delay_seconds": 60})
SECOND = talk("editor", SECOND_GOAL, shell("echo 2 > two.txt"), shell("cat two.txt"), done())


def two_tasks(program: Program, **more: object) -> Path:
    """A plan whose second task needs the first."""
    path = program.repository.parent / "plan.yaml"
    path.write_text(
        plan(editor("one", "Write one."), editor("two", SECOND_GOAL, needs=["one"]), verify=["true"], **more)
    )
    return path


def wait_until(condition: Callable[[], bool], process: subprocess.Popen[str]) -> None:
    """Wait for something of a running program, as long as it runs."""
    deadline = time.monotonic() + 120
    while not condition():
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < deadline, "it never came"
        time.sleep(0.05)


def asked(server: ScriptedServer, goal: str, times: int) -> Callable[[], bool]:
    """Whether the model was asked so often about a goal."""

    def look() -> bool:
        return sum(goal in str(request["request"]["messages"][:2]) for request in server.requests()) >= times

    return look


def nothing_left(program: Program) -> None:
    """No process of a sandbox of this home, and no worktree, is left."""
    needle = str(program.repository.parent).encode()
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                line = (entry / "cmdline").read_bytes()
            except (FileNotFoundError, ProcessLookupError):
                continue
            assert needle not in line or b"tests.server" in line, line


def test_a_killed_run_is_finished_by_resume(backend: str, make: MakeProgram, scripted_server: ScriptedServer) -> None:
    """After `kill -9` the rest is done, and what had landed is not landed again."""
    program = make({"a.txt": "a\n"})
    scripted_server.play(FIRST, HANGING)
    process = program.start("run", "--backend", backend, two_tasks(program))
    wait_until(asked(scripted_server, SECOND_GOAL, 2), process)
    process.kill()
    process.communicate()
    scripted_server.play(FIRST, SECOND)

    result = program.json("resume", "last")

    assert result["status"] == "done"
    assert program.tree("main") == {"a.txt": "a", "one.txt": "1", "two.txt": "2"}
    assert program.git("log", "--format=%s", "main").splitlines() == [
        "two: Write two.",
        "one: Write one.",
        "the beginning",
    ]
    assert program.run("audit", "verify", "last").returncode == 0
    nothing_left(program)


def test_one_interrupt_stops_after_the_step(make: MakeProgram, scripted_server: ScriptedServer) -> None:
    """Ctrl-C lets the step end, saves it, exits 130, leaves main alone, and `resume` goes on."""
    program = make({"a.txt": "a\n"})
    slow = talk("editor", SECOND_GOAL, shell("sleep 2; echo 2 > two.txt"), shell("cat two.txt"), done())
    scripted_server.play(FIRST, slow)
    process = program.start("run", "--backend", "bubblewrap", two_tasks(program))
    wait_until(asked(scripted_server, SECOND_GOAL, 1), process)
    process.send_signal(signal.SIGINT)
    _, stderr = process.communicate(timeout=60)
    assert process.returncode == 130, stderr
    assert "resume" in stderr or "stopping" in stderr
    saved = [event for event in program.events() if event["kind"] == "checkpoint taken" and event["task"] == "two"]
    assert [event["files"] for event in saved] in ([], [["two.txt"]])
    assert program.git("log", "--format=%s", "main") == "the beginning"
    assert program.json("resume", "last")["status"] == "done"
    assert program.tree("main")["two.txt"] == "2"


def test_two_interrupts_stop_at_once(backend: str, make: MakeProgram, scripted_server: ScriptedServer) -> None:
    """A second Ctrl-C does not wait for the command; the run can be resumed."""
    program = make({"a.txt": "a\n"})
    stuck = talk("editor", "Write one.", shell("sleep 59"), done())
    scripted_server.play(stuck)
    process = program.start("run", "--backend", backend, two_tasks(program))
    wait_until(asked(scripted_server, "Write one.", 1), process)
    wait_until(lambda: any(e["kind"] == "command judged" for e in program.events()), process)
    process.send_signal(signal.SIGINT)
    assert process.stderr is not None
    assert any("Ctrl-C again" in line for line in process.stderr)
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=45)
    assert process.returncode == 130
    scripted_server.play(FIRST, SECOND)
    assert program.json("resume", "last")["status"] == "done"
    nothing_left(program)


def test_a_second_sigterm_stops_at_once(make: MakeProgram, scripted_server: ScriptedServer) -> None:
    """What stops a service says it twice, and a model that thinks for a minute is not waited for."""
    program = make({"a.txt": "a\n"})
    scripted_server.play(FIRST, HANGING)
    process = program.start("run", "--backend", "bubblewrap", two_tasks(program))
    wait_until(asked(scripted_server, SECOND_GOAL, 2), process)
    process.send_signal(signal.SIGTERM)
    assert process.stderr is not None
    assert any("SIGTERM again" in line for line in process.stderr)
    process.send_signal(signal.SIGTERM)
    _, stderr = process.communicate(timeout=120)
    assert process.returncode == 130
    assert "stopped at once" in stderr
    scripted_server.play(FIRST, SECOND)
    assert program.json("resume", "last")["status"] == "done"


def test_a_cancelled_run_stays_ended(make: MakeProgram, scripted_server: ScriptedServer) -> None:
    """`cancel` ends a run for good: `resume` refuses it and says what to do."""
    program = make({"a.txt": "a\n"})
    scripted_server.play(FIRST, SECOND)
    program.json("run", "--backend", "bubblewrap", "--limit", "steps=1", two_tasks(program), code=3)
    assert program.run("cancel", "last").returncode == 0
    again = program.run("resume", "last")
    assert again.returncode == 2
    assert "cancelled" in again.stderr
