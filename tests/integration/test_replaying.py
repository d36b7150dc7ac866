"""A run is repeated from its journal in a real sandbox: alike where nothing changed, else up to where it is not."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.integration.aftermath import nothing_left
from tests.integration.conftest import MakeProgram
from tests.integration.program import Program
from tests.integration.scripting import Turn, done, edit, editor, plan, shell, talk
from tests.integration.test_demo import user
from tests.server.fixture import ScriptedServer

pytestmark = pytest.mark.slow

KEYS = ("OPENAI_API_KEY", "OPENAI_API_BASE", "OPENAI_BASE_URL")
PORT = "Port it."
RANDOM = "shuf -i 1-999999999999 -n 1"
"""A command that does not say the same twice."""


def seen(program: Program) -> tuple[str, str, Any]:
    """What a replay may not touch: the user's refs and files, and the journals of all runs."""
    runs = [each["run"] for each in program.json("runs")]
    return program.git("for-each-ref"), program.git("status", "--porcelain"), [program.events(run) for run in runs]


@pytest.fixture(scope="module", params=["bubblewrap", pytest.param("docker", marks=pytest.mark.docker)])
def played(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Program:
    """The demo after its end."""
    home = user(tmp_path_factory.mktemp("home"))
    finished = home.run("demo", "it", "--backend", str(request.param))
    assert finished.returncode == 0, finished.stderr
    return replace(home, repository=home.repository / "it")


def test_a_run_is_repeated_without_a_token(played: Program) -> None:
    """Every command of the demo comes out as it did, those of the plan's tests too, and nothing is left behind."""
    before = seen(played)
    told = played.json("replay", "last")
    events = played.events()
    commands = [event for event in events if event["kind"] == "command judged" and event["verdict"] == "deny"]
    commands += [event for event in events if event["kind"] == "command run"]
    assert (told["alike"], told["difference"], told["left_out"]) == (True, None, 0)
    assert told["commands"] == len(commands)
    assert told["backend"] == played.json("status")["backend"]
    assert seen(played) == before
    nothing_left(replace(played, repository=played.repository / "below"))


def ran(make: MakeProgram, server: ScriptedServer, *turns: Turn, **more: Any) -> Program:
    """A run of one task whose editor takes these turns."""
    program = make({"a.py": "one = 1\n"})
    (program.repository.parent / "plan.yaml").write_text(plan(editor("port", PORT, **more)))
    server.play(talk("editor", PORT, *turns))
    finished = program.run("../plan.yaml", "--backend", "bubblewrap")
    assert finished.returncode == 0, finished.stderr
    return program


def test_no_model_is_asked(make: MakeProgram, scripted_server: ScriptedServer) -> None:
    """With the run's keys and provider at hand not one request is made; without them nothing is missed."""
    program = ran(make, scripted_server, edit("a.py", "one = 1", "one = 2"), shell("cat a.py"), done())
    asked = len(scripted_server.requests())
    assert asked > 0
    assert program.json("replay", "last")["alike"]
    keyless = {name: value for name, value in program.env.items() if name not in KEYS}
    assert replace(program, env=keyless).json("replay", "last", "port")["commands"] == 2
    assert len(scripted_server.requests()) == asked


def test_the_first_step_that_differs_is_told(make: MakeProgram, scripted_server: ScriptedServer) -> None:
    """Exit code 1, the command, and what was printed then and now; steps before it are alike."""
    turns = (edit("a.py", "one = 1", "one = 2"), shell("cat a.py"), shell(RANDOM), shell(f"{RANDOM}; cat a.py"), done())
    program = ran(make, scripted_server, *turns)
    before = seen(program)
    told = program.json("replay", "last", code=1)
    (then,) = [event for event in program.events() if event.get("id") == "editor.1.3.1" and "stdout" in event]
    found = told["difference"]
    assert (told["alike"], told["steps"], told["commands"]) == (False, 2, 2)
    assert (found["task"], found["agent"], found["step"], found["what"]) == ("port", "editor.1", 3, ["stdout"])
    assert found["expected"]["stdout"] == then["stdout"] != found["got"]["stdout"]
    page = program.run("replay", "last")
    assert page.returncode == 1
    assert page.stdout.startswith(f"port editor.1 step 3: $ {RANDOM}\n")
    assert f"\n-{then['stdout']}" in page.stdout
    assert page.stdout.splitlines()[-1].endswith("2 commands in 2 steps alike, then a difference")
    assert seen(program) == before


def test_files_that_differ_are_a_difference(make: MakeProgram, scripted_server: ScriptedServer) -> None:
    """A command that says the same and writes something else is found by the checkpoint."""
    program = ran(make, scripted_server, shell(f"{RANDOM} > made.txt"), shell("ls"), done())
    found = program.json("replay", "last", code=1)["difference"]
    assert (found["step"], found["what"]) == (1, ["files"])
    (saved,) = [event for event in program.events() if event["kind"] == "checkpoint taken"]
    assert found["expected"]["tree"] != found["got"]["tree"]
    assert "made.txt" in found["diff"]
    assert saved["files"] == ["made.txt"]


def test_a_refusal_is_repeated(make: MakeProgram, scripted_server: ScriptedServer) -> None:
    """The run's own policy judges; what may not run does not run the second time either."""
    turns = (shell("git push origin main"), shell("pip install x"), edit("a.py", "one = 1", "one = 2"), done())
    program = ran(make, scripted_server, *turns)
    assert program.json("replay", "last")["commands"] == 3


def test_where_nothing_ran_nothing_is_alike(make: MakeProgram, scripted_server: ScriptedServer) -> None:
    """A task without a command is called neither alike nor different, and notes of today are not so much as opened."""
    program = make({"a.py": "one = 1\n"})
    (program.repository.parent / "plan.yaml").write_text(plan(editor("port", PORT)))
    scripted_server.play(talk("editor", PORT, done()))
    assert program.run("../plan.yaml", "--backend", "bubblewrap").returncode == 0
    (notes,) = (program.repository.parent / "state").glob("mimo-orchestrate/*/memory.db")
    notes.write_text("no database")
    told = program.json("replay", "last")
    assert (told["alike"], told["commands"], told["difference"]) == (None, 0, None)
    page = program.run("replay", "last")
    assert (page.returncode, notes.read_text()) == (0, "no database")
    assert page.stdout.endswith("nothing to compare: it has no command that could be repeated\n")
    assert "what earlier runs learnt" not in page.stderr


def test_without_the_store_it_is_said(make: MakeProgram, scripted_server: ScriptedServer) -> None:
    """A store that was deleted: exit code 4, which one, and no new one in its place."""
    program = ran(make, scripted_server, edit("a.py", "one = 1", "one = 2"), done())
    (hub,) = (program.repository.parent / "state").glob("mimo-orchestrate/*/hub.git")
    hub.rename(hub.with_name("away"))
    for words in (["replay", "last"], ["restore", "last", "port", "1", "-o", "../out"]):
        finished = program.run(*words)
        assert (finished.returncode, finished.stdout) == (4, "")
        assert f"is not there: {hub}" in finished.stderr
    assert not hub.exists()


def test_checkpoints_of_the_run_are_restored(played: Program, tmp_path: Path) -> None:
    """Every one of them is, file for file, what git has at its commit."""
    (hub,) = Path(played.env["XDG_STATE_HOME"]).glob("mimo-orchestrate/*/hub.git")
    listed = json.loads(played.run("log", "last", "--checkpoints", "--json").stdout)
    assert {each["number"] for each in listed} >= {0, 1, 2}
    inside = replace(played, repository=hub)
    for each in listed:
        directory = tmp_path / "out" / f"{each['task']}-{each['number']}"
        restored = played.json("restore", "last", each["task"], str(each["number"]), "-o", directory)
        found = {str(path.relative_to(directory)) for path in directory.rglob("*") if path.is_file()}
        assert restored["tree"] == inside.git("rev-parse", f"{each['commit']}^{{tree}}")
        assert found == set(inside.git("ls-tree", "-r", "--name-only", each["commit"]).splitlines())
        for name in found:
            assert (directory / name).read_text().rstrip("\n") == inside.git("show", f"{each['commit']}:{name}")
