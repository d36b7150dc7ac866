"""What may land, when, and how it is taken back; the user's own files are never touched."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from agents.events import PublishStarted
from orchestrator.journal.store import JournalStore
from tests.integration.conftest import MakeProgram
from tests.integration.program import Program
from tests.integration.scripting import APPROVE, changes, done, editor, plan, shell, talk
from tests.server.fixture import ScriptedServer

pytestmark = pytest.mark.slow

ONE = talk("editor", "Write one.", shell("echo 1 > one.txt"), done("one is written"))
TWO = talk("editor", "Write two.", shell("echo 2 > two.txt"), done())


def written(program: Program, *tasks: dict[str, object], **more: object) -> Path:
    """A plan file beside the repository."""
    path = program.repository.parent / "plan.yaml"
    path.write_text(plan(*tasks, **more))
    return path


def both() -> tuple[dict[str, object], ...]:
    """Two tasks that have nothing to do with each other."""
    return editor("one", "Write one."), editor("two", "Write two.")


def test_hold_lands_nothing_until_merge(make: MakeProgram, scripted_server: ScriptedServer) -> None:
    """With --hold main stays; `merge RUN TASK` lands one, `merge RUN` the rest, `revert` takes one back."""
    program = make({"a.txt": "a\n"})
    scripted_server.play(ONE, TWO)
    result = program.json("run", "--hold", "--backend", "bubblewrap", written(program, *both(), verify=["true"]))
    assert {task["state"] for task in result["tasks"]} == {"ready"}
    assert program.tree("main") == {"a.txt": "a"}
    assert program.tree(f"mimo/{result['run']}/main") == {"a.txt": "a", "one.txt": "1", "two.txt": "2"}

    program.json("merge", "last", "one")
    assert program.tree("main") == {"a.txt": "a", "one.txt": "1"}
    program.json("merge", "last")
    assert program.tree("main") == {"a.txt": "a", "one.txt": "1", "two.txt": "2"}
    program.json("revert", "last", "one")
    assert program.tree("main") == {"a.txt": "a", "two.txt": "2"}
    assert program.git("status", "--porcelain") == ""
    assert program.run("revert", "last", "one").returncode == 2
    assert program.run("audit", "verify", "last").returncode == 0


def test_what_was_taken_back_does_not_come_back_with_the_rest(
    make: MakeProgram, scripted_server: ScriptedServer
) -> None:
    """A task that was landed by itself and taken back stays away when the rest is landed, which is done by name."""
    program = make({"a.txt": "a\n"})
    scripted_server.play(ONE, TWO)
    program.json("run", "--hold", "--backend", "bubblewrap", written(program, *both(), verify=["true"]))
    program.json("merge", "last", "one")
    program.json("revert", "last", "one")
    rest = program.run("merge", "last", "--json")
    assert rest.returncode == 1
    why = json.loads(rest.stdout)["base"]["why_not"]
    assert why.startswith("one was taken back from main, and would come back with the rest")
    assert why.endswith("two")
    assert program.tree("main") == {"a.txt": "a"}
    program.json("merge", "last", "two")
    assert program.tree("main") == {"a.txt": "a", "two.txt": "2"}


def test_what_is_on_the_base_is_not_landed_again(make: MakeProgram, scripted_server: ScriptedServer) -> None:
    """Who merged the run's branch by hand, and then says so by `merge`, has no second commit of a task."""
    program = make({"a.txt": "a\n"})
    scripted_server.play(ONE, TWO)
    result = program.json("run", "--hold", "--backend", "bubblewrap", written(program, *both(), verify=["true"]))
    program.git("merge", "--quiet", "--ff-only", f"mimo/{result['run']}/main")
    by_hand = program.git("rev-parse", "main")
    landed = program.json("merge", "last", "one", "two")
    assert {task["state"] for task in landed["tasks"]} == {"landed"}
    assert program.git("rev-parse", "main") == by_hand


def test_uncommitted_edits_of_the_user_survive(make: MakeProgram, scripted_server: ScriptedServer) -> None:
    """A dirty checkout keeps its edits while main moves; where they overlap main stays and the user is told."""
    program = make({"a.txt": "a\n", "mine.txt": "mine\n"})
    (program.repository / "mine.txt").write_text("my edit\n")
    scripted_server.play(ONE, TWO)
    program.json("run", "--backend", "bubblewrap", written(program, editor("one", "Write one.")))
    assert (program.repository / "mine.txt").read_text() == "my edit\n"
    assert (program.repository / "one.txt").read_text() == "1\n"

    (program.repository / "two.txt").write_text("I was here first\n")
    result = program.json("run", "--backend", "bubblewrap", written(program, editor("two", "Write two.")), code=1)
    assert result["status"] == "partial"
    assert "two.txt" in result["base"]["why_not"]
    assert (program.repository / "two.txt").read_text() == "I was here first\n"


def test_a_base_that_moved_is_merged_and_tested_again(make: MakeProgram, scripted_server: ScriptedServer) -> None:
    """The user's commit and the run's both end up on main."""
    program = make({"a.txt": "a\n"})
    scripted_server.play(ONE)
    path = written(program, editor("one", "Write one."), verify=["test -f a.txt"])
    program.json("run", "--hold", "--backend", "bubblewrap", path)
    (program.repository / "user.txt").write_text("user\n")
    program.git("add", ".")
    program.git("commit", "-q", "-m", "the user's own")
    program.json("merge", "last")
    assert program.tree("main") == {"a.txt": "a", "one.txt": "1", "user.txt": "user"}


def test_a_branch_that_nobody_has_out_moves_too(make: MakeProgram, scripted_server: ScriptedServer) -> None:
    """With another branch checked out the base moves by itself and the checkout is left alone."""
    program = make({"a.txt": "a\n"})
    program.git("checkout", "-q", "-b", "elsewhere")
    scripted_server.play(ONE)
    program.json("run", "--backend", "bubblewrap", written(program, editor("one", "Write one."), base="main"))
    assert program.tree("main") == {"a.txt": "a", "one.txt": "1"}
    assert not (program.repository / "one.txt").exists()


def test_a_review_sends_back_and_is_heard(make: MakeProgram, scripted_server: ScriptedServer) -> None:
    """The reviewer's reasons reach the same editor; the goals stand verbatim in every conversation."""
    program = make({"a.txt": "a\n"})
    scripted_server.play(
        talk("editor", "Write one.", shell("echo 1 > one.txt"), done(), shell("echo 11 > one.txt"), done()),
        talk("reviewer", "Write one.", changes("make it eleven", "one.txt"), lacks=("+11",)),
        talk("reviewer", "Write one.", APPROVE, contains=("+11",)),
    )
    path = written(program, editor("one", "Write one.\nTwice if need be.", gates=["reviewer"]))
    result = program.json("run", "--backend", "bubblewrap", path)
    assert program.tree("main")["one.txt"] == "11"
    assert result["tasks"][0]["attempts"] == 1
    for request in scripted_server.requests():
        text = "\n".join(str(message.get("content")) for message in request["request"]["messages"])
        assert "Write one.\nTwice if need be." in text
        assert "Make it better." in text
    repaired = [r for r in scripted_server.requests() if "make it eleven" in str(r["request"]["messages"])]
    assert repaired, "the reviewer's words never reached the editor"


def test_what_is_red_never_lands(make: MakeProgram, scripted_server: ScriptedServer) -> None:
    """A task whose checks stay red is refused with the output, and main stays as it was."""
    program = make({"a.txt": "a\n"})
    claims = [turn for _ in range(8) for turn in (shell("echo 1 > one.txt"), done())]
    scripted_server.play({**talk("editor", "Write one.", *claims), "beyond": done()})
    task = editor("one", "Write one.", verify=["echo broken-on-purpose; false"], limits={"steps": 20})
    result = program.json("run", "--backend", "bubblewrap", written(program, task), code=3)
    assert result["tasks"][0]["state"] == "waiting"
    assert program.tree("main") == {"a.txt": "a"}
    assert any("broken-on-purpose" in str(request["request"]["messages"]) for request in scripted_server.requests())


def test_files_outside_the_paths_are_refused(make: MakeProgram, scripted_server: ScriptedServer) -> None:
    """A claim that changed other paths than the task's is sent back with their names, and can be mended."""
    program = make({"a.txt": "a\n"})
    scripted_server.play(
        talk(
            "editor", "Write one.", shell("echo 1 > one.txt; echo x > other.txt"), done(), shell("rm other.txt"), done()
        )
    )
    program.json("run", "--backend", "bubblewrap", written(program, editor("one", "Write one.", paths=["one.txt"])))
    assert program.tree("main") == {"a.txt": "a", "one.txt": "1"}
    assert any("other.txt" in str(request["request"]["messages"][-1]) for request in scripted_server.requests())


def test_two_runs_at_once_both_land(make: MakeProgram, scripted_server: ScriptedServer) -> None:
    """Two runs on one repository queue at landing, and main has both."""
    program = make({"a.txt": "a\n"})
    scripted_server.play(ONE, TWO)
    first = written(program, editor("one", "Write one."), verify=["true"])
    second = first.with_name("second.yaml")
    second.write_text(plan(editor("two", "Write two."), verify=["true"]))
    processes = [program.start("run", "--backend", "bubblewrap", path) for path in (first, second)]
    ends = [process.communicate(timeout=240) for process in processes]
    assert [process.returncode for process in processes] == [0, 0], ends
    assert program.tree("main") == {"a.txt": "a", "one.txt": "1", "two.txt": "2"}


def test_a_model_without_a_price_is_named_and_runs(make: MakeProgram, scripted_server: ScriptedServer) -> None:
    """The cost limit does not stop what it can't count: that is said once, and the tokens are counted apart."""
    program = make({"a.txt": "a\n"})
    scripted_server.play(ONE)
    path = written(program, editor("one", "Write one."), prices={})
    finished = program.run("run", "--backend", "bubblewrap", "--json", path)
    assert finished.returncode == 0
    assert finished.stderr.count("no price is known for openai/scripted") == 1
    totals = json.loads(finished.stdout)["totals"]
    assert totals["cost"] == 0.0
    assert totals["unpriced_tokens"] > 0


def test_branches_that_a_crash_left_behind_are_brought_up(make: MakeProgram, scripted_server: ScriptedServer) -> None:
    """What a publish meant to write is ours, journalled as done or not; what somebody else wrote stays, and is told."""
    program = make({"a.txt": "a\n"})
    scripted_server.play(ONE, TWO)
    result = program.json("run", "--hold", "--backend", "bubblewrap", written(program, *both(), verify=["true"]))
    refs = {task["id"]: task["branch"] for task in result["tasks"]}
    right = program.git("rev-parse", refs["one"])
    theirs = program.git("rev-parse", "main")
    for ref in refs.values():
        program.git("update-ref", ref, theirs)
    (journal,) = (program.repository.parent / "state").rglob("journal.db")
    with JournalStore(journal) as store:
        store.append(result["run"], [(None, PublishStarted(refs={refs["one"]: theirs}))])

    merged = program.run("merge", "last")

    assert merged.returncode == 0, merged.stderr
    assert program.git("rev-parse", refs["one"]) == right
    assert program.git("rev-parse", refs["two"]) == theirs
    assert refs["two"] in merged.stderr
    assert program.tree("main") == {"a.txt": "a", "one.txt": "1", "two.txt": "2"}
