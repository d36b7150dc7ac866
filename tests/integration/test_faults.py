"""Faults of providers and of the machine in whole runs: the others go on, waits end, and nothing is done twice."""

from __future__ import annotations

import signal
import subprocess
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from sandbox.engine import Engine
from sandbox.heartbeat import SILENCE_SECONDS
from tests.contracts.sandbox.processes import eventually
from tests.contracts.sandbox.relay import Relay
from tests.integration.aftermath import no_traceback, nothing_left, running
from tests.integration.conftest import MakeProgram
from tests.integration.program import Program
from tests.integration.scripting import Turn, done, editor, found, plan, shell, talk
from tests.server.fixture import ScriptedServer

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

STOPPED_SECONDS = 12.0
"""Longer than a supervisor bears silence."""

LOOK: Turn = {"id": "look", "role": "investigator", "goal": "Look around."}


def written(program: Program, *tasks: Turn, **more: Any) -> Path:
    """A plan beside the repository."""
    path = program.repository.parent / "plan.yaml"
    path.write_text(plan(*tasks, **more))
    return path


def ended(process: subprocess.Popen[str], *, code: int) -> str:
    """What the program said until its end, which it came to with this code."""
    stdout, stderr = process.communicate(timeout=240)
    no_traceback(subprocess.CompletedProcess(process.args, process.returncode, stdout, stderr))
    assert process.returncode == code, stdout + stderr
    return stdout + stderr


def journalled(program: Program, **wanted: object) -> Callable[[], bool]:
    """Whether an event with these values is in the journal of the newest run."""

    def look() -> bool:
        shown = program.run("log", "last", "--json")
        events = program.events() if shown.returncode == 0 else []
        return any(all(event.get(key) == value for key, value in wanted.items()) for event in events)

    return look


def test_a_task_whose_provider_is_down_waits_and_others_go_on(
    make: MakeProgram, scripted_server: ScriptedServer
) -> None:
    """The investigator's model is down, the editor's is not: exit code 3, what could be done is done, and `resume`
    does the rest."""
    program = make({"a.txt": "a\n"})
    down = {"findings": "none", "faults": [{"kind": "503", "retry_after": 3600, "always": True}]}
    write = talk("editor", "Write one.", shell("echo 1 > one.txt"), shell("cat one.txt"), done())
    scripted_server.play({**talk("investigator", "Look around.", down), "model": "down"}, write)
    path = written(program, LOOK, editor("one", "Write one."), models={"investigator": "openai/down"})

    result = program.json("run", "--backend", "bubblewrap", path, code=3)

    assert [(task["id"], task["state"]) for task in result["tasks"]] == [("look", "waiting"), ("one", "ready")]
    assert "overloaded" in result["tasks"][0]["why"]
    met = [event for event in program.events() if event["kind"] == "fault met"]
    assert [(event["where"], event["task"], event["retryable"]) for event in met] == [
        ("model openai/down", "look", False)
    ]
    scripted_server.play(talk("investigator", "Look around.", found("nothing")), write)
    assert program.json("resume", "last")["status"] == "done"
    assert program.tree("main") == {"a.txt": "a", "one.txt": "1"}
    nothing_left(program)


def test_one_interrupt_ends_a_wait_for_the_provider(make: MakeProgram, scripted_server: ScriptedServer) -> None:
    """Ctrl-C in the middle of a long wait stops at once, with 130; `resume` goes on."""
    program = make({"a.txt": "a\n"})
    limited = {**shell("echo 1 > one.txt"), "faults": [{"kind": "429", "retry_after": 500}]}
    scripted_server.play(talk("editor", "Write one.", limited, done()))
    with running(program, "--backend", "bubblewrap", written(program, editor("one", "Write one."))) as process:
        assert eventually(journalled(program, kind="fault retried"), seconds=120)
        began = time.monotonic()
        process.send_signal(signal.SIGINT)
        ended(process, code=130)
    assert time.monotonic() - began < 240
    assert program.json("resume", "last")["status"] == "done"
    assert program.tree("main")["one.txt"] == "1"
    nothing_left(program)


def test_a_wait_ends_with_the_time_that_is_left(make: MakeProgram, scripted_server: ScriptedServer) -> None:
    """A provider that wants more patience than the plan has time for is not waited for."""
    program = make({"a.txt": "a\n"})
    limited = {**shell("echo 1 > one.txt"), "faults": [{"kind": "429", "retry_after": 500}]}
    scripted_server.play(talk("editor", "Write one.", limited, done()))
    path = written(program, editor("one", "Write one."), limits={"wall": "400s"})
    result = program.json("run", "--backend", "bubblewrap", path, code=3)
    assert "Rate limit" in result["tasks"][0]["why"]
    assert not journalled(program, kind="fault retried")()
    assert program.json("resume", "last")["status"] == "done"


def test_a_program_that_was_stopped_goes_on(backend: str, make: MakeProgram, scripted_server: ScriptedServer) -> None:
    """`kill -STOP` in the middle of a command, for longer than a sandbox bears it: the work goes on where it was."""
    program = make({"a.txt": "a\n"})
    turns = shell("echo 1 > one.txt"), shell("sleep 3; echo 2 >> one.txt"), done()
    scripted_server.play(talk("editor", "Write one.", *turns))
    with running(program, "--backend", backend, written(program, editor("one", "Write one."))) as process:
        assert eventually(lambda: len(scripted_server.requests()) >= 2, seconds=240)
        process.send_signal(signal.SIGSTOP)
        time.sleep(STOPPED_SECONDS)
        process.send_signal(signal.SIGCONT)
        ended(process, code=0)
    assert program.tree("main") == {"a.txt": "a", "one.txt": "1\n2"}
    assert len(scripted_server.requests()) == 3
    assert program.run("audit", "verify", "last").returncode == 0
    nothing_left(program)


@pytest.mark.docker
def test_an_engine_that_is_slow_is_waited_for(relay: Relay, make: MakeProgram, scripted_server: ScriptedServer) -> None:
    """It tells of a start too late, and in the middle of a command it is silent for longer than a sandbox bears that:
    the work goes on in a new one, from where it was, and no container is left."""
    program = make({"a.txt": "a\n"})
    program = replace(program, env={**program.env, "DOCKER_HOST": relay.url})
    turns = shell("echo 1 > one.txt"), shell("sleep 3; echo 2 >> one.txt"), done()
    scripted_server.play(talk("editor", "Write one.", *turns))
    relay.late[b"/start "] = SILENCE_SECONDS + 1
    with running(program, "--backend", "docker", written(program, editor("one", "Write one."))) as process:
        assert eventually(lambda: len(scripted_server.requests()) >= 2, seconds=240)
        with relay.held():
            time.sleep(STOPPED_SECONDS)
        ended(process, code=0)
    assert program.tree("main") == {"a.txt": "a", "one.txt": "1\n2"}
    assert len(scripted_server.requests()) == 3
    assert not relay.late
    assert journalled(program, kind="fault retried")(), "the silence was borne"
    run = str(program.json("runs")[0]["run"])
    assert eventually(lambda: not Engine().left_over(run))
    nothing_left(program)
