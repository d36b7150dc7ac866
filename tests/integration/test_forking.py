"""A run goes another way from a checkpoint of another: by the installed program, in a real sandbox."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from tests.crashes.forked import Zygote
from tests.integration.aftermath import nothing_left, refused
from tests.integration.conftest import MakeProgram
from tests.integration.program import Program, make_program
from tests.integration.scripting import Turn, done, edit, editor, plan, shell, talk
from tests.integration.waiting import next_question, running
from tests.server.fixture import ScriptedServer, serving

pytestmark = pytest.mark.slow

BASE, PORT, DOCS = "Lay the ground.", "Port it.", "Say so."
FILES = {"a.py": "one = 1\n", "b.py": "two = 2\n"}
FIRST = (edit("a.py", "one = 1", "one = 10"), shell("cat a.py"))
"""What the editor does until its first checkpoint, and a look at it."""

ASTRAY = (*FIRST, edit("a.py", "one = 10", "one = 11"), done("astray"))
RIGHT = (*FIRST, edit("a.py", "one = 10", "one = 12"), done("right"))


def written(program: Program, *tasks: Turn, **more: Any) -> None:
    """The plan file beside the repository."""
    (program.repository.parent / "plan.yaml").write_text(plan(*tasks, **more))


def three() -> tuple[Turn, ...]:
    """A task that lands first, the one that goes astray, and one behind it."""
    return editor("base", BASE), editor("port", PORT, needs=["base"]), editor("docs", DOCS, needs=["port"])


def plays(server: ScriptedServer, *port: Turn) -> None:
    """The models' parts; `port` are the turns of the task that goes another way."""
    server.play(
        talk("editor", BASE, edit("b.py", "two = 2", "two = 20"), done()),
        talk("editor", PORT, *port),
        talk("editor", DOCS, shell("echo said > c.txt"), done()),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Astray:
    """A run whose second task went astray; nothing of it is on the base branch."""

    program: Program
    server: ScriptedServer
    run: str

    def fork(self, *words: str | Path, at: str = "1", port: tuple[Turn, ...] = RIGHT) -> Any:
        """Go another way with that task; what it prints."""
        plays(self.server, *port)
        return self.program.json("fork", self.run, "--task", "port", "--at", at, "--hold", *words)


@pytest.fixture(scope="module")
def astray(tmp_path_factory: pytest.TempPathFactory, loaded: Zygote) -> Iterator[Astray]:
    """The run, for tests that leave it and its branches as they are."""
    home = tmp_path_factory.mktemp("home")
    with serving(home) as server:
        program = replace(make_program(home, server, FILES), zygote=loaded)
        written(program, *three())
        plays(server, *ASTRAY)
        told = program.json("../plan.yaml", "--hold", "--backend", "bubblewrap")
        yield Astray(program=program, server=server, run=told["run"])


def requests_of(server: ScriptedServer, *, after: int = 0) -> list[dict[str, Any]]:
    """The bodies of the requests behind the first few."""
    return [each["request"] for each in server.requests()[after:]]


def about(requests: list[dict[str, Any]], goal: str) -> list[dict[str, Any]]:
    """The requests of one task."""
    return [request for request in requests if f"The goal of your task, {goal}" in json.dumps(request)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Forked:
    """A fork with another model: what it printed, the requests that it made, and its origin's events before it."""

    told: Any
    requests: list[dict[str, Any]]
    before: list[dict[str, Any]]


@pytest.fixture(scope="module")
def forked(astray: Astray) -> Forked:
    """That of the run's second task, at its first checkpoint."""
    before, asked = astray.program.events(astray.run), len(astray.server.requests())
    told = astray.fork("--model", "openai/other")
    return Forked(told=told, requests=requests_of(astray.server, after=asked), before=before)


def test_another_model_goes_on_from_there(astray: Astray, forked: Forked) -> None:
    """What had landed is not done again, the task goes on with its files and words, and what needs it is done anew."""
    program, origin, fork = astray.program, astray.run, forked.told["run"]
    assert forked.told["status"] == "done"
    assert program.tree(forked.told["result"]) == {"a.py": "one = 12", "b.py": "two = 20", "c.txt": "said"}
    assert [len(about(forked.requests, task)) for task in ("base", "port", "docs")] == [0, 3, 2]
    assert {request["model"] for request in forked.requests} == {"other"}
    states = {task["id"]: task for task in program.json("status", fork)["tasks"]}
    assert {name: task["taken_over"] for name, task in states.items()} == {"base": True, "port": False, "docs": False}
    assert [(task["steps"], task["state"]) for task in states.values()] == [(0, "ready"), (3, "ready"), (2, "ready")]
    first = ("log", "--reverse", "--format=%H", "main..")
    assert program.git(*first, f"mimo/{fork}/main").split()[0] == program.git(*first, f"mimo/{origin}/main").split()[0]
    assert program.git("rev-parse", f"mimo/{fork}/base") == program.git("rev-parse", f"mimo/{origin}/base")
    nothing_left(program)


def test_the_first_request_is_the_one_that_was_sent_then(astray: Astray, forked: Forked) -> None:
    """Word for word: a provider that has it cached serves it from there, and the model knows what it knew."""
    asked = [event for event in forked.before if (event["kind"], event["task"]) == ("model asked", "port")]
    said = [message["content"] for event in asked if event["step"] <= 2 for message in event["added"]]
    first = about(forked.requests, "port")[0]
    assert [message["content"] for message in first["messages"] if message["role"] != "assistant"] == said
    then = [event for event in astray.program.events(forked.told["run"]) if event["kind"] == "model asked"]
    assert (then[0]["task"], then[0]["step"], then[0]["added"]) == ("port", 2, [])


def test_both_journals_are_whole(astray: Astray, forked: Forked) -> None:
    """The origin's has nothing that it had not before; the fork's is closed, names its origin, and can be repeated."""
    program, fork = astray.program, forked.told["run"]
    assert program.events(astray.run) == forked.before
    assert [program.run("audit", "verify", run).returncode for run in (fork, astray.run)] == [0, 0]
    origin = program.json("status", fork)["forked_from"]
    named = [event for event in forked.before if event["hash"] == origin["head"]]
    assert [(event["kind"], event["task"], event["commit"]) for event in named] == [
        ("checkpoint taken", "port", origin["commit"])
    ]
    assert program.json("replay", fork)["alike"]


def test_another_policy_judges_from_there(astray: Astray, tmp_path: Path) -> None:
    """What the run's own policy let the same agent do at the same step is refused."""
    mine = tmp_path / "mine.yaml"
    mine.write_text("version: 1\nextends: standard\ncommands:\n  - deny: cat\n    why: look elsewhere\n")
    events = astray.program.events(astray.fork("--policy", mine)["run"])
    verdicts = [event["verdict"] for event in events if event.get("id") == "editor.1.2.1" and "verdict" in event]
    assert verdicts == ["deny"]


def test_a_task_can_begin_anew(astray: Astray) -> None:
    """Checkpoint 0 is its beginning; its attempts and steps are counted from one."""
    told = astray.fork(at="0", port=(edit("a.py", "one = 1", "one = 2"), done()))
    (port,) = [task for task in told["tasks"] if task["id"] == "port"]
    assert (port["steps"], port["attempts"], port["state"]) == (2, 1, "ready")
    assert astray.program.tree(told["result"])["a.py"] == "one = 2"


def test_a_fork_is_stopped_and_gone_on_with(astray: Astray) -> None:
    """A limit of its own stops it, counted from where it begins; `resume` goes on, and nothing is paid for twice."""
    program = astray.program
    plays(astray.server, *RIGHT)
    words = ("fork", astray.run, "--task", "port", "--at", "1", "--hold", "--limit", "steps=2")
    assert program.json(*words, code=3)["totals"]["steps"] == 2
    asked = len(astray.server.requests())
    told = program.json("resume", "last", "--limit", "steps=50")
    assert told["status"] == "done"
    assert program.tree(told["result"])["a.py"] == "one = 12"
    requests = requests_of(astray.server, after=asked)
    assert [len(about(requests, task)) for task in ("base", "port")] == [0, 1]


def test_a_run_that_goes_on_can_be_forked(make: MakeProgram, scripted_server: ScriptedServer) -> None:
    """While it waits for a human, the fork goes its own way to the end; the run itself is none the wiser."""
    program = make(FILES)
    written(program, editor("port", PORT))
    waits = (*FIRST, shell("pip install x"), done())
    scripted_server.play(talk("editor", PORT, *waits))
    with running(program, "../plan.yaml", "--ask", "wait", "--hold", "--backend", "bubblewrap") as process:
        question = next_question(program, process)["id"]
        (origin,) = [each["run"] for each in program.json("runs")]
        scripted_server.play(talk("editor", PORT, *RIGHT))
        told = program.json("fork", origin, "--task", "port", "--at", "last", "--hold")
        assert program.tree(told["result"])["a.py"] == "one = 12"
        assert process.poll() is None
        scripted_server.play(talk("editor", PORT, *waits))
        assert program.run("deny", origin, question).returncode == 0
        said = process.communicate(timeout=120)
    assert process.returncode == 0, said
    assert program.tree(f"mimo/{origin}/main")["a.py"] == "one = 10"


def test_what_lands_is_only_what_is_new(make: MakeProgram, scripted_server: ScriptedServer) -> None:
    """The base branch has the origin's first task already; the fork's own changes come on top of it."""
    program = make(FILES)
    written(program, *three()[:2], limits={"steps": 4})
    plays(scripted_server, *ASTRAY)
    origin = program.json("../plan.yaml", "--backend", "bubblewrap", code=3)["run"]
    assert program.run("merge", origin).returncode == 0
    plays(scripted_server, *RIGHT)
    told = program.json("fork", origin, "--task", "port", "--at", "last", "--limit", "steps=40")
    assert (told["status"], told["base"]["moved"]) == ("done", True)
    assert program.tree("main") == {"a.py": "one = 12", "b.py": "two = 20"}
    subjects = program.git("log", "--format=%s", "main").splitlines()
    assert sorted(subjects) == sorted(["base: Lay the ground.", "port: Port it.", "the beginning"])
    assert program.run("revert", "last").returncode == 0
    assert program.tree("main") == {"a.py": "one = 1", "b.py": "two = 20"}


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("--task", "port", "--at", "9"), "port of test-"),
        (("--task", "prot", "--at", "1"), "has no task 'prot'"),
        (("--task", "port", "--at", "1", "--limit", "stps=1"), "write KEY=VALUE"),
        (("--task", "port", "--at", "1", "--policy", "none.yaml"), "no such file in the base commit"),
    ],
)
def test_what_can_not_be_forked(astray: Astray, words: tuple[str, ...], says: str) -> None:
    """A mistake of usage is said before a run is begun."""
    before = astray.program.json("runs")
    refused(astray.program, "fork", astray.run, *words, code=2, says=(says,))
    assert [each["run"] for each in astray.program.json("runs")] == [each["run"] for each in before]


def test_without_what_it_stands_on_it_is_not_begun(astray: Astray) -> None:
    """A checkpoint whose files are gone from the store: exit code 4, and no run."""
    program = astray.program
    before = len(program.json("runs"))
    (hub,) = Path(program.env["XDG_STATE_HOME"]).glob("mimo-orchestrate/*/hub.git")
    listed = json.loads(program.run("log", astray.run, "port", "--checkpoints", "--json").stdout)
    (commit,) = [each["commit"] for each in listed if each["number"] == 1]
    kept = hub / "objects" / commit[:2] / commit[2:]
    kept.rename(kept.with_suffix(".away"))
    words = ("fork", astray.run, "--task", "port", "--at", "1")
    refused(program, *words, code=4, says=("does not have all of",))
    kept.with_suffix(".away").rename(kept)
    assert len(program.json("runs")) == before
