"""The rules of a run are those of its base commit, whatever an agent makes of the file that holds them."""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path
from typing import Any

import pytest

from tests.integration.conftest import MakeProgram
from tests.integration.program import Program
from tests.integration.scripting import Turn, done, edit, editor, found, plan, shell, talk
from tests.integration.waiting import answer, ended, next_question, running
from tests.server.fixture import ScriptedServer

pytestmark = pytest.mark.slow

POLICY = "version: 1\nextends: standard\ncommands:\n  - deny: touch\n"
LOOSENED = POLICY.replace("deny: touch", "allow: [touch, curl]")
BACKEND = ("--backend", "bubblewrap")


def written(program: Program, *tasks: Turn, **more: Any) -> Path:
    """A plan file beside the repository."""
    path = program.repository.parent / "plan.yaml"
    path.write_text(plan(*tasks, **more))
    return path


def verdicts(program: Program) -> dict[str, list[str]]:
    """What was judged of each command, by its text."""
    events = program.events()
    texts = {
        (event["task"], event["id"]): json.loads(event["arguments"]).get("command", "edit")
        for event in events
        if event["kind"] == "command proposed"
    }
    found: dict[str, list[str]] = {}
    for event in events:
        if event["kind"] == "command judged":
            found.setdefault(texts[event["task"], event["id"]], []).append(event["verdict"])
    return found


def test_an_agent_can_not_loosen_its_own_policy(make: MakeProgram, scripted_server: ScriptedServer) -> None:
    """What the base denies stays denied after an agent rewrote the file, and the rewritten file does not land."""
    program = make({".mimo/policy.yaml": POLICY, "a.txt": "a\n"})
    scripted_server.play(
        talk(
            "editor",
            "Work on it.",
            edit(".mimo/policy.yaml", "deny: touch", "allow: [touch, curl]"),
            shell("touch b.txt"),
            shell("curl -s http://127.0.0.1:9/"),
            done(),
            shell("git checkout -- .mimo"),
            edit(".mimo/policy.yaml", "allow: [touch, curl]", "deny: touch"),
            edit("a.txt", "a", "b"),
            done(),
        )
    )

    result = program.json("run", *BACKEND, written(program, editor("one", "Work on it.")))

    assert result["status"] == "done"
    judged = verdicts(program)
    assert (judged["touch b.txt"], judged["curl -s http://127.0.0.1:9/"]) == (["deny"], ["deny"])
    denied = next(event for event in program.events() if event["kind"] == "command judged" and not event["allowed"])
    assert (denied["parts"][0]["file"], denied["parts"][0]["line"]) == (".mimo/policy.yaml", 4)
    assert [event["gate"] for event in program.events() if event["kind"] == "gate failed"] == ["policy"]
    assert program.tree("main") == {".mimo/policy.yaml": POLICY.rstrip("\n"), "a.txt": "b"}


def test_a_policy_that_landed_is_the_next_run_s(make: MakeProgram, scripted_server: ScriptedServer) -> None:
    """A task that starts from a tip with a looser policy, which a human let land, is still under the run's."""
    program = make({".mimo/policy.yaml": POLICY, "a.txt": "a\n"})
    scripted_server.play(
        talk("editor", "Loosen it.", edit(".mimo/policy.yaml", "deny: touch", "allow: [touch, curl]"), done()),
        talk(
            "editor", "Use it.", shell("cat .mimo/policy.yaml"), shell("touch b.txt"), shell("echo b > a.txt"), done()
        ),
    )
    path = written(program, editor("one", "Loosen it."), editor("two", "Use it.", needs=["one"]))

    with running(program, "run", *BACKEND, "--ask", "wait", path) as process:
        question = next_question(program, process)
        assert (question["about"], question["parts"][0]["text"]) == ("change", ".mimo/policy.yaml")
        answer(program, "approve", question)
        code, _, stderr = ended(process)

    assert code == 0, stderr
    assert verdicts(program)["touch b.txt"] == ["deny"]
    seen = [event["stdout"] for event in program.events() if event["kind"] == "command run"]
    assert LOOSENED in seen
    assert program.tree("main")[".mimo/policy.yaml"] == LOOSENED.rstrip("\n")


def test_resume_is_under_the_policy_that_the_run_began_with(make: MakeProgram, scripted_server: ScriptedServer) -> None:
    """Neither the base branch nor the checkout can change it meanwhile."""
    program = make({".mimo/policy.yaml": POLICY, "a.txt": "a\n"})
    scripted_server.play(talk("editor", "Use it.", shell("ls"), shell("touch b.txt"), shell("echo b > a.txt"), done()))
    stopped = program.json("run", *BACKEND, "--limit", "steps=1", written(program, editor("one", "Use it.")), code=3)
    before = program.json("status")["policy_hash"]
    (program.repository / ".mimo/policy.yaml").write_text(LOOSENED)
    program.git("commit", "--quiet", "-am", "loosened")

    assert stopped["status"] == "stopped"
    assert program.json("resume", "last", "--limit", "steps=50")["status"] == "done"

    assert verdicts(program)["touch b.txt"] == ["deny"]
    assert program.json("status")["policy_hash"] == before


def test_a_journal_with_another_policy_is_not_gone_on_with(make: MakeProgram, scripted_server: ScriptedServer) -> None:
    """The chain of its events shows that the text was changed, before anything is judged by it."""
    program = make({".mimo/policy.yaml": POLICY, "a.txt": "a\n"})
    scripted_server.play(talk("editor", "Use it.", shell("ls"), shell("touch b.txt"), done()))
    program.json("run", *BACKEND, "--limit", "steps=1", written(program, editor("one", "Use it.")), code=3)
    (journal,) = (program.repository.parent / "state").rglob("journal.db")
    with sqlite3.connect(journal) as database:
        database.execute("DROP TRIGGER events_unchanged")
        database.execute(
            "UPDATE events SET payload = replace(payload, 'deny: touch', 'allow: touch') WHERE kind = 'run started'"
        )
    database.close()

    refused = program.run("resume", "last", "--limit", "steps=50")

    assert refused.returncode == 4
    assert "is broken at event 1" in refused.stderr
    assert "audit verify" in refused.stderr
    assert "touch b.txt" not in verdicts(program)


SPLIT = """\
version: 1
extends: standard
commands:
  - allow: ./look
    roles: [investigator]
    why: looking is for investigators
"""


def test_a_part_may_do_no_more_than_its_task(make: MakeProgram, scripted_server: ScriptedServer) -> None:
    """A split gives an editor's task nothing of what only investigators may, who get it where the plan has them."""
    program = make({".mimo/policy.yaml": SPLIT, "look": "#!/bin/sh\necho seen\n", "a.txt": "a\n"})
    program.git("update-index", "--chmod=+x", "look")
    program.git("commit", "--quiet", "-m", "executable")
    (program.repository / "look").chmod(0o755)
    parts = [
        {"id": "see", "role": "investigator", "goal": "See through it."},
        {"id": "do", "role": "editor", "goal": "Do it then."},
    ]
    scripted_server.play(
        talk("investigator", "Look around.", shell("./look"), found("all is seen")),
        talk("editor", "Write one.", shell("true")),
        {
            "role": "coordinator",
            "contains": ["An attempt at the task write failed for good"],
            "turns": [{"finish": {"decision": "tasks", "why": "w", "tasks": parts}}],
        },
        talk("investigator", "See through it.", shell("./look"), found("nothing is seen")),
        talk("editor", "Do it then.", shell("echo 1 > one.txt"), done()),
    )
    plan_of = {"id": "around", "role": "investigator", "goal": "Look around."}
    whole = editor("write", "Write one.", needs=["around"], limits={"steps": 12, "rounds": 1})

    program.json("run", *BACKEND, written(program, plan_of, whole))

    assert verdicts(program)["./look"] == ["allow", "ask"]
    (refused,) = [event for event in program.events() if event["kind"] == "command judged" and not event["allowed"]]
    assert refused["task"] == "see"
    assert "it acts for the role editor" in refused["parts"][0]["why"]
