"""What may have happened to a run before `resume`: its journal torn, its store gone, its plan or base changed."""

from __future__ import annotations

import random
import shutil
from pathlib import Path

import pytest

from agents.events import RunResumed
from orchestrator.journal.store import JournalStore
from tests.integration.conftest import MakeProgram
from tests.integration.program import Program
from tests.integration.scripting import done, editor, plan, shell, talk
from tests.server.fixture import ScriptedServer

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

TREE = {"a.txt": "a", "one.txt": "1", "two.txt": "2"}
ONE = talk("editor", "Write one.", shell("echo 1 > one.txt"), done())
TORN = 6
"""How often the journal is torn, by seeds."""


def stopped(make: MakeProgram, server: ScriptedServer) -> Program:
    """A run of two tasks: the first has landed, the second stands at a limit with a saved file."""
    program = make({"a.txt": "a\n"})
    server.play(ONE, talk("editor", "Write two.", shell("echo 2 > two.txt"), shell("cat two.txt"), done()))
    tasks = [editor("one", "Write one."), editor("two", "Write two.", needs=["one"])]
    (program.repository.parent / "plan.yaml").write_text(plan(*tasks, verify=["true"]))
    path = program.repository.parent / "plan.yaml"
    result = program.json("run", "--backend", "bubblewrap", "--limit", "steps=3", path, code=3)
    assert [task["state"] for task in result["tasks"]] == ["ready", "waiting"]
    return program


def store(program: Program) -> Path:
    """The state directory of the repository."""
    return next(Path(program.env["XDG_STATE_HOME"]).glob("mimo-orchestrate/*/journal.db")).parent


def resumed(program: Program) -> str:
    """Go on to the end; what was said."""
    finished = program.run("resume", "last", "--limit", "steps=50")
    assert finished.returncode == 0, finished.stderr
    assert "Traceback" not in finished.stderr
    assert program.tree("main") == TREE
    assert program.run("audit", "verify", "last").returncode == 0
    return finished.stderr


def requests(server: ScriptedServer, goal: str) -> int:
    """How often a model was asked about a task."""
    return sum(goal in str(request["request"]["messages"][:2]) for request in server.requests())


def test_a_limit_is_gone_on_from_at_the_step(make: MakeProgram, scripted_server: ScriptedServer) -> None:
    """The attempt keeps its number and its files, and what was answered is not asked for again."""
    program = stopped(make, scripted_server)
    resumed(program)
    assert requests(scripted_server, "Write two.") == 3
    assert {event["attempt"] for event in program.events() if event["kind"] == "attempt started"} == {1}


def test_a_store_that_is_gone_is_made_again(make: MakeProgram, scripted_server: ScriptedServer) -> None:
    """What had landed comes back from the run's published branch; the attempt whose files are gone is told of it."""
    program = stopped(make, scripted_server)
    shutil.rmtree(store(program) / "hub.git")
    scripted_server.play(ONE, talk("editor", "Write two.", shell("true"), shell("echo 2 > two.txt"), done()))
    said = resumed(program)
    assert "what was saved at step 1 is broken: its files are as they were at its beginning" in said
    assert "came back from the run's published branches" in said
    assert requests(scripted_server, "Write one.") == 2


def test_what_is_nowhere_any_more_is_made_anew(make: MakeProgram, scripted_server: ScriptedServer) -> None:
    """Without its published branches either, what had landed is lost, and said to be; its task begins again."""
    program = stopped(make, scripted_server)
    shutil.rmtree(store(program) / "hub.git")
    for branch in ("main", "one", "two"):
        name = f"refs/heads/mimo/{program.json('runs')[0]['run']}/{branch}"
        program.git("update-ref", "-d", name)
    said = resumed(program)
    assert "begun anew: one" in said
    assert requests(scripted_server, "Write one.") == 4


def test_a_torn_checkpoint_is_gone_back_from(make: MakeProgram, scripted_server: ScriptedServer) -> None:
    """A power cut may leave an object empty: the files are those of the last save that is whole, and that is said."""
    program = stopped(make, scripted_server)
    saved = [event for event in program.events() if event["kind"] == "checkpoint taken" and event["task"] == "two"]
    commit = saved[-1]["commit"]
    hub = store(program) / "hub.git"
    for path in [*hub.glob(f"objects/{commit[:2]}/{commit[2:]}"), *hub.glob("objects/pack/*.pack")]:
        path.chmod(0o600)
        path.write_bytes(b"")
    scripted_server.play(ONE, talk("editor", "Write two.", shell("true"), shell("echo 2 > two.txt"), done()))
    said = resumed(program)
    assert "is broken: its files are as they were at" in said or "begun anew" in said


def test_a_torn_journal_is_gone_on_with_or_said_to_be_broken(
    make: MakeProgram, scripted_server: ScriptedServer
) -> None:
    """Overwritten or cut anywhere in its tail, it is never folded to what did not happen, and never a bug of ours."""
    program = stopped(make, scripted_server)
    journal = store(program) / "journal.db"
    whole = journal.read_bytes()
    for seed in range(TORN):
        chance = random.Random(seed)
        place = chance.randrange(len(whole) // 2, len(whole))
        damaged = whole[:place] + (b"" if seed % 2 else chance.randbytes(512) + whole[place + 512 :])
        journal.write_bytes(damaged)
        gone_on = program.run("resume", "last")
        assert "Traceback" not in gone_on.stderr
        assert gone_on.returncode in {3, 4}, gone_on.stderr
        assert gone_on.returncode == 3 or "journal" in gone_on.stderr, gone_on.stderr
    journal.write_bytes(whole)
    resumed(program)


def test_a_changed_plan_is_told_and_not_followed(make: MakeProgram, scripted_server: ScriptedServer) -> None:
    """The run goes on with the plan of its journal; what the file has meanwhile is named."""
    program = stopped(make, scripted_server)
    tasks = [editor("one", "Write one."), editor("two", "Write two!", needs=["one"]), editor("three", "Write three.")]
    (program.repository.parent / "plan.yaml").write_text(plan(*tasks, verify=["true"]))
    said = resumed(program)
    assert "plan.yaml was changed since: task two differs in goal; task three is new." in said


def test_a_base_that_moved_is_merged_and_verified_again(make: MakeProgram, scripted_server: ScriptedServer) -> None:
    """What the user committed meanwhile stays, and what landed goes on top of it."""
    program = stopped(make, scripted_server)
    (program.repository / "mine.txt").write_text("mine\n")
    program.git("add", "mine.txt")
    program.git("commit", "--quiet", "-m", "mine")
    finished = program.run("resume", "last", "--limit", "steps=50")
    assert finished.returncode == 0, finished.stderr
    assert program.tree("main") == {**TREE, "mine.txt": "mine"}


def test_a_journal_of_a_newer_program_is_refused(make: MakeProgram, scripted_server: ScriptedServer) -> None:
    """Exit 4, which version made it, and nothing is written."""
    program = stopped(make, scripted_server)
    run = program.json("runs")[0]["run"]
    with JournalStore(store(program) / "journal.db") as journal:
        resumed = RunResumed(program="99.1", v=7)
        journal.append(run, [(None, resumed)])
        before = journal.head(run)
    finished = program.run("resume", "last")
    assert finished.returncode == 4
    assert "was made by version 99.1" in finished.stderr
    assert "upgrade" in finished.stderr
    with JournalStore(store(program) / "journal.db") as journal:
        assert journal.head(run) == before
