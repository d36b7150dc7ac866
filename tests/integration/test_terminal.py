"""A human at a real terminal: asked, stopped at the question, and heard later."""

from __future__ import annotations

import os
import pty
import select
import subprocess
import time

import pytest

from tests.integration.conftest import MakeProgram
from tests.integration.program import SCRIPT, Program
from tests.integration.scripting import done, editor, plan, shell, talk
from tests.server.fixture import ScriptedServer

pytestmark = pytest.mark.slow

GOAL = "Build it."
LIMIT_SECONDS = 120.0


class Terminal:
    """The program at a terminal of 80 columns; what it says there is kept."""

    def __init__(self, program: Program, *arguments: str) -> None:
        self.ours, theirs = pty.openpty()
        env = {**program.env, "TERM": "xterm"}
        words = [str(SCRIPT), *arguments]
        self.process = subprocess.Popen(
            words,
            cwd=program.repository,
            env=env,
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
            start_new_session=True,
            # Its own controlling terminal, so that Ctrl-C is a signal as it is for a user.
            preexec_fn=lambda: os.close(os.open(os.ttyname(0), os.O_RDWR)),
        )
        os.close(theirs)
        self.said = ""

    def read_until(self, text: str) -> None:
        """Read what it says until it says this."""
        deadline = time.monotonic() + LIMIT_SECONDS
        while text not in self.said:
            assert time.monotonic() < deadline, self.said
            if not self._read():
                raise AssertionError(self.said)

    def type(self, keys: str) -> None:
        """Type these keys."""
        os.write(self.ours, keys.encode())

    def end(self) -> int:
        """Read to the end; its exit code."""
        while self._read():
            pass
        os.close(self.ours)
        return self.process.wait(timeout=LIMIT_SECONDS)

    def _read(self) -> bool:
        ready, _, _ = select.select([self.ours], [], [], LIMIT_SECONDS)
        try:
            chunk = os.read(self.ours, 4096) if ready else b""
        except OSError:  # Linux says this where the other end is closed
            chunk = b""
        self.said += chunk.decode(errors="replace")
        return bool(chunk)


def build(make: MakeProgram, server: ScriptedServer) -> Program:
    """A repository whose task needs a command that the policy asks about."""
    program = make({"Makefile": "all:\n\techo built > built.txt\n"})
    server.play(talk("editor", GOAL, shell("make"), done()))
    (program.repository / "plan.yaml").write_text(plan(editor("build", GOAL)))
    return program


def test_a_human_allows_a_command(make: MakeProgram, scripted_server: ScriptedServer) -> None:
    """The question names task, command and rule; a yes lets exactly that run."""
    program = build(make, scripted_server)
    terminal = Terminal(program, "--backend", "bubblewrap", "plan.yaml")
    terminal.read_until("[n]ever?")
    assert "make" in terminal.said
    assert "standard" in terminal.said
    terminal.type("o\n")
    assert terminal.end() == 0
    assert program.tree("main")["built.txt"] == "built"


def test_ctrl_c_at_a_question_parks_it(make: MakeProgram, scripted_server: ScriptedServer) -> None:
    """Nothing more need be typed; the question waits, and the later answer counts without being asked again."""
    program = build(make, scripted_server)
    terminal = Terminal(program, "--backend", "bubblewrap", "plan.yaml")
    terminal.read_until("[n]ever?")
    terminal.type("\x03")
    assert terminal.end() == 130, terminal.said
    waiting = program.json("status")["questions"]
    assert [question["subject"] for question in waiting] == ["make"]
    assert program.run("approve", "last", waiting[0]["id"]).returncode == 0
    assert program.json("resume", "last")["status"] == "done"
    assert program.tree("main")["built.txt"] == "built"
