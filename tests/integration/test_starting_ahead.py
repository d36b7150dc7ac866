"""Sandboxes that start ahead of need: the model is asked meanwhile, and the next task's is there before its turn."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.integration.conftest import MakeProgram
from tests.integration.scripting import done, editor, found, plan, shell, talk
from tests.integration.test_stopping import asked, wait_until
from tests.server.fixture import ScriptedServer

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]


@pytest.mark.docker
def test_the_model_is_asked_while_the_sandbox_starts(make: MakeProgram, scripted_server: ScriptedServer) -> None:
    """A sandbox that can't be had stops the run with what is missing, at the first command and not before."""
    program = make({"a.txt": "a\n"})
    scripted_server.play(talk("editor", "Write one.", shell("echo 1 > one.txt"), done()))
    path = program.repository.parent / "plan.yaml"
    path.write_text(plan(editor("one", "Write one."), sandbox={"memory": "1m"}))
    result = program.json("run", "--backend", "docker", path, code=4)
    assert result["status"] == "stopped"
    assert "memory" in result["tasks"][0]["why"]
    kinds = [event["kind"] for event in program.events()]
    assert "model answered" in kinds
    assert "command run" not in kinds


def test_the_next_task_has_its_sandbox_before_its_turn(make: MakeProgram, scripted_server: ScriptedServer) -> None:
    """While the only task that may run thinks, the one behind it has a sandbox started; none of it is left."""
    program = make({"a.txt": "a\n"})
    waits = {"id": "second", "role": "investigator", "goal": "Look at two."}
    first = {"id": "first", "role": "investigator", "goal": "Look at one."}
    answers = talk("investigator", "Look at two.", shell("cat a.txt"), found("it is a"))
    scripted_server.play(talk("investigator", "Look at one.", {"text": "...", "delay_seconds": 120}), answers)
    path = program.repository.parent / "plan.yaml"
    path.write_text(plan(first, waits, limits={"parallel": 1}))
    state = Path(program.env["XDG_STATE_HOME"])

    def places() -> list[str]:
        return sorted(place.parent.name for place in state.glob("mimo-orchestrate/*/runs/*/*/*"))

    process = program.start("run", "--backend", "bubblewrap", path)
    try:
        wait_until(asked(scripted_server, "Look at one.", 1), process)
        wait_until(lambda: places() == ["first", "second"], process)
    finally:
        process.kill()
        process.communicate()
    scripted_server.play(talk("investigator", "Look at one.", found("one")), answers)
    assert program.json("resume", "last")["status"] == "done"
    assert places() == []


ASKS = """import socket
with socket.create_connection(("127.0.0.1", 61080)) as proxy:
    proxy.sendall(b"GET http://bad.test/ HTTP/1.1\\r\\nHost: bad.test\\r\\n\\r\\n")
    print(proxy.recv(4096))
"""


@pytest.mark.docker
def test_nothing_is_told_after_the_end(make: MakeProgram, scripted_server: ScriptedServer) -> None:
    """What the last sandbox tells when it ends stands before the end of its run: the journal is closed by that."""
    policy = "version: 1\nextends: standard\nnetwork: {allow: [good.test]}\ncommands:\n  - allow: python3\n"
    program = make({".mimo/policy.yaml": policy, "ask.py": ASKS})
    scripted_server.play(talk("investigator", "Look.", shell("python3 ask.py"), found("it is there")))
    path = program.repository.parent / "plan.yaml"
    look = {"id": "look", "role": "investigator", "goal": "Look."}
    path.write_text(plan(look, sandbox={"network": ["good.test"]}))
    assert program.json("run", "--backend", "docker", path)["status"] == "done"
    kinds = [event["kind"] for event in program.events()]
    assert "network used" in kinds
    assert kinds[-1] == "run ended"
