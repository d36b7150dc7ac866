"""Commands about a run that is at work, has ended, or is not there."""

from __future__ import annotations

import os
import secrets
import signal
from pathlib import Path

import pytest

from tests.contracts.sandbox.processes import eventually, mentioning
from tests.integration.aftermath import no_traceback, nothing_left, refs, running
from tests.integration.conftest import MakeProgram
from tests.integration.program import Program
from tests.integration.scripting import done, editor, plan, shell, talk
from tests.server.fixture import ScriptedServer

pytestmark = pytest.mark.slow


def said(program: Program, *words: str, code: int) -> str:
    """What a command shows, on both streams, held to its exit code; it moves no ref."""
    before = refs(program)
    finished = program.run(*words)
    no_traceback(finished)
    assert finished.returncode == code, f"exit {finished.returncode}\n{finished.stderr}\n{finished.stdout}"
    assert refs(program) == before
    return finished.stdout + finished.stderr


def sleeping(seconds: str) -> list[int]:
    """The processes that sleep for so long, which nobody else does."""
    words = f"sleep\0{seconds}\0".encode()
    return [pid for pid in mentioning(seconds) if Path(f"/proc/{pid}/cmdline").read_bytes() == words]


def test_commands_that_come_at_the_wrong_time(make: MakeProgram, scripted_server: ScriptedServer) -> None:
    """A run at work is left to its process; one that has ended is shown, and nothing is done twice."""
    program = make({"a.txt": "a\n"})
    path = program.repository.parent / "plan.yaml"
    path.write_text(plan(editor("one", "Write one.")))
    seconds = f"50.{secrets.randbelow(10**9):09}"
    slow = shell(f"echo 1 > one.txt; while sleep {seconds}; do :; done")
    scripted_server.play(talk("editor", "Write one.", slow, done("it is written")))

    with running(program, "--backend", "bubblewrap", "-v", path) as process:
        assert process.stderr is not None
        assert any(seconds in line for line in process.stderr)
        for command in ("resume", "merge", "revert"):
            assert f"by process {process.pid}" in said(program, command, "last", code=2)
        assert eventually(lambda: bool(sleeping(seconds)), seconds=120)
        for pid in sleeping(seconds):
            os.kill(pid, signal.SIGKILL)
        stdout, stderr = process.communicate(timeout=120)

    assert process.returncode == 0, stdout + stderr
    assert "it is written" in stderr, "-v shows what the models say"
    assert "nothing to go on with" in said(program, "resume", "last", code=0)
    assert program.json("resume", "last")["status"] == "done"
    assert "nothing that waits to land" in said(program, "merge", "last", code=0)
    assert "no run 'tset'" in said(program, "status", "tset", code=2)
    assert "has no task 'two'" in said(program, "review", "last", "two", code=2)
    assert "has no task 'two'" in said(program, "merge", "last", "two", code=2)
    assert "has ended already" in said(program, "cancel", "last", code=2)
    program.json("revert", "last")
    assert "nothing to take back" in said(program, "revert", "last", code=2)
    assert program.tree("main") == {"a.txt": "a"}
    nothing_left(program)
