"""A yes to a command is to the scripts that it names as they were, over a pause of the run as well."""

from __future__ import annotations

import signal
from hashlib import sha256

import pytest

from tests.integration.conftest import MakeProgram
from tests.integration.scripting import done, edit, editor, plan, shell, talk
from tests.integration.waiting import answer, ended, next_question, running
from tests.server.fixture import ScriptedServer

pytestmark = pytest.mark.slow

GOAL = "Run it."
SCRIPT = "print('as it was')\n"
RUN = shell("cd tools && python3 x.py")


@pytest.mark.parametrize("changed", [False, True])
def test_a_script_that_was_changed_is_asked_about_anew(
    make: MakeProgram, scripted_server: ScriptedServer, changed: bool
) -> None:
    """The answer that was given while the run was parked lets the script run that was asked about, and no other."""
    program = make({"a.txt": "a\n", "tools/x.py": SCRIPT})
    path = program.repository.parent / "plan.yaml"
    path.write_text(plan(editor("run", GOAL)))
    scripted_server.play(talk("editor", GOAL, RUN))
    with running(program, "run", "--backend", "bubblewrap", "--ask", "wait", path) as process:
        question = next_question(program, process)
        process.send_signal(signal.SIGINT)
        assert ended(process)[0] == 130
    assert question["bound"] == {"/workspace/tools/x.py": sha256(SCRIPT.encode()).hexdigest()}
    assert (
        f"with tools/x.py as it is now (sha256 {sha256(SCRIPT.encode()).hexdigest()[:12]})"
        in program.run("status").stdout
    )
    answer(program, "approve", question)

    again = [edit("tools/x.py", "as it was", "something else"), RUN] if changed else []
    scripted_server.play(talk("editor", GOAL, RUN, *again, shell("echo b > a.txt"), done()))
    program.json("resume", "last", "--ask", "deny")

    ran = [
        event["stdout"] for event in program.events() if event["kind"] == "command run" and "x.py" in event["command"]
    ]
    assert [text for text in ran if text] == ["as it was\n"]
    asked = [event for event in program.events() if event["kind"] == "question asked"]
    assert len({event["id"].rpartition(".")[2] for event in asked}) == (2 if changed else 1)
