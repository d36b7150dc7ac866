"""A change that a rule wants asked is parked for a human, and lands as it was asked about or not at all."""

from __future__ import annotations

import signal
from pathlib import Path
from typing import Any

import pytest

from tests.integration.conftest import MakeProgram
from tests.integration.program import Program
from tests.integration.scripting import Turn, done, editor, plan, shell, talk
from tests.integration.waiting import answer, ended, next_question, running
from tests.server.fixture import ScriptedServer

pytestmark = pytest.mark.slow

POLICY = """\
version: 1
extends: standard
changes:
  - ask: [deploy/**]
    why: it goes to production
  - tests: ask
  - modes: deny
"""
TESTS = "def test_a():\n    assert 1\n\n\ndef test_b():\n    assert 2\n"
FILES = {".mimo/policy.yaml": POLICY, "a.txt": "a\n", "deploy/prod.yaml": "replicas: 1\n", "tests/test_a.py": TESTS}
GOAL = "Scale it."
WORK = "echo 'replicas: 9' > deploy/prod.yaml; echo 'def test_a(): pass' > tests/test_a.py; echo b > a.txt"
BACKEND = ("--backend", "bubblewrap")


def written(program: Program, **more: Any) -> Path:
    """A plan file beside the repository, of one task."""
    path = program.repository.parent / "plan.yaml"
    path.write_text(plan(editor("scale", GOAL, limits={"rounds": 2}, **more)))
    return path


def scaling(*turns: Turn) -> Turn:
    """The conversation of the task: it changes what is asked about, and claims to be done."""
    return talk("editor", GOAL, shell(WORK), done(), *turns)


def test_a_yes_lands_it(make: MakeProgram, scripted_server: ScriptedServer) -> None:
    """`status` and `review` show each file with its reasons while it waits; after `approve` it lands, and shows who."""
    program = make(FILES)
    scripted_server.play(scaling())
    with running(program, "run", *BACKEND, "--ask", "wait", written(program)) as process:
        question = next_question(program, process)
        status, waiting = program.run("status").stdout, program.run("review", "last", "scale").stdout
        assert program.tree("main")["a.txt"] == "a"
        answer(program, "approve", question)
        code, _, stderr = ended(process)

    assert [(part["text"], part["rule"], part["why"]) for part in question["parts"]] == [
        ("deploy/prod.yaml", "changes ask: deploy/**", "it goes to production"),
        ("tests/test_a.py", "changes tests: ask", "1 test fewer, 2 assertions fewer"),
    ]
    assert "deploy/prod.yaml: it goes to production (changes ask: deploy/**, .mimo/policy.yaml:4)" in status
    assert "no rule is about this file" not in status
    assert f"waits for you: mimo-orchestrate approve {program.json('status')['run']} {question['id']}" in waiting
    assert code == 0, stderr
    assert program.tree("main")["deploy/prod.yaml"] == "replicas: 9"
    (page,) = program.json("review", "last")["tasks"]
    assert [(part["text"], part["verdict"], part["answered_by"]) for part in page["judged"]] == [
        ("deploy/prod.yaml", "ask", "human"),
        ("tests/test_a.py", "ask", "human"),
    ]
    assert page["tests"] == {"added": 1, "removed": 2, "before": 2, "after": 1}
    review = program.run("review", "last", "scale").stdout
    assert "changes tests: ask (.mimo/policy.yaml:6): 1 test fewer, 2 assertions fewer" in review
    assert "allowed by human" in review


def test_a_no_sends_it_back(make: MakeProgram, scripted_server: ScriptedServer) -> None:
    """The agent is told which files and why; without them the rest lands."""
    program = make(FILES)
    scripted_server.play(scaling(shell("git restore deploy tests"), done()))
    with running(program, "run", *BACKEND, "--ask", "wait", written(program)) as process:
        answer(program, "deny", next_question(program, process), "--why", "not on a Friday")
        code, _, stderr = ended(process)

    assert code == 0, stderr
    told = str(scripted_server.requests()[-1]["request"]["messages"])
    assert "not on a Friday" in told
    assert "deploy/prod.yaml: ask by changes ask: deploy/**" in told
    assert program.tree("main") == {name: text.rstrip("\n") for name, text in {**FILES, "a.txt": "b"}.items()}


def test_where_nobody_can_be_asked_it_is_refused(make: MakeProgram, scripted_server: ScriptedServer) -> None:
    """`--ask deny` lands nothing of it, and the run says that it did not."""
    program = make(FILES)
    scripted_server.play(scaling(done()))
    result = program.json("run", *BACKEND, "--ask", "deny", written(program), code=1)
    assert result["tasks"][0]["state"] in {"refused", "failed"}
    assert program.tree("main")["a.txt"] == "a"


def parked(program: Program, **more: Any) -> dict[str, Any]:
    """The question of a run that was interrupted while it waited."""
    with running(program, "run", *BACKEND, "--ask", "wait", written(program, **more)) as process:
        question = next_question(program, process)
        process.send_signal(signal.SIGINT)
        assert ended(process)[0] == 130
    assert question["id"] in program.run("status").stdout
    assert program.json("review", "last")["tasks"][0]["judged"][0]["allowed"] is None
    return question


def test_a_parked_change_lands_after_a_yes(make: MakeProgram, scripted_server: ScriptedServer) -> None:
    """`resume` goes on with the claim itself: the answer serves, and no model is asked for anything."""
    program = make(FILES)
    scripted_server.play(scaling())
    answer(program, "approve", parked(program))
    before = len(scripted_server.requests())

    assert program.json("resume", "last", "--ask", "deny")["status"] == "done"

    assert len(scripted_server.requests()) == before
    assert program.tree("main")["deploy/prod.yaml"] == "replicas: 9"
    assert program.tree("main")["a.txt"] == "b"


def test_a_yes_to_a_parked_change_is_to_its_tree(make: MakeProgram, scripted_server: ScriptedServer) -> None:
    """An agent that changes more after the answer is asked about anew, and here nobody is there to say yes."""
    program = make(FILES)
    scripted_server.play(scaling(shell("echo 'replicas: 99' > deploy/prod.yaml"), done(), done()))
    answer(program, "approve", parked(program, verify=["grep -q 99 deploy/prod.yaml"]))

    assert program.json("resume", "last", "--ask", "deny", code=1)["status"] in {"failed", "partial"}

    assert program.tree("main")["deploy/prod.yaml"] == "replicas: 1"


def test_a_parked_change_is_mended_after_a_no(make: MakeProgram, scripted_server: ScriptedServer) -> None:
    """The agent goes on from its files and is told the human's reason."""
    program = make(FILES)
    scripted_server.play(scaling(shell("git restore deploy tests"), done()))
    answer(program, "deny", parked(program), "--why", "not on a Friday")

    assert program.json("resume", "last", "--ask", "deny")["status"] == "done"

    assert "not on a Friday" in str(scripted_server.requests()[-1]["request"]["messages"])
    assert program.tree("main")["a.txt"] == "b"
    assert program.tree("main")["deploy/prod.yaml"] == "replicas: 1"


def test_a_deny_needs_no_human(make: MakeProgram, scripted_server: ScriptedServer) -> None:
    """What is denied is never asked about, whatever else of the change would have been."""
    program = make(FILES)
    scripted_server.play(talk("editor", GOAL, shell(f"{WORK}; chmod +x a.txt"), done(), done()))
    program.json("run", *BACKEND, "--ask", "wait", written(program), code=1)
    assert not [event for event in program.events() if event["kind"] == "question asked"]
    (page,) = program.json("review", "last")["tasks"]
    assert ("a.txt", "deny", "changes modes: deny") in [
        (part["text"], part["verdict"], part["rule"]) for part in page["judged"]
    ]


def test_a_value_of_the_environment_never_lands(make: MakeProgram, scripted_server: ScriptedServer) -> None:
    """A known value is refused by the name of its variable, and stands neither in the journal nor in what is shown."""
    program = make({"a.txt": "a\n"})
    value = "quite-an-ordinary-phrase"
    program.env["INDEX_TOKEN"] = value
    leak = shell("printf 'x = %s-%s\\n' quite-an ordinary-phrase >> a.txt")
    scripted_server.play(talk("editor", GOAL, leak, done(), done()))

    result = program.json("run", *BACKEND, written(program), code=1)

    assert result["tasks"][0]["state"] in {"refused", "failed"}
    (page,) = program.json("review", "last")["tasks"]
    assert "a.txt:2 (the value of INDEX_TOKEN)" in page["judged"][0]["why"]
    assert value not in program.run("log", "last", "--json").stdout
